import { expect, test } from 'vitest'
import type { Facts } from './facts.ts'
import { licenses } from './licenses-gate.ts'

test('licenses that lie beside the files of a source are judged each, and only warn before rows are there', () => {
  const source = { name: 'repo', license: 'detect', origin: 'real' as const, feeds: true }
  const facts = (detected: { license: string; files: number }[]): Facts =>
    ({
      use: 'fine-tuning',
      purpose: { distribute: 'public', commercial: true },
      sources: [{ ...source, detected }],
      release: { version: '0.1.0', license: 'apache-2.0', date: '2026-11-20' },
    }) as unknown as Facts
  expect(licenses.plan!(facts([{ license: 'MIT', files: 3 }]))).toMatchObject({ is: 'pass' })
  const mixed = licenses.plan!(
    facts([
      { license: 'MIT', files: 3 },
      { license: 'GPL-3.0-only', files: 1 },
      { license: 'unknown', files: 2 },
    ]),
  )
  expect(mixed).toMatchObject({
    is: 'warn',
    evidence: [{ license: 'MIT' }, { license: 'GPL-3.0-only', files: 1 }, { license: 'unknown' }],
  })
  expect(mixed!.why).toMatch(/^1 file of source repo: GPL-3.0-only: .* 2 files of source repo: /)
})
