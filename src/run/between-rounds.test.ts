import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { folder } from '../../test/support/project.ts'
import { runCommand, studentSaid } from './between-rounds.ts'

const around = (more: object = {}) => {
  const cwd = folder()
  return { cwd, env: process.env, log: join(cwd, 'log'), ...more }
}
// It holds the pipe of the command open for as long as it lives.
const forever = `"${process.execPath}" -e "console.log('begun'); setInterval(() => {}, 1000)" & wait`

test('what takes too long is ended with all that it began', async () => {
  const at = around()
  await expect(runCommand(forever, 0.3, at)).rejects.toMatchObject({ code: 'SR_BETWEEN_ROUNDS' })
})

test('an interrupt ends it, before or while it runs', async () => {
  const stop = new AbortController()
  const running = runCommand(forever, 600, around({ signal: stop.signal }))
  stop.abort()
  await expect(running).rejects.toMatchObject({ code: 'SR_INTERRUPTED', exit: 130 })
  await expect(runCommand(forever, 600, around({ signal: stop.signal }))).rejects.toMatchObject({
    code: 'SR_INTERRUPTED',
  })
})

test('the last line is the answer, and both channels are in the log', async () => {
  const at = around()
  expect(await runCommand('echo one; echo two >&2; echo three', 600, at)).toBe('three')
  expect(readFileSync(at.log, 'utf8').split('\n').sort()).toEqual(['', 'one', 'three', 'two'])
})

test.each([
  '',
  'done',
  '"r2"',
  '{}',
  '{"revision": ""}',
  '{"revision": "r2", "model": 3}',
  '{"revision": "r2", "url": "x"}',
])('%j names no student', line => {
  expect(() => studentSaid(line)).toThrow(expect.objectContaining({ code: 'SR_BETWEEN_ROUNDS' }))
})
