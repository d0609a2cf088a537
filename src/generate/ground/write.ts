import { z } from 'zod'
import { type Rec, type Score, withMessages } from '../../records/index.ts'
import { type Ctx, defineMap, fence, type Lost, loadPrompt, promptNotes, unusable } from '../../steps/index.ts'
import { normaliseForMatch } from '../../text/index.ts'
import { transcript } from '../transcript.ts'
import { stands } from './stands.ts'

export const writeShape = {
  teacher: z.string().describe('Teacher that answers'),
  citations: z
    .enum(['strip', 'keep'])
    .default('strip')
    .describe('The answer alone, or with numbers behind its sentences and the quotations below'),
  entailment: z
    .string()
    .optional()
    .describe('Teacher that checks whether each sentence follows from its quotations; default no such check'),
  prompt: z.string().optional().describe('Prompt file to use instead of the built-in one'),
  'entailment-prompt': z.string().optional().describe('Prompt file of the check to use instead of the built-in one'),
}
const options = z.strictObject(writeShape)
type WriteOptions = z.infer<typeof options>

const reply = z.object({ claims: z.array(z.object({ sentence: z.string(), quotes: z.array(z.string()) })) })
type Claim = z.infer<typeof reply>['claims'][number]
const checked = z.object({ entailed: z.array(z.int()) })

/** Sentences as one text; an item of a list keeps its line, and Japanese takes no spaces. */
function joined(sentences: readonly string[], japanese: boolean): string {
  return sentences.reduce((text, sentence) => {
    const list = /^(?:[-*・]|\d+[.)])/.test(sentence)
    return text === '' ? sentence : `${text}${list ? '\n' : japanese ? '' : ' '}${sentence}`
  }, '')
}

/** The answer with a number for each quotation, equal ones sharing it. */
function cited(claims: readonly Claim[], japanese: boolean): string {
  const numbers = new Map<string, number>()
  const sentences = claims.map(({ sentence, quotes }) => {
    const marks = quotes.map(quote => {
      numbers.set(quote, numbers.get(quote) ?? numbers.size + 1)
      return `[${numbers.get(quote)}]`
    })
    return `${sentence}${japanese ? '' : ' '}${[...new Set(marks)].join('')}`
  })
  const [open, close] = japanese ? ['「', '」'] : ['“', '”']
  const notes = [...numbers].map(([quote, n]) => `[${n}] ${open}${quote}${close}`)
  return `${joined(sentences, japanese)}\n\n${notes.join('\n')}`
}

/** Indexes of the claims that a teacher finds to follow from their quotations, or why there is no such finding. */
async function entailed(
  claims: readonly Claim[],
  ctx: Ctx<WriteOptions>,
  language: string,
): Promise<{ call: string } & ({ found: Set<number> } | { unscored: string })> {
  const file = ctx.options['entailment-prompt'] ?? new URL(`./entail.${language}.md`, import.meta.url)
  const told = claims.map(({ sentence, quotes }, i) =>
    fence(`${sentence}\n${quotes.map(quote => `> ${quote}`).join('\n')}`, `claim-${i + 1}`),
  )
  const answer = await ctx.call(ctx.options.entailment!, {
    ...loadPrompt(file).ask({ claims: told.join('\n') }),
    reply: checked,
    task: { name: 'entail', input: { claims: [...claims], language: ctx.language } },
  })
  if (answer.bad) return { unscored: answer.bad.reason, call: answer.call }
  return { found: new Set(answer.data!.entailed.map(n => n - 1)), call: answer.call }
}

/** One answer a prompt: sentences that do not stand on the document are lost by name, the share that does is its score. */
export const groundWrite = defineMap<WriteOptions, 'prompt', 'conversation'>({
  verb: 'ground-write',
  about:
    'A teacher answers from the document behind each prompt with a quotation for every sentence; what has none in it goes.',
  version: 1,
  options,
  takes: ['prompt'],
  gives: ['conversation'],
  reasons: [
    ...['no-document', 'no-claims', 'empty-claim', 'no-quote', 'not-in-document', 'not-entailed'],
    ...['refused', 'truncated', 'unparseable', 'rejected'],
  ],
  needs: { teachers: ['teacher', 'entailment'], files: ['prompt', 'entailment-prompt'], ancestors: ['document'] },
  prompts: o => [
    ...promptNotes(import.meta.url, 'ground', ['en', 'ja'], o.prompt),
    ...(o.entailment ? promptNotes(import.meta.url, 'entail', ['en', 'ja'], o['entailment-prompt']) : []),
  ],
  async run(record: Rec<'prompt'>, ctx) {
    const { teacher, citations, entailment } = ctx.options
    const language = ctx.language.startsWith('ja') ? 'ja' : 'en'
    const document = ctx.ancestor('document')
    if (!document) return { is: 'dropped', reason: 'no-document' }
    const prompt = loadPrompt(ctx.options.prompt ?? new URL(`./ground.${language}.md`, import.meta.url))
    const question = transcript(record.messages)
    const answer = await ctx.call(teacher, {
      ...prompt.ask({ document: fence(document.text, 'document'), question: fence(question, 'question') }),
      reply,
      task: { name: 'ground', input: { document: document.text, question, language: ctx.language } },
    })
    if (answer.bad) return unusable(answer) as { is: 'dropped'; reason: string }
    const { claims } = answer.data!
    if (claims.length === 0) return { is: 'dropped', reason: 'no-claims', evidence: { call: answer.call } }

    const whole = normaliseForMatch(document.text)
    const lost: Lost[] = []
    const lose = (index: number, reason: string) =>
      lost.push({ index, reason, evidence: { call: answer.call, ...claims[index]! } })
    let kept: { claim: Claim; index: number }[] = []
    for (const [index, { sentence, quotes }] of claims.entries()) {
      const found = quotes.map(quote => quote.trim()).filter(quote => stands(quote, whole))
      if (sentence.trim() === '') lose(index, 'empty-claim')
      else if (found.length > 0) kept.push({ claim: { sentence: sentence.trim(), quotes: found }, index })
      else lose(index, quotes.some(quote => quote.trim() !== '') ? 'not-in-document' : 'no-quote')
    }
    const scores: { [aspect: string]: Score } = {}
    if (entailment && kept.length > 0) {
      const verdict = await entailed(
        kept.map(({ claim }) => claim),
        ctx,
        language,
      )
      const { call } = verdict
      const by = { method: 'sentences that follow from their quotations', call }
      if ('unscored' in verdict) scores.entailed = { ...by, unscored: verdict.unscored }
      else {
        const followed = kept.filter((_, i) => verdict.found.has(i))
        scores.entailed = { ...by, value: followed.length / kept.length }
        for (const { index } of kept.filter((_, i) => !verdict.found.has(i))) lose(index, 'not-entailed')
        kept = followed
      }
    }
    if (kept.length === 0) return { is: 'made', made: [], lost }
    const support = { method: 'sentences with a quotation of the document' }
    const unread = scores.entailed && 'unscored' in scores.entailed ? scores.entailed.unscored : undefined
    // Without the check that was asked for nobody knows what stands on the document.
    scores.support =
      unread === undefined ? { ...support, value: kept.length / claims.length } : { ...support, unscored: unread }
    const held = kept.map(({ claim }) => claim)
    const japanese = language === 'ja'
    const content =
      citations === 'keep'
        ? cited(held, japanese)
        : joined(
            held.map(({ sentence }) => sentence),
            japanese,
          )
    return {
      is: 'made',
      made: [
        {
          payload: withMessages(record, [...record.messages, { role: 'assistant', content }]),
          index: 0,
          notes: { scores, ...(record.language ? { language: record.language } : {}) },
        },
      ],
      lost,
    }
  },
})
