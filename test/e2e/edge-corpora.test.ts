import { describe, expect, test } from 'vitest'
import { profileNames } from '../../src/curate/rules/profiles/index.ts'
import { funnelErrors } from '../../src/run/index.ts'
import { folder, runIn } from '../support/project.ts'

type Form = 'document' | 'conversation'

function everyVerb(form: Form) {
  const of = (steps: object[]) => steps.map((step, i) => (i === 0 ? step : step))
  return of([
    ...profileNames.map(name => ({ rules: { as: `rules-${name}`, from: 'rows', profiles: name } })),
    { clean: { from: 'rows' } },
    { language: { from: 'rows', keep: ['en'] } },
    { 'personal-data': { from: 'rows' } },
    { dedupe: { from: 'rows', as: 'exact', near: false } },
    { dedupe: { from: 'rows', as: 'near', exact: false } },
    ...(form === 'document'
      ? [
          { dedupe: { from: 'rows', as: 'paragraphs', exact: false, near: false, paragraphs: { own: 0.5 } } },
          { dedupe: { from: 'rows', as: 'lines', exact: false, near: false, lines: { own: 0.5 } } },
        ]
      : []),
    { 'dedupe-substring': { from: 'rows', tokens: 5 } },
    { decontaminate: { from: 'rows', against: ['tests.jsonl'] } },
    ...['cosmopedia', 'tulu', 'gpt3', 'decon-like'].map(profile => ({
      decontaminate: { from: 'rows', as: profile, against: ['tests.jsonl'], profile },
    })),
    { vectors: { from: 'rows' } },
    { topics: { from: 'vectors', vectors: 'vectors' } },
    { balance: { from: 'topics', as: 'even', facet: 'topic' } },
    { select: { from: 'topics', as: 'uniform', method: 'uniform-topics', size: 3 } },
    { select: { from: 'vectors', as: 'diverse', method: 'diverse', share: 0.5, vectors: 'vectors' } },
    { select: { from: 'vectors', as: 'k-center', method: 'k-center', size: 3, vectors: 'vectors' } },
    { resample: { from: 'rows', like: 'real', share: 0.5 } },
    { balance: { from: 'rows', by: 'length', bounds: [5, 50] } },
    { holdout: { from: 'rows', share: 0.5 } },
    { split: { from: 'rows' } },
    { classifier: { from: 'rows', teacher: 'judge', labels: 300 } },
    ...(form === 'document'
      ? [
          { extract: { from: 'rows', keep: 0.5 } },
          { extract: { from: 'classifier', as: 'best', keep: 0.5, by: 'classifier' } },
        ]
      : [{ judge: { from: 'rows', teacher: 'judge', drop: 0.5 } }]),
    { select: { from: 'classifier', as: 'top', by: 'classifier/score', size: 3 } },
    { length: { from: 'rows', min: 1, max: 100 } },
    { mix: { from: 'rows', with: 'real', real: 0.5 } },
    { review: { from: 'rows', reviews: 'reviews.jsonl' } },
    { sample: { from: 'rows', n: 3 } },
  ])
}

const real = Array.from({ length: 5 }, (_, i) => `My still number ${i} drips at the joint, why?`)
const tests = JSON.stringify({
  prompt: 'What is the use of the third part of a still in practice, and who cleans it at last?',
})

function row(form: Form, text: string) {
  return JSON.stringify(
    form === 'document'
      ? { text }
      : {
          messages: [
            { role: 'user', content: text },
            { role: 'assistant', content: text },
          ],
        },
  )
}

async function through(form: Form, texts: string[], min = 0) {
  const t = performance.now()
  const ran = await runIn(
    folder({
      'rows.jsonl': texts.map(text => row(form, text)).join('\n'),
      'real.jsonl': real.map(text => row(form, text)).join('\n'),
      'tests.jsonl': tests,
      'reviews.jsonl': JSON.stringify({ review: 'none', digest: 'none', verdict: 'accept', by: 'me' }),
    }),
    {
      name: 'edges',
      teachers: { judge: { model: 'builtin/heuristic' } },
      sources: {
        given: { files: 'rows.jsonl', license: 'CC0-1.0', kind: form },
        real: { files: 'real.jsonl', license: 'CC0-1.0', kind: form },
      },
      steps: [{ length: { from: 'given', as: 'rows', min } }, ...everyVerb(form)],
    },
  )
  console.log(form, texts.length, min, (performance.now() - t).toFixed(0), ran.error?.message)
  for (const [k, c] of Object.entries(ran.funnel))
    console.log(k, c.in, c.passed, c.fixed, c.consumed, JSON.stringify(c.dropped), JSON.stringify(c.repairs))
  for (const n of ran.notes) console.log('  note', n.step, n.message)
  return ran
}

const unique = Array.from(
  { length: 40 },
  (_, i) => `Part ${i} of the still leads vapour ${i * 7} to condenser ${i * i}.`,
)
const corpora: { [name: string]: string[] } = {
  equal: Array.from({ length: 40 }, () => unique[3]!),
  unique,
  'one character': [...'abcxyz0189.,!?#*`|-あ漢한ж€𝒳😀', '\u0000', '\ud800', '\ufeff', '\u200b', ' ', '\n'],
  'empty strings': ['', '', ' ', '\n\n', 'x', ''],
}

describe.each<Form>(['document', 'conversation'])('%s', form => {
  test.each(Object.entries(corpora))('%s', async (_, texts) => {
    const ran = await through(form, texts)
    expect(ran.error).toBeUndefined()
    expect(funnelErrors(ran.funnel)).toEqual([])
    expect(Object.entries(ran.funnel).filter(([, c]) => c.dropped['step-error'])).toEqual([])
  })
  test('none', async () => {
    const ran = await through(form, unique, 1e6)
    expect(ran.error).toMatchObject({ code: 'SR_YIELD' })
  })
})
