import { attacks } from './attacks.ts'
import { copying } from './copying.ts'
import { fidelity } from './fidelity.ts'
import type { PrivacyFigure, Sets } from './figure.ts'
import { type Cells, inferTypes, type Table, type Types, tablesOf } from './table.ts'
import { utility } from './utility.ts'

/**
 * What is said of a table. There is no word for `anonymous` among them: figures of likeness can show that rows were copied,
 * never that nobody can be told (Yao et al. 2025, arXiv 2505.01524).
 */
export type PrivacyVerdict = {
  is: 'copying signal found' | 'no copying signal found' | 'cannot be told'
  because: string[]
}
export type PrivacyReport = {
  rows: { training: number; synthetic: number; holdout: number }
  types: Types
  figures: PrivacyFigure[]
  verdict: PrivacyVerdict
  notes: string[]
}

export type PrivacySettings = { rounds?: number; seed?: string; types?: Types; target?: string }
export type PrivacyRows = { training: readonly Cells[]; synthetic: readonly Cells[]; holdout?: readonly Cells[] }

/** Figures of a synthetic table beside what it was made from, and rows that it was not made from. */
export function privacyReport(rows: PrivacyRows, settings: PrivacySettings = {}): PrivacyReport {
  const { training, synthetic, holdout } = rows
  const { rounds = 5, seed = '1', target } = settings
  const types = inferTypes([...training, ...(holdout ?? [])], settings.types)
  const [known, made, unseen] = tablesOf([training, synthetic, ...(holdout ? [holdout] : [])], types)
  const sets: Sets = { training: known!, synthetic: made!, ...(unseen ? { holdout: unseen } : {}) }
  const figures =
    known!.columns.length === 0
      ? []
      : [
          ...copying(sets, { rounds, seed }),
          ...attacks(sets, { seed }),
          ...fidelity(sets, { seed }),
          ...utility(sets, { seed, ...(target === undefined ? {} : { target }) }),
        ]
  return {
    rows: { training: training.length, synthetic: synthetic.length, holdout: holdout?.length ?? 0 },
    types,
    figures,
    verdict: privacyVerdict(figures),
    notes: [...leftOut(types), ...(unseen ? leaks(known!, unseen) : [])],
  }
}

/** A signal is a figure of copying or of an attack that fails; without a holdout, or of too few rows, nothing is said. */
export function privacyVerdict(figures: readonly PrivacyFigure[]): PrivacyVerdict {
  const own = figures.filter(({ part }) => part === 'copying' || part === 'attacks')
  const failed = own.filter(({ grade }) => grade === 'fail')
  if (failed.length > 0) {
    return { is: 'copying signal found', because: failed.map(({ measure, why }) => `${measure}: ${why}`) }
  }
  const graded = own.filter(({ part, grade }) => part === 'copying' && (grade === 'pass' || grade === 'warn'))
  if (graded.length === 0) return { is: 'cannot be told', because: [...new Set(own.map(({ why }) => why))] }
  const warned = own.filter(({ grade }) => grade === 'warn')
  return { is: 'no copying signal found', because: warned.map(({ measure, why }) => `${measure}: ${why}`) }
}

function leftOut(types: Types): string[] {
  const names = Object.keys(types).filter(name => types[name] === 'text' || types[name] === 'id')
  return names.length > 0 ? [`Left out as text or id: ${names.join(', ')}.`] : []
}

/** Are rows of the holdout among the training rows more often than training rows are among each other? */
function leaks(training: Table, holdout: Table): string[] {
  const keyOf = (table: Table, row: number) =>
    table.columns.map(({ numbers, codes }) => (numbers ? numbers[row] : codes[row])).join('\t')
  const seen = new Map<string, number>()
  for (let row = 0; row < training.rows; row++) {
    const key = keyOf(training, row)
    seen.set(key, (seen.get(key) ?? 0) + 1)
  }
  let [again, met] = [0, 0]
  for (const n of seen.values()) if (n > 1) again += n
  for (let row = 0; row < holdout.rows; row++) if (seen.has(keyOf(holdout, row))) met++
  const [among, across] = [again / Math.max(1, training.rows), met / Math.max(1, holdout.rows)]
  const percent = (share: number) => `${(100 * share).toFixed(1)} %`
  const said = `${percent(across)} of the holdout equal a training row; ${percent(among)} of the training rows equal another`
  return across > 2 * among + 0.01
    ? [`${said}: the holdout holds rows of the training set, so that nothing can be found.`]
    : []
}
