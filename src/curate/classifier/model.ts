import { readFileSync, statSync } from 'node:fs'
import { StillroomError } from '../../errors/index.ts'
import { type Json, type Sha, sha256, type TeacherId } from '../../records/index.ts'
import { buckets, weigh } from './features.ts'
import { type Figures, good, type Trained } from './train.ts'

/** How texts become features: another number is another model. */
const method = 'hashed n-grams 1'

/** A learnt classifier, as it stands in a decision and in a file: everything that its card says, and its weights. */
export type Model = {
  format: 1
  method: string
  /** Key of the step that learnt it, and the rubric that marks follow. */
  step: string
  rubric: string
  teachers: TeacherId[]
  /** Characters of a text that are looked at. */
  characters: number
  /** Rows by mark, 0 to 5, and rows that got none. */
  marks: number[]
  unmarked: number
} & ({ insufficient: string } | { bias: number; penalty: number; trained: number; figures: Figures; weights: string })

/** Single precision, little-endian, base64. */
const packed = (weights: Float32Array) =>
  Buffer.from(weights.buffer, weights.byteOffset, weights.byteLength).toString('base64')

function unpacked(text: string): Float32Array {
  const bytes = Buffer.from(text, 'base64')
  return Float32Array.from({ length: buckets }, (_, i) => bytes.readFloatLE(4 * i))
}

type About = Omit<Model, 'format' | 'method' | 'insufficient'>

export function modelOf(about: About, trained: Trained | { insufficient: string }): Model {
  const known = { format: 1 as const, method, ...about }
  if ('insufficient' in trained) return { ...known, ...trained }
  const { weights, ...rest } = trained
  return { ...known, ...rest, weights: packed(weights) }
}

/** A model ready to mark texts. `id` names it in scores. */
export type Grader = { id: string; mark(text: string): number } | { id: string; insufficient: string }

const graders = new WeakMap<object, Grader>()

/** Unpacked once for every object that a model comes as. */
export function graderOf(model: Model): Grader {
  const known = graders.get(model)
  if (known) return known
  const made = grader(model)
  graders.set(model, made)
  return made
}

function grader(model: Model): Grader {
  if ('insufficient' in model) return { id: model.method, insufficient: model.insufficient }
  const weights = unpacked(model.weights)
  const { bias, characters } = model
  const id = `${model.method}, model ${digestOfModel(model).slice(0, 12)}`
  return { id, mark: text => Math.round((bias + weigh(text, characters, weights)) * 1e4) / 1e4 }
}

/** Of the weights: two recipes that learn the same have the same model. */
export const digestOfModel = (model: Model): Sha => ('weights' in model ? sha256(`${model.bias} ${model.weights}`) : '')

const loaded = new Map<string, { as: string; model: Model }>()

/** Reads a saved model. Throws SR_RECIPE_VALUE for a file that is none, or one of another method. */
export function loadModel(path: string): Model {
  const { mtimeMs, size } = statSync(path)
  const as = `${mtimeMs} ${size}`
  const known = loaded.get(path)
  if (known?.as === as) return known.model
  const wrong = (what: string) =>
    new StillroomError('SR_RECIPE_VALUE', `${path} is no classifier of this version: ${what}.`, {
      position: { file: path },
      expected: `a file of \`stillroom export model\` with the method "${method}"`,
      hint: 'learn it again with `classifier: { teacher: .. }`, and export it',
    })
  let model: Model
  try {
    model = JSON.parse(readFileSync(path, 'utf8')) as Model
  } catch {
    throw wrong('it is no JSON')
  }
  if (typeof model !== 'object' || model === null || model.format !== 1) throw wrong('its format is unknown')
  if (model.method !== method) throw wrong(`its method is "${model.method}"`)
  if ('insufficient' in model) throw wrong(`it learnt nothing (${model.insufficient})`)
  if (typeof model.weights !== 'string' || Buffer.from(model.weights, 'base64').length !== 4 * buckets)
    throw wrong('its weights are not whole')
  if (!Number.isFinite(model.bias) || !(model.characters > 0)) throw wrong('numbers are missing')
  loaded.set(path, { as, model })
  return model
}

const two = (value: number) => value.toFixed(2)
const estimate = (found: { value: number; low?: number; high?: number } | undefined): string =>
  found === undefined
    ? 'not defined'
    : `${two(found.value)}${found.low === undefined ? '' : ` (${two(found.low)} to ${two(found.high!)})`}`

/** What a run says of a model it learnt. */
export function notesOf(model: Model): string[] {
  const labels = model.marks.reduce((sum, n) => sum + n, 0)
  const marks = model.marks.map((n, mark) => `${n} of mark ${mark}`).join(', ')
  const labelled = `${labels} labels by ${model.teachers.join(', ') || 'nobody'}: ${marks}${model.unmarked > 0 ? `; ${model.unmarked} replies were of no use` : ''}`
  if ('insufficient' in model) return [labelled, `insufficient: ${model.insufficient}; no row is graded`]
  const { figures, trained } = model
  if (figures.n === 0) return [labelled, `learnt from ${trained}; no other row is left to measure it on`]
  return [
    labelled,
    `learnt from ${trained}, measured on ${figures.n} held out (95 % intervals): F1 ${estimate(figures.f1)} for marks of at least ${good}, precision ${estimate(figures.precision)}, recall ${estimate(figures.recall)}; correlation with the marks ${estimate(figures.pearson)}, of ranks ${estimate(figures.spearman)}`,
    `a prediction is off by ${two(figures.error)} marks on average (the mean mark alone: ${two(figures.baseline)}), and by ${two(figures.calibrationError)} on average of neighbours (calibration error)`,
  ]
}

/** The card that goes with a saved model, in Markdown. */
export function modelCard(model: Model): string {
  const parts = [
    `# Classifier ${model.step}`,
    `Marks texts from 0 to 5 by the rubric ${model.rubric}. A linear model of hashed n-grams (${buckets} buckets: words and runs of marks as written, alone and in pairs, and runs of three in scripts without spaces), learnt by ridge regression from the marks of ${model.teachers.join(', ') || 'nobody'}. It looks at ${model.characters} characters of a text: its beginning, middle and end where it is longer.`,
    `Method ${model.method}${'weights' in model ? `, weights sha256 \`${digestOfModel(model)}\`` : ''}.`,
    `## Labels\n\n${table(
      ['Mark', 'Rows'],
      model.marks.map((n, mark) => [mark, n]),
    )}\n\nWithout a usable reply: ${model.unmarked}.`,
  ]
  if ('insufficient' in model) return `${[...parts, `It grades nothing: ${model.insufficient}.`].join('\n\n')}\n`
  const { figures, trained, penalty } = model
  if (figures.n === 0)
    return `${[...parts, `Learnt from ${trained} rows; no other is left to measure it on.`].join('\n\n')}\n`
  const held = [
    [`F1, marks of at least ${good}`, estimate(figures.f1)],
    ['precision', estimate(figures.precision)],
    ['recall', estimate(figures.recall)],
    ['correlation (Pearson)', estimate(figures.pearson)],
    ['correlation of ranks (Spearman)', estimate(figures.spearman)],
    ['mean distance to the mark', two(figures.error)],
    ['the same of the mean mark alone', two(figures.baseline)],
    ['calibration error', two(figures.calibrationError)],
  ]
  const bins = figures.bins.map(bin => [bin.n, two(bin.predicted), two(bin.seen)])
  parts.push(
    `## Measured on held-out rows\n\nLearnt from ${trained} rows (penalty ${penalty}); ${figures.n} others, a tenth chosen by a hash of their content, were only measured on. In brackets 95 % intervals by bootstrap.\n\n${table(['Figure', 'Value'], held)}`,
    `Predicted and given marks, neighbours by prediction together:\n\n${table(['Rows', 'Predicted', 'Given'], bins)}`,
    '## Limits\n\nIt repeats the teacher: what the teacher marks wrongly, it marks wrongly too. It sees words and form, not truth. Texts unlike those it learnt from, in another language above all, are marked near the mean or by chance. Its marks are expected values and may lie a little outside of 0 to 5.',
  )
  return `${parts.join('\n\n')}\n`
}

const table = (head: string[], rows: Json[][]) =>
  [head, head.map(() => '---'), ...rows].map(row => `| ${row.join(' | ')} |`).join('\n')
