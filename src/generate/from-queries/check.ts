import { z } from 'zod'
import { defineFilter, defineMap } from '../../steps/index.ts'
import { weight } from '../../text/index.ts'
import { example } from '../example.ts'
import { bounds, dressed, isJapanese, type Manner, mannerOf } from './manner.ts'
import { slip } from './slips.ts'
import { withQuery } from './write.ts'

const held = ['length', 'register', 'politeness'] as const
export const checkOptions = z.strictObject({
  hold: z
    .array(z.enum(held))
    .default([...held])
    .describe('What a query must have as it was asked for; the others are dropped'),
})

/** Share of a bound by which a length may lie outside. */
const slack = 0.25

/** What a model was asked for and a rule cannot mend: a message of another length or register is another message. */
export const check = defineFilter<z.output<typeof checkOptions>>({
  verb: 'from-queries-check',
  about: 'Drops queries that are not in the manner they were asked for in.',
  version: 1,
  options: checkOptions,
  takes: ['prompt'],
  gives: 'same',
  reasons: held.map(trait => `other-${trait}`),
  test(record, { hold }) {
    const text = example(record) ?? ''
    const found = mannerOf(text)
    const asked = record.facets as unknown as Manner
    const words = weight(text)
    const [from, to] = bounds(asked.length)
    const fits = (trait: (typeof held)[number]) =>
      trait === 'length'
        ? words >= from * (1 - slack) - 0.5 && words <= to * (1 + slack) + 0.5
        : found[trait] === asked[trait]
    const missed = hold.find(trait => !fits(trait))
    if (!missed) return { is: 'passed' }
    const seen = missed === 'length' ? Math.round(words) : found[missed]
    return { is: 'dropped', reason: `other-${missed}`, evidence: { asked: asked[missed], found: seen } }
  },
})

/** Case, last mark and slips of writing, by rule and from the record's own seed. */
export const dress = defineMap<Record<string, never>, 'prompt', 'prompt'>({
  verb: 'from-queries-dress',
  about: 'Gives queries the case, the last mark and the slips of writing that were drawn for them.',
  version: 1,
  options: z.strictObject({}),
  takes: ['prompt'],
  gives: 'same',
  reasons: ['case-and-mark', 'slip'],
  async run(record, ctx) {
    const text = example(record) ?? ''
    const manner = record.facets as unknown as Manner
    const plain = dressed(text, manner)
    const slipped = record.facets.slip ? slip(plain, isJapanese(text), ctx.random) : undefined
    const made = slipped?.text ?? plain
    const notes = { facets: { ...mannerOf(plain), slip: slipped?.slip } }
    if (made === text) return { is: 'passed', notes }
    return {
      is: 'fixed',
      reason: slipped ? 'slip' : 'case-and-mark',
      payload: { kind: 'prompt', messages: withQuery(record, made), ...(record.tools ? { tools: record.tools } : {}) },
      notes,
    }
  },
})
