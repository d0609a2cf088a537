import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, expect, test } from 'vitest'
import { handmadeInput, handmadeRecords } from '../../test/support/handmade-release.ts'
import { type ReleaseInput, writeRelease } from './index.ts'

const folder = mkdtempSync(join(tmpdir(), 'stillroom-'))
afterAll(() => rmSync(folder, { recursive: true }))

async function card(steps: ReleaseInput['steps'], name: string): Promise<string> {
  await writeRelease(handmadeInput(handmadeRecords(), { steps }), join(folder, name))
  return readFileSync(join(folder, name, 'README.md'), 'utf8')
}

test('what steps say of what they cover stands in one section a title, each text once', async () => {
  const step = (key: string, verb: string, text: string) => ({
    key,
    verb,
    about: '',
    options: {},
    report: { title: 'Personal data', text },
  })
  const both = await card(
    [
      step('before', 'personal-data-rules', 'Numbers were looked for.'),
      step('after', 'personal-data-rules', 'Numbers were looked for.'),
      step('after.names', 'personal-data-names', 'A teacher was asked for names.'),
    ],
    'both',
  )
  expect(both).toContain(
    '## Personal data\n\n`before`, `after`: Numbers were looked for.\n\n`after.names`: A teacher was asked for names.\n\n## Loading',
  )
  expect(both).not.toMatch(/Personal data was not looked for|Names of people/)
  expect(await card([step('only', 'personal-data-rules', 'Numbers.')], 'rules')).toMatch(
    /Names of people and free addresses were not looked for/,
  )
  expect(await card([], 'none')).toMatch(/Personal data was not looked for/)
})
