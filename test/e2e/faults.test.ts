import { afterAll, beforeAll, expect, test } from 'vitest'
import { stringify } from 'yaml'
import { startSimulator } from '../../src/testing.ts'
import type { Event } from '../../src/workspace/index.ts'
import { type Billed, billed } from '../support/billed.ts'
import { fastClock } from '../support/clock.ts'
import { documents } from '../support/documents.ts'
import { folder } from '../support/project.ts'
import { finish, releaseBytes } from '../support/released.ts'
import { type Simulator, type SimulatorOptions, simulator } from '../support/simulators.ts'
import { taughtRecipe } from '../support/taught-recipe.ts'

type Rule = NonNullable<SimulatorOptions['faults']>[number]
type Kind = Rule['kind']
type Protocol = 'openai' | 'anthropic'
/** Whose calls are hit: those that write, plain and streamed, those that judge, or what carries a batch. */
type Place = 'map' | 'streamed' | 'judge' | 'batch'

const long = process.env.STILLROOM_LONG !== undefined
const protocols: Protocol[] = ['openai', 'anthropic']

/** Writer and solver may be asked otherwise than the judge is. */
function files(protocol: Protocol, writers: object = {}, judge: object = {}): { [path: string]: string } {
  const teachers = {
    writer: { model: 'simulate/writer', protocol, ...writers },
    solver: { model: 'simulate/solver', protocol, ...writers },
    judge: { model: 'simulate/judge', protocol, ...judge },
  }
  const recipe = taughtRecipe('faulty', teachers, { samples: 2 })
  return { ...documents(6), 'recipe.yaml': stringify(recipe) }
}

const batched = { mode: 'batch', batch: { poll: 0.02 } }
const waysOf: { [place in Place]: object } = { map: {}, streamed: { stream: true }, judge: {}, batch: batched }
const modelsOf = (place: Place): string[] => (place === 'judge' ? ['judge'] : ['writer', 'solver'])

async function go(dir: string, server: Simulator, speed = 50) {
  const events: Event[] = []
  const result = await finish(dir, server.url, { clock: fastClock(speed), renderers: [e => events.push(e)] })
  return { result, events }
}

type Reference = { bytes: { [path: string]: string }; calls: number; batches: number }
const references = new Map<string, Promise<Reference>>()
/** The same without faults. What a server always does to everybody is no fault, so it is done here too. */
function reference(
  protocol: Protocol,
  always: SimulatorOptions = {},
  writers: object = {},
  judge: object = {},
): Promise<Reference> {
  const name = JSON.stringify([protocol, always, writers, judge])
  const known = references.get(name)
  if (known) return known
  const made = (async () => {
    const server = await startSimulator({ seed: 5, logSize: 10_000, ...always })
    const dir = folder(files(protocol, writers, judge))
    const { result } = await go(dir, server)
    expect(result.error).toBeUndefined()
    const { batches } = server.stats
    const { distinct } = billed(server)
    await server.stop()
    return { bytes: releaseBytes(dir), calls: distinct, batches }
  })()
  references.set(name, made)
  return made
}
beforeAll(async () => {
  for (const protocol of protocols) await reference(protocol)
}, 60_000)

const table: string[] = []
function tell(fault: string, place: string, protocol: string, { calls, distinct, retries, twice }: Billed, how = '') {
  table.push(`| ${[fault, place, protocol, calls, distinct, retries, twice, how].join(' | ')} |`)
}
afterAll(() => {
  if (!long) return
  const head = ['Fault', 'Place', 'Protocol', 'Calls received', 'Distinct', 'Retries', 'Bought twice', 'Ended']
  console.log([`| ${head.join(' | ')} |`, `|${'---|'.repeat(head.length)}`, ...table].join('\n'))
})

/**
 * A fault of calls. `lost`: the server had done the work, so that each such call is bought twice. `harmless`: it is no
 * reason to ask again. `always`: what the server does to everybody, in the run that is compared with too.
 */
type Fault = {
  server: (hit: (kind: Kind, when?: Partial<Rule>) => Rule[]) => SimulatorOptions
  teacher?: object
  always?: SimulatorOptions
  /** How the run that is compared with asks. */
  calmly?: object
  lost?: true
  harmless?: true
  speed?: number
  sees?: (events: Event[]) => boolean
}
/** Two bursts, the first in the middle of the first calls in the air. */
const bursts = (hit: (kind: Kind, when?: Partial<Rule>) => Rule[], kind: Kind): Rule[] => [
  ...hit(kind, { from: 3, count: 4 }),
  ...hit(kind, { from: 10, count: 3 }),
]
const refusal = (retryAfterMs?: number): Kind => ({
  status: 429,
  ...(retryAfterMs === undefined ? {} : { retryAfterMs }),
})
const said = (retryAfter: 'seconds' | 'date' | 'ms' | 'both', ms: number): Fault => ({
  server: hit => ({ limits: { retryAfter }, faults: bursts(hit, refusal(ms)) }),
})
const scattered = (kind: Kind, more: Omit<Fault, 'server'> = {}): Fault => ({
  server: hit => ({ faults: hit(kind, { share: 0.25 }) }),
  ...more,
})
/** Time-outs run in real time. */
const impatient = { timeout: 1 }

const faults: { [fault: string]: Fault } = {
  '429, Retry-After in seconds': said('seconds', 3000),
  '429, Retry-After as a date': said('date', 3000),
  '429, retry-after-ms': said('ms', 700),
  '429, both of them': said('both', 1700),
  '429 without a word': { server: hit => ({ faults: bursts(hit, refusal()) }) },
  '429, Retry-After of ten minutes': {
    server: hit => ({ faults: hit(refusal(600_000), { from: 4, count: 2 }) }),
    speed: 2000,
    sees: events => events.some(e => e.event === 'route' && e.type === 'parked'),
  },
  'slow start of the server': {
    server: () => ({ capacity: { concurrency: 16, start: 1, perSecond: 40 }, latencyMs: 2 }),
  },
  'silent queue': { server: () => ({ capacity: { concurrency: 2, beyond: 'queue' }, latencyMs: 2 }) },
  'reset before the reply': scattered('reset'),
  'body cut off': scattered('truncated', { lost: true }),
  'cut JSON with 200': scattered('cut-json', { lost: true }),
  'HTML with 200': scattered('not-json', { lost: true }),
  'JSON named text/plain': scattered('text', { harmless: true }),
  'storm of 5xx': {
    server: hit => ({
      faults: [500, 502, 503, 529].flatMap((status, i) => hit({ status }, { from: 2 + 3 * i, count: 3 })),
    }),
  },
  'scattered 5xx': scattered({ status: 503 }),
  'stall before the first byte': {
    server: hit => ({ faults: hit('stall', { from: 4, count: 2 }) }),
    teacher: impatient,
  },
  'stall within the body': {
    server: hit => ({ faults: hit('stall-body', { from: 4, count: 2 }) }),
    teacher: impatient,
    lost: true,
  },
  // It is learnt from the first refusal: before the second call, or while many are in the air.
  'unknown parameter': {
    server: () => ({}),
    always: { rejects: ['temperature'] },
    teacher: { temperature: 0.5 },
    calmly: { temperature: 0.5, concurrency: 1 },
  },
  'malformed structured replies': { server: () => ({}), always: { malformedRate: 0.4 } },
}

/** The slice for every day: every way in which a call or a batch can fail, each in one place. */
const slice = new Set([
  '429, Retry-After as a date, map, openai',
  '429, Retry-After of ten minutes, judge, anthropic',
  'reset before the reply, judge, openai',
  'body cut off, streamed, anthropic',
  'HTML with 200, map, anthropic',
  'JSON named text/plain, map, openai',
  'stall within the body, streamed, openai',
  'unknown parameter, batch, openai',
  'malformed structured replies, batch, anthropic',
  'cut JSON with 200, submit of a batch, anthropic',
  'body cut off, results of a batch, openai',
  'batch with failed rows, openai',
  '503 for good, judge, anthropic',
  '503 for good, submit of a batch, openai',
])
const inFull = (name: string) => long || slice.has(name)

const everywhere = (['map', 'streamed', 'judge', 'batch'] as const).flatMap(place =>
  protocols.flatMap(protocol =>
    Object.entries(faults).map(([fault, what]) => ({
      name: `${fault}, ${place}, ${protocol}`,
      ...{ place, protocol, fault, what },
    })),
  ),
)
// What befalls the rows of a batch is what its server always does; the rest befalls what carries it, further down.
const cells = everywhere.filter(({ place, what, name }) => (place !== 'batch' || what.always) && inFull(name))

test.each(cells)('$name', async ({ place, protocol, fault, what }) => {
  const { server: options, teacher = {}, always = {}, calmly = {}, lost, harmless, speed, sees } = what
  const asks = (writers: object, judge: object) => (place === 'judge' ? [{}, judge] : [writers, {}])
  const hit = (kind: Kind, when: Partial<Rule> = {}) => modelsOf(place).map(model => ({ kind, model, ...when }))
  const like = await reference(protocol, always, ...asks(calmly, calmly))
  const server = await simulator({ ...options(hit), ...always })
  const own = { ...waysOf[place], ...teacher }
  const dir = folder(files(protocol, ...asks(own, own)))
  const { result, events } = await go(dir, server, speed)
  expect(result.error).toBeUndefined()
  expect(releaseBytes(dir)).toEqual(like.bytes)
  const bill = billed(server)
  tell(fault, place, protocol, bill, 'same bytes')
  expect(sees?.(events) ?? true).toBe(true)
  if (!always.malformedRate && fault !== 'silent queue') expect(bill.failed).toBeGreaterThan(0)
  expect(bill).toMatchObject({
    distinct: like.calls,
    retries: harmless ? 0 : bill.failed,
    twice: lost ? bill.failed : 0,
  })
})

type Step = 'upload' | 'submit' | 'look' | 'results'
const pathsOf: { [protocol in Protocol]: { [step in Step]?: string } } = {
  openai: { upload: 'POST /files', submit: 'POST /batches', look: 'GET /batches/*', results: 'GET /files/*/content' },
  anthropic: {
    submit: 'POST /messages/batches',
    look: 'GET /messages/batches/*',
    results: 'GET /messages/batches/*/results',
  },
}
const carrying: { [fault: string]: { kind: Kind; count?: number } } = {
  '429 with Retry-After': { kind: refusal(20_000) },
  'reset before the reply': { kind: 'reset' },
  'body cut off': { kind: 'truncated' },
  'cut JSON with 200': { kind: 'cut-json' },
  'HTML with 200': { kind: 'not-json' },
  'JSON named text/plain': { kind: 'text' },
  'storm of 5xx': { kind: { status: 503 }, count: 4 },
  'stall before the first byte': { kind: 'stall', count: 1 },
  'stall within the body': { kind: 'stall-body', count: 1 },
}
const steps = protocols.flatMap(protocol =>
  Object.entries(pathsOf[protocol]).flatMap(([step, path]) =>
    Object.entries(carrying).map(([fault, what]) => ({
      name: `${fault}, ${step} of a batch, ${protocol}`,
      ...{ protocol, step, path, fault, ...what },
    })),
  ),
)

test.each(steps.filter(({ name }) => inFull(name)))(
  '$name',
  async ({ protocol, step, path, fault, kind, count = 2 }) => {
    const like = await reference(protocol, {}, batched)
    const server = await simulator({ faults: [{ kind, path, count }] })
    const dir = folder(files(protocol, { ...batched, ...impatient }))
    const { result } = await go(dir, server)
    expect(result.error).toBeUndefined()
    expect(releaseBytes(dir)).toEqual(like.bytes)
    const bill = billed(server)
    tell(fault, `${step} of a batch`, protocol, bill, 'same bytes')
    expect(server.stats).toMatchObject({ faults: count, batches: like.batches })
    expect(bill).toMatchObject({ calls: like.calls, distinct: like.calls, twice: 0 })
  },
)

const fates: { [fate: string]: SimulatorOptions['batch'] } = {
  'batch that expires': { fates: [{ expires: 0.5 }, { expires: 0.2 }, { expires: 0 }] },
  'batch with failed rows': { fates: [{ errors: 0.5 }, { errors: 0.5 }, { errors: 0.3 }] },
  'batch over the limit of tokens': {
    fates: [{ fails: 'token_limit_exceeded' }, undefined, { fails: 'token_limit_exceeded' }],
  },
  'batch made and never acknowledged': { fates: [{ losesAnswer: true }, undefined, { losesAnswer: true }] },
  'slow batch': { looks: 9 },
}
const ends = protocols.flatMap(protocol =>
  Object.entries(fates)
    // The other vendor knows no such end: it refuses the submission.
    .filter(([fate]) => protocol === 'openai' || fate !== 'batch over the limit of tokens')
    .map(([fate, batch]) => ({ name: `${fate}, ${protocol}`, protocol, fate, batch: batch! })),
)

test.each(ends.filter(({ name }) => inFull(name)))('$name', async ({ protocol, fate, batch }) => {
  const like = await reference(protocol)
  const server = await simulator({ batch })
  const dir = folder(files(protocol, batched))
  const { result } = await go(dir, server)
  expect(result.error).toBeUndefined()
  expect(releaseBytes(dir)).toEqual(like.bytes)
  const bill = billed(server)
  tell(fate, 'batch', protocol, bill, 'same bytes')
  expect(bill).toMatchObject({ distinct: like.calls, retries: bill.failed, twice: 0 })
})

/** A teacher that stays away, in each place: a clean pause, and the next run goes on as if nothing had been. */
const outages: { [outage: string]: { kind: Kind; code?: string; status?: string; lost?: true } } = {
  '503 for good': { kind: { status: 503 } },
  'resets for good': { kind: 'reset' },
  'bodies cut off for good': { kind: 'truncated', lost: true },
  'silence for good': { kind: 'stall' },
  'a key that is revoked': { kind: { status: 401 }, code: 'SR_TEACHER_REJECTS', status: 'failed' },
}
const away = (['map', 'streamed', 'judge'] as const).flatMap(place =>
  protocols.flatMap(protocol =>
    Object.entries(outages).map(([fault, what]) => ({
      name: `${fault}, ${place}, ${protocol}`,
      ...{ place, protocol, fault, ...what },
    })),
  ),
)
const giveUp = { patience: 0, timeout: 0.3, start: 4 }

test.each(away.filter(({ name }) => inFull(name)))(
  '$name: a pause',
  async ({ place, protocol, fault, kind, lost, code = 'SR_TEACHER_DOWN', status = 'paused' }) => {
    const like = await reference(protocol)
    const broken = await simulator({ faults: modelsOf(place).map(model => ({ kind, model, from: 4 })) })
    const sound = await simulator()
    const own = { ...waysOf[place], ...giveUp }
    const dir = folder(place === 'judge' ? files(protocol, {}, own) : files(protocol, own))
    const { result } = await go(dir, broken)
    expect(result).toMatchObject({ exit: 1, status, error: { code, hint: expect.stringMatching(/\w{4}/) } })
    expect((await go(dir, sound)).result.error).toBeUndefined()
    expect(releaseBytes(dir)).toEqual(like.bytes)
    const bill = billed(broken, sound)
    tell(fault, place, protocol, bill, `${status}, then same bytes`)
    expect(bill.failed).toBeGreaterThan(0)
    expect(bill).toMatchObject({ distinct: like.calls, retries: bill.failed, twice: lost ? bill.failed : 0 })
  },
)

const stuck = protocols.flatMap(protocol =>
  Object.entries(pathsOf[protocol]).map(([step, path]) => ({
    name: `503 for good, ${step} of a batch, ${protocol}`,
    ...{ protocol, step, path },
  })),
)
test.each(stuck.filter(({ name }) => inFull(name)))('$name: a pause', async ({ protocol, step, path }) => {
  const like = await reference(protocol, {}, batched)
  // As many as a teacher without patience takes.
  const server = await simulator({ faults: [{ kind: { status: 503 }, path, count: 6 }] })
  const dir = folder(files(protocol, { ...batched, patience: 0 }))
  const { result } = await go(dir, server)
  expect(result).toMatchObject({ exit: 1, status: 'paused', error: { hint: expect.stringMatching(/\w{4}/) } })
  expect((await go(dir, server)).result.error).toBeUndefined()
  expect(releaseBytes(dir)).toEqual(like.bytes)
  const bill = billed(server)
  tell('503 for good', `${step} of a batch`, protocol, bill, 'paused, then same bytes')
  expect(bill).toMatchObject({ calls: like.calls, distinct: like.calls, twice: 0 })
  expect(server.stats.batches).toBe(like.batches)
})
