import { z } from 'zod'
import type { Rec } from '../../records/index.ts'
import { kinds } from '../../records/index.ts'
import type { Answer } from '../../steps/index.ts'
import { defineMap, fence, loadPrompt, type MapStep, type Pure, promptNotes } from '../../steps/index.ts'
import { contentOf } from '../content.ts'
import { excerpt } from '../excerpt.ts'
import { loadScale, scaleName, scales } from './scale.ts'

export const labelShape = {
  rubric: z
    .string()
    .refine(
      name => name.endsWith('.md') || scales.includes(name),
      `expected ${scales.join(' or ')}, or a path that ends in .md`,
    )
    .default('educational')
    .describe('Name of a built-in rubric, or path of a Markdown file that says what the marks 0 to 5 stand for'),
  characters: z
    .number()
    .int()
    .min(200)
    .default(6000)
    .describe('Characters of a text that are marked and learnt from: of a longer one its beginning, middle and end'),
  prompt: z.string().optional().describe('Prompt file to use instead of the built-in one'),
}
const options = z.strictObject({ teacher: z.string().describe('Teacher that marks'), ...labelShape })
type Options = z.output<typeof options>
type Marked = { rationale: string; mark: number }

function request(record: Rec, ctx: Pure<Options>) {
  const language = ctx.language.startsWith('ja') ? 'ja' : 'en'
  const scale = loadScale(ctx.options.rubric, ctx.language)
  const prompt = loadPrompt(ctx.options.prompt ?? new URL(`./label.${language}.md`, import.meta.url))
  const text = excerpt(contentOf(record, 'all'), ctx.options.characters)
  return {
    ...prompt.ask({ rubric: scale.text, text: fence(text, 'text') }),
    prompts: [prompt.digest, scale.digest],
    reply: z.object({ rationale: z.string(), mark: z.number().int().min(0).max(5) }),
    task: {
      name: 'judge',
      input: { prompt: '', completion: text, aspects: ['mark'], scale: [0, 5], language: ctx.language },
    },
  }
}

const short = (text: string) => (text.length > 300 ? `${text.slice(0, 299).trimEnd()}…` : text)

/** One mark a text. A reply that is none is no mark: the row is unscored, and nothing is learnt from it. */
export const label: MapStep<Options> = defineMap<Options, Rec['kind'], Rec['kind'], Marked>({
  verb: 'classifier-label',
  about: 'A teacher marks each text of a sample from 0 to 5, with a short reason.',
  version: 1,
  options,
  takes: kinds,
  gives: 'same',
  reasons: [],
  needs: { teachers: ['teacher'], files: ['rubric', 'prompt'] },
  prompts: o => [
    ...promptNotes(import.meta.url, 'label', ['en', 'ja'], o.prompt),
    ...['en', 'ja']
      .map(language => loadScale(o.rubric, language))
      .map(({ name, digest, whole }) => ({ name, digest, text: whole })),
  ],
  source: 'Penedo et al. 2024, arXiv 2406.17557, section 4',
  teacher: o => o.teacher,
  prompt: request,
  parse: (reply, _, o) => ({
    is: 'passed',
    notes: { scores: { label: { ...by(reply, o), why: short(reply.data!.rationale), value: reply.data!.mark } } },
  }),
  unusable: (reply, _, o) => ({
    is: 'passed',
    notes: {
      scores: {
        label: {
          ...by(reply, o),
          ...(reply.bad ? { why: short(reply.bad.detail) } : {}),
          unscored: reply.bad?.reason ?? 'unparseable',
        },
      },
    },
  }),
})

const by = (reply: Answer, o: Options) => ({
  method: `rubric ${scaleName(o.rubric)}`,
  judge: o.teacher,
  call: reply.call,
})
