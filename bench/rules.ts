/** Rules: documents a second of whole profiles in one pass, time of each measure, and what the tokenizer alone decides. */
import { globSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { cutRules } from '../src/curate/rules/cut-rules.ts'
import { editLines } from '../src/curate/rules/edit-lines.ts'
import { type MeasureOptions, measured, measureText } from '../src/curate/rules/measure.ts'
import { namedMeasure } from '../src/curate/rules/measures.ts'
import { rules } from '../src/curate/rules/rules.ts'
import { type Rec, random } from '../src/records/index.ts'
import type { Figure } from './benches.ts'
import { asLines, ceiling, rateOf, type Work } from './threads.ts'

const root = join(import.meta.dirname, '../examples/quickstart/documents')
const isJapanese = (file: string) => file.includes('/ja/')

/** Documents out of shuffled paragraphs of real technical Markdown, at least so many characters each. */
export function documents(language: 'en' | 'ja', n: number, characters: number): string[] {
  const files = globSync('**/*.md', { cwd: root }).sort()
  const pieces = files
    .filter(file => isJapanese(file) === (language === 'ja'))
    .flatMap(file => readFileSync(join(root, file), 'utf8').split(/\n\s*\n/))
  const draw = random(7, 'rules', language)
  return Array.from({ length: n }, () => {
    let text = ''
    while (text.length < characters) text += `${pieces[Math.floor(draw() * pieces.length)]}\n\n`
    return text
  })
}

type Given = { profiles: string[]; language: string; tokenizer?: string }
const record = (text: string, language: string): Rec<'document'> => ({
  ...{ kind: 'document', id: '', digest: '', text, language, facets: {}, scores: {} },
  lineage: { origin: 'real', generation: 0, parents: [] },
})

/** Everything that the verb does to a document: repairs, scores, thresholds. Gives whether it stays. */
function judged({ profiles, language, tokenizer }: Given): (text: string) => boolean {
  const own = tokenizer ? Object.fromEntries(profiles.map(name => [name, { tokenizer }])) : {}
  const steps = rules.expand(rules.options.parse({ profiles, ...own }), 'rules')
  const options = (as: string) => steps.find(step => step.as === as)?.options
  const edits = (options('lines') as { edits: Parameters<typeof editLines>[1] } | undefined)?.edits
  const measuring = options('measure') as MeasureOptions
  const cutting = options('cut') as Parameters<typeof cutRules.test>[1]
  return text => {
    const edited = edits ? editLines(text, edits) : undefined
    const row = record(edited?.text ?? text, language)
    for (const [name, score] of Object.entries(measured(row, measuring, language).scores!)) {
      row.scores[`rules/${name}`] = score
    }
    return cutRules.test(row, cutting).is === 'passed'
  }
}
const work: { [name: string]: (given?: unknown) => Work } = {
  judged(given) {
    const stays = judged(given as Given)
    return text => Number(stays(text))
  },
}

export { work }

const english = ['gopher-quality', 'gopher-repetition', 'c4', 'fineweb']
const swallow = ['swallow', 'swallow-repetition']
const japanese = [...swallow, 'llm-jp', 'hojichar']

/** Whole profiles over JSON Lines in one and two threads, beside parsing alone in the same threads. */
export async function* profiles(): AsyncGenerator<Figure> {
  const sets = [
    { name: 'Gopher (both), C4, FineWeb', given: { profiles: english, language: 'en' }, target: 15_000 },
    { name: 'Swallow (both)', given: { profiles: swallow, language: 'ja' }, target: 8000 },
    { name: 'Swallow (both), llm-jp, HojiChar', given: { profiles: japanese, language: 'ja' }, target: undefined },
  ] as const
  const texts = {
    en: asLines(documents('en', 20_000, 2000)),
    ja: asLines(documents('ja', 12_000, 1400)),
  }
  for (const threads of [1, 2]) {
    for (const { name, given, target } of sets) {
      const lines = texts[given.language]
      const top = await rateOf(ceiling, lines, { threads })
      const rate = await rateOf({ module: import.meta.url, name: 'judged', given }, lines, { threads })
      const goal = threads === 2 && target ? { target: `>= ${target}`, holds: rate.documents >= target } : {}
      yield {
        metric: `${name}, ${threads === 1 ? 'one thread' : 'two threads'}`,
        value: rate.documents,
        unit: 'docs/s',
        ceiling: top.documents,
        ratio: rate.documents / top.documents,
        ...goal,
      }
    }
  }
}

/** Processor time of each measure by itself, with what it reads; lines and classes of characters are the first figure. */
export async function* each(): AsyncGenerator<Figure> {
  for (const [language, names] of [
    ['en', english],
    ['ja', japanese],
  ] as const) {
    const texts = documents(language, 400, language === 'en' ? 2000 : 1400)
    const steps = rules.expand(rules.options.parse({ profiles: names }), 'rules')
    const { measures } = steps.find(({ as }) => as === 'measure')!.options as MeasureOptions
    const time = (some: string[]) => {
      const options: MeasureOptions = { of: 'all', measures: some, lists: {} }
      let best = Number.POSITIVE_INFINITY
      for (let round = 0; round < 5; round++) {
        const start = process.cpuUsage()
        for (const text of texts) measureText(text, options, { language, uri: '' })
        const { user, system } = process.cpuUsage(start)
        best = Math.min(best, ((user + system) * 1000) / texts.length)
      }
      return best
    }
    const kind = language === 'en' ? 'English' : 'Japanese'
    const lines = time(['longest-line'])
    yield { metric: `${kind}: lines and characters`, value: lines, unit: 'ns/doc' }
    for (const name of measures) {
      yield { metric: `${kind}: ${name}`, value: Math.max(0, time([name]) - lines), unit: 'ns/doc more' }
    }
    yield { metric: `${kind}: all ${measures.length} measures in one pass`, value: time(measures), unit: 'ns/doc' }
  }
}

/** Documents that the same thresholds keep under another tokenizer, and what a measure costs a row. */
export async function* tokenizers(): AsyncGenerator<Figure> {
  const texts = documents('en', 3000, 2000)
  for (const tokenizer of ['words', 'whitespace', 'tokens']) {
    const stays = judged({ profiles: ['gopher-quality'], language: 'en', tokenizer })
    const value = texts.filter(stays).length
    yield {
      metric: `Gopher quality by ${tokenizer}: kept of ${texts.length}`,
      value,
      unit: 'docs',
      ceiling: texts.length,
    }
  }
  const stays = judged({ profiles: ['gopher-quality', 'gopher-repetition'], language: 'ja' })
  const others = documents('ja', 1000, 1400)
  yield {
    metric: `Gopher (both) over Japanese, without English stop words: kept of ${others.length}`,
    value: others.filter(stays).length,
    unit: 'docs',
    ceiling: others.length,
  }
  const steps = rules.expand(rules.options.parse({ profiles: english }), 'rules')
  const { measures, ...rest } = steps.find(({ as }) => as === 'measure')!.options as MeasureOptions
  const bytes = texts.map(text => {
    const { scores } = measured(record(text, 'en'), { measures, ...rest }, 'en')
    return JSON.stringify(Object.fromEntries(Object.entries(scores!).map(([name, score]) => [`rules/${name}`, score])))
  })
  const size = bytes.reduce((sum, one) => sum + one.length, 0) / bytes.length
  yield { metric: `${measures.filter(name => namedMeasure(name)).length} scores in a row`, value: size, unit: 'bytes' }
}

/** One document that is a line of 50 MB. */
export async function* huge(): AsyncGenerator<Figure> {
  for (const [name, piece] of [
    ['words', 'word and '],
    ['one word', 'x'],
  ] as const) {
    const text = piece.repeat(Math.ceil(50e6 / piece.length))
    const stays = judged({ profiles: ['gopher-quality', 'gopher-repetition', 'fineweb'], language: 'en' })
    const start = performance.now()
    stays(text)
    const value = (performance.now() - start) / 1000
    yield { metric: `a line of 50 MB, ${name}`, value, unit: 's', target: '<= 30', holds: value <= 30 }
  }
}
