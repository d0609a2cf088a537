import { appendFileSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { folder } from '../../test/support/project.ts'
import { readLedger, spend } from './ledger.ts'

test('what is spent adds up by source, the same result costs nothing, and beyond the limit nothing is written', () => {
  const file = join(folder(), 'ledger.ndjson')
  const of = (amount: number, what: string, sources = ['people']) =>
    spend(file, { of: sources, unit: 'zcdp-rho', amount, limit: 0.3, for: what, step: 'mst' })
  of(0.1, 'a')
  of(0.2, 'b')
  of(0.2, 'b')
  expect(readLedger(file).map(({ amount }) => amount)).toEqual([0.1, 0.2])
  const before = readFileSync(file, 'utf8')
  expect(() => of(0.01, 'c', ['others', 'people'])).toThrow(/source people is spent/)
  expect(readFileSync(file, 'utf8')).toBe(before)
  of(0.3, 'd', ['others'])
  // A crash in the middle of a line leaves a piece; a piece in the middle is damage.
  appendFileSync(file, '{"of":["peo')
  expect(readLedger(file)).toHaveLength(3)
  writeFileSync(file, `{"of"\n${before}`)
  expect(() => readLedger(file)).toThrow(/cannot be read/)
})
