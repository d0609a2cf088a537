/** Decontamination: recall by kind of leak for each profile, clean documents that are touched, and the rate of the scan. */
import { globSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { decontaminate } from '../src/curate/index.ts'
import { type Rec, random } from '../src/records/index.ts'
import { conversation, document, exam } from '../test/support/curate-records.ts'
import { driveGlobal } from '../test/support/drive-global.ts'
import { type Asked, benchmarks, cleanDocuments, disguises, planted } from '../test/support/planted.ts'
import type { Figure } from './benches.ts'
import { asLines, ceiling, rateOf, type Work } from './threads.ts'

const profiles = [undefined, 'cosmopedia', 'tulu', 'gpt3', 'decon-like'] as const
type Profile = (typeof profiles)[number]
const sound = ['verbatim', 're-cased', 're-punctuated', 'in full or half width']

/** Ids of the rows that a profile drops or cuts. */
function found(rows: Rec[], set: string, items: Asked[], profile: Profile): Set<string> {
  const tests = items.map(item => exam(`test ${item.id}`, item.prompt, item.answer))
  const gaps = profile === 'decon-like' ? { gaps: { answer: false } } : {}
  const options = { against: [set], ...(profile ? { profile } : {}), ...gaps }
  const { verdicts } = driveGlobal(decontaminate, [rows], options, { side: { [set]: [tests] } })
  return new Set([...verdicts].flatMap(([id, { is }]) => (is === 'passed' ? [] : [id])))
}

/**
 * Questions of public benchmarks, disguised and set into real documents: the share of them found, by profile, benchmark
 * and kind. No answers are planted, so that `decon-like` does not ask for them here.
 */
export async function* recall(): AsyncGenerator<Figure> {
  for (const profile of profiles) {
    for (const [set, read] of Object.entries(benchmarks)) {
      const items = read()
      const documents = cleanDocuments(set === 'jcommonsenseqa' ? 'ja' : 'en')
      for (const [kind, disguise] of Object.entries(disguises)) {
        const rows = items.map((item, i) => {
          const leak = disguise(item.prompt)
          return document(item.id, planted(documents[i % documents.length]!.text, leak, `${item.id} ${kind}`))
        })
        const value = (100 * found(rows, set, items, profile).size) / rows.length
        const held = profile === undefined && sound.includes(kind)
        yield {
          metric: `${profile ?? 'default'}, ${set}, ${kind}`,
          value,
          unit: '% found',
          ...(held ? { target: '>= 90', holds: value >= 90 } : {}),
        }
      }
    }
  }
  for (const profile of profiles) {
    const clean = cleanDocuments().flatMap(({ name, text }) => [
      document(name, text),
      conversation(`asked about ${name}`, 'What does the document say?', text),
    ])
    let touched = 0
    for (const [set, read] of Object.entries(benchmarks)) touched += found(clean, set, read(), profile).size
    const metric = `${profile ?? 'default'}, clean documents touched, of ${clean.length}`
    yield { metric, value: touched, unit: 'documents', target: '0', holds: touched === 0 }
  }
}

/** Documents of about 2 kB out of real paragraphs. */
function* documents(n: number): Generator<string> {
  const root = join(import.meta.dirname, '..')
  const pieces = globSync('examples/quickstart/documents/**/*.md', { cwd: root })
    .sort()
    .flatMap(file => readFileSync(join(root, file), 'utf8').split(/\n\s*\n/))
    .filter(piece => /^[\x20-\x7e\s]*$/.test(piece))
  const draw = random(7, 'decontaminate-documents')
  for (let i = 0; i < n; i++) {
    let text = ''
    while (text.length < 2000) text += `${pieces[Math.floor(draw() * pieces.length)]}\n\n`
    yield text
  }
}

/** Questions of 60 words that are drawn from real documents: 51 n-grams of ten words each. */
function questions(n: number): Rec[] {
  const words = [...new Set(cleanDocuments('en').flatMap(({ text }) => text.match(/[A-Za-z]+/g) ?? []))]
  const draw = random(7, 'decontaminate-questions')
  return Array.from({ length: n }, (_, i) => {
    const text = Array.from({ length: 60 }, () => words[Math.floor(draw() * words.length)]!).join(' ')
    return exam(`question ${i}`, text, '1')
  })
}

const look = { seed: '', vector: () => undefined }

/** The last look at shards of 128 documents, as the engine takes it; the index is built before the first. */
function scanning(given?: unknown): Work {
  const options = decontaminate.options.parse({ against: ['questions'] })
  const [gather, , match] = decontaminate.passes
  const brought = gather!.survey(questions(given as number), options, { ...look, side: 'questions' }).get(0)
  const earlier = gather!.combine([gather!.decide(0, brought, options)], options)
  match!.survey([document('first', 'one two')], options, { ...look, earlier })
  let shard: Rec[] = []
  let n = 0
  return text => {
    shard.push(document(String(n++), text))
    if (shard.length < 128) return 0
    const seen = match!.survey(shard, options, { ...look, earlier })
    shard = []
    return seen.size
  }
}
export const work: { [name: string]: (given?: unknown) => Work } = { scanning }

/** Documents of 2 kB looked up in a million n-grams of benchmarks, beside decoding and parsing alone. */
export async function* scan(): AsyncGenerator<Figure> {
  const lines = asLines(documents(30_000))
  const task = { module: import.meta.url, name: 'scanning', given: Math.ceil(1e6 / 51) }
  for (const threads of [1, 2]) {
    const most = await rateOf(ceiling, lines, { threads })
    const { documents: rate } = await rateOf(task, lines, { threads })
    const target = threads * 30_000
    yield {
      metric: `documents scanned, ${threads} ${threads === 1 ? 'thread' : 'threads'}`,
      value: rate,
      unit: 'docs/s',
      ceiling: most.documents,
      ratio: rate / most.documents,
      target: `>= ${target}`,
      holds: rate >= target,
    }
  }
}
