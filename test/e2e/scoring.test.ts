import { afterAll, beforeAll, expect, test } from 'vitest'
import type { Rec } from '../../src/records/index.ts'
import { funnelErrors } from '../../src/run/index.ts'
import { startSimulator } from '../../src/testing.ts'
import { folder, type Ran, runIn, write } from '../support/project.ts'

/** Every way of scoring in one run: prompts by magpie, two answers each, compared, judged, scored by head and likelihood. */
let simulator: Awaited<ReturnType<typeof startSimulator>>
let ran: Ran
let again: Ran
let calls: { [path: string]: number }
beforeAll(async () => {
  simulator = await startSimulator({ seed: 5, logSize: 5000, malformedRate: 0.3 })
  const dir = folder()
  const first = await runIn(dir, recipe())
  if (first.error) throw first.error
  calls = {}
  for (const { path } of simulator.log) calls[path] = (calls[path] ?? 0) + 1
  // Marks of people come when there are rows to look at.
  const marks = first.all.slice(0, 12).map(({ id }, i) => JSON.stringify({ record: id, mark: 1 + (i % 5) }))
  write(dir, { 'people.jsonl': marks.join('\n') })
  const marked = recipe()
  marked.steps = marked.steps.map(step =>
    'judge' in step && step.judge!.as === 'panel'
      ? { judge: { ...step.judge, calibrate: 'people.jsonl', map: 'isotonic' } }
      : step,
  )
  ran = first
  again = await runIn(dir, marked)
}, 30_000)
afterAll(() => simulator.stop())

type Step = { [verb: string]: { [option: string]: unknown } }
function recipe(teachers: object = {}): { steps: Step[]; [field: string]: unknown } {
  const at = `${simulator.url}/v1`
  const teacher = (model: string) => ({ model, at, license: 'Apache-2.0', price: { input: 1, output: 2 } })
  return {
    name: 'scoring',
    teachers: {
      aligned: { ...teacher('qwen-7b'), temperature: 1 },
      reader: teacher('student'),
      head: { ...teacher('reward'), mode: 'batch' },
      own: teacher('qwen-72b'),
      other: teacher('gemma-9b'),
      ...teachers,
    },
    budget: { usd: 5 },
    steps: [
      { magpie: { teacher: 'aligned', samples: 14 } },
      // Equal prompts would share their calls.
      { dedupe: {} },
      { answer: { teacher: 'aligned', samples: 2 } },
      { compare: { from: 'answer.draw', teacher: 'other' } },
      { judge: { as: 'panel', judges: ['own', 'other'], scale: [1, 5] } },
      { judge: { as: 'points', teacher: 'other', mode: 'additive', samples: 2 } },
      { reward: { teacher: 'head', drop: 0.1 } },
      { perplexity: { drop: 0.1 } },
      { ifd: { teacher: 'reader', helped: false } },
      { deita: { teacher: 'other' } },
    ],
  }
}

const scoreOf = (record: Rec, name: string) =>
  record.scores[name] as { value?: number; unscored?: string; method: string; judge?: string }
const values = (name: string) => ran.all.flatMap(record => scoreOf(record, name)?.value ?? [])

test('the funnel adds up, and a turn that ran on into the next one is no prompt', () => {
  expect(ran.error).toBeUndefined()
  expect(funnelErrors(ran.funnel)).toEqual([])
  expect(ran.funnel.magpie!.dropped['template-token']).toBeGreaterThan(0)
  expect(ran.funnel.magpie!.in).toBe(14)
  expect(ran.all.length).toBeGreaterThan(8)
  for (const { messages } of ran.all as Rec<'conversation'>[])
    expect(messages[0]!.content).not.toMatch(/im_end|^assistant$/m)
})

test('every row has every score, of the judge that gave it', () => {
  const names = {
    'compare/win-rate': 'self/gemma-9b',
    'compare/order-agreement': 'self/gemma-9b',
    'panel/own.overall': 'self/qwen-72b',
    'panel/other.overall': 'self/gemma-9b',
    'panel/overall': undefined,
    'points/overall': 'self/gemma-9b',
    'reward/reward': 'self/reward',
    'perplexity/perplexity': undefined,
    'ifd/ifd': 'self/student',
    'deita/score': 'self/gemma-9b',
  }
  for (const record of ran.all) {
    for (const [name, judge] of Object.entries(names)) {
      const { value, unscored, judge: by } = scoreOf(record, name) ?? {}
      expect(value === undefined, name).toBe(unscored !== undefined)
      expect(by, name).toBe(judge)
    }
  }
  // Where one judge alone can be read there is no spread.
  expect(values('panel/spread').length).toBeGreaterThan(5)
  for (const value of values('points/overall'))
    expect(Number.isInteger(2 * value) && value >= 0 && value <= 5).toBe(true)
  // The answers share their words with the prompts as far as the simulator wrote them about it.
  expect(values('ifd/ifd').every(value => value > 0.2 && value < 2)).toBe(true)
  expect(new Set(values('reward/reward')).size).toBeGreaterThan(5)
})

test('a judge of the family that wrote the rows says so, and another does not', () => {
  for (const record of ran.all) {
    const kin = (name: string) =>
      scoreOf(record, name).unscored ?? scoreOf(record, name).method.includes('family that wrote')
    expect([true, 'unparseable']).toContain(kin('panel/own.overall'))
    expect([false, 'unparseable']).toContain(kin('panel/other.overall'))
  }
})

test('rows of magpie say how they were made: verb, teacher, call', () => {
  for (const record of ran.all as Rec<'conversation'>[]) {
    expect(record.lineage).toMatchObject({
      origin: 'synthetic',
      made: { step: 'answer.draw', teachers: ['self/qwen-7b'] },
    })
    expect(record.lineage.made!.calls).toHaveLength(1)
  }
})

test('what is no chat goes online, in its own endpoint, within the budget; and nothing is asked twice', () => {
  expect(calls['/classify']).toBe(ran.funnel['reward.score']!.in)
  // Fourteen prompts, and of each row that is left two likelihoods.
  expect(calls['/completions']).toBe(14 + 2 * ran.funnel['ifd.score']!.in)
  expect(Object.keys(calls).filter(path => path.startsWith('/batches'))).toEqual([])
  expect(simulator.stats.repeats).toBe(0)
  expect(Object.values(again.calls).reduce((sum, { sent }) => sum + sent, 0)).toBe(0)
})

test('marks of people calibrate the panel, and the report says how verdicts held', () => {
  expect(again.error).toBeUndefined()
  const told = again.notes.map(({ message }) => message)
  expect(told.find(message => message.startsWith('panel/overall against people'))).toMatch(/on 12 rows: Spearman/)
  expect(told.find(message => message.includes('changed places'))).toMatch(/^\d+\.\d % of the verdicts/)
  for (const record of again.all) {
    const { value, unscored } = scoreOf(record, 'panel/calibrated')
    if (unscored === undefined) expect(value! >= 1 && value! <= 5).toBe(true)
  }
})

test('a teacher that knows chats alone is refused before anything is spent', async () => {
  const before = simulator.stats.calls
  const refused = async (steps: Step[], model: object) => {
    const made = { ...recipe({ claude: { price: 'free', ...model } }), steps }
    return runIn(folder(), made).catch(
      (error: { code: string; hint: string; message: string; position?: { line: number } }) => error,
    )
  }
  const claude = { model: 'anthropic/claude-haiku-4-5' }
  expect(await refused([{ magpie: { teacher: 'claude' } }], claude)).toMatchObject({
    code: 'SR_RECIPE_CONFLICT',
    message: '`claude` continues no text without a chat template',
    hint: expect.stringContaining('vLLM'),
  })
  const steps: Step[] = [{ magpie: { teacher: 'aligned' } }, { answer: { teacher: 'aligned' } }]
  for (const verb of ['ifd', 'perplexity', 'reward']) {
    const error = await refused([...steps, { [verb]: { teacher: 'claude' } }], claude)
    expect(error).toMatchObject({ code: 'SR_RECIPE_CONFLICT', position: { line: expect.any(Number) } })
  }
  // What the recipe says of a server of one's own holds.
  const narrow = { model: 'm', at: `${simulator.url}/v1`, forms: ['score'] }
  expect(await refused([{ magpie: { teacher: 'claude' } }], narrow)).toMatchObject({ code: 'SR_RECIPE_CONFLICT' })
  expect(simulator.stats.calls).toBe(before)
})
