import { divided, type Given, type Hardware, type Load, leastBatch, stepsOf, unitsOf } from '../estimate/estimate.ts'
import type { ModelShape } from '../estimate/model-shape.ts'
import type { Adapter, Method, Settings } from '../phase.ts'
import { type KindTraits, type Lengths, paddedTo } from '../traits.ts'
import { type Departure, type Proposal, type Reason, reason } from './advice.ts'
import * as values from './start-values.ts'

/** What a recipe states of a phase; it wins over the advice. */
export type Stated = {
  learningRate?: number
  epochs?: number
  maxSteps?: number
  batch?: number
  microBatch?: number
  evalSteps?: number
  beta?: number
  gamma?: number
  rank?: number
  alpha?: number
}

/** What settings are proposed from: rows as they are trained on, the model, and where it runs. */
export type Ask = {
  phase: 'sft' | 'preference'
  method: Method
  advised: Method
  reasons: Reason[]
  alternatives: Proposal['alternatives']
  base: string
  adapter: Adapter
  context: number
  seed: number
  traits: KindTraits
  rows: number
  lengths: Lengths
  /** Absent where nobody says how large the model is: the micro-batch is then 1. */
  model?: ModelShape
  hardware: Hardware
  stated: Stated
}

/** Half of the work for padding, and enough rows that packing leaves steps. */
const [wasteful, enough] = [0.5, 5000]
const nextPower = (n: number): number => 2 ** Math.ceil(Math.log2(Math.max(1, n)))

/** Complete settings of a phase: the advice, with what the recipe states in its place, and where the two differ. */
export function propose(ask: Ask): Proposal {
  const { method, adapter, base, traits, rows, lengths, stated, context } = ask
  const why: { [setting: string]: Reason } = {}
  const departures: Departure[] = []
  function take<T extends number>(setting: string, start: values.Start<T>, said?: T): T {
    const other = said !== undefined && said !== start.value
    why[setting] = other ? reason('As the recipe states.', 'strong', 'own') : start.why
    if (other) departures.push({ setting, advised: start.value, stated: said })
    return said ?? start.value
  }
  if (ask.method !== ask.advised) departures.push({ setting: 'method', advised: ask.advised, stated: ask.method })

  const rate = take('learningRate', values.learningRate(method, adapter, base), stated.learningRate)
  const packing = packs(ask, why)
  const plain = values.batch(method, adapter, rows, ask.hardware.gpus * ask.hardware.nodes)
  const batch = take('batch', packing ? packed(plain, lengths.mean / context) : plain, stated.batch)
  const length = values.epochs(method, rows)
  if (stated.maxSteps !== undefined) {
    why.epochs = reason('As the recipe states.', 'strong', 'own')
    departures.push({ setting: 'epochs', advised: length.value, stated: `${stated.maxSteps} steps` })
  }
  const span =
    stated.maxSteps === undefined ? { epochs: take('epochs', length, stated.epochs) } : { maxSteps: stated.maxSteps }
  const beta = values.beta(method, base, traits)
  const pull = beta && take('beta', beta, stated.beta)
  const margin = method === 'simpo' ? take('gamma', values.gamma(base, pull!), stated.gamma) : undefined
  const rank = adapter === 'full' ? undefined : take('rank', values.rank(method), stated.rank)
  const alpha =
    rank === undefined
      ? undefined
      : take('alpha', { value: 2 * rank, why: reason('Twice the rank.', 'heuristic', 'custom') }, stated.alpha)
  const weights = method === 'kto' ? values.weights(traits) : undefined
  if (weights) why.weights = weights.why
  const answer = Math.min(Math.max(64, context - lengths.max), Math.max(256, nextPower(traits.answers ?? 512)))

  const given: Given = {
    learningRate: rate,
    ...span,
    warmupSteps: 0,
    scheduler: 'cosine',
    weightDecay: 0,
    context,
    packing,
    gradientCheckpointing: true,
    bf16: ask.hardware.gpu.name !== 'T4',
    ...{ evalSteps: 1, saveSteps: 1, logSteps: 1 },
    seed: ask.seed,
    ...(rank === undefined ? {} : { lora: { rank, alpha: alpha!, dropout: 0.05, targets: 'all-linear' as const } }),
    ...(pull === undefined ? {} : { beta: pull }),
    ...(margin === undefined ? {} : { gamma: margin }),
    ...(weights ? { desirableWeight: weights.value.desirable, undesirableWeight: weights.value.undesirable } : {}),
    ...(method === 'grpo' ? { generations: 8, maxCompletion: answer } : {}),
  }
  why.scheduler = reason('Falls to nothing along a cosine.', 'heuristic', 'custom')
  why.gradientCheckpointing = reason('A third more work for a fraction of the activations.', 'strong', 'custom')
  const micro = microBatch(ask, given, batch)
  why.microBatch = micro.why
  const all = ask.hardware.gpus * ask.hardware.nodes
  const load = { method, rows, lengths }
  const steps = stepsOf(unitsOf(load, given), micro.microBatch * micro.accumulation * all, given)
  const warm = values.warmup(method)
  why.warmupSteps = warm.why
  why.evalSteps = reason(
    'Some fifteen looks at the held-out rows, so that it can be told when the loss settles.',
    'heuristic',
    'custom',
  )
  const looks = Math.max(1, Math.ceil(steps / 15))
  const evalSteps = take('evalSteps', { value: looks, why: why.evalSteps }, stated.evalSteps)
  return {
    ...{ phase: ask.phase, method, advised: ask.advised, reasons: ask.reasons, alternatives: ask.alternatives },
    settings: {
      ...given,
      microBatch: micro.microBatch,
      accumulation: micro.accumulation,
      warmupSteps: Math.min(Math.max(0, steps - 1), Math.max(1, Math.round(warm.value * steps))),
      evalSteps,
      saveSteps: evalSteps,
      logSteps: Math.max(1, Math.ceil(steps / 100)),
    },
    why,
    departures,
  }
}

/** Several rows to one sequence, where padding would be half of the work; never for preferences, which trainers refuse. */
function packs({ phase, rows, lengths, context, method }: Ask, why: { [setting: string]: Reason }): boolean {
  const waste = 1 - lengths.mean / Math.max(1, paddedTo(lengths, 8))
  const short = 1 - lengths.mean / context
  if (phase === 'preference' || method !== 'sft') {
    why.packing = reason('Trainers do not pack preferences.', 'strong', 'trl')
    return false
  }
  if (short >= wasteful && rows >= enough) {
    why.packing = reason(
      'Rows are less than half as long as the context: several go into one sequence. It wants flash attention, which keeps them apart.',
      'some',
      'packing',
    )
    return true
  }
  why.packing = reason(
    rows < enough
      ? 'So few rows would give too few steps.'
      : `Padding takes ${Math.round(100 * waste)} % in micro-batches of 8, too little for it.`,
    'heuristic',
    'packing',
  )
  return false
}

/** A batch of packed sequences that holds about as many rows as one of single ones. */
const packed = ({ value, why }: values.Start<number>, share: number): values.Start<number> => ({
  value: Math.max(4, 2 ** Math.round(Math.log2(value * share))),
  why: {
    ...why,
    text: `${why.text} Counted in packed sequences, each of which holds about ${(1 / share).toFixed(1)} rows.`,
  },
})

function microBatch(
  ask: Ask,
  given: Given,
  batch: number,
): Pick<Settings, 'microBatch' | 'accumulation'> & { why: Reason } {
  const { method, model, hardware, stated, adapter, traits, rows, lengths } = ask
  const each = Math.max(1, Math.ceil(batch / (hardware.gpus * hardware.nodes)))
  if (stated.microBatch !== undefined) {
    const accumulation = Math.max(1, Math.round(each / stated.microBatch))
    return { microBatch: stated.microBatch, accumulation, why: reason('As the recipe states.', 'strong', 'own') }
  }
  if (!model) {
    const microBatch = Math.min(leastBatch(method), each)
    const text = 'The least, since nobody says how large the model is.'
    return { microBatch, accumulation: Math.ceil(each / microBatch), why: reason(text, 'heuristic', 'own') }
  }
  const { heldOut, heldOutTokens } = traits
  const load: Load = { method, adapter, model, rows, lengths, heldOut, heldOutTokens }
  const { fits, ...best } = divided(load, given, batch, hardware)
  const text = fits
    ? `The fastest of those that fit ${hardware.gpu.gb} GB by the estimate.`
    : `The least, since by the estimate none is sure to fit ${hardware.gpu.gb} GB.`
  return { ...best, why: reason(text, 'some', 'own') }
}
