import { StillroomError } from '../../errors/index.ts'
import { type Kind, kinds } from '../../records/index.ts'
import { messagesIn } from './sound.ts'
import type { Content, Reasoning, Seen, Target, Type } from './target.ts'
import { typeNamed } from './targets.ts'
import { usesTools } from './turns.ts'

/** A row of a release with the split it is in. */
export type Placed = { split: string; content: Content }

/** Which kinds become rows of which type, and how reasoning is written in them. */
export type Plan = { name: string; type: Type; kinds: Set<Kind>; reasoning: Reasoning }

/** Counts of each kind over all rows. */
export async function look(read: () => AsyncIterable<Placed>): Promise<Map<Kind, Seen>> {
  const seen = new Map<Kind, Seen>()
  for await (const { content } of read()) {
    const one = seen.get(content.kind) ?? { rows: 0, several: 0, checkable: 0 }
    seen.set(content.kind, one)
    one.rows++
    const messages = messagesIn(content)
    if (messages.filter(({ role }) => role === 'assistant').length > 1 || usesTools(messages)) one.several++
    if ('verifier' in content || 'reference' in content) one.checkable++
  }
  return seen
}

/** Which rows become what: the type that is asked for, or one for each kind. */
export function plansOf(
  target: Target,
  asked: { type?: string; reasoning?: Reasoning },
  seen: Map<Kind, Seen>,
): Plan[] {
  const planFor = (name: string, taken: Kind[]): Plan => {
    const type = target.types[name]!
    const wanted = asked.reasoning ?? 'inline'
    const reasoning = type.reasoning.includes(wanted) ? wanted : type.reasoning[0]
    return { name, type, kinds: new Set(taken), reasoning }
  }
  const none: Seen = { rows: 0, several: 0, checkable: 0 }
  if (asked.type !== undefined) {
    const name = typeNamed(target, asked.type, kind => seen.get(kind) ?? none)
    const type = target.types[name]!
    const own = type.kinds.filter(kind => seen.has(kind))
    const converted = (Object.keys(type.converts ?? {}) as Kind[]).filter(kind => seen.has(kind))
    const taken = own.length > 0 ? own : converted
    if (taken.length === 0) throw nothingOf(target, name, type, seen)
    return [planFor(name, taken)]
  }
  const chosen = new Map<string, Kind[]>()
  for (const kind of kinds) {
    const one = seen.get(kind)
    const name = one && target.choose(kind, one)
    if (name !== undefined) chosen.set(name, [...(chosen.get(name) ?? []), kind])
  }
  if (chosen.size === 0) throw nothingFor(target, seen)
  return [...chosen].map(([name, taken]) => planFor(name, taken))
}

const heldOf = (seen: Map<Kind, Seen>): string =>
  [...seen].map(([kind, { rows }]) => `${rows} ${kind}`).join(', ') || 'no row at all'

/** How rows of a kind come into a release. */
const ways: { [K in Kind]?: string } = {
  preference: 'pairs come from `rank`, `contrast`, `verified-pairs` or a source with chosen and rejected',
  feedback: 'labelled answers come from `thumbs` or a source with a label',
  prompt: 'prompts come from `ask` without `answer`, or a source of kind prompt',
  conversation: 'conversations come from `answer`, `dialogue`, `tools` or a source of messages',
  document: 'documents come from a source of texts',
}

function nothingOf(target: Target, name: string, type: Type, seen: Map<Kind, Seen>): StillroomError {
  const [kind] = type.kinds as [Kind]
  const other = type === target.types.stepwise ? 'the release holds no rows with labels of steps' : ways[kind]
  return new StillroomError('SR_EXPORT_EMPTY', `The release has no row for ${target.name} ${name}.`, {
    expected: `rows of kind ${[...type.kinds, ...Object.keys(type.converts ?? {})].join(' or ')}`,
    received: heldOf(seen),
    ...(other ? { hint: other } : {}),
  })
}

function nothingFor(target: Target, seen: Map<Kind, Seen>): StillroomError {
  const converting = Object.entries(target.types).find(([, { converts = {} }]) =>
    Object.keys(converts).some(kind => seen.has(kind as Kind)),
  )
  const said = converting && Object.values(converting[1].converts!)[0]
  return new StillroomError('SR_EXPORT_EMPTY', `The release has no row that ${target.name} takes.`, {
    expected: `rows of kind ${[...new Set(Object.values(target.types).flatMap(type => type.kinds))].join(', ')}`,
    received: heldOf(seen),
    hint: converting
      ? `--type ${converting[0]} converts what is there: ${said}`
      : 'another target, or a recipe that makes such rows',
  })
}
