import { z } from 'zod'
import type { Id, Rec } from '../../records/index.ts'
import { defineGroup, type GroupStep, type Verdict } from '../../steps/index.ts'
import { normaliseForMatch } from '../../text/index.ts'
import { drawn, groupOption } from '../family.ts'

const options = z.strictObject({
  by: z
    .enum(['equations', 'text'])
    .default('equations')
    .describe('equations: the calculations in their order, and the words where there are none; text: the words alone'),
  group: groupOption,
})
type Options = z.output<typeof options>

// Bounded and begun only where a number begins, since solutions come from outside.
const digits = String.raw`-?[$€£¥]?\d[\d,.]{0,30}`
const value = String.raw`\({0,4}${digits}%?\){0,4}`
const equation = new RegExp(
  String.raw`(?<![\d,.(])${value}(?:\s{0,3}[-+*/^]\s{0,3}${value}){1,30}\s{0,3}=\s{0,3}${digits}`,
  'g',
)

/** The calculations of a solution in the order it makes them, without spaces, units and thousands separators. */
export function equationsOf(text: string): string[] {
  const plain = text
    .normalize('NFKC')
    .replace(/<<[^<>]*>>/g, '')
    .replace(/\\times|\\cdot|[×·]|(?<=\d\s)x(?=\s[$€£¥]?\d)/g, '*')
    .replace(/\\div|÷/g, '/')
    .replace(/[−–]/g, '-')
    .replace(/\\[$%]/g, mark => mark.slice(1))
  return [...plain.matchAll(equation)].map(([found]) =>
    found
      .replace(/[\s$€£¥]|,(?=\d{3})/g, '')
      .replace(/[.,]+$/, '')
      .replace(/(?<=\.\d*?)0+(?!\d)/g, '')
      .replace(/\.(?!\d)/g, ''),
  )
}

/** What two solutions have in common when they reason alike. */
function waysOf(record: Rec<'conversation'>, by: Options['by']): string {
  const { reasoning, content } = record.messages.at(-1)!
  const text = [reasoning, content].filter(Boolean).join('\n')
  const equations = by === 'equations' ? equationsOf(text) : []
  if (equations.length > 0) return equations.join('\n')
  return normaliseForMatch(text)
    .replace(/[^\p{L}\p{N}]+/gu, ' ')
    .trim()
}

/**
 * Rejection-sampling fine-tuning (Yuan et al. 2023): of the answers to one prompt one stays for each list of calculations, so
 * that a set learns several ways and none twice.
 */
export const distinct: GroupStep<Options> = defineGroup<Options, 'conversation', 'conversation'>({
  verb: 'distinct',
  about:
    'Keeps one of the answers to a prompt for each way of reasoning: the same calculations in the same order count once.',
  version: 1,
  options,
  takes: ['conversation'],
  gives: 'same',
  reasons: ['same-reasoning'],
  source: 'https://arxiv.org/abs/2308.01825',
  group: ({ group }) => group,
  async run(records, { options: { by } }) {
    const first = new Map<string, Id>()
    const each = new Map<Id, Verdict>()
    for (const record of drawn(records)) {
      const way = waysOf(record, by)
      const kept = first.get(way)
      if (kept === undefined) first.set(way, record.id)
      each.set(
        record.id,
        kept === undefined ? { is: 'passed' } : { is: 'dropped', reason: 'same-reasoning', evidence: { kept } },
      )
    }
    return { each }
  },
})
