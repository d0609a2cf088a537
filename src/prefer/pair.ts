import { canonical, type Id, type Json, type Message, type Rec, type Score, type Slug } from '../records/index.ts'
import type { Draft, Pure, Verdict } from '../steps/index.ts'
import { familiesOf } from '../teachers/index.ts'
import { normalise } from '../text/index.ts'

type Conversation = Rec<'conversation'>

/** A conversation as a question and its answer: all before the last assistant turn, and that turn. Undefined without both. */
export function exchange({ messages }: Conversation): { prompt: Message[]; completion: Message } | undefined {
  const at = messages.findLastIndex(message => message.role === 'assistant')
  return at < 1 ? undefined : { prompt: messages.slice(0, at), completion: messages[at]! }
}

/** The words of the last answer. */
export const answerOf = (record: Conversation): string => exchange(record)?.completion.content ?? ''

/** A name for what the last answer says and calls: equal for answers that differ in white space alone. */
export function sayingOf(record: Conversation): string {
  const { content, tool_calls } = exchange(record)?.completion ?? {}
  const calls = tool_calls?.map(call => [call.function.name, call.function.arguments])
  return canonical([normalise(content ?? '').trim(), calls ?? []])
}

/** The records of a family by what they answer: a family may hold the answers to several prompts of one document. */
export const byPrompt = (records: Conversation[]): Conversation[][] => [
  ...Map.groupBy(records, record => canonical(exchange(record)?.prompt ?? [])).values(),
]

/** Who wrote an answer: the models, `people`, or nothing where it is not known. */
export function writersOf({ lineage }: Conversation): string[] {
  if (lineage.made && lineage.made.teachers.length > 0) return lineage.made.teachers
  if (lineage.source?.teacher) return [lineage.source.teacher]
  return lineage.origin === 'real' ? ['people'] : []
}

/** Which sides share a family with one of the judges; undefined where no judge or no writer is known. */
function ownFamilyOf(
  judges: readonly string[],
  chosen: readonly string[],
  rejected: readonly string[],
): 'chosen' | 'rejected' | 'both' | 'none' | undefined {
  if (judges.length === 0 || (chosen.length === 0 && rejected.length === 0)) return undefined
  const own = new Set(judges.flatMap(familiesOf))
  const [a, b] = [chosen, rejected].map(writers => writers.flatMap(familiesOf).some(family => own.has(family)))
  return a && b ? 'both' : a ? 'chosen' : b ? 'rejected' : 'none'
}

type Counting = Pick<Pure<unknown>, 'tokens' | 'tokenizer'>

/** Facets with the tokens of both sides, and whose tokens they are. */
export const lengthsOf = (chosen: string, rejected: string, ctx: Counting) => ({
  chosenTokens: ctx.tokens(chosen),
  rejectedTokens: ctx.tokens(rejected),
  tokenizer: ctx.tokenizer,
})

/**
 * The pair of two answers to one prompt, with what is known of both sides as facets (`chosenBy`, `rejectedBy`,
 * `chosenTokens`, `rejectedTokens`), so that later steps need not look at the answers' own records again.
 */
export function pairOf(
  chosen: Conversation,
  rejected: Conversation,
  ctx: Counting,
  more: { scores?: { [aspect: string]: Score }; judges?: string[]; facets?: { [name: string]: string } } = {},
): Draft<'preference'> & { from: Id[] } {
  const { prompt, completion } = exchange(chosen)!
  const other = exchange(rejected)!.completion
  const [writers, others] = [writersOf(chosen), writersOf(rejected)]
  const ownFamily = ownFamilyOf(more.judges ?? [], writers, others)
  const judgedBy = [...new Set(more.judges ?? [])].sort().join(' + ')
  return {
    payload: {
      kind: 'preference',
      prompt,
      chosen: [completion],
      rejected: [other],
      ...(chosen.tools ? { tools: chosen.tools } : {}),
    },
    index: 0,
    from: [chosen.id, rejected.id],
    notes: {
      facets: {
        ...(writers.length > 0 ? { chosenBy: writers.join(' + ') } : {}),
        ...(others.length > 0 ? { rejectedBy: others.join(' + ') } : {}),
        ...(judgedBy ? { judgedBy } : {}),
        ...(ownFamily ? { ownFamily } : {}),
        ...lengthsOf(completion.content ?? '', other.content ?? '', ctx),
        ...more.facets,
      },
      ...(more.scores ? { scores: more.scores } : {}),
    },
  }
}

/** What becomes of the answers of a family: each leaves once, by what was said of it first. */
export function endings(): {
  each: Map<Id, Verdict | { is: 'consumed' }>
  drop(records: readonly { id: Id }[], reason: Slug, evidence?: Json): void
  consume(...ids: Id[]): void
} {
  const each = new Map<Id, Verdict | { is: 'consumed' }>()
  return {
    each,
    drop(records, reason, evidence) {
      for (const { id } of records)
        if (!each.has(id)) each.set(id, { is: 'dropped', reason, ...(evidence === undefined ? {} : { evidence }) })
    },
    consume(...ids) {
      for (const id of ids) each.set(id, { is: 'consumed' })
    },
  }
}
