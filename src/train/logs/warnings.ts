import { type Point, series } from './point.ts'
import { bestOf } from './settle.ts'

/** Something of a training that a person should look at. It stops nothing. */
export type Warning = { id: string; message: string; hint: string }

const mean = (values: readonly number[]): number => values.reduce((sum, value) => sum + value, 0) / values.length
const short = (value: number): string => String(Number(value.toPrecision(3)))

/** The means of the first and the last third of a figure; undefined below nine values, where they would be noise. */
function thirds(points: readonly Point[], name: string): { first: number; last: number } | undefined {
  const values = series(points, name).map(({ value }) => value)
  if (values.length < 9) return undefined
  const n = Math.floor(values.length / 3)
  return { first: mean(values.slice(0, n)), last: mean(values.slice(-n)) }
}

type Rule = (points: readonly Point[], of: number) => Omit<Warning, 'id'> | undefined

const rules: { [id: string]: Rule } = {
  'no-number'(points) {
    const at = points.find(({ figures }) => figures.loss === null || figures.eval_loss === null)
    if (!at) return undefined
    return {
      message: `The loss is no number from step ${at.step} on.`,
      hint: 'nothing behind it is worth keeping: lower the learning rate, or train in bfloat16 instead of float16',
    }
  },
  'loss-zero'(points) {
    const zero = series(points, 'loss').filter(({ value }) => value === 0)
    if (zero.length < 2) return undefined
    return {
      message: `The loss is exactly 0 at ${zero.length} steps, first at step ${zero[0]!.step}.`,
      hint: 'no token is trained on: look at the chat template, at what is masked, and at rows longer than the context',
    }
  },
  diverges(points) {
    const loss = thirds(points, 'loss')
    if (!loss || loss.last <= loss.first * 1.2 || loss.first <= 0) return undefined
    return {
      message: `The loss rises: ${short(loss.first)} in the first third, ${short(loss.last)} in the last.`,
      hint: 'lower the learning rate, or warm up for longer',
    }
  },
  overfit(points) {
    const looks = series(points, 'eval_loss')
    const best = bestOf(points)
    const last = looks.at(-1)
    if (!best || !last || looks.filter(({ step }) => step > best.step).length < 2) return undefined
    if (last.value < best.loss * 1.02) return undefined
    const train = series(points, 'loss')
    const before = train.filter(({ step }) => step <= best.step)
    const after = train.filter(({ step }) => step > best.step)
    if (before.length === 0 || after.length === 0) return undefined
    if (mean(after.map(({ value }) => value)) >= mean(before.map(({ value }) => value))) return undefined
    return {
      message: `The held-out loss rises since step ${best.step} (${short(best.loss)}, now ${short(last.value)}) while the training loss falls.`,
      hint: 'it learns the rows by heart: fewer epochs, more rows, or a lower rank',
    }
  },
  'easy-pairs'(points, of) {
    const early = series(points, 'rewards/accuracies').filter(({ step }) => of === 0 || step <= of * 0.2)
    if (early.length < 3 || mean(early.map(({ value }) => value)) < 0.98) return undefined
    return {
      message: `The better answer is told from the worse one in ${short(100 * mean(early.map(({ value }) => value)))} % of pairs within the first fifth of the steps.`,
      hint: 'the pairs are too easy, or differ in something like length or format: stillroom bias shows what separates them',
    }
  },
  'margins-flat'(points, of) {
    const margins = thirds(points, 'rewards/margins')
    const reached = points.at(-1)?.step ?? 0
    if (!margins || reached < of / 2 || margins.last > margins.first + 0.1 * Math.abs(margins.first)) return undefined
    return {
      message: `The margin between better and worse answers does not rise: ${short(margins.first)} in the first third, ${short(margins.last)} in the last.`,
      hint: 'nothing is learnt of the pairs: raise the learning rate, lower beta, or look whether the pairs agree with each other',
    }
  },
  displacement(points) {
    const chosen = thirds(points, 'logps/chosen')
    if (!chosen || chosen.first - chosen.last <= 0.2 * Math.abs(chosen.first)) return undefined
    return {
      message: `The chosen answers themselves become less likely: log-probability ${short(chosen.first)} in the first third, ${short(chosen.last)} in the last (likelihood displacement).`,
      hint: 'lower the learning rate, raise beta, take pairs that differ in less, or add the loss of fine-tuning on chosen answers',
    }
  },
}

/**
 * What the figures of a training warn of, `of` being its steps in all (0 while unknown): a loss that is no number, is 0,
 * or rises; overfitting; and of preference training pairs that are too easy, margins that do not rise, and likelihood
 * displacement (Razin et al., arXiv:2410.08847). Trends compare the first with the last third, from nine values on.
 */
export function trainingWarnings(points: readonly Point[], of = 0): Warning[] {
  return Object.entries(rules).flatMap(([id, rule]) => {
    const found = rule(points, of)
    return found ? [{ id, ...found }] : []
  })
}
