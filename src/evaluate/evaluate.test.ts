import { describe, expect, test } from 'vitest'
import { folder } from '../../test/support/project.ts'
import { builtinSteps } from '../builtin-steps.ts'
import type { Message, Rec, Score } from '../records/index.ts'
import type { Ask, Ctx, MapStep, Verb } from '../steps/index.ts'
import { ratingIn } from './grade/judge.ts'
import { charF1, exactMatch, numberSaid } from './grade/text.ts'
import { answersOf, exampleOf, openTurns, questionsOf, turnsOf } from './sit/questions.ts'
import { sit } from './sit/sit.ts'
import { answeredItems, itemResults, scoreLines } from './tally.ts'

const lineage = { origin: 'real' as const, generation: 0, parents: [], source: { name: 'set', uri: 'u', license: 'l' } }
const around = (id: string) => ({ id, digest: `digest ${id}`, facets: {}, scores: {}, language: 'en', lineage })
const user = (content: string): Message => ({ role: 'user', content })
const said = (content: string): Message => ({ role: 'assistant', content })
type Exam = Rec<'exam'>
const examOf = (more: Partial<Exam>): Exam => ({
  kind: 'exam',
  prompt: [user('Which?')],
  target: '',
  ...around('e'),
  ...more,
})
const answeredBy = (answers: string[], facets: Rec['facets'] = {}): Rec<'conversation'> => ({
  kind: 'conversation',
  messages: answers.flatMap((answer, i) => [user(`turn ${i}`), said(answer)]),
  ...around('c'),
  facets: { answers: answers.length, exam: 'digest e', task: 'set', draw: 0, ...facets },
  lineage: { ...lineage, parents: [{ id: 'e', role: 'subject' }] },
})

const grade = builtinSteps.find(({ verb }) => verb === 'grade') as Verb
/** A step of `grade` on one row: what it stores; replies come in the order of the calls. */
async function graded(options: object, exam: Exam, row: Rec<'conversation'>, replies: object[] = []) {
  const asked: { ask: Ask; draw: number }[] = []
  const scores: { [aspect: string]: Score } = {}
  for (const { step, options: own } of grade.expand(grade.options.parse(options), 'grade')) {
    const ctx = {
      options: step.options.parse(own),
      key: 'grade',
      language: exam.language,
      ancestor: () => exam,
      execute: async () => ({ ended: 'ok', call: 'x' }),
      async call(_: string, ask: Ask, draw = 0) {
        asked.push({ ask, draw })
        return {
          finish: 'stop',
          usage: {},
          warnings: [],
          content: null,
          call: `c${asked.length}`,
          ...replies[asked.length - 1],
        }
      },
    } as unknown as Ctx<unknown>
    const outcome = await (step as MapStep).run(row, ctx)
    if (outcome.is === 'passed') Object.assign(scores, outcome.notes?.scores)
  }
  return { scores, asked }
}
const told = (score: Score | undefined) => (score && 'value' in score ? score.value : score?.unscored)

describe('questions', () => {
  test('turns of a user without an answer behind them are asked; examples are not', () => {
    const prompt = [user('an example'), said('its answer'), user('first'), user('second')]
    expect(openTurns(prompt)).toEqual([2, 3])
    expect(questionsOf(examOf({ prompt }))).toEqual(['first', 'second'])
  })
  test('choices get signs and a form in the language of the question; an example ends as it asks for', () => {
    const exam = examOf({ choices: ['東京', '大阪'], target: '大阪' })
    const manner = { choices: 'kana' as const, form: true, language: 'ja' }
    expect(turnsOf(exam, manner)[0]!.content).toBe(
      'Which?\n\nア. 東京\nイ. 大阪\n\n最後に「答え: ア」のように、正しい選択肢の記号を一つだけ、独立した行に書いてください。',
    )
    expect(exampleOf(exam, manner).at(-1)).toEqual(said('答え: イ'))
    const many = examOf({ choices: Array.from({ length: 11 }, (_, i) => `choice ${i}`), target: 'choice 10' })
    expect(turnsOf(many, { ...manner, language: 'en' })[0]!.content).toContain(
      '- choice 10\n\nEnd with the right choice',
    )
  })
  test('where the answer counts word for word it is asked for on a line of its own; a mark by a rubric needs none', () => {
    const manner = { choices: 'letters' as const, form: true, language: 'en' }
    const asked = (more: Partial<Exam>) => turnsOf(examOf(more), manner)[0]!.content
    expect(asked({ target: 'Rome' })).toMatch(/^Which\?\n\nEnd with the answer alone/)
    expect(asked({ target: 'Rome', rubric: 'names it' })).toBe('Which?')
    expect(asked({ target: 'long '.repeat(21) })).toBe('Which?')
    expect(exampleOf(examOf({ target: 'Rome' }), manner).at(-1)).toEqual(said('Answer: Rome'))
  })
  test('a conversation that ended early has no answer to the questions behind', () => {
    expect(answersOf(answeredBy(['only one']), 2)).toEqual(['only one', ''])
  })
})

test.each([
  ['<think>I would say Answer: B', '', 'truncated'],
  ['I think of rivers.\n</think>\n\nAnswer: B', 'Answer: B', undefined],
])('thoughts are kept apart from the answer, and are none when they were cut off: %j', async (content, said, ended) => {
  const call = async () => ({ content, call: 'x', ...(ended ? { bad: { reason: ended } } : {}) })
  const ctx = { options: sit.options.parse({ teacher: 's' }), language: 'en', call } as unknown as Ctx<never>
  const outcome = await sit.run(examOf({}), ctx)
  if (outcome.is !== 'made') throw new Error(outcome.is)
  const [{ payload, notes }] = outcome.made as [(typeof outcome.made)[number]]
  expect((payload as Rec<'conversation'>).messages.at(-1)).toMatchObject({
    content: said,
    reasoning: expect.any(String),
  })
  expect(notes!.facets!.ended).toBe(ended)
})

describe('rules', () => {
  const choice = examOf({ choices: ['Paris', 'Rome', 'Bern'], target: 'Rome' })
  const rows: [string, object, Exam, string, string, unknown][] = [
    ['the sign of the right choice', {}, choice, 'Answer: B', 'accuracy', 1],
    ['another sign', {}, choice, 'It is C.\n\nAnswer: C', 'accuracy', 0],
    ['a text without a choice is wrong', {}, choice, 'Who knows', 'accuracy', 0],
    ['no answer is wrong', {}, choice, '', 'accuracy', 0],
    [
      'a right number in words around it',
      { by: 'number' },
      examOf({ target: '#### 1,200' }),
      'Answer: 1200 eggs',
      'accuracy',
      1,
    ],
    ['maths without a result is wrong', { by: 'maths' }, examOf({ target: '2' }), 'It is hard to say.', 'accuracy', 0],
    ['exact', {}, examOf({ target: '富士山' }), '富士山。', 'exact_match', 1],
    ['a pattern', { by: { kind: 'regex', pattern: '^no' } }, examOf({ target: 'x' }), 'yes', 'match', 0],
    [
      'JSON',
      { by: { kind: 'json-schema', schema: { type: 'array' } } },
      examOf({ target: 'x' }),
      '[1]',
      'valid_json',
      1,
    ],
    [
      'code',
      {},
      examOf({ target: 'x', verifier: { kind: 'code', tests: 'assert f() == 1' } }),
      'def f(): return 1',
      'pass@1',
      1,
    ],
    [
      'a right answer in prose without a judge',
      {},
      examOf({ target: 'long '.repeat(21) }),
      'y',
      'mark_1_5',
      'no-judge',
    ],
    // What the rule cannot tell is no 0.
    ['a reference without a number', { by: 'number' }, examOf({ target: 'none' }), '7', 'accuracy', 'undecided'],
    [
      'a kind that nobody knows',
      {},
      examOf({ target: 'x', verifier: { kind: 'vibes' } }),
      'y',
      'accuracy',
      'undecided',
    ],
    ['a rubric without a judge', {}, examOf({ rubric: 'is kind' }), 'y', 'mark_1_5', 'no-judge'],
  ]
  test.each(rows)('%s', async (_, options, exam, answer, metric, value) => {
    const { scores } = await graded(options, exam, answeredBy([answer]))
    expect(told(scores[metric])).toBe(value)
    expect(Object.keys(scores)).toEqual([metric])
  })
  test('a request that the server refused tells nothing; a refusal is wrong', async () => {
    const one = await graded({}, choice, answeredBy([''], { ended: 'rejected' }))
    expect(told(one.scores.accuracy)).toBe('rejected')
    const two = await graded({}, choice, answeredBy([''], { ended: 'refused' }))
    expect(two.scores.accuracy).toMatchObject({ value: 0, why: 'no answer: refused' })
  })
  test('text metrics: several answers may be right, likeness is by the longest common subsequence, numbers are read alone', async () => {
    expect(exactMatch(' 小笠原諸島', ['x', '小笠原諸島'])).toBe(1)
    // 4 characters of 5 and 5 in order: 2 * 4 / 10.
    expect(charF1('abcde', ['abxde'])).toBe(0.8)
    expect(charF1('B a', ['a b'])).toBe(1)
    expect([charF1('', ['a']), charF1('。', ['。'])]).toEqual([0, 0])
    expect([numberSaid('３.５'), numberSaid('類似度: −1'), numberSaid('2 of 5'), numberSaid('2と5\n答え: 5')]).toEqual([
      3.5,
      -1,
      undefined,
      5,
    ])
    expect(numberSaid('0から5のうち、答えは4.5です。理由は2つあります。')).toBe(4.5)
    const verifier = { kind: 'text', metrics: ['exact_match', 'char_f1', 'set_f1'], accept: ['b'] }
    const { scores } = await graded({}, examOf({ target: 'a', verifier }), answeredBy(['b']))
    expect(Object.values(scores).map(told)).toEqual([1, 1, 'unknown-metric'])
  })
  test('BBQ: the place of the choice is kept beside right and wrong, by condition', async () => {
    const choices = ['The man', 'The woman', 'Not known']
    const verifier = { kind: 'bbq', context_condition: 'ambig' }
    const exam = examOf({ choices, target: 'Not known', verifier })
    const { scores } = await graded({}, exam, answeredBy(['Answer: A']))
    expect([told(scores.accuracy_ambig), told(scores.chosen)]).toEqual([0, 0])
    const none = await graded({}, exam, answeredBy(['I would rather not say']))
    expect([told(none.scores.accuracy_ambig), told(none.scores.chosen)]).toEqual([0, 'no-choice'])
  })
})

describe('judges', () => {
  const open = examOf({ rubric: 'Names the cause.', target: 'Rust.' })
  test('a mark by a rubric, averaged over samples; what cannot be read is unscored and no 0', async () => {
    const marks = [
      { data: { mark: 4, rationale: 'good' } },
      { bad: { reason: 'unparseable', detail: '?' } },
      { data: { mark: 5, rationale: 'better' } },
    ]
    const { scores, asked } = await graded({ judge: 'j', samples: 3 }, open, answeredBy(['It is rust.']), marks)
    expect(scores).toEqual({ mark_1_5: { method: 'rubric from 1 to 5, 2 times', value: 4.5, why: 'good', call: 'c1' } })
    expect(asked.map(({ draw }) => draw)).toEqual([0, 1, 2])
    const shown = asked[0]!.ask.messages.at(-1)!.content!
    for (const part of [
      '<question>\nWhich?',
      '<rubric>\nNames the cause.',
      '<reference>\nRust.',
      '<answer>\nIt is rust.',
      'from 1 to 5',
    ])
      expect(shown).toContain(part)
    const bad = await graded({ judge: 'j' }, open, answeredBy(['x']), [{ bad: { reason: 'refused', detail: 'no' } }])
    expect(bad.scores.mark_1_5).toMatchObject({ unscored: 'refused' })
    const none = await graded({ judge: 'j', marks: 10 }, open, answeredBy(['']))
    expect([none.scores.mark_1_10, none.asked]).toMatchObject([{ value: 1 }, []])
  })
  test('MT-Bench: a form for each turn, with references where the category has them; the last rating between brackets counts', async () => {
    const verifier = { kind: 'mt-bench', category: 'math', question_id: '1', references: ['four', 'five'] }
    const exam = examOf({ prompt: [user('2 + 2?'), user('And one more?')], verifier })
    const replies = [{ content: 'Not [[3]] but\nRating: [[8]]' }, { content: 'Rating: [[7.5]]' }]
    const { scores, asked } = await graded({ judge: 'j' }, exam, answeredBy(['4', '5']), replies)
    expect([told(scores.mt_bench), told(scores.mt_bench_turn_1), told(scores.mt_bench_turn_2)]).toEqual([7.75, 8, 7.5])
    const [first, second] = asked.map(({ ask }) => ask.messages.at(-1)!.content!)
    expect([first!.includes('conversation>'), first!.includes('five')]).toEqual([false, false])
    expect(second).toContain('<conversation>\n[user]\n2 + 2?\n\n[assistant]\n4\n</conversation>')
    expect(second).toContain('<reference>\nfour\n\nfive\n</reference>')
    // A turn without a mark leaves the other one, and no mean.
    const half = await graded({ judge: 'j' }, exam, answeredBy(['4', '5']), [
      { content: '[[11]]' },
      { content: '[[2]]' },
    ])
    expect(Object.values(half.scores).map(told)).toEqual(['unparseable', 'unparseable', 2])
    const bare = examOf({ ...exam, verifier: { kind: 'mt-bench', category: 'math', question_id: '1' } })
    expect(told((await graded({ judge: 'j' }, bare, answeredBy(['4', '5']))).scores.mt_bench)).toBe('no-reference')
    expect([ratingIn('[[0]]'), ratingIn('[[7/10]]'), ratingIn('8')]).toEqual([undefined, 7, undefined])
  })
  test('ELYZA: its own scale, whatever the marks of other rubrics are, in the language of the task', async () => {
    const exam = examOf({ language: 'ja', verifier: { kind: 'elyza' }, rubric: '敬語', target: '例' })
    const { scores, asked } = await graded({ judge: 'j', marks: 10 }, exam, answeredBy(['はい']), [
      { data: { mark: 2, rationale: 'r' } },
    ])
    expect(told(scores.elyza)).toBe(2)
    expect(asked[0]!.ask.messages.at(-1)!.content).toContain('不自然な日本語')
  })
  test('pairs: a win holds in both orders, all else is a tie; an item without a rival is unscored', async () => {
    const better = (...each: string[]) => each.map(one => ({ data: { better: one, rationale: 'r' } }))
    const against = { judge: 'j', against: 'reference', by: 'exact' }
    const exam = examOf({ target: 'Rust.' })
    const of = async (...each: string[]) =>
      told((await graded(against, exam, answeredBy(['x']), better(...each))).scores.win_rate)
    expect([await of('A', 'B'), await of('B', 'A'), await of('A', 'A'), await of('tie', 'B')]).toEqual([1, 0, 0.5, 0.5])
    const alone = await graded(against, examOf({ rubric: 'r' }), answeredBy(['x']))
    expect(told(alone.scores.win_rate)).toBe('no-rival')
    expect(grade.options.safeParse({ against: 'reference' }).success).toBe(false)
  })
  test('pairs: all turns are held against all turns, and who said nothing loses unasked', async () => {
    const of = async (rival: string, said: string[], more: Partial<Exam> = {}) => {
      const dir = folder({ 'items.jsonl': JSON.stringify({ item: 'e', digest: 'digest e', answer: rival }) })
      const options = { judge: 'j', against: `${dir}/items.jsonl`, by: 'exact' }
      const { scores, asked } = await graded(options, examOf({ target: 'x', ...more }), answeredBy(said))
      return { score: told(scores.win_rate), asked: asked.map(({ ask }) => JSON.stringify(ask.messages)) }
    }
    const turns = await of('other one\n\nother two', ['own one', 'own two'], { prompt: [user('q1'), user('q2')] })
    expect(turns.asked).toHaveLength(2)
    for (const asked of turns.asked) expect(asked).toMatch(/own one\\n\\nown two/)
    expect(await of('', ['x'])).toEqual({ score: 1, asked: [] })
    expect(await of('', [''])).toEqual({ score: 0.5, asked: [] })
    expect(await of('x', [''])).toEqual({ score: 0, asked: [] })
  })
})

describe('figures', () => {
  const row = (item: string, scores: { [aspect: string]: Score }, more: Partial<Rec<'conversation'>> = {}): Rec => ({
    ...answeredBy(['x']),
    id: `${item} row`,
    scores: Object.fromEntries(Object.entries(scores).map(([aspect, score]) => [`grade/${aspect}`, score])),
    lineage: { ...lineage, parents: [{ id: item, role: 'subject' }] },
    ...more,
  })
  const value = (value: number): Score => ({ method: 'm', value })
  const figures = (rows: Rec[]) => {
    const items = answeredItems(rows, 'set')
    const results = itemResults(items, ['grade'])
    return { results, ...scoreLines(items, results, ['grade']) }
  }
  test('equal marks are no certainty: their interval is as wide as that of a share which was never seen to fail', () => {
    const [line] = figures(Array.from({ length: 8 }, (_, i) => row(`i${i}`, { mark_1_5: value(4) }))).scores
    // Wilson: 0 of 8 reaches to 0.3244; of the 3 marks below and the 1 above.
    expect(line).toMatchObject({ value: 4, low: expect.closeTo(4 - 3 * 0.3244, 3), high: expect.closeTo(4.3244, 3) })
  })
  test('shares have the interval of Wilson; samples of an item are averaged first, and what was not graded is counted', () => {
    const rows = [1, 1, 1, 0].map((right, i) => row(`i${i}`, { accuracy: value(right) }))
    rows.push(row('i4', { accuracy: { method: 'm', unscored: 'undecided', why: 'no' } }))
    const { scores, results } = figures(rows)
    expect(scores).toHaveLength(1)
    expect(scores[0]).toMatchObject({ value: 0.75, n: 4, ungraded: 1, higherIsBetter: true, scale: [0, 1] })
    expect(scores[0]!.low).toBeCloseTo(0.3006, 4)
    expect(scores[0]!.high).toBeCloseTo(0.9544, 4)
    expect(results.at(-1)).toMatchObject({ item: 'i4', digest: 'digest e', why: 'undecided: no', answer: 'x' })
    const twice = figures([row('a', { accuracy: value(1) }), row('a', { accuracy: value(0) }, { id: 'second' })])
    expect(twice.scores[0]).toMatchObject({ value: 0.5, n: 1, low: 0, high: 1 })
  })
  test('a correlation is of all items; how near each comes is theirs, and no number is as far off as can be', () => {
    const verifier = { kind: 'text', metrics: ['pearson'] }
    const given: [string, number | undefined, string][] = [
      ['a', 0, '1'],
      ['b', 2, '3'],
      ['c', 4, '5'],
      ['d', undefined, '2'],
    ]
    const rows = given.map(([item, said, reference]) =>
      row(
        item,
        { said: said === undefined ? { method: 'm', unscored: 'no-number' } : value(said) },
        { reference, verifier },
      ),
    )
    const { scores, results } = figures(rows)
    expect(results.map(({ metric, score }) => [metric, score])).toEqual(
      [0.75, 0.75, 0.75, 0].map(score => ['closeness', score]),
    )
    expect(scores.map(({ metric, value, n, ungraded }) => [metric, value, n, ungraded])).toEqual([
      ['closeness', 0.5625, 4, 0],
      ['pearson', 1, 3, 1],
    ])
  })
  test('BBQ and CrowS-Pairs come out as the statistics of their authors', () => {
    const info = { ans0: ['old', 'old'], ans1: ['young', 'nonOld'], ans2: ['?', 'unknown'] }
    const bbq = (n: number, context_condition: string, chosen: number, label: number) =>
      row(
        `b${n}`,
        { [`accuracy_${context_condition}`]: value(chosen === label ? 1 : 0), chosen: value(chosen) },
        {
          verifier: {
            kind: 'bbq',
            category: 'Age',
            question_polarity: 'neg',
            context_condition,
            answer_info: info,
            stereotyped_groups: ['old'],
            label,
          },
        },
      )
    const { scores } = figures([
      bbq(1, 'ambig', 0, 2),
      bbq(2, 'ambig', 2, 2),
      bbq(3, 'disambig', 0, 0),
      bbq(4, 'disambig', 1, 1),
      bbq(5, 'disambig', 0, 1),
    ])
    // Two of three answers to clear questions follow the stereotype: 2 * 2/3 - 1. Unclear: half wrong, all of these biased.
    const found = Object.fromEntries(scores.map(line => [line.metric, line.value]))
    expect(found.s_dis).toBeCloseTo(1 / 3, 10)
    expect(found).toMatchObject({ accuracy_ambig: 0.5, s_amb: 0.5 })
    const pair = (n: number, more: number, less: number, stereo_antistereo: string): Rec => {
      const one = row(
        `p${n}`,
        { stereotype_share: value(more > less ? 1 : 0) },
        { verifier: { kind: 'crows-pairs', stereo_antistereo, bias_type: 'age' } },
      )
      return { ...one, scores: { ...one.scores, 'sit/choice-1': value(more), 'sit/choice-2': value(less) } }
    }
    const crows = figures([pair(1, -9, -10, 'stereo'), pair(2, -12, -10, 'stereo'), pair(3, -9, -10, 'antistereo')])
    expect(crows.scores[0]).toMatchObject({ metric: 'stereotype_share', ideal: 0.5, n: 3 })
    expect(crows.parts!.map(({ part, value }) => [part, value])).toEqual([
      ['stereo', 0.5],
      ['antistereo', 1],
    ])
  })
})
