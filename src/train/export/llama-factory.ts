import type { Message } from '../../records/index.ts'
import { trlTypes } from './shapes.ts'
import { sharegptMessages } from './sharegpt.ts'
import { sharegptTurns } from './sharegpt-turns.ts'
import type { Content, Outcome, Reasoning, Row, RowFile, Target, Type } from './target.ts'
import { toolsText } from './turns.ts'

const reasoning = ['inline', 'drop'] as const

/** A prompt with the single turn that answers it, both as ShareGPT has them, or why there is none. */
function answered(
  prompt: Message[],
  answer: Message[],
  how: Reasoning,
): Outcome | { turns: Row[]; reply: Row; lost?: string } {
  if (answer.length !== 1) return { why: 'several-turns' }
  const read = sharegptTurns([...prompt, ...answer], how)
  if (typeof read === 'string') return { why: read }
  const lost = read.lost === undefined ? {} : { lost: read.lost }
  return { turns: read.turns.slice(0, -1), reply: read.turns.at(-1)!, ...lost }
}

const preference: Type = {
  about: 'A conversation, and a chosen and a rejected turn that answers it (`ranking`)',
  kinds: ['preference'],
  reasoning,
  rows(content, { reasoning }): Outcome[] {
    const { prompt, chosen, rejected, tools } = content as Content<'preference'>
    const sides = [chosen, rejected].map(side => answered(prompt, side, reasoning))
    const [good, bad] = sides
    if (!good || !bad || !('turns' in good) || !('turns' in bad)) return [sides.find(side => 'why' in side) as Outcome]
    const { turns, reply, ...lost } = good
    return [{ row: { conversations: turns, chosen: reply, rejected: bad.reply, ...toolsText(tools) }, ...lost }]
  },
}

const unpaired: Type = {
  ...trlTypes.unpaired,
  about: 'A conversation, and whether its last turn is good (`kto_tag`)',
  reasoning,
  label: 'kto_tag',
  rows(content, { reasoning }): Outcome[] {
    const row = (prompt: Message[], answer: Message[], good: boolean): Outcome => {
      const read = answered(prompt, answer, reasoning)
      if (!('turns' in read)) return read
      const { turns, reply, ...lost } = read
      return { row: { conversations: [...turns, reply], kto_tag: good }, ...lost }
    }
    if (content.kind === 'feedback') return [row(content.prompt, content.completion, content.label)]
    const { prompt, chosen, rejected } = content as Content<'preference'>
    return [row(prompt, chosen, true), row(prompt, rejected, false)]
  },
}

type Info = {
  file_name: string
  formatting: 'alpaca' | 'sharegpt'
  ranking?: true
  columns: { [name: string]: string }
}

/** One data set of `dataset_info.json`. Its converter for OpenAI messages adds words to the system's turn; this one does not. */
function infoOf({ path, type }: RowFile, columns: readonly string[]): Info {
  const file_name = path
  if (type === 'language-modeling') return { file_name, formatting: 'alpaca', columns: { prompt: 'text' } }
  const tools: { [name: string]: string } = columns.includes('tools') ? { tools: 'tools' } : {}
  const shared = { file_name, formatting: 'sharegpt' as const }
  const messages = { messages: 'conversations', ...tools }
  if (type === 'preference')
    return { ...shared, ranking: true, columns: { ...messages, chosen: 'chosen', rejected: 'rejected' } }
  if (type === 'unpaired') return { ...shared, columns: { ...messages, kto_tag: 'kto_tag' } }
  return { ...shared, columns: messages }
}

/** Name of a file in `dataset_info.json`: `sft/train.jsonl` is `sft_train`. */
const nameOf = (path: string): string => path.replace(/\.jsonl$/, '').replaceAll('/', '_')

/** Data sets in one folder with the list of them, as `dataset_dir` names it. */
export const llamaFactory: Target = {
  name: 'llama-factory',
  about: 'LLaMA-Factory: SFT, ranking and KTO rows with their dataset_info.json',
  types: {
    messages: {
      ...sharegptMessages,
      reasoning,
      weights: 'LLaMA-Factory reads no weights and learns from these turns too',
    },
    preference,
    unpaired,
    'language-modeling': trlTypes['language-modeling'],
  },
  choose: kind =>
    ({ conversation: 'messages', preference: 'preference', feedback: 'unpaired', document: 'language-modeling' })[
      kind as string
    ],
  ids: 'column',
  files: (written, columns) => ({
    'dataset_info.json': `${JSON.stringify(
      Object.fromEntries(written.map(file => [nameOf(file.path), infoOf(file, columns[file.type] ?? [])])),
      null,
      2,
    )}\n`,
  }),
}
