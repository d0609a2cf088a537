import { expect, test } from 'vitest'
import { formNames } from '../../src/sources/forms.ts'
import { mutators } from '../support/faults/mutators.ts'
import { type Cell, runCells } from '../support/faults/run-cells.ts'

const long = process.env.STILLROOM_LONG !== undefined
const size = long
  ? { bytes: 300 * 2 ** 20, token: 30 * 2 ** 20, deep: 100_000, repeats: 60, rows: 500_000 }
  : { bytes: 2 ** 18, token: 2 ** 19, deep: 3000, repeats: 2, rows: 1000 }
/** Most resident memory of any process, in MB. */
const most = 500

function line({ form, mutator, files, records, rejected, cpu, wall, peak, confined, slowest, wrong }: Cell): string {
  const reasons = Object.entries(rejected).map(([reason, n]) => `${n} ${reason}`)
  const figures = [
    `${cpu.toFixed(0)} ms`,
    `${(wall / 1000).toFixed(1)} s`,
    `${peak.toFixed(0)} MB`,
    `${confined.toFixed(0)} MB`,
  ]
  return [
    form,
    mutator,
    files,
    records,
    ...figures,
    wrong.length === 0 ? 'ok' : 'WRONG',
    reasons.join(', '),
    slowest,
  ].join('  ')
}

test(
  'any reader takes any broken file: it ends, says why, and leaves nothing behind',
  async () => {
    const asked = process.env.STILLROOM_FORMS?.split(',')
    const cells = formNames
      .filter(form => asked?.includes(form) ?? true)
      .flatMap(form => Object.keys(mutators).map(mutator => ({ form, mutator })))
    const found = await runCells(cells, size, cell => long && console.log(line(cell)))
    expect(found.flatMap(({ form, mutator, wrong }) => wrong.map(one => `${form}, ${mutator}: ${one}`))).toEqual([])
    // A file that nothing was done to is read, or the others prove nothing.
    for (const { form, mutator, records, rejected } of found)
      if (mutator === 'whole') expect([form, records > 0, rejected]).toEqual([form, true, {}])
    expect(Math.max(...found.map(({ peak, confined }) => Math.max(peak, confined)))).toBeLessThan(most)
  },
  long ? 3_600_000 : 120_000,
)
