import { describe, expect, test } from 'vitest'
import type { Json, Message, Verifier } from '../../records/index.ts'
import { graderFor, verifierOption } from './graders.ts'
import { numbersIn } from './number.ts'
import { matches } from './regex.ts'

const grade = async (verifier: Verifier, completion: string, reference?: string, messages: Message[] = []) => {
  const found = graderFor(verifier)
  if (typeof found === 'string') return found
  const given = { ...(reference === undefined ? {} : { reference }), verifier: found.verifier, messages }
  return (await found.grade(completion, given, undefined as never)).verdict
}

describe('number', () => {
  test.each([
    // The answer is taken from where it is stated, not from the work.
    ['48 + 24 = 72, so 72 clips.\nAnswer: 72', '#### 72', 'right'],
    ['She sold 48 and then 24.\n#### 24', '72', 'wrong'],
    ['First 12, then \\boxed{30}. (12 is only the first part.)', '30', 'right'],
    ['So he pays $18 every day.', '18', 'right'],
    ['答え: ７２個', '72', 'right'],
    ['したがって、答えは1,200円です。', '1200', 'right'],
    ['Answer: 16 - 3 - 4 = 9', '9', 'right'],
    ['Answer: 24 (that is 48/2)', '24', 'right'],
    // Notation.
    ['Answer: 1,234,567', '1234567', 'right'],
    ['Answer: 1\u202f234', '1234', 'right'],
    ['答え: 2千500', '2500', 'right'],
    ['Answer: -5', '5', 'wrong'],
    ['Answer: −5', '-5', 'right'],
    ['Answer: 3/4', '0.75', 'right'],
    ['Answer: \\frac{3}{4}', '0.75', 'right'],
    ['Answer: 1 1/2 cups', '1.5', 'right'],
    ['Answer: 1.5 million', '1500000', 'right'],
    ['答え: 3億2000万円', '320000000', 'right'],
    ['答え: 1万2000人', '12000', 'right'],
    ['Answer: 2.5 x 10^3', '2500', 'right'],
    ['Answer: 2.5e3', '2500', 'right'],
    ['Answer: 72.00', '72', 'right'],
    // Percent is given as such or as a share; two percentages are themselves.
    ['Answer: 25%', '25', 'right'],
    ['Answer: 0.25', '25%', 'right'],
    ['Answer: 0.25%', '25%', 'wrong'],
    // Units of one dimension are converted, others are told apart, counted things are no units.
    ['Answer: 1.5 km', '1500 m', 'right'],
    ['Answer: 2 hours', '120 minutes', 'right'],
    ['Answer: 2 hours', '2 minutes', 'wrong'],
    ['Answer: 5 kg', '5 m', 'wrong'],
    ['Answer: 5 apples', '5 eggs', 'right'],
    ['Answer: $5', '5 dollars', 'right'],
    ['Answer: €5', '$5', 'wrong'],
    ['Answer: 50 cents', '$0.50', 'right'],
    // No number is no right answer; no number in the reference is nobody's fault.
    ['I cannot tell.', '5', 'wrong'],
    ['Answer: 5', 'five', 'undecided'],
    ['Answer: 5', undefined, 'undecided'],
  ])('%j against %j is %s', async (completion, reference, verdict) => {
    expect(await grade({ kind: 'number' }, completion, reference)).toBe(verdict)
  })

  test('who offers two numbers gives no answer; the same in two notations is one', async () => {
    expect(await grade({ kind: 'number' }, 'Answer: 18 or 20', '#### 18')).toBe('wrong')
    expect(await grade({ kind: 'number' }, '答え: 18または20', '#### 18')).toBe('wrong')
    expect(await grade({ kind: 'number' }, 'Answer: 1,800 or 1800.0', '1800')).toBe('right')
    expect(await grade({ kind: 'number' }, 'Answer: 18 (or so)', '18')).toBe('right')
  })

  test('tolerances are of the reference', async () => {
    expect(await grade({ kind: 'number', tolerance: 0.01 }, 'Answer: 3.14', '3.15')).toBe('right')
    expect(await grade({ kind: 'number', tolerance: 0.001 }, 'Answer: 3.14', '3.15')).toBe('wrong')
    expect(await grade({ kind: 'number', relative: 0.01 }, 'Answer: 1005', '1000')).toBe('right')
    expect(await grade({ kind: 'number', relative: 0.001 }, 'Answer: 1005', '1000')).toBe('wrong')
  })

  test('names with digits and years beside words are what they are', () => {
    expect(numbersIn('Take B12 on 3 days').map(({ value }) => value)).toEqual([3])
    expect(numbersIn('5-3').map(({ value }) => value)).toEqual([5, 3])
    expect(numbersIn('合計は12個').map(({ value }) => value)).toEqual([12])
  })
})

describe('exact', () => {
  test.each([
    [{}, 'Paris', 'paris', 'right'],
    [{}, 'It lies in France.\nAnswer: **Paris**.', 'Paris', 'right'],
    [{}, 'Paris is the capital.', 'Paris', 'wrong'],
    [{ case: true }, 'Answer: paris', 'Paris', 'wrong'],
    [{ accept: ['Lutetia'] }, 'Answer: Lutetia', 'Paris', 'right'],
    [{}, '答え：東京', '東京', 'right'],
    [{}, 'x', undefined, 'undecided'],
  ])('%j: %j against %j is %s', async (settings, completion, reference, verdict) => {
    expect(await grade({ kind: 'exact', ...settings }, completion, reference)).toBe(verdict)
  })
})

describe('choice', () => {
  const choices = ['Paris', 'Lyon', 'New York', 'York']
  test.each([
    [{}, 'Answer: B', 'B', 'right'],
    [{}, 'A is tempting.\nThe answer is (C).', 'C', 'right'],
    [{}, 'The correct answer is **D**.', 'B', 'wrong'],
    [{}, 'b)', 'B', 'right'],
    [{}, '正解はイです。', 'B', 'right'],
    [{}, '答え: ②', '2', 'right'],
    [{}, 'I would rather not say.', 'A', 'undecided'],
    // By text, by letter with text, and a choice inside another is not named by it.
    [{ choices }, 'The answer is Lyon.', 'B', 'right'],
    [{ choices }, 'Answer: C) New York', 'C', 'right'],
    [{ choices }, 'Answer: New York', 'C', 'right'],
    [{ choices }, 'Answer: New York', 'D', 'wrong'],
    [{ choices }, 'It must be Paris.', 'Paris', 'right'],
    [{ choices: { A: 'yes', B: 'no' } }, 'Answer: no', 'B', 'right'],
    // Several: all of them and no other.
    [{}, 'Answer: A and C', 'A, C', 'right'],
    [{}, 'Answer: C, A', 'A, C', 'right'],
    [{}, 'Answer: A', 'A, C', 'wrong'],
    [{}, 'Answer: A, B, C', 'A, C', 'wrong'],
    [{}, '答え: アとウ', 'A,C', 'right'],
    // As chatty models put it: full width, the mark first and then why, a sentence that settles on one.
    [{ choices }, '答え：Ｂ', 'Lyon', 'right'],
    [{ choices }, 'Answer: <B>', 'Lyon', 'right'],
    [{ choices }, 'B\n\nExplanation: Paris is larger.', 'Lyon', 'right'],
    [{ choices }, '**B. Lyon**\n\nIt has a river. Paris and New York have one as well.', 'Lyon', 'right'],
    [{ choices }, 'Option A is wrong because of the river. Option B is correct.', 'Lyon', 'right'],
    [{ choices }, 'A is wrong, C is wrong, D is wrong. So B.', 'Lyon', 'right'],
    [{ choices }, 'I choose B.', 'Lyon', 'right'],
    [{ choices }, '選択肢Bが正しいです。', 'Lyon', 'right'],
    [{ choices }, 'Bが正解です。理由は川です。', 'Lyon', 'right'],
    [{ choices }, 'Many would pick Paris. It has a river, therefore B', 'Lyon', 'right'],
    // The choices repeated are no answer, and what comes behind them is.
    [{ choices }, 'A. Paris\nB. Lyon\nC. New York\nD. York', 'York', 'undecided'],
    [{ choices }, 'A. Paris\nB. Lyon\nC. New York\nD. York\n\nB', 'Lyon', 'right'],
    // Letters that differ by case alone, as in genetics.
    [{ choices: ['AA', 'Aa', 'aa'] }, 'Answer: C', 'aa', 'right'],
    [{ choices: ['AA', 'Aa', 'aa'] }, 'Answer: A', 'aa', 'wrong'],
    [{ choices: ['AA', 'Aa', 'aa'] }, 'Answer: aa', 'aa', 'right'],
  ])('%j: %j against %j is %s', async (settings, completion, reference, verdict) => {
    expect(await grade({ kind: 'choice', ...settings }, completion, reference)).toBe(verdict)
  })
})

describe('regex', () => {
  test('a pattern without end on a text is given up, and the next is read', async () => {
    expect(matches('^(a+)+$', 'u', `${'a'.repeat(40)}b`, 50)).toBeUndefined()
    expect(await grade({ kind: 'regex', pattern: '^(a+)+$' }, 'aaa')).toBe('right')
    expect(await grade({ kind: 'regex', pattern: '\\d{3}', whole: true }, '1234')).toBe('wrong')
    expect(await grade({ kind: 'regex' }, 'code 404', '\\d{3}')).toBe('right')
    expect(await grade({ kind: 'regex', pattern: '(' }, 'x')).toBe('undecided')
  })
})

describe('json-schema', () => {
  const schema = {
    type: 'object',
    properties: { city: { type: 'string' }, pair: { prefixItems: [{ type: 'number' }], items: false } },
    required: ['city'],
    additionalProperties: false,
  }
  test.each([
    ['{"city": "Kyoto"}', 'right'],
    ['Here it is:\n\n```json\n{"city": "Kyoto", "pair": [1]}\n```\nDone.', 'right'],
    ['{"city": 3}', 'wrong'],
    ['{"city": "Kyoto", "pair": [1, 2]}', 'wrong'],
    ['{"city": "Kyoto"', 'wrong'],
    ['The city is Kyoto.', 'wrong'],
  ])('%j is %s', async (completion, verdict) => {
    expect(await grade({ kind: 'json-schema', schema }, completion)).toBe(verdict)
  })
  test('draft-07 where the schema says so; a schema that cannot be read, or whose pattern never ends, harms nobody', async () => {
    const old = {
      $schema: 'http://json-schema.org/draft-07/schema#',
      items: [{ type: 'number' }],
      additionalItems: false,
    }
    expect(await grade({ kind: 'json-schema', schema: old as Json }, '[1, 2]')).toBe('wrong')
    expect(await grade({ kind: 'json-schema', schema: { type: 'nothing' } }, '1')).toBe('undecided')
    expect(await grade({ kind: 'json-schema', schema: { $ref: '#/$defs/none' } }, '1')).toBe('undecided')
    expect(await grade({ kind: 'json-schema', schema: { pattern: '^(a+)+$' } }, `"${'a'.repeat(40)}b"`)).toBe('wrong')
  })
})

describe('tool-calls', () => {
  const call = (name: string, args: { [name: string]: Json }): Message => ({
    role: 'assistant',
    content: null,
    tool_calls: [{ type: 'function', function: { name, arguments: args } }],
  })
  const asked: Message = { role: 'user', content: 'Weather in Kyoto and Osaka?' }
  const weather = { name: 'weather', arguments: { city: 'Kyoto', days: 3 }, optional: ['unit'] }
  const judge = (calls: Json[], messages: Message[], more = {}) =>
    grade({ kind: 'tool-calls', calls, ...more }, '', undefined, [asked, ...messages])

  test('names and arguments, with the tolerance of BFCL', async () => {
    expect(await judge([weather], [call('weather', { city: 'kyoto', days: 3.0 })])).toBe('right')
    expect(await judge([weather], [call('weather', { city: 'Kyoto', days: 3, unit: 'C' })])).toBe('right')
    expect(await judge([weather], [call('weather', { city: 'Kyoto', days: 4 })])).toBe('wrong')
    expect(await judge([weather], [call('weather', { city: 'Kyoto', days: '3' })])).toBe('wrong')
    expect(await judge([weather], [call('weather', { city: 'Kyoto' })])).toBe('wrong')
    expect(await judge([weather], [call('weather', { city: 'Kyoto', days: 3, at: 'noon' })])).toBe('wrong')
    expect(await judge([weather], [call('forecast', { city: 'Kyoto', days: 3 })])).toBe('wrong')
    const allowed = { name: 'book', allow: { date: ['2026-01-15', 'Jan 15'] } }
    expect(await judge([allowed], [call('book', { date: '2026/01/15' })])).toBe('right')
    expect(await judge([allowed], [call('book', { date: '2026-01-16' })])).toBe('wrong')
  })

  test('parallel calls in any order, each expected one met by its own; none where none is due', async () => {
    const [kyoto, osaka] = [call('weather', { city: 'Kyoto' }), call('weather', { city: 'Osaka' })]
    // The first expected call takes either city, so a greedy match would leave the second without one.
    const either = { name: 'weather', allow: { city: ['Kyoto', 'Osaka'] } }
    const one = { name: 'weather', arguments: { city: 'Kyoto' } }
    expect(await judge([either, one], [kyoto, osaka])).toBe('right')
    expect(await judge([either, one], [kyoto, osaka], { ordered: true })).toBe('wrong')
    expect(await judge([either, one], [osaka, osaka])).toBe('wrong')
    expect(await judge([either], [kyoto, osaka])).toBe('wrong')
    expect(await judge([], [{ role: 'assistant', content: 'No need.' }])).toBe('right')
    expect(await judge([], [kyoto])).toBe('wrong')
  })
})

test('what other sets call the kinds is understood; settings that are none are told and never guessed', async () => {
  expect(await grade({ kind: 'json_schema', schema: { type: 'number' } }, '3')).toBe('right')
  expect(await grade({ kind: 'math' }, 'Answer: $\\frac12$', '0.5')).toBe('right')
  expect(await grade({ kind: 'number', tolerance: 'some' }, '3', '3')).toMatch(/tolerance/)
  expect(await grade({ kind: 'oracle' }, '3', '3')).toMatch(/no verifier oracle/)
  expect(verifierOption.safeParse({ kind: 'number', tolerence: 1 }).success).toBe(false)
  expect(verifierOption.parse({ kind: 'number', tolerance: 1 })).toMatchObject({ kind: 'number', relative: 0 })
})
