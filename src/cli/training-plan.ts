import type { Prepared } from '../run/index.ts'
import { type Band, type Estimate, learntFrom, type Proposal, type Reason, sources, sumOf } from '../train/index.ts'
import { compact, counted, dollars, thousands } from './figures.ts'
import { cells, indent, table, wrap } from './layout.ts'
import type { Paint, Reporter } from './reporter.ts'

type View = Pick<Reporter, 'width' | 'paint'>

/** A training as a person reads it: each phase with its reasons, settings and price, then all kinds of GPU, claims and warnings. */
export function trainingLines(prepared: Prepared, next: string, view: View): string[] {
  const { width, paint } = view
  const { name, version, base, config, model, proposals, leftOut, claims, warnings, license } = prepared
  const { gpu, gpus, nodes } = prepared.phases[0]?.hardware ?? config.hardware
  const size = model
    ? `, ${billions(model.total)}${model.active < model.total ? ` (${billions(model.active)} a token)` : ''}`
    : ''
  const cards = gpus * nodes > 1 ? `${gpus * nodes} x ${gpu}` : gpu
  const verdict = license.override === undefined ? license.is : `${license.is}, overridden`
  const told = new Set<string>()
  const duties = (license.evidence as { obligations?: string[] } | null)?.obligations ?? []
  const colour = license.is === 'pass' ? 'green' : license.is === 'block' ? 'red' : 'yellow'
  return [
    ...wrap(`${name} ${version}: ${base}${size}, ${config.adapter}, by ${config.trainer}, on ${cards}`, width).map(
      line => paint('bold', line),
    ),
    '',
    ...labelled('license', `${paint(colour, verdict)}: ${license.why}`, width, paint),
    ...(duties.length > 0 && license.is !== 'pass' ? labelled('', `It asks: ${duties.join(' ')}`, width, paint) : []),
    ...(license.wayOut && license.is !== 'pass' ? labelled('', license.wayOut, width, paint) : []),
    '',
    ...proposals.flatMap((_, i) => [...phaseLines(prepared, i, told, view), '']),
    ...leftOut.flatMap(({ phase, why, hint }) => [
      ...labelled(phase, `left out: ${why}`, width, paint),
      ...(hint ? labelled('', hint, width, paint) : []),
      '',
    ]),
    ...kindLines(prepared, view),
    ...(claims.length > 0
      ? [
          paint('bold', 'What people say'),
          ...claims.flatMap(({ claim, answer, grade, source }) =>
            indent(wrap(`${claim} [${grade}] ${answer} (${short(source)})`, width - 2)),
          ),
          '',
        ]
      : []),
    ...(warnings.length > 0
      ? [
          paint('bold', 'To look at'),
          ...warnings.flatMap(({ text, hint, ids, more, stop }) => [
            ...indent(wrap(`${stop ? 'stop: ' : ''}${text}`, width - 2)).map(line =>
              paint(stop ? 'red' : 'yellow', line),
            ),
            ...(ids
              ? indent(wrap(`${ids.join(' ')}${more ? ` and ${thousands(more)} more` : ''}`, width - 4), '    ')
              : []),
            ...(hint ? indent(wrap(hint, width - 4), '    ').map(line => paint('dim', line)) : []),
          ]),
          '',
        ]
      : []),
    ...totalLines(prepared, view),
    ...labelled('next', next, width, paint),
  ]
}

/** A label of twelve cells and what it says beside it. */
function labelled(label: string, text: string, width: number, paint: Paint): string[] {
  return wrap(text, width - 14).map((line, i) => `  ${paint('dim', (i === 0 ? label : '').padEnd(12))}${line}`)
}

const billions = (n: number): string => `${(n / 1e9).toPrecision(n < 1e9 ? 2 : 3)} B parameters`
/** A paper by its number alone: what it is called stands in `--json`. */
const short = (source: string): string =>
  source
    .split('; ')
    .map(one => /arXiv \d{4}\.\d{5}/.exec(one)?.[0] ?? one)
    .join('; ')
const cited = ({ text, grade, source }: Reason): string => `[${grade}] ${text} (${short(source)})`
/** 0.0000005 as 5e-7; other numbers as they are. */
const shown = (value: unknown): string =>
  typeof value === 'number' && value !== 0 && Math.abs(value) < 1e-3 ? value.toExponential() : String(value)

function phaseLines(prepared: Prepared, i: number, told: Set<string>, { width, paint }: View): string[] {
  const proposal = prepared.proposals[i]!
  const phase = prepared.phases[i]!
  const { data } = phase
  const { releases, estimates } = prepared
  const release = releases.find(one => one.manifest === data.release.manifest)!
  const traits = learntFrom(proposal.method, release.traits.kinds)!
  const { mean, p95, max } = traits.lengths
  const waste = max === 0 ? 0 : Math.round(100 * (1 - mean / max))
  const with_ = [
    ...(traits.multiTurn > 0 ? [`${thousands(traits.multiTurn)} of several turns`] : []),
    ...(traits.tools > 0 ? [`${thousands(traits.tools)} with tools`] : []),
    ...(traits.reasoning > 0 ? [`${thousands(traits.reasoning)} with reasoning`] : []),
    ...(traits.verifiable > 0 ? [`${thousands(traits.verifiable)} verifiable`] : []),
    ...(traits.labels ? [`${thousands(traits.labels.good)} good, ${thousands(traits.labels.bad)} bad`] : []),
  ]
  const pairs = traits.pairs
  const sure =
    pairs &&
    [
      `sides share ${Math.round(100 * pairs.similarity)} % of their tokens`,
      ...(pairs.bias.longer ? [`the chosen one is longer in ${Math.round(100 * pairs.bias.longer.share)} %`] : []),
      pairs.margins ? `${Math.round(100 * pairs.margins.atLargest)} % won by the largest margin` : 'no margin is known',
    ].join(', ')
  const estimate = estimates[i]!.here
  return [
    paint('bold', proposal.phase === 'sft' ? `${i + 1}. sft` : `${i + 1}. preference by ${proposal.method}`),
    ...labelled(
      'rows',
      `${counted(data.rows, 'row')} and ${thousands(data.heldOut)} held out, ${compact(data.tokens)} tokens (${data.tokenizer})`,
      width,
      paint,
    ),
    ...labelled(
      '',
      `${thousands(mean)} tokens on average, 95 % have at most ${thousands(p95)}, the longest ${thousands(max)}; padded to that, ${waste} % would be empty`,
      width,
      paint,
    ),
    ...(with_.length > 0 ? labelled('', with_.join(', '), width, paint) : []),
    ...(sure ? labelled('pairs', sure, width, paint) : []),
    ...labelled(
      'begins at',
      `${phase.from ? `${phase.model}, going on with ${phase.from}` : phase.model}`,
      width,
      paint,
    ),
    ...proposal.reasons.flatMap((one, n) => labelled(n === 0 ? 'why' : '', cited(one), width, paint)),
    ...(proposal.departures.length > 0
      ? proposal.departures.flatMap(({ setting, advised, stated }, n) =>
          labelled(
            n === 0 ? 'departs' : '',
            `${setting}: the recipe says ${shown(stated)}, the advice is ${shown(advised)}`,
            width,
            paint,
          ),
        )
      : []),
    ...(proposal.alternatives.length > 0
      ? proposal.alternatives.flatMap(({ method, reason }, n) =>
          labelled(n === 0 ? 'or' : '', `${method} ${cited(reason)}`, width, paint),
        )
      : []),
    '',
    ...indent(
      table(
        [{ head: 'setting' }, { head: 'value' }, { head: 'grade' }, { head: 'why', flex: true }],
        settingRows(proposal, phase.adapter, phase.hardware.gpus * phase.hardware.nodes, told),
        width - 2,
        text => paint('bold', text),
      ),
    ),
    ...(estimate ? ['', ...estimateLines(estimate, { width, paint })] : []),
  ]
}

/** Settings of a phase with the grade and the reason of each; what stands in an earlier phase is not told again. */
function settingRows({ settings, why }: Proposal, adapter: string, gpus: number, told: Set<string>): string[][] {
  const { microBatch, accumulation, epochs, maxSteps, lora, desirableWeight, undesirableWeight } = settings
  const all = gpus > 1 ? ` x ${gpus}` : ''
  const rows: [name: string, value: unknown, of?: string][] = [
    ['learning rate', settings.learningRate, 'learningRate'],
    ['epochs', epochs, 'epochs'],
    ['steps', maxSteps, 'epochs'],
    ['batch', microBatch * accumulation * gpus, 'batch'],
    ['micro-batch', `${microBatch} x ${accumulation}${all}`, 'microBatch'],
    ['beta', settings.beta, 'beta'],
    ['gamma', settings.gamma, 'gamma'],
    ['weights', desirableWeight === undefined ? undefined : `${desirableWeight} : ${undesirableWeight}`, 'weights'],
    ['rank', lora?.rank, 'rank'],
    ['alpha', lora?.alpha, 'alpha'],
    ['adapter', adapter, 'adapter'],
    ['generations', settings.generations],
    ['answer', settings.maxCompletion === undefined ? undefined : `${settings.maxCompletion} tokens`],
    ['rewards', settings.generations && 'by verifiers'],
    ['warm-up', counted(settings.warmupSteps, 'step'), 'warmupSteps'],
    ['schedule', settings.scheduler, 'scheduler'],
    ['context', settings.context],
    ['packing', settings.packing ? 'yes' : 'no', 'packing'],
    ['checkpoints', settings.gradientCheckpointing ? 'of activations' : 'no', 'gradientCheckpointing'],
    ['looks', `each ${counted(settings.evalSteps, 'step')}`, 'evalSteps'],
    ['seed', settings.seed],
  ]
  return rows.flatMap(([name, value, of]) => {
    if (value === undefined) return []
    const one = of === undefined ? undefined : why[of]
    if (!one) return [[name, shown(value), '', '']]
    const { text, grade, source } = one
    const known = text.length > 30 && told.has(text)
    told.add(text)
    const plain = source === sources.custom || source === sources.own
    return [[name, shown(value), grade, known ? 'as before' : plain ? text : `${text} (${short(source)})`]]
  })
}

const marks = { weights: '█', training: '▓', reference: '▚', cache: '▞', activations: '▒', overhead: '░' } as const
const parts = {
  weights: 'weights',
  training: 'trained',
  reference: 'reference',
  cache: 'cache',
  activations: 'activations',
  overhead: 'framework',
} as const

/** The memory of one GPU as a bar, what takes it, and hours and dollars with their ranges. */
function estimateLines(estimate: Estimate, { width, paint }: View): string[] {
  const { memory, capacity, hours, dollars: cost, steps, tokens, shards, price, gpu, writing } = estimate
  const names = (Object.keys(marks) as (keyof typeof marks)[]).filter(name => memory[name] >= 0.05)
  const places = Math.min(60, width - 26)
  const scale = places / Math.max(capacity, memory.total.value)
  const full = names.reduce((bar, name) => {
    const upTo = Math.round(scale * names.slice(0, names.indexOf(name) + 1).reduce((sum, one) => sum + memory[one], 0))
    return bar + marks[name].repeat(Math.max(0, upTo - bar.length))
  }, '')
  const over = memory.total.value > capacity
  const bar = paint(over ? 'red' : 'cyan', full) + paint('dim', '·'.repeat(Math.max(0, places - full.length)))
  const taken = names.map(name => `${marks[name]} ${parts[name]} ${memory[name].toFixed(1)}`).join('  ')
  const free = over
    ? `${(memory.total.value - capacity).toFixed(1)} GB too much`
    : `· free ${(capacity - memory.total.value).toFixed(1)}`
  const spread = shards > 1 ? `, weights spread over ${shards} GPUs` : ''
  const fits = { yes: 'fits', tight: 'may not fit', no: 'does not fit' }[estimate.fits]
  const needs = [
    ...labelled('memory', `${range(memory.total, gb)} of the ${capacity} GB of ${gpu}: ${fits}${spread}`, width, paint),
    `  ${' '.repeat(12)}${bar}`,
    ...labelled('', `${taken}  ${free}`, width, paint),
  ]
  // What a training takes where it cannot run helps nobody.
  if (estimate.fits === 'no') return needs
  return [
    ...needs,
    ...labelled(
      'time',
      `${range(hours, time)}: ${counted(steps, 'step')}, ${compact(tokens)} tokens with padding`,
      width,
      paint,
    ),
    ...(writing
      ? labelled('', `of these ${range(writing, time)} to write answers, by bandwidth alone`, width, paint)
      : []),
    ...labelled(
      'cost',
      cost && price
        ? `${range(cost, dollars)} at ${dollars(price.usd)} an hour (${[price.by, price.date, price.file].filter(Boolean).join(', ') || 'stated'})`
        : `no price is known of ${gpu}: name one with \`train: { gpu-prices: <file> }\``,
      width,
      paint,
    ),
  ]
}

const gb = (n: number): string => `${n < 10 ? n.toFixed(1) : n.toFixed(0)} GB`
const time = (h: number): string =>
  h < 1 / 60
    ? `${Math.max(1, Math.round(3600 * h))} s`
    : h < 1
      ? `${Math.round(60 * h)} min`
      : h < 48
        ? `${h.toFixed(1)} h`
        : `${(h / 24).toFixed(1)} days`
const range = ({ low, value, high }: Band, say: (n: number) => string): string => {
  const [a, b, c] = [say(low), say(value), say(high)]
  const unit = / \D+$/.exec(c)?.[0] ?? ''
  return a === c ? b : `${b} (${unit && a.endsWith(unit) ? a.slice(0, -unit.length) : a} to ${c})`
}

/** All kinds of GPU beside each other: whether each phase fits, and what all of them take. */
function kindLines({ estimates, config }: Prepared, { width, paint }: View): string[] {
  const all = estimates.filter(({ here }) => here)
  if (all.length === 0) return []
  const names = all[0]!.kinds.map(({ gpu }) => gpu)
  const fits = { yes: 'fits', tight: 'tight', no: 'no' }
  const rows = (say: typeof range) =>
    names.map((name, i) => {
      const each = all.map(({ kinds }) => kinds[i]!)
      const holds = each.every(one => one.fits !== 'no')
      const cost = each.map(({ dollars }) => dollars)
      const sum = cost.every(one => one !== null) ? sumOf(cost as Band[]) : null
      const price = each[0]!.price
      return [
        name,
        ...each.map(one => `${fits[one.fits]}, ${gb(one.memory.total.value).slice(0, -3)}`),
        holds ? say(sumOf(each.map(({ hours }) => hours)), time) : '',
        holds ? (sum ? say(sum, dollars) : 'no price') : '',
        price ? `${dollars(price.usd)}${price.date ? `, ${price.date.slice(0, 7)}` : ''}` : '',
      ]
    })
  const many = config.hardware.gpus * config.hardware.nodes
  const heads = ['GPU', ...all.map(({ phase }) => phase), 'time', 'cost', 'an hour'].map(head => ({ head }))
  const drawn = (say: typeof range) => table(heads, rows(say), width - 2, text => paint('bold', text))
  // Where there is little room, the ranges stand in the phases above and in --json alone.
  const roomy = drawn(range)
  const fitting = roomy.every(line => cells(line) <= width - 2) ? roomy : drawn((band, say) => say(band.value))
  return [
    paint('bold', many > 1 ? `${many} GPUs of each kind` : 'One GPU of each kind'),
    ...indent(fitting),
    ...indent(
      wrap(
        'Memory is in GB, of one GPU with the micro-batch that suits it, within a quarter; time within 0.6 to 1.5 times, as all measured runs are that it was held to; without downloads and loading.',
        width - 2,
      ),
    ).map(line => paint('dim', line)),
    '',
  ]
}

function totalLines(prepared: Prepared, { width, paint }: View): string[] {
  const { hours, dollars: cost, teachers } = prepared.total
  if (!hours) return []
  const trained = `${range(hours, time)}${cost ? `, ${range(cost, dollars)}` : ''} to train`
  const before = teachers === null ? '' : `, ${dollars(teachers)} that the teachers took`
  const sum = cost && teachers !== null ? `, ${dollars(cost.value + teachers)} in all` : ''
  return labelled('total', `${trained}${before}${sum}`, width, paint)
}
