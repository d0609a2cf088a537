import { describe, expect, test } from 'vitest'
import { conversation } from '../../../test/support/curate-records.ts'
import type { Rec, Score, Verifier } from '../../records/index.ts'
import type { Job } from '../../sandbox/index.ts'
import type { Ctx } from '../../steps/index.ts'
import { equationsOf } from '../distinct/distinct.ts'
import { best, distinct, verify } from '../index.ts'
import { cutWrong, passRate, verifyGrade } from './verify.ts'

const sample = (n: number, answer: string, more: object = {}) =>
  ({ ...conversation(`c${n}`, 'What is 6 x 7?', answer), facets: { draw: n }, ...more }) as Rec<'conversation'>
const scored = (record: Rec<'conversation'>, score: object) =>
  ({ ...record, scores: { 'verify/correct': { method: 'm', ...score } as Score } }) as Rec<'conversation'>
const primitives = (options: object, key = 'verify') =>
  verify.expand(verify.options.parse(options), key).map(({ as, step }) => [as, step.verb])

describe('grades', () => {
  const asked = { kind: 'prompt', reference: '42', verifier: { kind: 'number' } as Verifier }
  const graded = async (record: Rec<'conversation'>, options: object = {}, prompt: object | null = asked) => {
    const ctx = { options: verifyGrade.options.parse(options), ancestor: () => prompt ?? undefined }
    const outcome = await verifyGrade.run(record, ctx as unknown as Ctx<never>)
    if (outcome.is !== 'passed' && outcome.is !== 'fixed') throw new Error(outcome.is)
    const payload = outcome.is === 'fixed' ? outcome.payload : record
    return {
      ...outcome.notes!.scores!.correct,
      is: outcome.is,
      reference: payload.reference,
      verifier: payload.verifier,
    }
  }
  const row = { reference: '42', verifier: { kind: 'number' } }

  test('by the verifier and reference of the row, else of its prompt, unless the step names others', async () => {
    expect(await graded(sample(0, 'Answer: 42', row))).toMatchObject({
      is: 'passed',
      method: 'verifier number',
      value: 1,
    })
    expect(await graded(sample(0, 'Answer: 42', { reference: '41' }))).toMatchObject({
      value: 0,
      why: '42 instead of 41',
    })
    expect(await graded(sample(0, 'Answer: 42.0'), { by: 'exact' })).toMatchObject({
      method: 'verifier exact',
      value: 1,
    })
    expect(await graded(sample(0, 'Answer: 43'), { by: { kind: 'number', tolerance: 1 } })).toMatchObject({ value: 1 })
    expect(await graded(sample(0, 'Answer: 7'), { by: 'number', reference: '7' })).toMatchObject({ value: 1 })
    // The name of a kind leaves its settings to the rows.
    const near = { reference: '42', verifier: { kind: 'number', tolerance: 1 } }
    expect(await graded(sample(0, 'Answer: 43', near), { by: 'number' })).toMatchObject({ is: 'passed', value: 1 })
  })
  test('what an answer was held against stands in its row', async () => {
    const fixed = { is: 'fixed', reference: '42' }
    expect(await graded(sample(0, 'Answer: 42'))).toMatchObject({ ...fixed, verifier: { kind: 'number' } })
    expect(await graded(sample(0, 'Answer: 42', row), { by: 'exact' })).toMatchObject({
      ...fixed,
      verifier: { kind: 'exact' },
    })
  })
  test('what cannot be told is unscored by name, and never 0', async () => {
    expect(await graded(sample(0, 'x'), { by: 'number' }, { kind: 'prompt' })).toMatchObject({
      unscored: 'no-reference',
    })
    expect(await graded(sample(0, 'x'), {}, null)).toMatchObject({ is: 'passed', unscored: 'no-reference' })
    expect(await graded(sample(0, 'x'), { by: 'number', reference: 'many' })).toMatchObject({ unscored: 'undecided' })
    expect(await graded(sample(0, 'x', { verifier: { kind: 'oracle' } }))).toMatchObject({ unscored: 'undecided' })
  })
})

test('what runs the code is for the recipe to say: rows from outside name no program, and no hour of work', async () => {
  const jobs: Job[] = []
  const graded = async (verifier: object, options: object = {}) => {
    const record = sample(0, '```python\nx = 1\n```', {
      verifier: { kind: 'code', tests: 'assert x == 1', ...verifier },
    })
    const outcome = await verifyGrade.run(record, {
      options: verifyGrade.options.parse(options),
      ancestor: () => undefined,
      execute: async (job: Job) => {
        jobs.push(job)
        return { ended: 'ok', stdout: '', call: 'c' }
      },
    } as unknown as Ctx<never>)
    if (outcome.is !== 'passed') throw new Error(outcome.is)
    return outcome.notes!.scores!.correct
  }
  expect(await graded({ interpreter: '/tmp/any-program' })).toMatchObject({ value: 1 })
  expect(jobs.at(-1)).not.toHaveProperty('interpreter')
  expect(await graded({}, { interpreter: 'python3' })).toMatchObject({ value: 1 })
  expect(jobs.at(-1)).toMatchObject({ interpreter: 'python3' })
  for (const greedy of [{ timeout_ms: 1e9 }, { memory_mb: 1e6 }])
    expect(await graded(greedy)).toMatchObject({ unscored: 'undecided' })
  expect(jobs).toHaveLength(2)
})

test('each threshold is a step of its own; all keeps every answer with its grade', () => {
  expect(primitives({ keep: 'all' })).toEqual([
    ['grade', 'verify-grade'],
    ['pass-rate', 'pass-rate'],
  ])
  expect(primitives({}).map(([as]) => as)).toEqual(['grade', 'pass-rate', 'cut'])
  expect(primitives({ keep: 'first' }).at(-1)).toEqual(['first', 'best'])
  expect(primitives({ keep: 'distinct' }).at(-1)).toEqual(['distinct', 'distinct'])
  expect(verify.options.safeParse({ difficulty: [0.8, 0.2] }).success).toBe(false)
})

test('the pass rate is over the samples that could be told, and difficulty follows from it', async () => {
  const run = async (scores: object[], options: object = {}) => {
    const ctx = { options: passRate.options.parse({ by: 'verify/correct', ...options }) }
    const { each } = await passRate.run(
      scores.map((score, n) => scored(sample(n, 'x'), score)),
      ctx as never,
    )
    const said = [...each.values()].map(verdict => (verdict.is === 'passed' ? verdict.notes : undefined))
    expect(new Set(said.map(notes => JSON.stringify(notes))).size).toBe(1)
    return said[0]!
  }
  const three = [{ value: 1 }, { value: 0 }, { unscored: 'undecided' }, { value: 0 }]
  expect(await run(three)).toEqual({
    scores: {
      'pass-rate': { method: 'share right of 3 samples', value: 1 / 3 },
      difficulty: { method: '1 - share right of 3 samples', value: 1 - 1 / 3 },
    },
  })
  expect(await run(three, { difficulty: [0.3, 0.7] })).toMatchObject({ facets: { difficulty: 'medium' } })
  expect(await run([{ value: 0 }], { difficulty: [0.3, 0.7] })).toMatchObject({ facets: { difficulty: 'hard' } })
  expect(await run([{ value: 1 }], { difficulty: [0.3, 1] })).toMatchObject({ facets: { difficulty: 'easy' } })
  expect(await run([{ unscored: 'undecided' }], { difficulty: [0.3, 1] })).toEqual({
    scores: {
      'pass-rate': { method: 'share right of 0 samples', unscored: 'undecided' },
      difficulty: { method: 'share right of 0 samples', unscored: 'undecided' },
    },
  })
})

test('the cut names why; undecided answers stay when asked to', () => {
  const cut = (score: object | undefined, options: object = {}) => {
    const record = score ? scored(sample(0, 'x'), score) : sample(0, 'x')
    return cutWrong.test(record, cutWrong.options.parse({ by: 'verify/correct', ...options }))
  }
  expect(cut({ value: 1 })).toEqual({ is: 'passed' })
  expect(cut({ value: 0, why: '3 instead of 4' })).toMatchObject({
    reason: 'wrong',
    evidence: { why: '3 instead of 4' },
  })
  expect(cut({ unscored: 'undecided' })).toMatchObject({ reason: 'undecided' })
  expect(cut({ unscored: 'no-reference' })).toMatchObject({ reason: 'no-reference' })
  expect(cut(undefined)).toMatchObject({ reason: 'undecided' })
  expect(cut({ unscored: 'undecided' }, { undecided: 'keep' })).toEqual({ is: 'passed' })
  expect(cut({ value: 0 }, { undecided: 'keep' })).toMatchObject({ reason: 'wrong' })
})

describe('families', () => {
  const kept = async (step: typeof best | typeof distinct, records: Rec<'conversation'>[], options: object) => {
    const ctx = { options: step.options.parse(options) }
    // Families arrive in any order.
    const { each } = await step.run([...records].reverse(), ctx as never)
    return records.map(({ id }) => {
      const verdict = each.get(id)!
      return verdict.is === 'dropped' ? verdict.reason : verdict.is
    })
  }
  test('the best by a score stays, of equal ones the first drawn; none is best without a score', async () => {
    const rows = [{ value: 3 }, { value: 7 }, { value: 7 }, { unscored: 'unparseable' }].map((score, n) =>
      scored(sample(n, 'x'), score),
    )
    const by = 'verify/correct'
    expect(await kept(best, rows, { by })).toEqual(['not-best', 'passed', 'not-best', 'unscored'])
    expect(await kept(best, rows, { by, keep: 2 })).toEqual(['not-best', 'passed', 'passed', 'unscored'])
    // The tenth draw comes after the second.
    const late = [10, 2].map(n => scored(sample(n, 'x'), { value: 1 }))
    expect(await kept(best, late, { by })).toEqual(['not-best', 'passed'])
  })

  test('one answer stays for each list of calculations, whatever the words around it', async () => {
    const rows = [
      sample(0, 'Six sevens: 6 x 7 = 42.'),
      sample(1, 'We multiply: 6 × 7 = 42, which is it.'),
      sample(2, 'First 6 * 5 = 30, and 6 * 2 = 12, so 30 + 12 = 42.'),
      sample(3, 'It is forty-two.'),
      sample(4, 'It is **forty-two**!'),
    ]
    const [same, passed] = ['same-reasoning', 'passed']
    expect(await kept(distinct, rows, {})).toEqual([passed, same, passed, passed, same])
    expect(await kept(distinct, rows, { by: 'text' })).toEqual([passed, passed, passed, passed, same])
  })

  test('calculations are read out of prose, LaTeX and notes of a calculator', () => {
    expect(equationsOf('48/2 = <<48/2=24>>24 clips, then 48+24 = $72.50')).toEqual(['48/2=24', '48+24=72.5'])
    expect(equationsOf('$3 \\times \\$1,200 = \\$3,600$')).toEqual(['3*1200=3600'])
    expect(equationsOf('x = 5 and y = 7')).toEqual([])
  })
})
