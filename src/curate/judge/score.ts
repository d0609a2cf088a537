import { z } from 'zod'
import type { Rec, Score } from '../../records/index.ts'
import { type Answer, defineMap, type MapStep, promptNotes } from '../../steps/index.ts'
import { familiesOf } from '../../teachers/index.ts'
import { askShape, type Marks, promptOf, request, rubricOf, samplesOf } from './ask.ts'
import { loadRubric } from './rubric.ts'

const options = z.strictObject({
  teacher: z.string().describe('Teacher that judges; another family than the one that answered judges more fairly'),
  ...askShape,
  name: z.string().optional().describe('Put before the names of the scores: whose they are, where several judge'),
})
type Options = z.output<typeof options>

const note = (text: string) => (text.length > 300 ? `${text.slice(0, 299).trimEnd()}…` : text)
const nameOf = (rubric: string) => rubric.replace(/^.*[\\/]/, '').replace(/\.md$/, '')
const mean = (values: number[]) => values.reduce((sum, value) => sum + value, 0) / values.length

/** Said of a score whose judge is of a family that wrote the row: models prefer their own answers. */
export const kin = 'judge of the family that wrote it'

function sameFamily(record: Rec, { by }: Answer): boolean {
  const wrote = new Set((record.lineage.made?.teachers ?? []).flatMap(familiesOf))
  return by !== undefined && familiesOf(by).some(family => wrote.has(family))
}

function scoresOf(record: Rec, answers: Answer<Marks>[], options: Options): { [aspect: string]: Score } {
  const given = answers.filter(({ data }) => data !== undefined)
  const first = given[0] ?? answers[0]!
  const own = sameFamily(record, first) ? `; ${kin}` : ''
  const by = { judge: options.teacher, call: first.call }
  const method = `rubric ${nameOf(rubricOf(options))}${own}`
  if (!first.data) {
    const { reason = 'unparseable', detail } = first.bad ?? {}
    return { overall: { ...by, method, unscored: reason, ...(detail ? { why: note(detail) } : {}) } }
  }
  const { rationale, ...aspects } = first.data
  const names = Object.keys(aspects)
  const marks = names.map(name => mean(given.map(({ data }) => data![name] as number)))
  const why = note(rationale)
  const times = given.length > 1 ? `, ${given.length} times` : ''
  const sum = options.mode === 'additive'
  const overall = {
    ...by,
    why,
    method: `${sum ? 'sum' : 'mean'} of ${names.join(', ')}${times}${own}`,
    value: sum ? marks.reduce((sum, mark) => sum + mark, 0) : mean(marks),
  }
  const each = names.map((name, i) => [name, { ...by, method, why, value: marks[i]! }] as const)
  return { ...Object.fromEntries(each), overall }
}

/**
 * The marks of one judge. The overall score is ours: the mean of the marks, or the sum of the points that were given, and of
 * several replies their average. No reply that can be read is no judgement: such a row is unscored, and a cut drops it by
 * that name.
 */
export const judgeScore: MapStep<Options, 'conversation', 'conversation'> = defineMap<
  Options,
  'conversation',
  'conversation'
>({
  verb: 'judge-score',
  about: 'A teacher gives each aspect of a rubric a mark; the overall score is their mean, or the sum of points given.',
  version: 2,
  options,
  takes: ['conversation'],
  gives: 'same',
  reasons: [],
  needs: { teachers: ['teacher'], files: ['rubric', 'prompt'], ancestors: ['document', 'prompt'] },
  prompts: o => [
    ...promptNotes(import.meta.url, promptOf(o), ['en', 'ja'], o.prompt),
    ...['en', 'ja']
      .map(language => loadRubric(rubricOf(o), language))
      .map(({ name, digest, whole }) => ({ name, digest, text: whole })),
  ],
  source: 'Cui et al. 2023, arXiv 2310.01377; Yuan et al. 2024, arXiv 2401.10020',
  async run(record, ctx) {
    const { teacher, name } = ctx.options
    const asked = request(record, ctx)
    const answers = await Promise.all(
      Array.from({ length: samplesOf(ctx.options) }, (_, draw) => ctx.call(teacher, asked, draw)),
    )
    const scores = Object.entries(scoresOf(record, answers, ctx.options))
    const named = scores.map(([aspect, score]) => [name ? `${name}.${aspect}` : aspect, score] as const)
    return { is: 'passed', notes: { scores: Object.fromEntries(named) } }
  },
})
