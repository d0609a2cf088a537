import { flat } from './flat.ts'
import type { Content, Outcome, Row, Target } from './target.ts'

/** Instruction rows: one question with its answer; earlier exchanges of a conversation stand in `history`. */
export const alpaca: Target = {
  name: 'alpaca',
  about: 'Instruction, input, output; system and history where there are any',
  types: {
    instruction: {
      about: 'An instruction and its answer; earlier exchanges as pairs in `history`, from which trainers learn too',
      kinds: ['conversation'],
      reasoning: ['inline', 'drop'],
      rows(content, { reasoning }): Outcome[] {
        const { messages, tools, reference, verifier } = content as Content<'conversation'>
        if (tools?.length) return [{ why: 'tool-calls' }]
        const read = flat(messages, reasoning)
        if (typeof read === 'string') return [{ why: read }]
        const { system, turns, lost } = read
        const [instruction, output] = turns.slice(-2)
        const history = Array.from({ length: turns.length / 2 - 1 }, (_, i) => turns.slice(2 * i, 2 * i + 2))
        const row: Row = { instruction: instruction!, input: '', output: output! }
        if (system !== undefined) row.system = system
        if (history.length > 0) row.history = history
        if (reference !== undefined) row.reference = reference
        if (verifier) row.verifier = JSON.stringify(verifier)
        return [{ row, ...(lost === undefined ? {} : { lost }) }]
      },
    },
  },
  choose: kind => (kind === 'conversation' ? 'instruction' : undefined),
  ids: 'column',
}
