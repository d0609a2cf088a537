import lexicon from './lexicon.json' with { type: 'json' }

type Language = 'en' | 'ja'
type Group = { swap: { [l in Language]: string[] }; more: { [l in Language]: string[] } }
const attributes: { [attribute: string]: { [group: string]: Group } } = lexicon.attributes

export const lexiconVersion: number = lexicon.version
/** Groups of people by attribute, in the order of the lexicon. */
export const groupsOf: { readonly [attribute: string]: readonly string[] } = Object.fromEntries(
  Object.entries(attributes).map(([attribute, groups]) => [attribute, Object.keys(groups)]),
)

type Term = { attribute: string; group: string; place?: number; language: Language }
const terms = new Map<string, Term>()
for (const [attribute, groups] of Object.entries(attributes)) {
  for (const [group, { swap, more }] of Object.entries(groups)) {
    for (const language of ['en', 'ja'] as const) {
      for (const word of more[language]) terms.set(word, { attribute, group, language })
      // The first place of a word counts: `his` stands for `her` and for `hers`.
      for (const [place, word] of [...swap[language].entries()].reverse())
        terms.set(word, { attribute, group, place, language })
    }
  }
}

const escaped = (words: string[]): string => words.sort((a, b) => b.length - a.length || (a < b ? -1 : 1)).join('|')
const wordsIn = (language: Language) => [...terms].flatMap(([word, term]) => (term.language === language ? [word] : []))
/** English words stand alone; Japanese ones in a row of characters, the longest first, so that 彼女 is no 彼. */
const pattern = new RegExp(
  `(?<![\\p{L}\\p{N}])(?:${escaped(wordsIn('en'))})(?![\\p{L}\\p{N}])|${escaped(wordsIn('ja'))}`,
  'giu',
)
/** Kanji that begin or end a longer word about something else: 父 of 神父, 母 of 母国, 妹 of 姉妹都市. */
const compounds =
  /彼ら|彼等|夫婦|神父|母国|母校|母音|分母|酵母|保母|姉妹都市|師弟|子弟|徒弟|兄弟弟子|彼岸|彼方|夫人|大丈夫|工夫|丈夫|人夫|妻子/gu

type Found = Term & { at: number; word: string }

function found(text: string): Found[] {
  const hidden = text.replace(compounds, word => ' '.repeat(word.length))
  return [...hidden.matchAll(pattern)].map(match => ({
    ...terms.get(match[0].toLowerCase())!,
    at: match.index,
    word: match[0],
  }))
}

/** The groups that a text names, by attribute. An attribute of which it names none is absent: unknown, never guessed. */
export function mentions(text: string): { [attribute: string]: string[] } {
  const seen: { [attribute: string]: string[] } = {}
  for (const { attribute, group } of found(text)) {
    seen[attribute] ??= []
    if (!seen[attribute].includes(group)) seen[attribute].push(group)
  }
  for (const groups of Object.values(seen)) groups.sort()
  return seen
}

/** `her` before what belongs to her is `his`, else `him`; the words after which nothing belongs to anybody. */
const standsAlone =
  /^\s*(?:$|[.,;:!?)"”']|(?:and|or|but|to|in|on|at|by|for|from|with|of|as|if|when|that|than|then|so|because|while|who|which|is|was|will|can|could|would|should|again|back|out|up|down|off|about|after|before|how|what|why|where|a|an|the)\b)/i

/**
 * The text with the groups of one attribute exchanged: of two each takes the other's place, of more each that of the next.
 * Undefined where the text names none by a word that has a counterpart. Counterfactual swaps: Lu et al. 2018, arXiv 1807.11714.
 */
export function swapped(text: string, attribute: string): string | undefined {
  const groups = Object.keys(attributes[attribute] ?? {})
  if (groups.length < 2) return undefined
  let out = ''
  let from = 0
  let changed = false
  for (const { group, place, at, word, language, ...term } of found(text)) {
    if (term.attribute !== attribute) continue
    const other = attributes[attribute]![groups[(groups.indexOf(group) + 1) % groups.length]!]!
    const lower = word.toLowerCase()
    const own = lower === 'him' ? 'her' : place === undefined ? undefined : other.swap[language][place]
    if (own === undefined) continue
    const after = text.slice(at + word.length)
    const next =
      lower === 'her' && standsAlone.test(after) ? 'him' : lower === 'his' && standsAlone.test(after) ? 'hers' : own
    out += text.slice(from, at) + cased(next, word)
    from = at + word.length
    changed = true
  }
  return changed ? out + text.slice(from) : undefined
}

/** Written as the word whose place it takes: capitals stay. */
function cased(word: string, like: string): string {
  if (like.length > 1 && like === like.toUpperCase() && like !== like.toLowerCase()) return word.toUpperCase()
  const first = like[0]!
  return first === first.toUpperCase() && first !== first.toLowerCase() ? word[0]!.toUpperCase() + word.slice(1) : word
}
