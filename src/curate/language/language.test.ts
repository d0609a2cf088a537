import { expect, test } from 'vitest'
import { conversation, document } from '../../../test/support/curate-records.ts'
import type { Rec } from '../../records/index.ts'
import type { Ctx, Outcome } from '../../steps/index.ts'
import { identify, keepLanguages, language } from './language.ts'

const run = async (record: Rec, of = 'all') => {
  const outcome: Outcome = await identify.run(record as never, { options: { of } } as Ctx<never>)
  return outcome.is === 'passed' ? [outcome.notes?.language, outcome.notes?.scores?.confidence] : outcome
}
const english =
  'The still heats the wash, and what evaporates first is led to the condenser, where it is cooled by water.'
const german =
  'Die Blase erhitzt die Maische, und was zuerst verdampft, wird in den Kühler geleitet und dort abgekühlt.'
const japanese = '蒸留器で液体を温め、先に蒸発したものを冷却器に導いて水で冷やします。'

test('language and confidence are noted, and a short or mixed text is named as not told', async () => {
  expect(await run(document('d', english))).toMatchObject(['en', { value: expect.any(Number) }])
  expect(
    await run(document('d', `# 手順\n\n${japanese}\n\n\`\`\`sh\nmake all the things that are to be made\n\`\`\``)),
  ).toMatchObject(['ja', {}])
  for (const text of [
    '',
    'OK',
    '42',
    'Yes, sure.',
    `${english} ${english} ${english} `.repeat(4) + `${german} `.repeat(12),
  ])
    expect(await run(document('d', text))).toMatchObject([undefined, { unscored: 'abstained' }])
})

test('the part that is asked for is read', async () => {
  const record = conversation('c', german, japanese)
  expect((await run(record, 'prompt')) as unknown[]).toMatchObject(['de', {}])
  expect((await run(record, 'completion')) as unknown[]).toMatchObject(['ja', {}])
})

test('languages by name, confidence by a cut of its own', () => {
  const steps = language.expand(
    language.options.parse({ keep: ['en', 'ja'], confidence: 0.8, abstained: 'keep' }),
    'language',
  )
  expect(steps.map(({ as, step, options }) => [as, step.verb, options])).toEqual([
    ['identify', 'identify-language', { of: 'all' }],
    ['keep', 'keep-languages', { languages: ['en', 'ja'], by: 'language/confidence' }],
    ['cut', 'cut-below', { by: 'language/confidence', below: 0.8, unscored: 'keep' }],
  ])
  const options = { languages: ['en'], by: 'language/confidence' }
  const of = (language: string | undefined, score: object) =>
    keepLanguages.test(
      document('d', '', { language, scores: { 'language/confidence': { method: 'm', ...score } as never } }),
      options,
    )
  expect(of('en', { value: 0.9 }).is).toBe('passed')
  expect(of('de', { value: 0.9 })).toMatchObject({ reason: 'other-language', evidence: { language: 'de' } })
  // A language that the source declared is not judged by a step that could not tell.
  expect(of('de', { unscored: 'abstained' }).is).toBe('passed')
})

test('a text of any length is read in pieces', async () => {
  expect(await run(document('d', `${english}\n\n`.repeat(4000)))).toMatchObject(['en', {}])
  expect(await run(document('d', 'a'.repeat(400_000)))).toMatchObject([undefined, { unscored: 'abstained' }])
})
