import { z } from 'zod'
import type { Message, Rec } from '../../records/index.ts'
import {
  type Draft,
  defineFilter,
  defineMap,
  fence,
  type Lost,
  loadPrompt,
  type Pure,
  promptNotes,
} from '../../steps/index.ts'
import { normaliseForMatch, type Register, weight } from '../../text/index.ts'
import { example } from '../example.ts'
import { registerWords } from '../register.ts'
import { bounds, dressed, isJapanese, type Manner, mannerOf, parseManner } from './manner.ts'
import { slip } from './slips.ts'

export const writeOptions = z.strictObject({
  teacher: z.string().describe('Teacher that writes the queries'),
  need: z
    .enum(['same', 'another'])
    .default('another')
    .describe('Whether a new query has the need of the real one, or another need of the same person'),
  examples: z.int().min(0).max(10).default(3).describe('Other real queries that are shown beside each'),
  prompt: z.string().optional().describe('Prompt file to use instead of the built-in one'),
})
type WriteOptions = z.output<typeof writeOptions>

const reply = z.object({ queries: z.array(z.string()) })

const wants = {
  en: {
    need: {
      same: 'the same need as the message',
      another: 'another need that the same kind of user may have with the same service, a different one each',
    },
    length: ([from, to]: [number, number]) => (to === Infinity ? `${from} words or more` : `${from} to ${to} words`),
    case: { lower: 'all in lower case', upper: 'all in capitals', sentence: 'ordinary capitals', none: '' },
    ending: {
      none: 'no mark at the end',
      question: 'ends with a question mark',
      stop: 'ends with a full stop',
      exclamation: 'ends with an exclamation mark',
    },
    register: {
      informal: 'chatty, as typed on a phone',
      neutral: 'everyday words',
      fragment: 'keywords, no whole sentence',
    },
    politeness: { polite: 'with please, thanks or another courtesy', bare: 'without please or thanks' },
    join: '; ',
  },
  ja: {
    need: {
      same: '元のメッセージと同じ用件',
      another: '同じサービスの同じような利用者が持ちそうな、一つずつ異なる別の用件',
    },
    length: ([from, to]: [number, number]) => (to === Infinity ? `${3 * from}字以上` : `${3 * from}〜${3 * to}字`),
    case: { lower: '', upper: '', sentence: '', none: '' },
    ending: {
      none: '文末に記号を付けない',
      question: '疑問符で終える',
      stop: '句点で終える',
      exclamation: '感嘆符で終える',
    },
    register: { informal: 'くだけた言い方', neutral: '普段の言い方', fragment: '文にせず語を並べる' },
    politeness: { polite: '「お願いします」「すみません」などの一言を添える', bare: 'あいさつやお礼を添えない' },
    join: '、',
  },
}

/** A manner in words, for a prompt. */
export function mannerWords(manner: Manner, language: 'en' | 'ja'): string {
  const say = wants[language]
  const { register } = manner
  return [
    say.length(bounds(manner.length)),
    say.case[manner.case],
    say.ending[manner.ending],
    register in say.register
      ? say.register[register as keyof typeof say.register]
      : registerWords[language][register as Register],
    say.politeness[manner.politeness],
  ]
    .filter(Boolean)
    .join(say.join)
}

/** What stands before the first user turn, such as a system turn, and the query in its place. */
const withQuery = ({ messages }: Rec<'prompt'>, content: string): Message[] => [
  ...messages.slice(
    0,
    messages.findIndex(({ role }) => role === 'user'),
  ),
  { role: 'user', content },
]

const plansOf = (record: Rec<'prompt'>) => String(record.facets.manners ?? '').split('; ')

function request(record: Rec<'prompt'>, ctx: Pure<WriteOptions>) {
  const query = example(record)!.trim()
  const language = isJapanese(query) ? 'ja' : 'en'
  const prompt = loadPrompt(ctx.options.prompt ?? new URL(`./from-queries.${language}.md`, import.meta.url))
  const manners = plansOf(record).map(plan => mannerWords(parseManner(plan), language))
  const shown = ctx.draw('pool', ctx.options.examples).flatMap(other => example(other)?.trim().slice(0, 500) ?? [])
  const need = wants[language].need[ctx.options.need]
  return {
    ...prompt.ask({
      message: fence(query, 'message'),
      examples: shown.map(text => fence(text, 'query')).join('\n'),
      need,
      count: manners.length,
      manners: manners.map((manner, i) => `${i + 1}. ${manner}`).join('\n'),
    }),
    reply,
    task: { name: 'from-queries', input: { query, need, manners, examples: shown, language } },
  }
}

/** New queries in the manners that were drawn for a real one; what was asked for stands in the facets. */
export const write = defineMap<WriteOptions, 'prompt', 'prompt', z.infer<typeof reply>>({
  verb: 'from-queries-write',
  about: 'A teacher writes queries after a real one, each in the manner drawn for it.',
  version: 1,
  options: writeOptions,
  takes: ['prompt'],
  gives: ['prompt'],
  reasons: ['empty-query', 'copy', 'duplicate-query', 'surplus'],
  needs: { teachers: ['teacher'], files: ['prompt'] },
  prompts: ({ prompt }) => promptNotes(import.meta.url, 'from-queries', ['en', 'ja'], prompt),
  teacher: ({ teacher }) => teacher,
  prompt: request,
  parse({ data }, record) {
    const plans = plansOf(record)
    const made: Draft<'prompt'>[] = []
    const lost: Lost[] = []
    const original = normaliseForMatch(example(record)!)
    const seen = new Set<string>()
    for (const [index, written] of data!.queries.entries()) {
      const query = written.trim()
      const key = normaliseForMatch(query)
      const plan = plans[index]
      const reason =
        key === ''
          ? 'empty-query'
          : key === original
            ? 'copy'
            : seen.has(key)
              ? 'duplicate-query'
              : plan === undefined
                ? 'surplus'
                : undefined
      seen.add(key)
      if (reason) lost.push({ index, reason, evidence: { query } })
      else {
        const facets = {
          ...parseManner(plan!),
          manners: undefined,
          ...(plan!.endsWith(' slip') ? { slip: 'wanted' } : {}),
        }
        made.push({
          payload: {
            kind: 'prompt',
            messages: withQuery(record, query),
            ...(record.tools ? { tools: record.tools } : {}),
          },
          index,
          notes: { facets },
        })
      }
    }
    return { is: 'made', made, lost }
  },
})

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
