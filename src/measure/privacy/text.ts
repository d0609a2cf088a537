import { wilson } from '../share.ts'
import { automatonOf } from './automaton.ts'
import { canariesFound, canaryFigure, plantedIn } from './canary.ts'
import { figure, type PrivacyFigure, ranks, type Said } from './figure.ts'

/** A text by its words as they stand; `spans` are the places of each in it. */
type Cut = { words: string[]; spans: [number, number][] }

const word =
  /[\p{Script=Han}\p{Script=Hiragana}\p{Script=Katakana}]|[\p{L}\p{N}\p{M}]+(?:['’.@_-][\p{L}\p{N}\p{M}]+)*/gu
/** Words in lower case; characters of scripts without spaces each by itself. */
function cut(text: string): Cut {
  const found = [...text.matchAll(word)]
  return {
    words: found.map(([text]) => text.toLowerCase()),
    spans: found.map(({ index, 0: text }) => [index, index + text.length]),
  }
}

/** A run in so many sources is a form, not somebody's words; shorter ones are language. */
const [boilerplate, atLeast] = [5, 8]
/** Words, or characters, from which a run is told; and words from which it counts as learnt by heart (Carlini et al. 2023, arXiv 2202.07646). */
const [told, toldCharacters, byHeart] = [10, 50, 50]

export type Copied = {
  /** The text of the run, in words and characters, as it stands in the synthetic text. */
  run: string
  words: number
  characters: number
}

/**
 * The longest run of words that each text shares with any source. Runs that stand in five sources or more are forms that
 * everybody uses: they are left out, and end what stands beside them.
 */
export function longestShared(sources: readonly string[], texts: readonly string[]): Copied[] {
  const ids = new Map<string, number>()
  const cuts = sources.map(cut)
  for (const { words } of cuts) for (const one of words) if (!ids.has(one)) ids.set(one, ids.size)
  const automaton = automatonOf(
    cuts.map(({ words }) => words.map(one => ids.get(one)!)),
    boilerplate,
  )
  // A word that no source has ends every run.
  return texts.map(text => {
    const { words, spans } = cut(text)
    const tokens = words.map(one => ids.get(one) ?? ids.size)
    const { length, sources: many } = automaton.walk(tokens)
    const common = new Uint8Array(tokens.length)
    for (let i = 0; i < tokens.length; i++) {
      if (length[i]! >= atLeast && many[i]! >= boilerplate) common.fill(1, i + 1 - length[i]!, i + 1)
    }
    let [best, end, own] = [0, 0, 0]
    for (let i = 0; i < tokens.length; i++) {
      own = common[i] ? 0 : own + 1
      const run = Math.min(length[i]!, own)
      if (run > best) [best, end] = [run, i]
    }
    if (best === 0) return { run: '', words: 0, characters: 0 }
    const run = text.slice(spans[end + 1 - best]![0], spans[end]![1])
    return { run, words: best, characters: run.length }
  })
}

/** The share of runs of n words of each text that stand in a source; undefined for a text without one. */
export function containment(sources: readonly string[], texts: readonly string[], n = 8): (number | undefined)[] {
  const runs = (text: string) => {
    const { words } = cut(text)
    return new Set(Array.from({ length: Math.max(0, words.length - n + 1) }, (_, i) => words.slice(i, i + n).join(' ')))
  }
  const known = new Set<string>()
  for (const source of sources) for (const run of runs(source)) known.add(run)
  return texts.map(text => {
    const own = runs(text)
    return own.size === 0 ? undefined : [...own].filter(run => known.has(run)).length / own.size
  })
}

const marks = [
  /[\p{L}\p{N}._%+-]+@[\p{L}\p{N}.-]+\.\p{L}{2,}/gu,
  /(?:\+\d|\d)[\d ().-]{5,}\d|\d{4,}/gu,
  // Names: words with a capital that begin no sentence, or several in a row.
  /(?<=[\p{Ll},;] )\p{Lu}[\p{Ll}\p{M}]+(?: \p{Lu}[\p{Ll}\p{M}]+)*|\p{Lu}[\p{Ll}\p{M}]+(?: \p{Lu}[\p{Ll}\p{M}]+)+/gu,
  /[\p{Script=Han}]{2,4}(?=さん|様|氏|先生|くん|ちゃん)/gu,
]
/** What may name somebody or something by its form: addresses, long numbers, capitalised names, Japanese names before a title. */
export function entitiesOf(text: string): Set<string> {
  return new Set(marks.flatMap(mark => [...text.matchAll(mark)].map(([found]) => found.trim())))
}

/** Entities of each text that stand in exactly one source: what everybody writes about is nobody's secret. */
export function carriedOver(
  sources: readonly string[],
  texts: readonly string[],
  of: (text: string) => Iterable<string> = entitiesOf,
): string[][] {
  const counts = new Map<string, number>()
  for (const source of sources)
    for (const entity of new Set(of(source))) counts.set(entity, (counts.get(entity) ?? 0) + 1)
  return texts.map(text => [...new Set(of(text))].filter(entity => counts.get(entity) === 1).sort())
}

/** Texts below which nothing is graded. */
const fewest = 50

/** `planted`: secrets of canaries among what the texts were made from; those in `training` are found by their form. */
export type TextSets = {
  training: readonly string[]
  synthetic: readonly string[]
  holdout?: readonly string[]
  planted?: readonly string[]
}

/**
 * Are synthetic texts those they were made from? Each figure stands beside what texts of the holdout share with the same
 * sources: people quote, and write the same phrases. Without a holdout long runs and canaries alone are told: nobody else
 * writes those.
 */
export function textPrivacy({ training, synthetic, holdout, planted }: TextSets, { seed = '1' } = {}): PrivacyFigure[] {
  const said = (measure: string, about: string): Said => {
    return { measure, about, part: 'copying', n: synthetic.length, rounds: 1, seed }
  }
  const few = synthetic.length < fewest || (holdout !== undefined && holdout.length < fewest)
  const shareOf = (found: readonly unknown[], of: number) => {
    return { value: of > 0 ? found.length / of : 0, interval: wilson(found.length, of) }
  }
  const share = (
    kind: Said,
    of: (texts: readonly string[]) => { found: readonly unknown[]; n: number },
    evidence: string,
  ): PrivacyFigure => {
    const own = of(synthetic)
    const value = shareOf(own.found, own.n)
    if (few) return figure(kind, { ...value, grade: 'insufficient sample', why: `it takes ${fewest} texts${evidence}` })
    if (!holdout)
      return figure(kind, { ...value, grade: 'needs a holdout', why: `people share phrases too${evidence}` })
    const other = of(holdout)
    const baseline = shareOf(other.found, other.n)
    const above = value.interval.low > baseline.interval.high
    const grade = above && value.value - baseline.value > 0.02 ? 'fail' : above ? 'warn' : 'pass'
    const why = `${(100 * value.value).toFixed(1)} %, of the holdout ${(100 * baseline.value).toFixed(1)} %${evidence}`
    return figure(kind, { ...value, baseline, grade, why })
  }
  const shared = longestShared(training, synthetic)
  const long = shared.filter(({ words }) => words >= byHeart)
  const quantiles = ranks(shared.map(({ words }) => words))
  const runsOf = (texts: readonly string[]) => {
    const all = texts === synthetic ? shared : longestShared(training, texts)
    const found = all.filter(({ words, characters }) => words >= told || characters >= toldCharacters)
    return { found, n: texts.length }
  }
  const entities = carriedOver(training, synthetic)
  const secrets = [...new Set([...(planted ?? []), ...plantedIn(training)])]
  return [
    figure(said('by heart', 'texts with a run of fifty words of a source'), {
      ...shareOf(long, synthetic.length),
      grade: long.length > 0 ? 'fail' : few ? 'insufficient sample' : 'pass',
      why: `${long.length} texts; longest run ${quantiles.most} words, half of all below ${quantiles.middle}, 95 % below ${quantiles.high}`,
    }),
    share(said('runs', 'texts with a run of ten words or fifty characters of a source, forms left out'), runsOf, ''),
    share(
      said('contained', 'texts of which a tenth of all runs of eight words stand in a source'),
      texts => {
        const all = containment(training, texts).filter(value => value !== undefined)
        return { found: all.filter(value => value >= 0.1), n: all.length }
      },
      '',
    ),
    share(
      said('entities', 'texts with a name, number or address that stands in exactly one source'),
      texts => {
        const all = texts === synthetic ? entities : carriedOver(training, texts)
        return { found: all.filter(each => each.length > 0), n: texts.length }
      },
      `; ${new Set(entities.flat()).size} of them`,
    ),
    ...(secrets.length > 0 ? [canaryFigure(secrets.length, canariesFound(secrets, synthetic).length, { seed })] : []),
  ]
}
