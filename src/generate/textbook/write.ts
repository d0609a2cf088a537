import { z } from 'zod'
import { type Rec, unit } from '../../records/index.ts'
import { defineMap, fence, loadPrompt, promptNotes, unusable } from '../../steps/index.ts'
import { withoutThinking } from '../answer/index.ts'
import { paragraphs } from '../paragraphs.ts'
import { loadCells } from './cells.ts'
import { seedOf } from './seeds.ts'

export const writeShape = {
  teacher: z.string().describe('Teacher that writes'),
  extract: z
    .int()
    .min(200)
    .max(20_000)
    .default(2000)
    .describe('Most characters of a document that a piece starts from'),
  cells: z
    .string()
    .optional()
    .describe('File of cells of your own: "### <audience> x <style>" with a brief below each'),
  language: z.string().optional().describe("Language of the pieces; default the document's, else the recipe's"),
  prompt: z.string().optional().describe('Prompt file to use instead of the built-in one'),
}
/** Waves that a recipe may ask for: every piece of a cell and every wave of it is a draw of its own. */
export const mostWaves = 16
const options = z.strictObject({
  ...writeShape,
  wave: z.int().min(1).max(mostWaves).default(1).describe('Which time a piece is asked for'),
})
type WriteOptions = z.infer<typeof options>

/**
 * Whole paragraphs put together up to a length, fenced code with its blank lines being one; what is longer by itself is cut
 * at sentences, else hard.
 */
export function passages(text: string, most: number): string[] {
  const parts = paragraphs(text)
    .map(([start, end]) => text.slice(start, end))
    .flatMap(paragraph => (paragraph.length <= most ? [paragraph] : shorter(paragraph, most)))
  const found: string[] = []
  for (const part of parts) {
    const last = found.at(-1)
    if (last !== undefined && last.length + part.length + 2 <= most) found[found.length - 1] = `${last}\n\n${part}`
    else if (part.trim() !== '') found.push(part.trim())
  }
  return found
}

function shorter(paragraph: string, most: number): string[] {
  const found: string[] = []
  for (const sentence of paragraph.split(/(?<=[.!?]\s)|(?<=[。！？])/)) {
    for (let at = 0; at < sentence.length; at += most) {
      const part = sentence.slice(at, at + most)
      const last = found.at(-1)
      if (last !== undefined && last.length + part.length <= most) found[found.length - 1] = last + part
      else found.push(part)
    }
  }
  return found
}

/** Another wave starts from the next passage, so that the same piece does not come out again. */
function extractOf(document: Rec<'document'>, n: number, { extract, wave }: WriteOptions): string {
  const all = passages(document.text, extract)
  if (all.length === 0) return document.text.slice(0, extract)
  return all[(Math.floor(unit(document.id, 'extract') * all.length) + n - 1 + wave - 1) % all.length]!
}

const grounding = {
  en: '- Take the facts from the extract; add what readers need to understand them, and nothing that contradicts it. Never mention an extract, and do not take over its sentences.',
  ja: '- 抜粋の事実に基づき、読者の理解に必要なことを補います。抜粋と矛盾することは書きません。抜粋に言及せず、その文をそのまま写しません。',
}
const pointsAtExtract = /\b(?:the|this|that|given|provided|above) (?:extract|excerpt)\b|抜粋(?:に|で|の|は|を)/i

/** One piece of learning material for one row: its cell says for whom and how, the document what is true. */
export const textbookWrite = defineMap<WriteOptions, 'row', 'document'>({
  verb: 'textbook-write',
  about: 'A teacher writes one piece of learning material for the audience, style and topic of a row.',
  version: 1,
  options,
  takes: ['row'],
  gives: ['document'],
  reasons: ['empty-text', 'refers-to-document', 'refused', 'truncated', 'unparseable', 'rejected'],
  needs: { teachers: ['teacher'], files: ['cells', 'prompt'], ancestors: ['document'] },
  prompts: o => [
    ...promptNotes(import.meta.url, 'textbook', ['en', 'ja'], o.prompt),
    ...(o.cells ? [o.cells] : ['en', 'ja'])
      .map(language => loadCells(o.cells, language))
      .map(({ name, digest, text }) => ({ name, digest, text })),
  ],
  async run(record, ctx) {
    const { audience, style, topic, n } = seedOf(record)
    const { teacher, wave } = ctx.options
    const language = ctx.options.language ?? ctx.language
    const tongue = language.startsWith('ja') ? 'ja' : 'en'
    const prompt = loadPrompt(ctx.options.prompt ?? new URL(`./textbook.${tongue}.md`, import.meta.url))
    const { cells, digest } = loadCells(ctx.options.cells, language)
    const brief = cells.find(cell => cell.audience === audience && cell.style === style)!.brief
    const document = ctx.ancestor('document')
    const extract = document && extractOf(document, n, ctx.options)
    const asked = prompt.ask({
      extract: extract && fence(extract, 'extract'),
      grounding: extract && grounding[tongue],
      cell: brief,
      topic,
    })
    const input = { extract, topic, audience, style, language }
    const reply = await ctx.call(
      teacher,
      { ...asked, prompts: [prompt.digest, digest], task: { name: 'textbook', input } },
      (n - 1) * mostWaves + wave - 1,
    )
    if (reply.bad) return unusable(reply) as { is: 'dropped'; reason: string }
    const text = withoutThinking(reply).content
    if (text === '') return { is: 'dropped', reason: 'empty-text', evidence: { call: reply.call } }
    const found = pointsAtExtract.exec(text)
    if (found) return { is: 'dropped', reason: 'refers-to-document', evidence: { call: reply.call, found: found[0] } }
    const title = /^# +(.+)$/m.exec(text)?.[1]?.trim()
    const facets = { audience, style, topic, wave }
    const notes = { facets, ...(ctx.options.language ? { language } : {}) }
    return { is: 'made', made: [{ payload: { kind: 'document', text, ...(title ? { title } : {}) }, index: 0, notes }] }
  },
})
