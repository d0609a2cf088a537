import { expect, test } from 'vitest'
import { driveGlobal } from '../../../test/support/drive-global.ts'
import type { Facets, Rec } from '../../records/index.ts'
import type { GlobalStep } from '../../steps/index.ts'
import { preferenceBias } from './preference-bias.ts'
import { seenIn } from './traits.ts'

const pair = (chosen: string, rejected: string, facets: Facets = {}, scores: Rec['scores'] = {}) =>
  ({
    kind: 'preference',
    id: `${chosen}|${rejected}`,
    prompt: [{ role: 'user', content: 'Hi?' }],
    chosen: [{ role: 'assistant', content: chosen }],
    rejected: [{ role: 'assistant', content: rejected }],
    facets: { chosenTokens: chosen.length, rejectedTokens: rejected.length, ...facets },
    scores,
  }) as unknown as Rec<'preference'>

const value = (value: number) => ({ method: 'm', value })

test('refusals, lists, markdown, code and questions are seen on the side that has them, English and Japanese', () => {
  const of = (chosen: string, rejected: string) =>
    Object.entries(seenIn(pair(chosen, rejected), {}).traits).flatMap(([trait, side]) =>
      side === 'none' ? [] : [`${trait} ${side}`],
    )
  expect(of("I'm sorry, but I can't help with that.", 'Turn it off.')).toEqual(['refusal chosen'])
  expect(of('切れば直ります。', '申し訳ありませんが、その質問にはお答えできません。')).toEqual(['refusal rejected'])
  expect(of('1. Off\n2. On', '・切る\n・入れる')).toEqual(['list both'])
  expect(of('Use **care** and - maybe - luck.', '# Steps\nOff.')).toEqual(['markdown both'])
  expect(of('2 ** 3 ** 2 is 512.', '```\noff()\n```')).toEqual(['code rejected'])
  expect(of('Which one do you mean?', 'どれのことですか？')).toEqual(['question both'])
})

test('margin, agreement of both orders, and family come from what earlier steps stored', () => {
  const scores = { 'rank/margin': value(2), 'rank/order-agreement': value(0.8), 'other/margin': value(9) }
  expect(seenIn(pair('a', 'b', { ownFamily: 'chosen' }, scores), {})).toMatchObject({
    ...{ margin: 2, orders: 0.8, ownFamily: 'chosen' },
  })
  expect(seenIn(pair('a', 'b', {}, scores), { margin: 'other/margin' }).margin).toBe(9)
  const none = seenIn(pair('a', 'b', {}, { 'rank/order-agreement': { method: 'm', unscored: 'unparseable' } }), {})
  expect([none.orders, none.margin, none.ownFamily]).toEqual([undefined, undefined, undefined])
})

test('the report is the same however the corpus is cut, and says what could not be measured', () => {
  const [, look] = preferenceBias.expand({}, 'preference-bias')
  const pairs = [
    pair('longer', 'no', {}, { 'rank/margin': value(3) }),
    pair('ab', 'abc'),
    pair('four', 'two'),
    pair('x', 'y'),
  ]
  const whole = driveGlobal(look!.step as GlobalStep, [pairs], {}).notes
  expect(whole.slice(0, 3)).toEqual([
    'length: the chosen answer is the longer one in 66.7 % (20.8 % to 93.9 %) of 3 pairs of unequal length',
    'length: chosen less rejected is +1.0 tokens on average (-1.1 to +3.1)',
    'length: no margin is known that it could go with',
  ])
  expect(whole).toContain('position: no pair was compared in both orders')
  expect(driveGlobal(look!.step as GlobalStep, [pairs.slice(0, 1), pairs.slice(1)], {}).notes).toEqual(whole)
  expect(driveGlobal(look!.step as GlobalStep, [[]], {}).notes).toEqual([])
})
