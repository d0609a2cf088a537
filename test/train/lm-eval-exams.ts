import { type Payload, payloadDigest, type Rec, sha256 } from '../../src/records/index.ts'

const examRecord = (name: string, payload: Omit<Payload<'exam'>, 'kind'>, language?: string): Rec<'exam'> => {
  const exam: Payload<'exam'> = { kind: 'exam', ...payload }
  return {
    ...exam,
    id: sha256(name).slice(0, 32),
    digest: payloadDigest(exam),
    ...(language ? { language } : {}),
    facets: {},
    scores: {},
    lineage: { origin: 'real', generation: 0, parents: [] },
  }
}
const asked = (content: string): Payload<'exam'>['prompt'] => [{ role: 'user', content }]
const times = <T>(n: number, make: (i: number) => T): T[] => Array.from({ length: n }, (_, i) => make(i))
const cities = ['東京', '京都', '大阪']

/** Exams of every form that lm-evaluation-harness can grade, small enough for a model of forty thousand weights. */
export const exams: Rec<'exam'>[] = [
  ...times(24, i =>
    examRecord(`choice ${i}`, {
      prompt: asked(`Which number follows ${i}? {{ not a template }} `),
      target: String(i + 1),
      choices: [String(i + 3), String(i + 1), String(i)],
    }),
  ),
  ...times(6, i =>
    examRecord(
      `joined ${i}`,
      { prompt: asked(`${i}番目の都市はどこですか。`), target: 'ABC'[i % 3]!, choices: cities },
      'ja',
    ),
  ),
  ...times(4, i =>
    examRecord(`number ${i}`, {
      prompt: asked(`What is ${i} plus 1,000?`),
      target: `The sum.\n#### ${i + 1000}`,
      verifier: { kind: 'number' },
    }),
  ),
  ...times(2, i =>
    examRecord(`maths ${i}`, {
      prompt: asked(`Half of $x^${i}$?`),
      target: `\\boxed{\\frac{x^${i}}{2}}`,
      verifier: { kind: 'maths' },
    }),
  ),
  // Nothing but dates: read back as points of time they would equal no reply.
  ...times(3, i => examRecord(`date ${i}`, { prompt: asked(`Which day is day ${i}?`), target: `2024-01-0${i + 1}` })),
  ...times(3, i =>
    examRecord(`several ${i}`, {
      prompt: asked(`Name of city ${i}?`),
      target: 'Paris',
      verifier: { kind: 'exact', accept: ['[Paris]', 'Paris, France'] },
    }),
  ),
  ...times(3, i =>
    examRecord(`regex ${i}`, {
      prompt: asked(`Begin with the letter ${'abc'[i]}.`),
      target: 'abc'[i]!,
      verifier: { kind: 'regex', pattern: `^(?<first>${'abc'[i]}|.)`, flags: 'is' },
    }),
  ),
  examRecord('rubric', { prompt: asked('Write a letter.'), target: 'Dear all', rubric: 'polite' }),
]
