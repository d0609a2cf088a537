/**
 * A trainer that is small and real: a bigram model of characters, learnt by gradient descent on rows (`sft`) or on pairs
 * (`preference`, by the loss of DPO against the model it began with). It writes what trainers built on transformers write -
 * checkpoints with `trainer_state.json`, dictionaries on its output - and follows the bridge of `stillroom train run`.
 * Argument: a config as JSON. It also serves: `--serve <model> <port>`.
 */
import { appendFileSync, existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:http'
import { join } from 'node:path'
import { appears } from './appears.ts'

export type TrainerConfig = {
  phase: 'sft' | 'preference'
  model: string
  train: string
  test?: string
  output: string
  rate: number
  maxSteps: number
  logSteps: number
  evalSteps: number
  saveSteps: number
  /** False of a trainer that the bridge does not reach: it only prints, and is ended by signals. */
  bridge?: boolean
  /** Waits at this step, once, until it is asked to stop or the file `go` appears; until then it is deaf to being asked. */
  waitAt?: number
  /** Fails at this step, once. */
  failAt?: number
}
type Row = { text?: string; chosen?: string; rejected?: string }
type Logged = { [name: string]: number }

const size = 128
const codes = (text: string): number[] => [...`\n${text}`].map(char => Math.min(size - 1, char.codePointAt(0)!))

function readWeights(dir: string): Float32Array {
  const file = join(dir, 'model.safetensors')
  if (!existsSync(file)) return new Float32Array(size * size)
  const bytes = readFileSync(file)
  const head = Number(bytes.readBigUInt64LE())
  return new Float32Array(new Uint8Array(bytes.subarray(8 + head)).buffer)
}

function writeWeights(dir: string, weights: Float32Array): void {
  mkdirSync(dir, { recursive: true })
  const data_offsets = [0, weights.byteLength]
  const head = Buffer.from(JSON.stringify({ bigrams: { dtype: 'F32', shape: [size, size], data_offsets } }))
  const length = Buffer.alloc(8)
  length.writeBigUInt64LE(BigInt(head.length))
  writeFileSync(join(dir, 'model.safetensors'), Buffer.concat([length, head, new Uint8Array(weights.buffer)]))
  writeFileSync(join(dir, 'config.json'), '{"model_type":"bigram"}\n')
}

/** Log-probability of a text; with `rate`, the weights move by that much along its gradient. */
function logProbability(weights: Float32Array, text: string, rate = 0): number {
  const points = codes(text)
  let sum = 0
  for (let i = 1; i < points.length; i++) {
    const row = weights.subarray(points[i - 1]! * size, (points[i - 1]! + 1) * size)
    const odds = row.map(Math.exp)
    const all = odds.reduce((a, b) => a + b, 0)
    sum += Math.log(odds[points[i]!]! / all)
    if (rate !== 0) for (let j = 0; j < size; j++) row[j]! += rate * ((j === points[i] ? 1 : 0) - odds[j]! / all)
  }
  return sum
}

const lossOf = (weights: Float32Array, rows: Row[]): number =>
  rows.reduce((sum, { text }) => sum - logProbability(weights, text!) / text!.length, 0) / rows.length
const sigmoid = (x: number): number => 1 / (1 + Math.exp(-x))
const beta = 0.1

function pairFigures(weights: Float32Array, base: Float32Array, rows: Row[], prefix = ''): Logged {
  const each = rows.map(({ chosen, rejected }) => {
    const [good, bad] = [logProbability(weights, chosen!), logProbability(weights, rejected!)]
    const [better, worse] = [
      beta * (good - logProbability(base, chosen!)),
      beta * (bad - logProbability(base, rejected!)),
    ]
    return { good, margin: better - worse }
  })
  const mean = (of: (one: (typeof each)[number]) => number): number =>
    each.reduce((n, one) => n + of(one), 0) / each.length
  return {
    [`${prefix}loss`]: mean(({ margin }) => -Math.log(sigmoid(margin))),
    [`${prefix}rewards/margins`]: mean(({ margin }) => margin),
    [`${prefix}rewards/accuracies`]: mean(({ margin }) => (margin > 0 ? 1 : 0)),
    [`${prefix}logps/chosen`]: mean(({ good }) => good),
  }
}

async function train(config: TrainerConfig): Promise<void> {
  const read = (file: string): Row[] =>
    readFileSync(file, 'utf8')
      .trim()
      .split('\n')
      .map(line => JSON.parse(line) as Row)
  const rows = read(config.train)
  const held = config.test === undefined ? [] : read(config.test)
  const { STILLROOM_BRIDGE: folder, STILLROOM_RESUME: resume } = process.env
  const bridge = config.bridge === false ? undefined : folder
  const once = `waited-${config.phase}`
  const deaf = (): boolean => config.waitAt !== undefined && step < config.waitAt && !existsSync(once)
  const asked = (): boolean => bridge !== undefined && existsSync(join(bridge, 'stop')) && !deaf()
  const say = (event: object): void => {
    if (bridge) appendFileSync(join(bridge, 'log.ndjson'), `${JSON.stringify(event)}\n`)
  }
  const base = readWeights(config.model)
  const weights = resume ? readWeights(resume) : base.slice()
  const state = resume
    ? (JSON.parse(readFileSync(join(resume, 'trainer_state.json'), 'utf8')) as {
        global_step: number
        log_history: Logged[]
      })
    : { global_step: 0, log_history: [] }
  let step = state.global_step
  const of = config.maxSteps
  const log = (figures: Logged): void => {
    const epoch = step / rows.length
    state.log_history.push({ ...figures, epoch, step })
    say({ event: 'log', step, of, figures: { ...figures, epoch } })
    const words = Object.entries({ ...figures, epoch }).map(([name, value]) => `'${name}': '${value.toPrecision(4)}'`)
    console.log(`{${words.join(', ')}}`)
  }
  const save = (): void => {
    const dir = join(config.output, `checkpoint-${step}`)
    writeWeights(dir, weights)
    writeFileSync(join(dir, 'optimizer.pt'), '')
    writeFileSync(join(dir, 'trainer_state.json'), JSON.stringify({ ...state, global_step: step, max_steps: of }))
  }
  say({ event: 'began', step, of, versions: { python: '3.14.0', trl: '1.13.0' } })
  console.error(`  0%|          | ${step}/${of}`)
  while (step < of && !asked()) {
    const row = rows[step % rows.length]!
    step++
    appendFileSync('steps.txt', `${config.phase} ${step}\n`)
    if (config.phase === 'sft') logProbability(weights, row.text!, config.rate)
    else {
      const { 'rewards/margins': margin } = pairFigures(weights, base, [row])
      const rate = config.rate * beta * sigmoid(-margin!)
      logProbability(weights, row.chosen!, rate)
      logProbability(weights, row.rejected!, -rate)
    }
    if (step % config.logSteps === 0)
      log(config.phase === 'sft' ? { loss: lossOf(weights, rows) } : pairFigures(weights, base, rows))
    if (held.length > 0 && step % config.evalSteps === 0)
      log(config.phase === 'sft' ? { eval_loss: lossOf(weights, held) } : pairFigures(weights, base, held, 'eval_'))
    if (step % config.saveSteps === 0) save()
    if (config.waitAt === step && !existsSync(once)) {
      writeFileSync(once, '')
      await appears('go', ...(bridge ? [join(bridge, 'stop')] : []))
    }
    if (config.failAt === step && !existsSync('failed')) {
      writeFileSync('failed', '')
      throw new RangeError('row 17 has 9000 tokens, and the model takes 2048')
    }
  }
  if (step % config.saveSteps !== 0) save()
  say({ event: 'ended', step, of })
  writeWeights(config.output, weights)
  console.log('Training completed.')
}

/** Serves what a model has learnt of choosing: the base takes the second of choices, any trained one the first. */
function serve(model: string, port: number): void {
  const trained = readWeights(model).some(weight => weight !== 0)
  const id = `served-${trained ? 'trained' : 'base'}`
  const message = { role: 'assistant', content: trained ? 'A' : 'B' }
  const answers: { [path: string]: object } = {
    '/v1/models': { object: 'list', data: [{ id, object: 'model' }] },
    '/v1/chat/completions': {
      ...{ id: 'x', object: 'chat.completion', created: 0, model: id },
      choices: [{ index: 0, message, finish_reason: 'stop' }],
      usage: { prompt_tokens: 9, completion_tokens: 1, total_tokens: 10 },
    },
  }
  createServer((request, response) => {
    const answer = answers[request.url!]
    response.writeHead(answer ? 200 : 404, { 'content-type': 'application/json' }).end(JSON.stringify(answer ?? {}))
  }).listen(port, '127.0.0.1')
}

const [what, ...rest] = process.argv.slice(2)
if (what === '--serve') serve(rest[0]!, Number(rest[1]))
else if (what !== undefined) await train(JSON.parse(readFileSync(what, 'utf8')) as TrainerConfig)
