import { readFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import { childrenOf } from '../../../test/support/faults/run-cells.ts'
import { readConfined } from './confine.ts'

const about = { path: 'a.html', format: 'html', bound: 2 ** 20 } as const
const page = (text: string) => ({ bytes: Buffer.from(`<title>t</title><p>${text}</p>`), about })

const readers = (): number[] =>
  childrenOf(process.pid).filter(pid => /confined.child/.test(readFileSync(`/proc/${pid}/cmdline`, 'latin1')))

test('a reading process that was ended while it had nothing to do is replaced, and signals of the group pass it by', async () => {
  expect((await readConfined(page('one'))).text).toContain('one')
  const [first] = readers()
  process.kill(first!, 'SIGTERM')
  expect((await readConfined(page('two'))).text).toContain('two')
  expect(readers()).toEqual([first])
  process.kill(first!, 'SIGKILL')
  const [three, four] = await Promise.all([readConfined(page('three')), readConfined(page('four'))])
  expect([three.text, four.text]).toEqual([expect.stringContaining('three'), expect.stringContaining('four')])
  expect(readers()).not.toContain(first)
})

test('what a file system refuses is no fault of the document', async () => {
  await expect(readConfined({ absolute: '/nowhere/a.html', about })).rejects.toThrow(/ENOENT/)
})
