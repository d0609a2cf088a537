import { relative } from 'node:path'
import type { TrainConfig } from '../../recipe/index.ts'
import {
  chooseMethod,
  claimsAbout,
  cutAt,
  type Estimate,
  estimate,
  estimateOn,
  type Gpu,
  type Ground,
  type Hardware,
  isTuned,
  type KindTraits,
  type LeftOut,
  type Lengths,
  type Load,
  learntFrom,
  leftOut,
  linked,
  type Method,
  type ModelShape,
  type Phase,
  type Proposal,
  propose,
  reason,
} from '../../train/index.ts'
import type { PhaseEstimate, Prepared, TrainRelease, Warning } from './prepare.ts'
import { warningsOf } from './warnings.ts'

export type AdviseAsk = {
  config: TrainConfig
  base: string
  /** The base as a path relative to the folder of the training, or its name on the Hub. */
  begin: string
  folder: string
  seed: number
  kinds: readonly Gpu[]
  hardware: Hardware
  model?: ModelShape
  sft: TrainRelease
  preference: TrainRelease
  openTeachers: string[]
  /** Tokens are counted with another tokenizer than the student's. */
  guessed: boolean
  /** Whether the tokenizer of the base has a chat template, where its folder is here. */
  template?: boolean
}

/** Rows of one phase as they are trained on. */
export type Feed = { traits: KindTraits; rows: number; lengths: Lengths; release: TrainRelease }

/** Rows by the rule for those that are too long; those to be stopped at are counted as if they were cut off. */
function fed(traits: KindTraits, release: TrainRelease, config: TrainConfig): Feed {
  const equal = traits.pairs?.equal.rows ?? 0
  if (config['too-long'] === 'drop') {
    return { traits, release, rows: Math.max(0, traits.rows - traits.tooLong.length - equal), lengths: traits.fitting }
  }
  return { traits, release, rows: traits.rows - equal, lengths: cutAt(traits.lengths, config.context) }
}

/** Rows of phase two by its method. */
function feedOf(method: Method, release: TrainRelease, config: TrainConfig): Feed {
  const traits = learntFrom(method, release.traits.kinds)!
  if (method !== 'grpo') return fed(traits, release, config)
  const lengths = cutAt(traits.checked!, config.context)
  return { traits, release, rows: lengths.sequences, lengths }
}

/** Phases in order, why they are as they are, what they take, and what to look at. */
export function advise(
  ask: AdviseAsk,
): Pick<Prepared, 'phases' | 'proposals' | 'leftOut' | 'claims' | 'estimates' | 'warnings'> {
  const { config, base, model, hardware } = ask
  const conversations = ask.sft.traits.kinds.conversation
  const { preference: two } = config
  const stated = two.method === 'auto' || two.method === 'none' ? undefined : two.method
  const some = (kind: KindTraits | undefined) => (kind && kind.rows > 0 ? kind : undefined)
  const { kinds } = ask.preference.traits
  const verifiable = learntFrom('grpo', kinds)
  const ground: Ground = {
    ...{ base, adapter: config.adapter },
    tuned: some(conversations) !== undefined && !config.sft.skip,
    ...(some(kinds.preference) ? { pairs: kinds.preference! } : {}),
    ...(some(kinds.feedback) ? { feedback: kinds.feedback! } : {}),
    ...(verifiable ? { verifiable } : {}),
    ...(model && some(kinds.preference) ? { referenceTooLarge: referenceTooLarge(ask, kinds.preference!) } : {}),
  }
  const gone: LeftOut[] = []
  const choice = chooseMethod(ground)
  const missing = two.method === 'none' ? undefined : leftOut(ground, stated)
  const method = two.method === 'none' || missing ? undefined : (stated ?? choice?.method)
  // ORPO learns the chosen answers as it goes, from a model that was not tuned before.
  const fused = method === 'orpo' && isTuned(base) !== true

  const proposals: { proposal: Proposal; feed: Feed }[] = []
  if (config.sft.skip) gone.push({ phase: 'sft', why: 'the recipe says that the base is tuned already' })
  else if (!some(conversations)) gone.push({ phase: 'sft', why: 'there are no rows of kind conversation' })
  else if (fused) {
    gone.push({
      phase: 'sft',
      why: `ORPO tunes and prefers in one phase, from the base; ${conversations!.rows} conversations are not trained on`,
    })
  } else {
    const feed = fed(conversations!, ask.sft, config)
    if (feed.rows <= 0) gone.push({ phase: 'sft', why: `all conversations are longer than ${config.context} tokens` })
    const why = reason(
      `${feed.rows} conversations: a model is tuned on answers before it is trained on preferences.`,
      'strong',
      'tuning',
    )
    const wanted = { phase: 'sft' as const, method: 'sft' as const, advised: 'sft' as const, why: [why], feed }
    if (feed.rows > 0) proposals.push({ feed, proposal: proposed(ask, wanted) })
  }
  if (two.method === 'none') gone.push({ phase: 'preference', why: 'the recipe leaves it out' })
  else if (missing) gone.push(missing)
  if (method) {
    const advised = choice?.method ?? method
    const feed = feedOf(method, ask.preference, config)
    const why =
      method === advised || !choice
        ? (choice?.reasons ?? [])
        : [reason(`The recipe states ${method}; the advice would be ${advised}.`, 'strong', 'own'), ...choice.reasons]
    const alternatives = (choice?.alternatives ?? []).filter(one => one.method !== method)
    const wanted = { phase: 'preference' as const, method, advised, why, feed, alternatives }
    if (feed.rows > 0) proposals.push({ feed, proposal: proposed(ask, wanted) })
    else gone.push({ phase: 'preference', why: `all its rows are longer than ${config.context} tokens` })
  }
  const estimates = proposals.map(({ proposal, feed }) => estimated(ask, proposal, feed))
  const phases = proposals.map(({ proposal, feed }, i) => phaseOf(ask, proposal, feed, estimates[i]!))
  const largest = estimates.flatMap(({ here }) => here ?? []).sort((a, b) => b.memory.total.high - a.memory.total.high)
  const warnings: Warning[] = warningsOf(ask, proposals, estimates)
  return {
    phases: linked(phases, config['hand-over']),
    proposals: proposals.map(({ proposal }) => proposal),
    leftOut: gone,
    claims: claimsAbout({
      adapter: config.adapter,
      ...(method ? { method } : {}),
      ...(ground.pairs ? { pairs: ground.pairs } : {}),
      ...(ground.feedback ? { feedback: ground.feedback } : {}),
      ...(model ? { parameters: model.total } : {}),
      ...(largest[0] ? { estimate: largest[0] } : {}),
      openTeachers: ask.openTeachers,
    }),
    estimates,
    warnings:
      hardware.gpu.note && proposals.length > 0
        ? [...warnings, { about: 'gpu', text: `${hardware.gpu.name}: ${hardware.gpu.note}.` }]
        : warnings,
  }
}

type Wanted = {
  phase: Phase['name']
  method: Method
  advised: Method
  why: Proposal['reasons']
  feed: Feed
  alternatives?: Proposal['alternatives']
}

function proposed(ask: AdviseAsk, { phase, method, advised, why, feed, alternatives = [] }: Wanted): Proposal {
  const { config, base, model, hardware, seed } = ask
  const block = config[phase]
  const given = <T>(name: string, value: T | undefined) => (value === undefined ? {} : { [name]: value })
  const proposal = propose({
    ...{ phase, method, advised, base, hardware, seed, alternatives },
    ...{ adapter: config.adapter, context: config.context, reasons: why },
    ...{ traits: feed.traits, rows: feed.rows, lengths: feed.lengths },
    ...(model ? { model } : {}),
    stated: {
      ...given('learningRate', block['learning-rate']),
      ...given('epochs', block.epochs),
      ...given('maxSteps', block['max-steps']),
      ...given('batch', block.batch),
      ...given('microBatch', block['micro-batch']),
      ...given('evalSteps', block['eval-steps']),
      ...given('rank', config.rank),
      ...given('alpha', config.alpha),
      ...(phase === 'preference'
        ? { ...given('beta', config.preference.beta), ...given('gamma', config.preference.gamma) }
        : {}),
    },
  })
  const lighter = adapterAdvice(ask, proposal, feed)
  return lighter ? { ...proposal, why: { ...proposal.why, adapter: lighter } } : proposal
}

/** Whether 16-bit weights would fit as well as the 4-bit ones that are asked for, and what that would save. */
function adapterAdvice(ask: AdviseAsk, proposal: Proposal, feed: Feed): Proposal['why'][string] | undefined {
  if (ask.config.adapter === 'full' && ask.model) {
    const text = `18 bytes a parameter: weights at 16 bit, gradients, a copy and the moments of Adam at 32. All at 16 bit takes 8, ${Math.round((8 * ask.model.total) / 1e9)} GB over all GPUs, at the price of small steps that are rounded away.`
    return reason(text, 'some', 'custom')
  }
  if (ask.config.adapter !== 'qlora' || !ask.model) return undefined
  const at = (adapter: 'lora' | 'qlora') =>
    estimate(loadOf(ask, proposal, feed, adapter), proposal.settings, ask.hardware)
  const [lora, qlora] = [at('lora'), at('qlora')]
  if (lora.fits !== 'yes')
    return reason('Weights at 4 bit, since those at 16 bit would not fit for sure.', 'some', 'qlora')
  const less = Math.round(100 * (1 - lora.hours.value / qlora.hours.value))
  return reason(`Weights at 16 bit (adapter: lora) would fit as well and take ${less} % less time.`, 'some', 'own')
}

function loadOf(
  ask: AdviseAsk,
  { method }: Proposal,
  { traits, rows, lengths }: Feed,
  adapter = ask.config.adapter,
): Load {
  const { heldOut, heldOutTokens } = traits
  return { method, adapter, model: ask.model!, rows, lengths, heldOut, heldOutTokens }
}

function estimated(ask: AdviseAsk, proposal: Proposal, feed: Feed): PhaseEstimate {
  const { phase, settings } = proposal
  if (!ask.model) return { phase, kinds: [] }
  const load = loadOf(ask, proposal, feed)
  const { gpus, nodes } = ask.hardware
  const batch = settings.microBatch * settings.accumulation * gpus * nodes
  return {
    phase,
    here: estimate(load, settings, ask.hardware),
    kinds: ask.kinds.map(
      (gpu): Estimate =>
        gpu.name === ask.hardware.gpu.name
          ? estimate(load, settings, ask.hardware)
          : estimateOn(load, settings, { gpu, gpus, nodes }, batch),
    ),
  }
}

/** Whether full training with a reference would not fit where it would without one. */
function referenceTooLarge(ask: AdviseAsk, pairs: KindTraits): boolean {
  if (ask.config.adapter !== 'full') return false
  const feed = fed(pairs, ask.preference, ask.config)
  const fits = (method: Method) => {
    const proposal = proposed(ask, { phase: 'preference', method, advised: method, why: [], feed })
    return estimate(loadOf(ask, proposal, feed), proposal.settings, ask.hardware).fits
  }
  return fits('dpo') !== 'yes' && fits('simpo') === 'yes'
}

function phaseOf(ask: AdviseAsk, proposal: Proposal, feed: Feed, estimate: PhaseEstimate): Phase {
  const { config, begin, folder, hardware } = ask
  const { phase, method, settings } = proposal
  const { release, traits, rows, lengths } = feed
  const { here } = estimate
  const more = { tooLong: config['too-long'], ...(here && here.shards > 1 ? { sharding: 'zero3' as const } : {}) }
  return {
    ...{ name: phase, method, trainer: config.trainer, adapter: config.adapter, model: begin },
    settings: { ...settings, ...more },
    ...(config['chat-template'] ? { chatTemplate: config['chat-template'] } : {}),
    reasoning: config.reasoning,
    data: {
      release: {
        dir: relative(folder, release.dir),
        ...{ name: release.name, version: release.version, manifest: release.manifest },
      },
      train: `data/${phase}/train.jsonl`,
      ...(traits.heldOut > 0 ? { test: `data/${phase}/test.jsonl` } : {}),
      rows,
      heldOut: traits.heldOut,
      tokens: Math.round(lengths.total),
      tokenizer: release.traits.tokenizer,
    },
    hardware: { gpu: hardware.gpu.name, gpus: hardware.gpus, nodes: hardware.nodes },
    track: {
      ...(config.track.wandb ? { wandb: config.track.wandb } : {}),
      ...(config.track.mlflow ? { mlflow: config.track.mlflow } : {}),
    },
    set: config[phase].set ?? {},
  }
}
