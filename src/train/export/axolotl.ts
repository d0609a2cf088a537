import type { Message } from '../../records/index.ts'
import { flat } from './flat.ts'
import { chooseTrl, trlTypes } from './shapes.ts'
import type { Content, Outcome, Row, RowOptions, Target, Type } from './target.ts'
import { asSystem, toolsText, turnsOf, usesTools, wordsOf } from './turns.ts'

/** Its preference strategies copy role and content alone, so that reasoning has to stand in the words. */
const inWords = ['inline', 'drop'] as const

const messages: Type = {
  ...trlTypes.messages,
  about: 'Whole conversations, for `type: chat_template`',
  weights: 'name them to axolotl with `message_field_training: weight`, or it learns from these turns too',
  // It parses arguments that are text, which `datasets` of any version loads.
  rows(content, { reasoning }): Outcome[] {
    const { messages, tools, reference, verifier } = content as Content<'conversation'>
    const row: Row = { messages: turnsOf(messages, reasoning, 'string'), ...toolsText(tools) }
    if (reference !== undefined) row.reference = reference
    if (verifier) row.verifier = JSON.stringify(verifier)
    return [{ row }]
  },
}

/** Turns of role and content, and what is lost of them. */
function plain(all: Message[], { reasoning }: RowOptions): { turns: Row[]; lost: string[] } {
  const { messages, developers } = asSystem(all)
  const lost = [
    ...(developers.length > 0 ? ['the role developer'] : []),
    ...(all.some(({ name }) => name !== undefined) ? ['names of speakers'] : []),
  ]
  return { turns: messages.map(message => ({ role: message.role, content: wordsOf(message, reasoning) ?? '' })), lost }
}

const pair = (row: Row, lost: string[]): Outcome[] => [{ row, ...(lost.length > 0 ? { lost: lost.join(', ') } : {}) }]

const preference: Type = {
  about: 'For `type: chat_template.default` with `field_messages: prompt`: DPO, IPO, SimPO',
  kinds: ['preference'],
  reasoning: inWords,
  rows(content, options): Outcome[] {
    const { prompt, chosen, rejected, tools } = content as Content<'preference'>
    if (tools?.length || usesTools([...prompt, ...chosen, ...rejected])) return [{ why: 'tool-calls' }]
    if (chosen.length !== 1 || rejected.length !== 1) return [{ why: 'several-turns' }]
    const [p, c, r] = [prompt, chosen, rejected].map(turns => plain(turns, options))
    return pair({ prompt: p!.turns, chosen: c!.turns, rejected: r!.turns }, p!.lost)
  },
}

const orpo: Type = {
  about: 'For `type: chat_template.argilla`: both conversations whole, the words of a system apart',
  kinds: ['preference'],
  reasoning: inWords,
  rows(content, options): Outcome[] {
    const { prompt, chosen, rejected, tools } = content as Content<'preference'>
    if (tools?.length) return [{ why: 'tool-calls' }]
    if (chosen.length !== 1 || rejected.length !== 1) return [{ why: 'several-turns' }]
    const row: Row = {}
    const lost: string[] = []
    for (const [name, side] of [['chosen', chosen] as const, ['rejected', rejected] as const]) {
      const all = [...prompt, ...side]
      const read = flat(all, options.reasoning)
      if (typeof read === 'string') return [{ why: read }]
      if (read.system !== undefined) row.system = read.system
      if (read.lost && !lost.includes(read.lost)) lost.push(read.lost)
      row[name] = read.turns.map((content, i) => ({ role: i % 2 === 0 ? 'user' : 'assistant', content }))
    }
    return pair(row, lost)
  },
}

const unpaired: Type = {
  ...trlTypes.unpaired,
  about: 'For `type: chatml.prompt_pairs`: prompt and completion as plain texts, and whether it is good',
  reasoning: inWords,
  rows(content, options): Outcome[] {
    const row = (prompt: Message[], completion: Message[], label: boolean): Outcome[] => {
      const read = flat([...prompt, ...completion], options.reasoning)
      if (typeof read === 'string') return [{ why: read }]
      if (completion.length !== 1) return [{ why: 'several-turns' }]
      if (read.turns.length !== 2) return [{ why: 'multi-turn' }]
      const { system, turns, lost } = read
      const flatRow: Row = { prompt: turns[0]!, completion: turns[1]!, label }
      if (system !== undefined) flatRow.system = system
      return pair(flatRow, lost === undefined ? [] : [lost])
    }
    if (content.kind === 'feedback') return row(content.prompt, content.completion, content.label)
    const { prompt, chosen, rejected } = content as Content<'preference'>
    return [...row(prompt, chosen, true), ...row(prompt, rejected, false)]
  },
}

/** Rows for the dataset types of axolotl that keep to the chat template of the tokenizer. */
export const axolotl: Target = {
  name: 'axolotl',
  about: 'axolotl: chat_template rows for SFT; DPO, IPO, SimPO; ORPO; KTO as plain texts; GRPO',
  types: {
    messages,
    preference,
    orpo,
    unpaired,
    rlvr: { ...trlTypes.rlvr, about: 'Prompts with what their answers are checked by, for a transform of your own' },
    'language-modeling': { ...trlTypes['language-modeling'], about: 'Texts, for `type: completion`' },
  },
  choose(kind, seen) {
    const type = chooseTrl(kind, seen)
    return type === 'prompt-completion' ? 'messages' : type === 'prompt-only' || type === 'stepwise' ? undefined : type
  },
  ids: 'column',
}
