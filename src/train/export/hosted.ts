import type { Json, Message } from '../../records/index.ts'
import { rewarded } from './shapes.ts'
import type { Content, Outcome, Restore, Row, Type } from './target.ts'
import { asSystem, turnsOf } from './turns.ts'

/** What a vendor takes of messages beyond what all of them take. */
type Rules = { developer: boolean; oneTurnEach: boolean }

/**
 * Turns as hosted fine-tuning reads them: arguments as JSON strings, every call with an id and every result with that of its
 * call. What had to be made up or left out is in `restore`, from `at` on.
 */
function hostedTurns(
  given: Message[],
  at: string,
  how: 'inline' | 'drop',
  rules: Rules,
): { turns: Row[]; restore: Restore } {
  const restore: Restore = []
  const { messages, developers } = rules.developer ? { messages: given, developers: [] } : asSystem(given)
  for (const i of developers) restore.push([`${at}/${i}/role`, 'developer'])
  const waiting: string[] = []
  const taken = new Set(given.flatMap(({ tool_calls = [] }) => tool_calls.flatMap(({ id }) => id ?? [])))
  let made = 0
  const turns = turnsOf(messages, how, 'string')
  for (const [i, turn] of turns.entries()) {
    for (const [n, call] of ((turn.tool_calls ?? []) as { id?: string }[]).entries()) {
      if (call.id === undefined) {
        do call.id = `call_${++made}`
        while (taken.has(call.id))
        restore.push([`${at}/${i}/tool_calls/${n}/id`, null])
      }
      waiting.push(call.id)
    }
    if (turn.role !== 'tool') continue
    const next = waiting.shift()
    if (turn.tool_call_id === undefined) {
      turn.tool_call_id = next ?? `call_${++made}`
      restore.push([`${at}/${i}/tool_call_id`, null])
    }
    if (turn.name !== undefined) {
      restore.push([`${at}/${i}/name`, turn.name])
      delete turn.name
    }
  }
  return { turns, restore }
}

/** Weights stand on turns of the assistant alone. */
function weighed(turns: Row[], at: string, restore: Restore): void {
  for (const [i, turn] of turns.entries()) {
    if (turn.weight === undefined || turn.role === 'assistant') continue
    restore.push([`${at}/${i}/weight`, turn.weight])
    delete turn.weight
  }
}

const withTools = (tools: unknown[] | undefined): Row => (tools?.length ? { tools: tools as Json } : {})
const outcome = (row: Row, restore: Restore): Outcome[] => [{ row, ...(restore.length > 0 ? { restore } : {}) }]
const reasoning = ['inline', 'drop'] as const

/** The forms that OpenAI began and others took over. */
export function hostedTypes(rules: Rules): { messages: Type; preference: Type; rlvr: Type } {
  return {
    messages: {
      about: 'Conversations, with tools where there are any',
      kinds: ['conversation'],
      reasoning,
      rows(content, options): Outcome[] {
        const { messages, tools, reference, verifier } = content as Content<'conversation'>
        const { turns, restore } = hostedTurns(messages, '/messages', options.reasoning as 'inline', rules)
        weighed(turns, '/messages', restore)
        if (reference !== undefined) restore.push(['/reference', reference])
        if (verifier) restore.push(['/verifier', verifier])
        return outcome({ messages: turns, ...withTools(tools) }, restore)
      },
    },
    preference: {
      about: 'A prompt under `input`, a preferred and a non-preferred output',
      kinds: ['preference'],
      reasoning,
      rows(content, options): Outcome[] {
        const { prompt, chosen, rejected, tools } = content as Content<'preference'>
        if (rules.oneTurnEach && (chosen.length !== 1 || rejected.length !== 1)) return [{ why: 'several-turns' }]
        const [p, c, r] = (
          [
            [prompt, '/input/messages'],
            [chosen, '/preferred_output'],
            [rejected, '/non_preferred_output'],
          ] as const
        ).map(([turns, at]) => {
          const made = hostedTurns(turns, at, options.reasoning as 'inline', rules)
          weighed(made.turns, at, made.restore)
          return made
        })
        return outcome(
          {
            input: { messages: p!.turns, ...withTools(tools) },
            preferred_output: c!.turns,
            non_preferred_output: r!.turns,
          },
          [...p!.restore, ...c!.restore, ...r!.restore],
        )
      },
    },
    rlvr: {
      about: 'Prompts, and what graders read as `item.solution`, `item.task` and `item.verifier`',
      kinds: ['prompt'],
      reasoning,
      rows(content, options): Outcome[] {
        const { messages, tools, ...checked } = content as Content<'prompt'>
        const reward = rewarded(checked)
        if (!reward) return [{ why: 'no-reference' }]
        const { turns, restore } = hostedTurns(messages, '/messages', options.reasoning as 'inline', rules)
        return outcome({ messages: turns, ...withTools(tools), ...reward }, restore)
      },
    },
  }
}
