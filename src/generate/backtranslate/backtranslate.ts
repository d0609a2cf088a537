import { z } from 'zod'
import type { Rec, Score } from '../../records/index.ts'
import {
  cutBelow,
  type Dropped,
  defineMap,
  defineVerb,
  fence,
  loadPrompt,
  type Primitive,
  type Pure,
  promptNotes,
} from '../../steps/index.ts'
import { normaliseForMatch } from '../../text/index.ts'
import { refersToDocument } from '../ask/index.ts'
import { registerFacet, registerOption, registerWords } from '../register.ts'
import { extractOf } from './extract.ts'

const writeOptions = z.strictObject({
  teacher: z.string().describe('Teacher that writes the instructions'),
  characters: z
    .tuple([z.int().min(1), z.int().min(1)])
    .refine(([least, most]) => least <= most, 'the smaller number comes first')
    .default([200, 4000])
    .describe('Fewest and most characters of an answer; a longer document gives a run of its paragraphs'),
  system: z
    .string()
    .optional()
    .describe('System turn of the rows, by which a model can tell answers that were not written as such'),
  register: registerOption,
  prompt: z.string().optional().describe('Prompt file to use instead of the built-in one'),
})
type WriteOptions = z.output<typeof writeOptions>

const instructionReply = z.object({ instruction: z.string() })

const asLanguage = (language: string) => (language.startsWith('ja') ? 'ja' : 'en')

/** Characters of the answer in a row, marks and case set aside, from which an instruction gives it away. */
const givenAway = { en: 80, ja: 30 }

/** True when a good part of a sentence of the answer stands in the instruction. */
export function givesAway(instruction: string, answer: string, language: 'en' | 'ja'): boolean {
  const [asked, given] = [normaliseForMatch(instruction), normaliseForMatch(answer)]
  const run = givenAway[language]
  for (let i = 0; i + run <= asked.length; i++) if (given.includes(asked.slice(i, i + run))) return true
  return false
}

/** An instruction for a document's own words. The answer is real text, kept to the letter: `made.span` says where it stands. */
const write = defineMap<WriteOptions, 'document', 'conversation'>({
  verb: 'backtranslate-write',
  about: 'A teacher writes the instruction to which a stretch of a document is the answer.',
  version: 1,
  options: writeOptions,
  takes: ['document'],
  gives: ['conversation'],
  reasons: [
    'too-short',
    'empty-instruction',
    'refers-to-document',
    'gives-away',
    'refused',
    'truncated',
    'unparseable',
    'rejected',
  ],
  needs: { teachers: ['teacher'], files: ['prompt'] },
  prompts: ({ prompt }) => promptNotes(import.meta.url, 'backtranslate', ['en', 'ja'], prompt),
  source: 'https://arxiv.org/abs/2308.06259',
  async run(record, ctx) {
    const { teacher, characters, system, register } = ctx.options
    const span = extractOf(record.text, characters, ctx.random)
    if (!span) return { is: 'dropped', reason: 'too-short', evidence: { characters: record.text.trim().length } }
    const text = record.text.slice(...span)
    const language = asLanguage(ctx.language)
    const prompt = loadPrompt(ctx.options.prompt ?? new URL(`./backtranslate.${language}.md`, import.meta.url))
    const reply = await ctx.call(teacher, {
      ...prompt.ask({
        text: fence(text, 'text'),
        title: record.title && fence(record.title, 'title'),
        register: register && language === 'ja' ? `- 文体: ${registerWords.ja[register]}` : '',
      }),
      reply: instructionReply,
      task: { name: 'backtranslate', input: { text, title: record.title, language: ctx.language } },
    })
    const evidence = { call: reply.call }
    if (reply.bad)
      return { is: 'dropped', reason: reply.bad.reason, evidence: { ...evidence, detail: reply.bad.detail } }
    const instruction = reply.data!.instruction.trim()
    const dropped = (reason: string): Dropped => ({ is: 'dropped', reason, evidence: { ...evidence, instruction } })
    if (instruction === '') return dropped('empty-instruction')
    if (refersToDocument(instruction)) return dropped('refers-to-document')
    if (givesAway(instruction, text, language)) return dropped('gives-away')
    return {
      is: 'made',
      made: [
        {
          payload: {
            kind: 'conversation',
            messages: [
              ...(system === undefined ? [] : [{ role: 'system' as const, content: system }]),
              { role: 'user', content: instruction },
              { role: 'assistant', content: text },
            ],
          },
          index: 0,
          span,
          notes: { facets: registerFacet(instruction, record.language) },
        },
      ],
    }
  },
})

const gradeOptions = z.strictObject({
  judge: z.string().describe('Teacher that grades'),
  prompt: z.string().optional().describe('Prompt file of the grades to use instead of the built-in one'),
})
type GradeOptions = z.output<typeof gradeOptions>
const gradeReply = z.object({ rationale: z.string(), grade: z.int().min(1).max(5) })

function gradeRequest(record: Rec<'conversation'>, ctx: Pure<GradeOptions>) {
  const file = new URL(`./grade.${asLanguage(ctx.language)}.md`, import.meta.url)
  const prompt = loadPrompt(ctx.options.prompt ?? file)
  const [instruction, answer] = record.messages.slice(-2).map(({ content }) => content ?? '') as [string, string]
  return {
    ...prompt.ask({ instruction: fence(instruction, 'instruction'), answer: fence(answer, 'answer') }),
    reply: gradeReply,
    task: { name: 'backtranslate-grade', input: { instruction, answer, language: ctx.language } },
  }
}

/** Self-curation: one mark from 1 to 5 by the paper's rubric. What cannot be read is unscored and never a mark. */
const grade = defineMap<GradeOptions, 'conversation', 'conversation', z.infer<typeof gradeReply>>({
  verb: 'backtranslate-grade',
  about: 'A teacher grades from 1 to 5 how well a text answers the instruction that was written for it.',
  version: 1,
  options: gradeOptions,
  takes: ['conversation'],
  gives: 'same',
  reasons: [],
  needs: { teachers: ['judge'], files: ['prompt'] },
  prompts: ({ prompt }) => promptNotes(import.meta.url, 'grade', ['en', 'ja'], prompt),
  source: 'https://arxiv.org/abs/2308.06259',
  teacher: ({ judge }) => judge,
  prompt: gradeRequest,
  parse: reply => graded({ value: reply.data!.grade, why: reply.data!.rationale.slice(0, 300) }, reply.call),
  unusable: reply => graded({ unscored: reply.bad?.reason ?? 'unparseable' }, reply.call),
})

const graded = (mark: { value: number; why: string } | { unscored: string }, call: string) => ({
  is: 'passed' as const,
  notes: { scores: { grade: { method: 'self-curation, 1 to 5', call, ...mark } as Score } },
})

const options = z.strictObject({
  ...writeOptions.shape,
  judge: z.string().optional().describe('Teacher that grades the pairs; default the writing one, as in the paper'),
  min: z
    .number()
    .min(1)
    .max(5)
    .optional()
    .describe('Lowest grade that stays; the paper keeps 5 alone. Without it and without a judge nothing is graded'),
  'judge-prompt': z.string().optional().describe('Prompt file of the grades to use instead of the built-in one'),
})

/** Instruction backtranslation: real text becomes the answer, a teacher writes what was asked, and grades the pair. */
export const backtranslate = defineVerb<z.output<typeof options>>({
  verb: 'backtranslate',
  about: 'Writes the instruction to which a real text is the answer, and keeps the pairs that are graded well.',
  options,
  takes: ['document'],
  needs: { teachers: ['teacher', 'judge'], files: ['prompt', 'judge-prompt'] },
  source: 'https://arxiv.org/abs/2308.06259',
  expand({ judge, min, 'judge-prompt': prompt, ...writes }, key) {
    const steps: Primitive[] = [{ as: 'write', step: write, options: writes }]
    if (judge !== undefined || min !== undefined) {
      const asked = { judge: judge ?? writes.teacher, ...(prompt === undefined ? {} : { prompt }) }
      steps.push({ as: 'grade', step: grade, options: asked })
    }
    if (min !== undefined) steps.push({ as: 'cut', step: cutBelow, options: { by: `${key}/grade`, below: min } })
    return steps
  },
})
