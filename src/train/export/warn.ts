import { StillroomError } from '../../errors/index.ts'
import type { Id, Kind } from '../../records/index.ts'
import type { Plan } from './plan.ts'
import { exportReasons, type Reason } from './reasons.ts'
import type { Survey } from './survey.ts'
import type { Reasoning, RowFile, Target } from './target.ts'

/** What all rows of a type are like; `weighted` and `early` count contents with weights 0, and with reasoning before the last question. */
export type Known = { survey: Survey; weighted: number; early: number }

/** What whoever trains on these rows should know of them. */
export function warningsOf(
  target: Target,
  plan: Plan,
  asked: { reasoning?: Reasoning },
  known: Known,
  files: RowFile[],
): string[] {
  const { name, type, kinds: taken, reasoning } = plan
  const said: string[] = []
  const converted = (Object.keys(type.converts ?? {}) as Kind[]).filter(kind => taken.has(kind))
  for (const kind of converted) said.push(`${name}: made of ${kind} rows; ${type.converts![kind]}`)
  if (asked.reasoning !== undefined && asked.reasoning !== reasoning)
    said.push(`${name}: reasoning is written ${reasoning}, since the format has no field for it`)
  if (type.weights && known.weighted > 0)
    said.push(`${name}: ${known.weighted} rows have turns with weight 0; ${type.weights}`)
  if (known.early > 0)
    said.push(
      `${name}: ${known.early} rows hold reasoning before the last question, which most chat templates leave out of earlier turns`,
    )
  const labels = Object.values(known.survey.labels)
  const [good, bad] = [labels.reduce((n, one) => n + one.good, 0), labels.reduce((n, one) => n + one.bad, 0)]
  if (type.label && (good === 0 || bad === 0) && good + bad > 0)
    said.push(`${name}: all labels are ${good > 0}; KTO learns little from rows of one label`)
  const rows = files.filter(file => file.split === 'train').reduce((n, file) => n + file.rows, 0)
  const { bounds } = target
  if (rows === 0) said.push(`${name}: no row is in the split train`)
  else if (bounds && rows < bounds.least)
    said.push(`${name}: ${bounds.whose} takes no file of under ${bounds.least} rows`)
  else if (bounds?.most && rows > bounds.most) said.push(`${name}: ${bounds.whose} takes at most ${bounds.most} rows`)
  return said
}

export function nothingLeft(
  target: Target,
  asked: { type?: string },
  leftOut: { [reason in Reason]?: number },
): StillroomError {
  const sorted = Object.entries(leftOut).sort((a, b) => b[1] - a[1])
  const [most] = sorted
  const reasons = sorted.map(([reason, n]) => `${n} ${reason}`)
  return new StillroomError(
    'SR_EXPORT_EMPTY',
    `No row is left for ${target.name}${asked.type ? ` ${asked.type}` : ''}.`,
    {
      received: reasons.join(', ') || 'no row',
      ...(most ? { hint: exportReasons[most[0] as Reason] } : {}),
    },
  )
}

export function contextError(
  context: number,
  rows: number,
  longest: number,
  some: { id: Id; tokens: number }[],
): StillroomError {
  const ids = some.map(({ id, tokens }) => `${id} (${tokens})`).join(', ')
  return new StillroomError(
    'SR_EXPORT_CONTEXT',
    `${rows} rows are longer than ${context} tokens, the longest ${longest}.`,
    {
      expected: `rows of at most ${context} tokens, or another policy`,
      received: rows > some.length ? `${ids} and ${rows - some.length} more` : ids,
      hint: `--too-long drop leaves them out and lists them, --too-long truncate cuts them; or train with --context ${longest}`,
    },
  )
}
