import { z } from 'zod'
import type { Rec } from '../../records/index.ts'
import {
  type Ctx,
  type Draft,
  defineGrid,
  defineMap,
  defineVerb,
  loadPrompt,
  type Outcome,
  promptNotes,
} from '../../steps/index.ts'
import { type ChatTemplateName, chatTemplates, opened, templateLeak } from '../../text/index.ts'

const grid = z.strictObject({
  samples: z.int().min(1).default(100).describe('Prompts to draw, of each topic where there are some'),
  topics: z
    .array(z.string().min(1))
    .min(1)
    .optional()
    .describe('What the system turn says that people ask about; without any there is no system turn in English'),
})
const write = z.strictObject({
  teacher: z.string().describe('An instruction-tuned model whose server continues raw text'),
  template: z
    .enum(Object.keys(chatTemplates) as [ChatTemplateName, ...ChatTemplateName[]])
    .default('chatml')
    .describe('Chat template of the model'),
  prefix: z
    .string()
    .min(1)
    .optional()
    .describe('Text that opens the turn of the user, instead of what the template makes of it; topics do not enter it'),
  stop: z
    .array(z.string().min(1))
    .min(1)
    .optional()
    .describe('Texts at which the turn ends; default the token of the template that ends a turn'),
  longest: z.int().positive().default(1024).describe('Most tokens of a prompt'),
  language: z.string().optional().describe("Language of the prompts; default the recipe's"),
  prompt: z
    .string()
    .optional()
    .describe('Prompt file to use instead of the built-in one: a system part, with {{topic}} where the topic goes'),
})
const options = z
  .strictObject({ ...write.shape, ...grid.shape })
  .refine(o => o.prefix === undefined || (o.topics === undefined && o.prompt === undefined), {
    path: ['prefix'],
    error: 'a prefix of your own holds all there is: write the topic into it, or leave it out',
  })
type WriteOptions = z.infer<typeof write>

/** One row for each draw and topic; ids name both, so that more draws or another topic move none. */
export const magpieGrid = defineGrid<z.infer<typeof grid>>({
  verb: 'magpie-grid',
  about: 'Lays out one row for each prompt to be drawn.',
  version: 1,
  options: grid,
  takes: [],
  gives: ['row'],
  reasons: [],
  *rows({ samples, topics }): Iterable<Draft<'row'>> {
    let index = 0
    for (const topic of topics ?? [undefined])
      for (let n = 1; n <= samples; n++) {
        const columns = { n, ...(topic === undefined ? {} : { topic }) }
        yield { payload: { kind: 'row', columns }, index: index++, key: JSON.stringify([topic ?? null, n]) }
      }
  },
})

const anything = { en: 'all kinds of subjects', ja: 'さまざまな事柄' }

/** The text up to where a user begins to write, and the prompt file that a part of it came from. */
function openedFor(record: Rec<'row'>, ctx: Ctx<WriteOptions>) {
  const { prefix, template, prompt: own } = ctx.options
  if (prefix !== undefined) return { text: prefix }
  const { topic } = record.columns as { topic?: string }
  const language = (ctx.options.language ?? ctx.language).startsWith('ja') ? 'ja' : 'en'
  // A model that is told nothing writes English of its own accord.
  if (topic === undefined && own === undefined && language === 'en') return { text: opened(template, [], 'user') }
  const prompt = loadPrompt(own ?? new URL(`./magpie.${language}.md`, import.meta.url))
  const turns = prompt.render({ topic: topic ?? anything[language] })
  return { text: opened(template, turns, 'user'), digest: prompt.digest }
}

/** The turn of a user as the model writes it after the opening of its own template. */
export const magpieWrite = defineMap<WriteOptions, 'row', 'prompt'>({
  verb: 'magpie-write',
  about: 'A model continues the opening of its chat template: what it writes is the turn of a user.',
  version: 1,
  options: write,
  takes: ['row'],
  gives: ['prompt'],
  reasons: ['empty-prompt', 'template-token', 'too-long', 'refused', 'truncated', 'rejected'],
  needs: { teachers: ['teacher'], forms: { teacher: 'continue' }, files: ['prompt'] },
  prompts: ({ prompt }) => promptNotes(import.meta.url, 'magpie', ['en', 'ja'], prompt),
  source: 'https://arxiv.org/abs/2406.08464',
  async run(record, ctx): Promise<Outcome<'row', 'prompt'>> {
    const { teacher, template, stop, longest, language } = ctx.options
    const { n, topic } = record.columns as { n: number; topic?: string }
    const { text, digest } = openedFor(record, ctx)
    const reply = await ctx.call(
      teacher,
      {
        form: 'continue',
        messages: [{ role: 'user', content: text }],
        sampling: { stop: stop ?? [chatTemplates[template].end] },
        ...(digest ? { prompts: [digest] } : {}),
      },
      n,
    )
    const content = (reply.content ?? '').trim()
    const evidence = { call: reply.call, text: content.slice(0, 200) }
    if (reply.bad)
      return { is: 'dropped', reason: reply.bad.reason, evidence: { ...evidence, detail: reply.bad.detail } }
    const leak = templateLeak(content)
    const reason =
      content === ''
        ? 'empty-prompt'
        : leak !== undefined
          ? 'template-token'
          : ctx.tokens(content) > longest
            ? 'too-long'
            : undefined
    if (reason) return { is: 'dropped', reason, evidence: { ...evidence, ...(leak ? { leak } : {}) } }
    return {
      is: 'made',
      made: [
        {
          payload: { kind: 'prompt', messages: [{ role: 'user', content }] },
          index: 0,
          notes: { ...(topic ? { facets: { topic } } : {}), ...(language ? { language } : {}) },
        },
      ],
    }
  },
})

/** Prompts out of nothing but an aligned model and its chat template (Xu et al., arXiv:2406.08464). */
export const magpie = defineVerb<z.infer<typeof options>>({
  verb: 'magpie',
  about:
    'Draws prompts from an instruction-tuned model itself: it continues the opening of its chat template with what a user would write.',
  options,
  takes: [],
  needs: { teachers: ['teacher'], forms: { teacher: 'continue' }, files: ['prompt'] },
  source: 'https://arxiv.org/abs/2406.08464',
  expand: ({ samples, topics, ...rest }) => [
    { as: 'grid', step: magpieGrid, options: { samples, ...(topics ? { topics } : {}) } },
    {
      as: '',
      step: magpieWrite,
      options: Object.fromEntries(Object.entries(rest).filter(([, value]) => value !== undefined)),
    },
  ],
})
