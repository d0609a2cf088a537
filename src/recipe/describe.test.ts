import { expect, test } from 'vitest'
import { language } from '../../test/support/recipe-words.ts'
import { describeVerb, recipeJsonSchema } from './describe.ts'
import { withoutPercents } from './steps.ts'
import { didYouMean, editDistance, nearest } from './suggest.ts'

const word = (verb: string) => language.verbs.find(known => known.verb === verb)!

test('a verb is described by what it declares', () => {
  expect(describeVerb(word('ask'))).toEqual({
    verb: 'ask',
    about: 'Writes questions.',
    takes: ['document'],
    gives: ['prompt'],
    reasons: [],
    options: [
      { name: 'teacher', type: 'text', required: true, about: 'Teacher that writes' },
      {
        name: 'questions',
        type: 'whole number from 1 to 50',
        required: false,
        default: 10,
        about: 'Questions a document',
      },
      { name: 'like', type: 'text', required: false, about: '' },
      { name: 'prompt', type: 'text', required: false, about: '' },
    ],
  })
  expect(describeVerb(word('clean')).options[1]!.type).toBe('text | list of text')
  expect(describeVerb(word('judge'))).not.toHaveProperty('gives')
})

test('the editor schema knows every verb with its options, the common keys and percentages', () => {
  // biome-ignore lint/suspicious/noExplicitAny: a JSON tree
  const schema = recipeJsonSchema(language) as any
  expect(schema).toMatchObject({ type: 'object', additionalProperties: false, required: ['name', 'steps'] })
  expect(schema.properties.use).toMatchObject({ enum: ['fine-tuning', 'eval-set', 'edge-cases', 'privacy'] })
  const [bare, ...steps] = schema.properties.steps.items.oneOf
  expect(bare.enum).toEqual(language.verbs.map(({ verb }) => verb))
  const dedupe = steps.find((step: { properties: object }) => 'dedupe' in step.properties)
  const [body, nothing] = dedupe.properties.dedupe.anyOf
  expect(dedupe.description).toBe('Drops copies.')
  expect(nothing).toEqual({ type: 'null' })
  expect(body).toMatchObject({ additionalProperties: false, properties: { as: { type: 'string' }, from: {} } })
  expect(body.properties.near).toEqual({
    default: 1,
    anyOf: [
      { type: 'number', minimum: 0, maximum: 1 },
      { type: 'string', pattern: '^\\d+(\\.\\d+)?%$' },
    ],
  })
  expect(steps.at(-1)).toMatchObject({ required: ['use'] })
})

test('percentages become exact shares, anywhere in options and nowhere else', () => {
  const raw = {
    drop: '30%',
    mix: { easy: ['12.5%', '7%'] },
    text: '50% of them',
    sign: '%',
    less: '-5%',
    n: 3,
    none: null,
  }
  expect(withoutPercents(raw)).toEqual({ ...raw, drop: 0.3, mix: { easy: [0.125, 0.07] } })
  for (let percent = 0; percent < 100; percent++) {
    expect(withoutPercents(`${percent}.5%`)).toBe(Number(`0.${String(percent).padStart(2, '0')}5`))
  }
})

test('suggestions: swapped letters are one edit, and nothing is suggested from afar', () => {
  expect(editDistance('dedupe', 'dedupe')).toBe(0)
  expect(editDistance('jugde', 'judge')).toBe(1)
  expect(editDistance('kitten', 'sitting')).toBe(3)
  expect(editDistance('', 'abc')).toBe(3)
  expect(nearest('Teachr', ['judge', 'teacher'])).toBe('teacher')
  expect(nearest('as', ['zz', 'is'])).toBe('is')
  expect(nearest('frobnicate', ['clean', 'words'])).toBeUndefined()
  expect(didYouMean('frobnicate', ['clean', 'words'])).toBe('known: clean, words')
})
