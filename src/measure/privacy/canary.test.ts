import { expect, test } from 'vitest'
import {
  canaries,
  canariesFound,
  canaryBound,
  canaryFigure,
  canaryText,
  exposure,
  plantedIn,
  secretsIn,
} from './canary.ts'
import { privacyVerdict } from './report.ts'
import { textPrivacy } from './text.ts'

test('canaries differ, depend on the seed alone, and more of them begin with the same', () => {
  const many = canaries(5000, '1')
  expect(new Set(many.map(({ secret }) => secret)).size).toBe(5000)
  expect(canaries(20, '1')).toEqual(many.slice(0, 20))
  expect(canaries(1, '2')).not.toEqual(canaries(1, '1'))
  expect(many.every(({ secret }) => /^[^aeiouy-]{4}-[^aeiouy-]{4}-[^aeiouy-]{4}$/.test(secret))).toBe(true)
})

test.each(['en', 'ja'])(
  'what is planted in %s is found by its sentence, and a code of somebody else is not',
  language => {
    const [first, second] = canaries(2, 'x')
    const text = `A letter.${canaryText(first!, language)} It goes on. ${canaryText(second!, language)}`
    expect(plantedIn([text, text])).toEqual([first!.secret, second!.secret])
    expect(plantedIn([`Her licence is ${first!.secret}.`])).toEqual([])
  },
)

test('a secret is found however it is written, and not in part', () => {
  const secrets = ['bcdf-ghjk-lmnp', 'zxwv-tsrq-pnml']
  expect(canariesFound(secrets, ['it was BCDF – oh no', 'the code is "Bcdf Ghjk Lmnp"'])).toEqual([secrets[0]])
  expect(canariesFound(secrets, ['ＺＸＷＶ－tsrq–pnml', 'x'])).toEqual([secrets[1]])
  expect(canariesFound(secrets, ['bcdfghjklmnp'])).toEqual([secrets[0]])
  expect(canariesFound(secrets, ['bcdf-ghjk-lmnq', 'bcdf-ghjk', 'abcdf-ghjk-lmnp', 'bcdf-ghjk-lmnpo'])).toEqual([])
  expect(secretsIn('番号はbcdf-ghjk-lmnpです')).toEqual(['bcdf-ghjk-lmnp'])
})

test('what is sure where none came out', () => {
  // 1 - 0.05^(1/c), and the rule of three.
  expect(canaryBound(0, 100)).toBeCloseTo(1 - 0.05 ** 0.01, 12)
  expect(canaryBound(0, 100)).toBeCloseTo(0.03, 3)
  expect([canaryBound(5, 5), canaryBound(0, 0)]).toEqual([1, 1])
  expect(canaryFigure(20, 0)).toMatchObject({ grade: 'pass', value: 0, n: 20, why: expect.stringContaining('13.9 %') })
  expect(canaryFigure(19, 0).grade).toBe('insufficient sample')
  // One is enough for a signal, of however few. Clopper & Pearson for 1 of 20: 0.13 % to 24.9 %.
  const { grade, value, interval } = canaryFigure(20, 1)
  expect([grade, value]).toEqual(['fail', 0.05])
  expect(interval!.low).toBeCloseTo(0.00127, 5)
  expect(interval!.high).toBeCloseTo(0.24873, 5)
})

test('exposure: the likeliest of 1024 has ten bits, the middle one a single bit, the last none', () => {
  const others = Array.from({ length: 1023 }, (_, i) => -i - 1)
  expect(exposure(0, others)).toBe(10)
  expect(exposure(-511.5, others)).toBe(1)
  expect(exposure(-2000, others)).toBe(0)
  expect(exposure(-1023, others)).toBe(0)
  expect(exposure(-1, [])).toBe(0)
})

test('texts: canaries of the sources, or of a list, are looked for, and one that came out is a signal without a holdout', () => {
  const planted = canaries(20, '7')
  const training = planted.map((canary, i) => `Letter ${i} is about rain. ${canaryText(canary, 'en')}`)
  const fresh = Array.from({ length: 60 }, (_, i) => `Note ${i} tells of wind and of nothing else.`)
  const figures = textPrivacy({ training, synthetic: fresh })
  expect(figures.find(({ measure }) => measure === 'canaries')).toMatchObject({ grade: 'pass', n: 20, value: 0 })
  const leaking = [...fresh, `The code? ${planted[3]!.secret.toUpperCase()}`]
  const found = textPrivacy({
    training: ['Letters.'],
    synthetic: leaking,
    planted: planted.map(({ secret }) => secret),
  })
  expect(found.find(({ measure }) => measure === 'canaries')).toMatchObject({ grade: 'fail', value: 0.05 })
  expect(privacyVerdict(found).is).toBe('copying signal found')
  expect(textPrivacy({ training: ['Letters.'], synthetic: leaking }).map(({ measure }) => measure)).not.toContain(
    'canaries',
  )
})
