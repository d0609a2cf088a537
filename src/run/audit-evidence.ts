import { join } from 'node:path'
import { StillroomError } from '../errors/index.ts'
import type { AuditFacts } from '../govern/index.ts'
import { type Audit, audit, type Call, type Finding, type Interval } from '../measure/index.ts'
import type { Id, Sha, TeacherId } from '../records/index.ts'
import { putWhole } from '../workspace/index.ts'
import type { AuditTarget, Draw, Drawn, Judge, Judged } from './audit.ts'
import { statedOf } from './evidence-files.ts'

/** What people said of a drawn row. */
export type PeopleSaid = { id: Id; by?: string; call: Call; note?: string }

/** The majority of those who could tell; equal numbers tell nothing. */
function together(said: readonly PeopleSaid[]): Call | undefined {
  if (said.length === 0) return undefined
  const count = (call: Call) => said.filter(one => one.call === call).length
  const lead = count('wrong') - count('right')
  return lead > 0 ? 'wrong' : lead < 0 ? 'right' : 'unsure'
}

/** An audit as it is kept: enough to be told on a card, checked row by row, and drawn again. No clock is in it. */
export type Evidence = {
  format: 1
  method: 'audit 1'
  of: { name: string; digest: Sha }
  seed: number
  statement: string
  result: Audit
  by: { people: string[]; judge?: TeacherId[]; sameFamily?: string[] }
  writers: TeacherId[]
  gold?: { rows: number; sha256?: Sha }
  rows: { id: Id; digest: Sha; judge?: { call: Call; why?: string; reply?: Sha }; people?: Omit<PeopleSaid, 'id'>[] }[]
}

/** Puts an audit together. Throws SR_USAGE where nobody has judged anything. */
export function conclude(
  target: AuditTarget,
  draw: Draw,
  drawn: Drawn,
  told: { people?: PeopleSaid[]; judge?: Judge; judged?: Judged; gold?: { sha256: Sha } },
): Evidence {
  const { people = [], judge, judged, gold } = told
  const byRow = Map.groupBy(people, ({ id }) => id)
  const findings = drawn.rows.map((row): Finding => {
    const said = together(byRow.get(target.idOf(row)) ?? [])
    const call = judged?.verdicts.get(row.id)?.call
    return { ...(said ? { people: said } : {}), ...(call ? { judge: call } : {}) }
  })
  const result = audit(drawn.size, findings, judged?.gold ?? [])
  if (!result) {
    throw new StillroomError('SR_USAGE', 'Nobody has judged a row yet.', {
      hint: 'fill in the column `verdict`, or name a teacher of another family with --teacher',
    })
  }
  const named = [...new Set(people.flatMap(({ by }) => by ?? []))].sort()
  const by = {
    people: named,
    ...(judge ? { judge: judge.ids } : {}),
    ...(judge && judge.shared.length > 0 ? { sameFamily: judge.shared } : {}),
  }
  return {
    format: 1,
    method: 'audit 1',
    of: { name: target.name, digest: drawn.digest },
    seed: draw.seed,
    statement: statementOf(result, by),
    result,
    by,
    writers: drawn.writers,
    ...(judged && judged.gold.length > 0 ? { gold: { rows: judged.gold.length, ...gold } } : {}),
    rows: drawn.rows.map(row => {
      const id = target.idOf(row)
      const call = judged?.verdicts.get(row.id)
      const said = byRow.get(id)?.map(({ id: _, ...rest }) => rest)
      return { id, digest: row.digest, ...(call ? { judge: call } : {}), ...(said ? { people: said } : {}) }
    }),
  }
}

const percent = (share: number, round: (value: number) => number) =>
  `${(round(Number((share * 1000).toFixed(6))) / 10).toFixed(1)} %`

/** An interval in per cent, its ends rounded away from each other, so that it stays true. */
export const inPercent = ({ low, high }: Interval): string =>
  `${percent(low, Math.floor)} to ${percent(high, Math.ceil)}`

/** What an audit says, in sentences: never more than was measured. */
function statementOf(result: Audit, by: Evidence['by']): string {
  const { size, judge, people, known, both } = result
  const share = (result.by === 'people' ? people : judge)!
  const range = inPercent(share)
  const most = percent(share.high, Math.ceil)
  const rows = `${size} ${size === 1 ? 'row' : 'rows'}`
  const seen = `${share.wrong} of ${share.n} drawn rows wrong`
  const judges = by.judge?.join(', ') ?? ''
  const persons = by.people.join(', ') || 'people'
  const sentences =
    result.by === 'people'
      ? [`At most ${most} of the ${rows} are wrong (95 %, interval ${range}): ${persons} found ${seen}.`]
      : judge!.corrected
        ? [
            `At most ${most} of the ${rows} are wrong (95 %, interval ${range}): ${judges} called ${seen}, corrected for its errors on ${known!.wrong + known!.right} rows of known truth (${known!.found} of ${known!.wrong} wrong ones found, ${known!.cleared} of ${known!.right} right ones cleared).`,
          ]
        : [
            `${judges} calls at most ${most} of the ${rows} wrong (95 %, interval ${range}): ${seen}. How often it errs is not known, so that this is no bound on the wrong rows.`,
          ]
  if (share.unsure > 0) sentences.push(`${share.unsure} that could not be told count as wrong for the upper end.`)
  if (both) {
    const agreement = both.kappa ? `kappa ${both.kappa.kappa.toFixed(2)}` : 'kappa not defined'
    sentences.push(`On ${both.n} rows people and ${judges} agree with ${agreement}.`)
  }
  if (by.sameFamily) sentences.push(`The judge is of a family that wrote rows: ${by.sameFamily.join(', ')}.`)
  return sentences.join(' ')
}

/** Writes the evidence beside a release, or into the workspace; the same audit gives the same bytes. Returns the path. */
export function keepEvidence(evidence: Evidence, folder: string): string {
  const file = join(folder, `${evidence.of.name.replaceAll(/[^\w.-]/g, '-')}-seed-${evidence.seed}.json`)
  putWhole(file, `${JSON.stringify(evidence, null, 1)}\n`)
  return file
}

/** Where the audits of a workspace lie. */
export const auditFolder = (root: string): string => join(root, 'audits')

/** Audits of exactly these rows, in order of their file names: what a card may state. */
export function auditsOf(root: string, digest: Sha): (AuditFacts & { seed: number })[] {
  const found = statedOf<Evidence>(auditFolder(root), digest, { noun: 'audit', again: 'audit again' })
  return found.map(({ value: { statement, seed, result, gold }, sha256 }) => {
    const share = result && (result.by === 'people' ? result.people : result.judge)
    return {
      ...{ statement, seed, sha256 },
      ...(share && (result.by === 'people' || result.judge?.corrected) ? { least: share.low, most: share.high } : {}),
      ...(gold ? { known: gold.rows } : {}),
    }
  })
}
