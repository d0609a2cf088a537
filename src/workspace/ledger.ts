import { closeSync, fsyncSync, openSync, readFileSync, writeSync } from 'node:fs'
import { StillroomError } from '../errors/index.ts'

/** A line of the ledger: so much of a limited quantity was used up of each of these sources, for one result. */
export type Expense = { of: string[]; unit: string; amount: number; for: string; step: string }

/** Amounts are sums of doubles: beyond this they are no rounding. */
const rounding = 1e-9

/**
 * Writes an expense down, before anything that comes of it is written; the file only ever grows. The same result again
 * costs nothing.
 * @throws StillroomError SR_BUDGET where the limit of one of the sources would be passed.
 */
export function spend(file: string, { limit, ...expense }: Expense & { limit: number }): void {
  const earlier = readLedger(file).filter(({ unit }) => unit === expense.unit)
  if (earlier.some(one => one.for === expense.for)) return
  for (const source of expense.of) {
    const spent = earlier.reduce((sum, one) => sum + (one.of.includes(source) ? one.amount : 0), 0)
    if (spent + expense.amount <= limit * (1 + rounding)) continue
    throw new StillroomError('SR_BUDGET', `The budget of ${expense.unit} on source ${source} is spent.`, {
      expected: `${limit.toPrecision(4)} in all`,
      received: `${spent.toPrecision(4)} spent before, ${expense.amount.toPrecision(4)} asked by ${expense.step}`,
      hint: 'what was released cannot be taken back: make no more of this data, or give a larger budget and say why',
    })
  }
  const descriptor = openSync(file, 'a', 0o600)
  try {
    writeSync(descriptor, `${JSON.stringify(expense)}\n`)
    fsyncSync(descriptor)
  } finally {
    closeSync(descriptor)
  }
}

/** All that was spent so far. A last line that a crash cut off was followed by nothing, and counts for nothing. */
export function readLedger(file: string): Expense[] {
  let text: string
  try {
    text = readFileSync(file, 'utf8')
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return []
    throw error
  }
  const lines = text.split('\n')
  return lines.flatMap((line, i) => {
    if (line.trim() === '') return []
    try {
      return [JSON.parse(line) as Expense]
    } catch {
      if (i === lines.length - 1) return []
      throw new StillroomError('SR_WORKSPACE', `Line ${i + 1} of the ledger ${file} cannot be read.`, {
        hint: 'it says what was spent of a budget of privacy; restore it from a copy, do not remove it',
      })
    }
  })
}
