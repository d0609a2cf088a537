import { z } from 'zod'
import { split } from '../../kernels/index.ts'
import { kinds, type Notes, type Rec, type Score } from '../../records/index.ts'
import { defineMap, type MapStep } from '../../steps/index.ts'
import { detectLanguage } from '../../text/index.ts'
import { contentOf, parts } from '../content.ts'
import { type Named, namedMeasure, type Reading, tokenizers } from './measures.ts'
import { countCharacters } from './reading/characters.ts'
import { codeLanguage } from './reading/code.ts'
import { linesOf } from './reading/lines.ts'
import { type List, loadPhrases, type Phrases } from './reading/phrases.ts'
import { charactersOf, type Repeats, repeatsOf, sequenceOf } from './reading/repetition.ts'
import { japaneseSentencesOf, sentencesOf } from './reading/sentences.ts'
import { duplicatesOf } from './reading/spans.ts'
import { stopWords } from './reading/stop-words.ts'
import { readWords, type Words } from './reading/words.ts'

const options = z.strictObject({
  of: z.enum(parts).describe('What of a row is read'),
  measures: z
    .array(z.string().refine(name => namedMeasure(name) !== undefined, 'there is no such measure'))
    .describe('Names of measures; `@` and a tokenizer behind one over words, where that is not `words`'),
  lists: z.record(z.string(), z.string()).default({}).describe('Files of phrases by the name of the list'),
})
export type MeasureOptions = z.output<typeof options>

/** Measures in the order in which they are read: those of one split together, since the next one reuses its memory. */
type Plan = {
  groups: {
    by: Named['by']
    measures: { place: number; named: Named }[]
    ns: number[]
    /** What costs and few measures need. */
    asked: { marked: boolean; median: boolean; later: boolean; total: boolean; frequent: number[] }
  }[]
  lists: Map<List, Phrases>
  /** Of each score, in the order of the options. */
  methods: string[]
  needsLanguage: boolean
}

const plans = new WeakMap<MeasureOptions, Plan>()

function planOf(options: MeasureOptions): Plan {
  const known = plans.get(options)
  if (known) return known
  const named = options.measures.map(name => namedMeasure(name)!)
  const groups = [...tokenizers, 'characters' as const, undefined].flatMap(by => {
    const measures = named.flatMap((one, place) => (one.by === by ? [{ place, named: one }] : []))
    const repeating = measures.filter(({ named: { measure } }) => measure.repeats).map(({ named: { n } }) => n)
    const ns = [...new Set(repeating)].sort((a, b) => a - b)
    const has = (name: string) => measures.some(({ named }) => named.name.startsWith(name))
    const asked = {
      marked: has('symbol-words'),
      median: has('median-'),
      later: has('duplicate-'),
      total: has('copied-'),
      frequent: measures.flatMap(({ named: { name, n } }) => (name.startsWith('frequent-') ? [n] : [])),
    }
    return measures.length > 0 ? [{ by, measures, ns, asked }] : []
  })
  const phrases = named.flatMap(({ name, measure }): List[] =>
    measure.of !== 'phrases' || name === 'lorem-ipsum' ? [] : [name === 'ng-characters' ? 'ng-words' : (name as List)],
  )
  const lists = new Map(phrases.map(list => [list, loadPhrases(list, options.lists[list])]))
  const plan = {
    groups,
    lists,
    methods: named.map(({ by, measure }) => by ?? measure.of),
    needsLanguage: named.some(({ name }) => name.startsWith('stop-words')),
  }
  plans.set(options, plan)
  return plan
}

/** What a text is read as beside itself. */
export type About = { language: string; uri: string; code?: unknown }

/**
 * All measures of a text in one pass: lines and characters once, and one split for each tokenizer that is asked for.
 * Values are rounded to four decimals, so that a row does not grow by noise; thresholds see the rounded value.
 */
export function measureText(text: string, options: MeasureOptions, about: About): (number | string)[] {
  const { groups, lists } = planOf(options)
  const { lines, paragraphs } = linesOf(text)
  const once = <T>(read: () => T): (() => T) => {
    let value: T | undefined
    return () => (value ??= read())
  }
  const stop = stopWords(about.language)
  const characters = once(() => countCharacters(text))
  // The table of classes is read off the splitter, so it must be there before the first split.
  characters()
  const japaneseSentences = once(() => japaneseSentencesOf(lines))
  const at: Reading = {
    text,
    code: codeLanguage(about.code, about.uri),
    lines,
    paragraphs,
    characters,
    lowered: once(() => text.toLowerCase()),
    sentences: once(() => sentencesOf(lines)),
    japaneseSentences,
    lineCopies: once(() => duplicatesOf(lines)),
    paragraphCopies: once(() => duplicatesOf(paragraphs)),
    sentenceCopies: once(() => duplicatesOf(japaneseSentences().spans)),
    words: undefined as unknown as Words,
    repeats: () => undefined as unknown as Repeats,
    phrases: list => lists.get(list)!,
  }
  const values = new Array<number | string>(options.measures.length)
  for (const { by, measures, ns, asked } of groups) {
    if (by === 'characters') at.repeats = within(repeatsOf(charactersOf(text), ns, asked))
    else if (by) {
      const u = split(text, by)
      at.words = readWords(u, stop, asked)
      at.repeats = ns.length > 0 ? within(repeatsOf(sequenceOf(u), ns, asked)) : at.repeats
    }
    for (const { place, named } of measures) {
      const value = named.measure.read(at, named.n)
      values[place] = typeof value === 'number' ? Math.round(value * 1e4) / 1e4 : value
    }
  }
  return values
}

const within = (all: Repeats[]) => (n: number) => all.find(one => one.n === n)!

/** The scores of a record, and its language where that had to be found out: a list of stop words needs one. */
export function measured(record: Rec, options: MeasureOptions, recipe: string): Notes {
  const text = contentOf(record, options.of)
  const uri = (record.kind === 'document' && record.uri) || record.lineage.source?.uri || ''
  const { methods, needsLanguage } = planOf(options)
  const found = needsLanguage && record.language === undefined ? detectLanguage(text) : undefined
  const language = record.language ?? found ?? recipe
  const values = measureText(text, options, { language, uri, code: record.facets.code })
  const scores: { [name: string]: Score } = {}
  for (let i = 0; i < values.length; i++) {
    const value = values[i]!
    const method = methods[i]!
    scores[options.measures[i]!] = typeof value === 'number' ? { method, value } : { method, unscored: value }
  }
  return { scores, ...(found === undefined ? {} : { language: found }) }
}

/** Scores every measure that some profiles need. It knows no threshold, so that another one touches no text. */
export const measure: MapStep<MeasureOptions> = defineMap({
  verb: 'measure-rules',
  about: 'Measures each text for the rules that follow, in one pass.',
  version: 1,
  options,
  takes: kinds,
  gives: 'same',
  reasons: [],
  run: async (record, ctx) => ({ is: 'passed', notes: measured(record, ctx.options, ctx.language) }),
})
