import { describe, expect, test } from 'vitest'
import { z } from 'zod'
import { profiles } from '../../src/curate/index.ts'
import { funnelErrors } from '../../src/run/index.ts'
import { defineMap } from '../../src/steps/index.ts'
import { folder, type Ran, runIn } from '../support/project.ts'

type Form = 'document' | 'conversation'

/** Every verb of the room, each on a branch of its own, so that none is spared what another one drops. */
function branches(form: Form): object[] {
  const vectors = { from: 'vectors', vectors: 'vectors' }
  const against = ['tests.jsonl']
  return [
    ...profiles.map(({ name }) => ({ rules: { as: `rules-${name}`, from: 'rows', profiles: name } })),
    { clean: { from: 'rows' } },
    { language: { from: 'rows', keep: ['en'] } },
    { 'personal-data': { from: 'rows' } },
    { dedupe: { from: 'rows', as: 'exact', near: false } },
    { dedupe: { from: 'rows', as: 'near', exact: false } },
    { 'dedupe-substring': { from: 'rows', tokens: 5 } },
    { decontaminate: { from: 'rows', against } },
    ...['cosmopedia', 'tulu', 'gpt3', 'decon-like'].map(profile => ({
      decontaminate: { from: 'rows', as: profile, against, profile },
    })),
    { vectors: { from: 'rows' } },
    { dedupe: { ...vectors, as: 'semantic', exact: false, near: false, semantic: 0.95 } },
    { topics: vectors },
    { balance: { from: 'topics', as: 'even', facet: 'topic' } },
    { select: { from: 'topics', as: 'uniform', method: 'uniform-topics', size: 3 } },
    { select: { ...vectors, as: 'diverse', method: 'diverse', size: 3 } },
    { select: { ...vectors, as: 'k-center', method: 'k-center', size: 3 } },
    { classifier: { from: 'rows', teacher: 'judge', labels: 300 } },
    { select: { from: 'classifier', as: 'top', by: 'classifier/score', size: 3 } },
    { balance: { from: 'rows', by: 'length', bounds: [5, 50] } },
    { resample: { from: 'rows', like: 'real', share: 0.5 } },
    { holdout: { from: 'rows', share: 0.5 } },
    { split: { from: 'rows', into: { train: 0.5, test: 0.5 } } },
    { balance: { from: 'split', as: 'each', facet: 'root' } },
    { length: { from: 'rows', max: 100 } },
    { mix: { from: 'rows', with: 'real', real: 0.5 } },
    { review: { from: 'rows', reviews: 'reviews.jsonl' } },
    ...(form === 'document'
      ? [
          { dedupe: { from: 'rows', as: 'paragraphs', exact: false, near: false, paragraphs: { own: 0.5 } } },
          { dedupe: { from: 'rows', as: 'lines', exact: false, near: false, lines: { own: 0.5 } } },
          { extract: { from: 'rows', keep: 0.5 } },
        ]
      : [{ judge: { from: 'rows', teacher: 'judge', drop: 0.5 } }]),
    { sample: { from: 'rows', n: 3 } },
  ]
}

function row(form: Form, text: string): string {
  const messages = [
    { role: 'user', content: text },
    { role: 'assistant', content: text },
  ]
  return JSON.stringify(form === 'document' ? { text } : { messages })
}

/** Rows that were let in by `first`, through every verb. */
async function through(form: Form, texts: string[], first: object = { length: { min: 0 } }, more: object = {}) {
  const real = Array.from({ length: 5 }, (_, i) => row(form, `My still number ${i} drips at the joint, why?`))
  const asked = 'What is the use of the third part of a still in practice, and who cleans it at last?'
  const files = {
    'rows.jsonl': texts.map(text => row(form, text)).join('\n'),
    'real.jsonl': real.join('\n'),
    'tests.jsonl': JSON.stringify({ prompt: asked }),
    'reviews.jsonl': JSON.stringify({ review: 'none', digest: 'none', verdict: 'accept', by: 'me' }),
  }
  const source = { license: 'CC0-1.0', kind: form }
  const [[verb, options]] = Object.entries(first) as [[string, object]]
  const recipe = {
    name: 'edges',
    teachers: { judge: { model: 'builtin/heuristic' } },
    sources: { given: { ...source, files: 'rows.jsonl' }, real: { ...source, files: 'real.jsonl' } },
    steps: [{ [verb]: { ...options, from: 'given', as: 'rows' } }, ...branches(form)],
  }
  const ran = await runIn(folder(files), recipe, more)
  expect(funnelErrors(ran.funnel)).toEqual([])
  expect(Object.entries(ran.funnel).flatMap(([key, { dropped }]) => (dropped['step-error'] ? [key] : []))).toEqual([])
  return ran
}

/** What went on from each of some steps. */
const left = ({ funnel }: Ran, ...keys: string[]) =>
  Object.fromEntries(keys.map(key => [key, funnel[key]!.passed + funnel[key]!.fixed]))

const unique = Array.from({ length: 40 }, (_, i) => {
  const part = ['valve', 'spring', 'pump', 'burner', 'gauge', 'seat', 'screw', 'float'][i % 8]
  return `${i} litres of water cool the ${part} of model ${i * i}, which ${i % 3 ? 'opens' : 'shuts'} after ${i * 7} minutes.`
})

describe.each<Form>(['document', 'conversation'])('every verb over a %s', form => {
  test('none that reach it: the run ends at the step that dropped them', async () => {
    const ran = await through(form, unique, { length: { min: 1000 } })
    expect(ran.error).toMatchObject({ code: 'SR_YIELD', message: 'Step rows.cut-tokens left nothing.' })
  })

  test('all equal: one stays, and none is told from another', async () => {
    const ran = await through(form, Array(40).fill(unique[3]))
    expect(ran.error).toBeUndefined()
    const copies = ['exact.exact', 'near.near', 'semantic.semantic', 'dedupe-substring', 'diverse.diverse']
    expect(left(ran, ...copies)).toEqual(Object.fromEntries(copies.map(key => [key, 1])))
    expect(ran.notes.find(({ step }) => step === 'split.assign')?.message).toMatch(/^t\w+ 40 rows; 1 groups/)
    expect([0, 40]).toContain(ran.funnel['holdout.out']!.passed)
    expect(left(ran, 'sample', 'k-center.k-center', 'split.assign', 'decontaminate')).toEqual({
      ...{ sample: 3, 'k-center.k-center': 3, 'split.assign': 40, decontaminate: 40 },
    })
  })

  test('all unique: none is a copy', async () => {
    const ran = await through(form, unique)
    expect(ran.error).toBeUndefined()
    const whole = ['exact.exact', 'near.near', 'decontaminate', 'cosmopedia', 'tulu', 'gpt3', 'decon-like', 'clean.cut']
    expect(left(ran, ...whole)).toEqual(Object.fromEntries(whole.map(key => [key, 40])))
    expect(left(ran, 'diverse.diverse', 'sample')).toEqual({ 'diverse.diverse': 3, sample: 3 })
  })

  test('one character, or none as far as sources allow', async () => {
    const characters = [...'abxyz018.,!?#*`|-あ漢한ж€𝒳😀', '\u0000', '\ud800', '\ufeff', '\u200b', ' ', '\n', '']
    const ran = await through(form, characters)
    expect(ran.error).toBeUndefined()
    // `x` and its mathematical twin are one; of documents, blank ones are turned away at the door.
    const given = form === 'document' ? 27 : 31
    expect(left(ran, 'given', 'exact.exact')).toEqual({ given, 'exact.exact': given - 1 })
  })
})

const megabyte = 2 ** 20
const sentence =
  'Water of 4 degrees cools the valve of model 17, which opens after 12 minutes because steam has to leave.\n\n'

/** A row whose text is as long as no source lets in: the first row of the input, said over and over. */
const grow = defineMap<{ bytes: number; numbered: boolean }, Form, Form>({
  verb: 'grow',
  about: 'Says a text over and over.',
  version: 1,
  options: z.strictObject({ bytes: z.number(), numbered: z.boolean() }),
  takes: ['document', 'conversation'],
  gives: 'same',
  reasons: ['grown'],
  async run(record, { options: { bytes, numbered } }) {
    const text = record.kind === 'document' ? record.text : record.messages[0]!.content!
    const times = Math.ceil(bytes / Buffer.byteLength(text))
    const long = numbered
      ? Array.from({ length: times }, (_, i) => text.replace('17', `${(i * 7919) % 100_003}`)).join('')
      : text.repeat(times)
    const payload =
      record.kind === 'document'
        ? { kind: record.kind, text: long }
        : { kind: record.kind, messages: [record.messages[0]!, { role: 'assistant' as const, content: long }] }
    return { is: 'fixed', reason: 'grown', payload }
  },
})

/** Whoever is slow or heavy is named. */
function told(name: string, began: number): void {
  const peak = process.resourceUsage().maxRSS / 1024
  console.log(`${name}: ${((performance.now() - began) / 1000).toFixed(0)} s, peak ${peak.toFixed(0)} MB`)
}

describe.runIf(process.env.STILLROOM_LONG !== undefined)('large inputs', () => {
  test.each<Form>(['document', 'conversation'])(
    '50,000 equal rows of kind %s',
    async form => {
      const began = performance.now()
      const ran = await through(form, Array(50_000).fill(sentence.trim()))
      told(`50,000 equal rows of kind ${form}`, began)
      expect(ran.error).toBeUndefined()
      expect(left(ran, 'exact.exact', 'near.near', 'decontaminate')).toEqual({
        ...{ 'exact.exact': 1, 'near.near': 1, decontaminate: 50_000 },
      })
    },
    900_000,
  )

  test('a document of 50 MB is turned away by name', async () => {
    const recipe = {
      name: 'edges',
      sources: { given: { files: '*.md', license: 'CC0-1.0' } },
      steps: [{ sample: { from: 'given', n: 5 } }],
    }
    const ran = await runIn(folder({ 'large.md': sentence.repeat(500_000), 'small.md': sentence }), recipe)
    expect(ran.funnel.given).toMatchObject({ in: 2, passed: 1, dropped: { 'too-large': 1 } })
  })

  test.each<[string, Form, string, boolean]>([
    ['numbered lines', 'document', sentence, true],
    ['equal lines', 'document', sentence, false],
    ['one word', 'document', 'distillation', false],
    ['Japanese', 'document', '蒸留器の部品は蒸気を凝縮器に導き、それを水で冷やします。', false],
    ['numbered lines', 'conversation', sentence, true],
  ])(
    '50 MB of %s in one %s',
    async (name, form, text, numbered) => {
      const began = performance.now()
      const ran = await through(
        form,
        [text],
        { grow: { bytes: 50 * megabyte, numbered } },
        { steps: [grow], threads: { threads: 1 } },
      )
      told(`50 MB of ${name} in one ${form}`, began)
      for (const [key, { in: n }] of Object.entries(ran.funnel)) if (key.includes('rows')) expect(n).toBe(1)
      expect(ran.error).toBeUndefined()
    },
    900_000,
  )
})
