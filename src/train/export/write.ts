import type { Id } from '../../records/index.ts'
import { type CountedFile, openDrafts, openSplit } from './drafts.ts'
import { interleaved, rotated } from './interleave.ts'
import { type Counter, sequencesOf, truncated } from './length.ts'
import { look, type Placed, type Plan, plansOf } from './plan.ts'
import type { Reason } from './reasons.ts'
import { sound } from './sound.ts'
import { emptySurvey, leads, levelling, type Survey, survey } from './survey.ts'
import type { Content, Origin, Reasoning, Restore, Row, RowFile, Target } from './target.ts'
import { contextError, type Known, nothingLeft, warningsOf } from './warn.ts'

export const tooLongPolicies = ['drop', 'truncate', 'stop'] as const
export type TooLong = (typeof tooLongPolicies)[number]

export type Asked = {
  /** One type alone; default one for each kind that the target takes. */
  type?: string
  /** Default inline. */
  reasoning?: Reasoning
  /** Tokens of the longest row, and what becomes of longer ones. */
  context?: number
  tooLong?: TooLong
  /** Counts tokens; needed for a context. */
  counter?: Counter
  /** Where the rows of a split lie; default `<type>/<split>.jsonl`. */
  path?(type: string, split: string): string
}

export type Exported = {
  target: string
  types: { type: string; reasoning: Reasoning; files: CountedFile[] }[]
  rows: number
  /** Rows that are in no file, by reason. They stand one by one in `left-out.jsonl`. */
  leftOut: { [reason in Reason]?: number }
  /** Rows that were cut to the context. */
  cut: number
  /** Rows that lost something that the format cannot hold, by what. */
  lost: { [what: string]: number }
  /** What tokens were counted by; without it they are 0. */
  tokenizer?: string
  warnings: string[]
  /** All files, relative to the folder. */
  files: string[]
}

/** Most ids that an error names. */
const shown = 5

/**
 * Writes the rows that `read` gives as a target reads them: whole files under their names at the end, or none. `read` is
 * called several times and gives the same each time, since the schema of a file is known only when all rows were seen; memory
 * does not grow with them. Without `dir` nothing is written and all is counted.
 * @throws StillroomError SR_EXPORT_EMPTY where no row is left, SR_EXPORT_CONTEXT where rows are too long and the policy is to
 * stop, SR_USAGE for a type that the target does not have.
 */
export async function writeExport(
  target: Target,
  asked: Asked,
  origin: Origin,
  read: () => AsyncIterable<Placed>,
  dir?: string,
): Promise<Exported> {
  const seen = await look(read)
  const plans = plansOf(target, asked, seen)
  const result: Exported = {
    ...{ target: target.name, types: [], rows: 0, leftOut: {}, cut: 0, lost: {} },
    ...(asked.counter ? { tokenizer: asked.counter.name } : {}),
    ...{ warnings: [], files: [] },
  }
  const fitted = fitting(asked)
  // Vendors read line by line, and take no column that is not of a row; trainers read a table.
  const table = target.ids === 'column'
  const drafts = openDrafts(dir)
  const tooLong: { id: Id; tokens: number }[] = []
  let longest = 0
  let tooMany = 0
  const leave = (id: Id, split: string, reason: Reason, more: { tokens?: number } = {}): void => {
    result.leftOut[reason] = (result.leftOut[reason] ?? 0) + 1
    drafts.line('left-out.jsonl', JSON.stringify({ id, split, reason, ...more }))
  }
  const columns: { [type: string]: string[] } = {}
  const written: RowFile[] = []
  try {
    await leaveOthers(read, plans, asked, seen, leave)
    for (const plan of plans) {
      const known = await surveyed(plan, read, fitted)
      const { columns: names, level } = levelling(known.survey)
      columns[plan.name] = names
      const files: CountedFile[] = []
      for (const split of splitsOf(known.survey)) {
        const sink = openSplit(target, asked.path, plan.name, split, drafts)
        const first = table ? leads(known.survey, split) : new Map<string, Content>()
        for await (const made of linesOf(plan, known, split, first, read, fitted)) {
          if ('tooLong' in made) {
            tooMany++
            longest = Math.max(longest, made.tooLong)
            if (tooLong.length < shown) tooLong.push({ id: made.id, tokens: made.tooLong })
            leave(made.id, split, 'too-long', { tokens: made.tooLong })
            continue
          }
          if ('why' in made) {
            leave(made.id, split, made.why)
            continue
          }
          if (made.cut) {
            result.cut++
            drafts.line('left-out.jsonl', JSON.stringify({ id: made.id, split, cut: made.cut }))
          }
          if (made.outcome.lost) result.lost[made.outcome.lost] = (result.lost[made.outcome.lost] ?? 0) + 1
          sink.row(made.id, table ? level(made.outcome.row) : made.outcome.row, made.outcome.restore, made.tokens)
        }
        files.push(...sink.end())
      }
      written.push(...files)
      result.types.push({ type: plan.name, reasoning: plan.reasoning, files })
      result.warnings.push(...warningsOf(target, plan, asked, known, files))
    }
    if (tooMany > 0 && (asked.tooLong ?? 'stop') === 'stop')
      throw contextError(asked.context!, tooMany, longest, tooLong)
    result.rows = written.reduce((n, file) => n + file.rows, 0)
    if (result.rows === 0) throw nothingLeft(target, asked, result.leftOut)
    result.warnings.push(...(target.notes ?? []))
    for (const [path, text] of Object.entries(target.files?.(written, columns, origin) ?? {})) drafts.whole(path, text)
    result.files = drafts.finish()
    return result
  } finally {
    drafts.discard()
  }
}

/** Rows of kinds that nothing was planned for. With one type asked for they are simply others. */
async function leaveOthers(
  read: () => AsyncIterable<Placed>,
  plans: Plan[],
  asked: Asked,
  seen: Awaited<ReturnType<typeof look>>,
  leave: (id: Id, split: string, reason: Reason) => void,
): Promise<void> {
  const planned = (kind: Content['kind']): boolean => plans.some(plan => plan.kinds.has(kind))
  if (asked.type !== undefined || [...seen.keys()].every(planned)) return
  for await (const { split, content } of read()) {
    if (planned(content.kind)) continue
    leave(content.id, split, content.kind === 'exam' ? 'exam' : 'no-type')
  }
}

async function surveyed(
  plan: Plan,
  read: () => AsyncIterable<Placed>,
  fitted: (content: Content) => Fitted,
): Promise<Known> {
  const { type, reasoning } = plan
  const known: Known = { survey: emptySurvey(), weighted: 0, early: 0 }
  for await (const { split, content } of read()) {
    if (!plan.kinds.has(content.kind)) continue
    known.survey.rows[split] ??= 0
    const ready = sound(content, reasoning)
    if (typeof ready === 'string') continue
    if (content.kind === 'conversation') {
      const { messages } = content
      const last = messages.findLastIndex(({ role }) => role === 'user')
      if (messages.some(({ role, weight }) => role === 'assistant' && weight === 0)) known.weighted++
      if (reasoning !== 'drop' && messages.slice(0, last).some(({ reasoning }) => reasoning)) known.early++
    }
    // Good and bad rows in turn need their true numbers, whatever it takes to count them.
    if (type.label !== undefined && 'tooLong' in fitted(ready)) continue
    for (const outcome of type.rows(ready, { reasoning })) {
      if ('row' in outcome) survey(known.survey, split, content, outcome.row, type.label)
    }
  }
  return known
}

const splitsOf = ({ rows }: Survey): string[] =>
  Object.keys(rows).sort((a, b) => order(a) - order(b) || (a < b ? -1 : 1))
/** The training rows first: it is by them that the types of columns are told. */
const order = (split: string): number => (split === 'train' ? 0 : 1)

type Fitted = { content: Content; tokens: number; cut?: number } | { tooLong: number }

/** Brings a content into the context, where one was given. */
function fitting({ context, tooLong = 'stop', counter }: Asked): (content: Content) => Fitted {
  return content => {
    if (!counter) return { content, tokens: 0 }
    const all = (tokens: number[]): number => tokens.reduce((sum, one) => sum + one, 0)
    const each = sequencesOf(content, counter)
    const longest = Math.max(...each)
    if (context === undefined || longest <= context) return { content, tokens: all(each) }
    const cut = tooLong === 'truncate' ? truncated(content, context, counter) : undefined
    return cut ? { content: cut, tokens: all(sequencesOf(cut, counter)), cut: longest } : { tooLong: longest }
  }
}

type Made =
  | { id: Id; outcome: { row: Row; restore?: Restore; lost?: string }; tokens: number; cut?: number }
  | { id: Id; why: Reason }
  | { id: Id; tooLong: number }

/** What becomes of one content, whole. */
function* madeOf(content: Content, { type, reasoning }: Plan, fitted: (content: Content) => Fitted): Generator<Made> {
  const { id } = content
  const ready = sound(content, reasoning)
  if (typeof ready === 'string') {
    yield { id, why: ready }
    return
  }
  const fits = fitted(ready)
  if ('tooLong' in fits) {
    yield { id, tooLong: fits.tooLong }
    return
  }
  // Two sides that differ at the end alone are the same when it is cut off.
  const still = sound(fits.content, reasoning)
  if (typeof still === 'string') {
    yield { id, why: still }
    return
  }
  const outcomes = type.rows(still, { reasoning })
  for (const [i, outcome] of outcomes.entries()) {
    const name = outcomes.length > 1 ? `${id}/${i === 0 ? 'chosen' : 'rejected'}` : id
    if ('why' in outcome) yield { id: name, why: outcome.why }
    else yield { id: name, outcome, tokens: fits.tokens, ...(fits.cut === undefined ? {} : { cut: fits.cut }) }
  }
}

/** All that becomes of the rows of a split, in the order of the file: those of `first` and then the others. */
async function* linesOf(
  plan: Plan,
  { survey: known }: Known,
  split: string,
  first: ReadonlyMap<string, Content>,
  read: () => AsyncIterable<Placed>,
  fitted: (content: Content) => Fitted,
): AsyncGenerator<Made> {
  for (const content of first.values()) yield* madeOf(content, plan, fitted)
  async function* rest(): AsyncGenerator<Made> {
    for await (const { split: own, content } of read()) {
      if (own !== split || !plan.kinds.has(content.kind) || first.has(content.id)) continue
      yield* madeOf(content, plan, fitted)
    }
  }
  const { label } = plan.type
  if (label === undefined) {
    yield* rest()
    return
  }
  async function* side(good: boolean): AsyncGenerator<Made> {
    for await (const made of rest()) {
      // What is left out has no label: it is told once.
      if (('outcome' in made ? made.outcome.row[label!] === true : true) === good) yield made
    }
  }
  const counts = known.labels[split] ?? { good: 0, bad: 0 }
  // Answers to one prompt are far from each other: KTO takes the answer beside a row for one that does not belong to it.
  const skip = plan.kinds.has('preference') ? Math.floor(counts.bad / 2) : 0
  yield* interleaved(
    side(true),
    rotated(() => side(false), skip),
    counts,
    made => 'outcome' in made,
  )
}
