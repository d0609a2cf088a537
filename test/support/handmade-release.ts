import { builtinGates, evaluateGates, termsVerdict } from '../../src/govern/index.ts'
import { type Lineage, type Payload, payloadDigest, type Rec, sha256 } from '../../src/records/index.ts'
import type { ReleaseInput } from '../../src/release/index.ts'

/** Ids in tests are told by name, and still look like ids. */
export const idOf = (name: string) => sha256(name).slice(0, 32)

export function record(name: string, payload: Payload, lineage: Partial<Lineage>, more: Partial<Rec> = {}): Rec {
  const whole = { origin: 'real' as const, generation: 0, parents: [], ...lineage }
  return {
    ...payload,
    id: idOf(name),
    digest: payloadDigest(payload),
    facets: {},
    scores: {},
    lineage: whole,
    ...more,
  } as Rec
}

const made = (step: string, teacher: string) => ({
  step,
  version: '1',
  teachers: [teacher],
  prompts: [sha256(step)],
  calls: [sha256(`${step} call`)],
})

/** Two documents, a question about each, an answer to each, one of them with reasoning; a real few-shot row as context. */
export function handmadeRecords(): { rows: Rec[]; all: Rec[] } {
  const note = { name: 'handbook', license: 'CC-BY-4.0' }
  const guide = record(
    'guide',
    { kind: 'document', text: 'The pump stops at 80 °C.' },
    { source: { ...note, uri: 'docs/guide.md' } },
  )
  const notes = record(
    'notes',
    { kind: 'document', text: '水は百度で沸騰する。\u2028二行目 😀' },
    { source: { ...note, uri: 'docs/notes.md' } },
  )
  const shot = record(
    'shot',
    { kind: 'prompt', messages: [{ role: 'user', content: 'how hot?' }] },
    { source: { name: 'tickets', license: 'proprietary', uri: 'logs/tickets.jsonl', row: 1 } },
  )
  const synthetic = { origin: 'synthetic' as const }
  const ask = (name: string, document: Rec, text: string, context: Rec[] = []) =>
    record(
      name,
      { kind: 'prompt', messages: [{ role: 'user', content: text }] },
      {
        ...synthetic,
        generation: 1,
        parents: [
          { id: document.id, role: 'subject' },
          ...context.map(one => ({ id: one.id, role: 'context' as const })),
        ],
        made: made('ask', 'builtin/extractive'),
      },
    )
  const answer = (
    name: string,
    prompt: Rec<'prompt'>,
    content: string,
    more: { reasoning?: string },
    rest: Partial<Rec>,
  ) =>
    record(
      name,
      { kind: 'conversation', messages: [...prompt.messages, { role: 'assistant', content, ...more }] },
      {
        ...synthetic,
        generation: 2,
        parents: [
          { id: prompt.id, role: 'subject' },
          { id: 'f'.repeat(64), role: 'corpus' },
        ],
        made: made('answer', 'deepseek/deepseek-chat'),
      },
      rest,
    )
  const q1 = ask('q1', guide, 'When does the pump stop?', [shot]) as Rec<'prompt'>
  const q2 = ask('q2', notes, '水は何度で沸騰しますか。') as Rec<'prompt'>
  const score = (value: number) => ({
    'judge/overall': { method: 'rubric', judge: 'builtin/heuristic', value },
    'judge/clarity': { method: 'rubric', unscored: 'unparseable' },
  })
  const facets = { difficulty: 'easy' as const, tokens: 120, tokenizer: 'o200k_base' }
  const a1 = answer(
    'a1',
    q1,
    'At 80 °C.',
    { reasoning: 'The guide says 80 °C.' },
    { language: 'en', facets, scores: score(8) },
  )
  const a2 = answer(
    'a2',
    q2,
    '百度。\u2028以上',
    {},
    { language: 'ja', facets: { ...facets, difficulty: 'hard', tokens: 900 }, scores: score(6.5) },
  )
  const a3 = answer('a3', q1, 'When it is hot.', {}, { language: 'en', facets: { tokens: 90, split: 'test' } })
  return { rows: [a1, a2, a3], all: [guide, notes, shot, q1, q2, a1, a2, a3] }
}

const counts = {
  in: 0,
  passed: 0,
  fixed: 0,
  expanded: 0,
  consumed: 0,
  dropped: {},
  items: 0,
  made: 0,
  lost: {},
  repairs: {},
}

/** A whole input around records. `pause` runs before each record and look-up, to change the timing. */
export function handmadeInput(
  given: { rows: Rec[]; all: Rec[] },
  more: Partial<ReleaseInput> = {},
  pause: () => Promise<void> = async () => {},
): ReleaseInput {
  const byId = new Map(given.all.map(one => [one.id, one]))
  const purpose = { product: 'domain', commercial: true }
  const route = { provider: 'deepseek', model: 'deepseek-chat', paid: true }
  const builtin = (model: string) => ({ provider: 'builtin', model, paid: false })
  const teachers = [
    {
      name: 'writer',
      id: 'builtin/extractive',
      route: builtin('extractive'),
      languageModel: false,
      verdict: termsVerdict(builtin('extractive'), purpose),
    },
    { name: 'solver', id: 'deepseek/deepseek-chat', route, languageModel: true, verdict: termsVerdict(route, purpose) },
    {
      name: 'judge',
      id: 'builtin/heuristic',
      route: builtin('heuristic'),
      languageModel: false,
      verdict: termsVerdict(builtin('heuristic'), purpose),
    },
  ]
  const steps: ReleaseInput['steps'] = [
    {
      key: 'ask',
      verb: 'ask',
      about: 'Writes questions about a document.',
      options: {},
      counts: { ...counts, in: 3, expanded: 2, dropped: { 'too-short': 1 }, items: 3, made: 2, lost: { duplicate: 1 } },
    },
    {
      key: 'answer',
      verb: 'answer',
      about: 'Answers a question.',
      options: {},
      counts: { ...counts, in: 2, expanded: 2, items: 4, made: 4 },
    },
    {
      key: 'decontaminate',
      verb: 'decontaminate',
      about: 'Drops rows that overlap with test sets.',
      options: { against: ['gsm8k', 'my|tests.jsonl'], ngram: 10 },
      counts: { ...counts, in: 4, passed: 3, dropped: { contaminated: 1 } },
    },
  ]
  async function* records() {
    for (const row of given.rows) {
      await pause()
      yield row
    }
  }
  return {
    name: 'pumps',
    version: '0.1.0',
    license: 'cc-by-4.0',
    date: '2026-11-20',
    recipe: { digest: 'a'.repeat(64), use: 'fine-tuning', purpose, language: 'en', seed: 7 },
    records: records(),
    async lookup(id) {
      await pause()
      return byId.get(id)
    },
    sources: [
      {
        name: 'handbook',
        license: 'CC-BY-4.0',
        uri: 'docs/**/*.md',
        origin: 'real',
        files: 2,
        records: 2,
        rejected: { 'invalid-utf8': 1 },
      },
      {
        name: 'tickets',
        license: 'proprietary',
        uri: 'logs/tickets.jsonl',
        origin: 'real',
        files: 1,
        records: 1,
        rejected: {},
      },
    ],
    teachers,
    steps,
    gates: evaluateGates(builtinGates, { use: 'fine-tuning', purpose, teachers, steps }),
    prompts: [{ step: 'ask', name: 'ask.md', digest: sha256('ask') }],
    ...more,
  }
}
