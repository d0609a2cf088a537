import { anaphor, baseOfGerund, count, escaped, lower, plural } from './english-grammar.ts'
import type { Outline } from './outline.ts'
import type { Scene } from './rules.ts'

const noDomain = new Set(
  'The This Note How What Why And But For You When With From Listing Figure Chapter Appendix Section Table Rustaceans Rustacean Monday Friday Windows Linux Unix Unicode None Some Err True False Type Default January English None JSON HTML HTTP URL API APIs CLI CSS Also Its All Any Each Using Once After Before There These They That'.split(
    ' ',
  ),
)

/** Languages whose code a text shows alone when it is about the language itself. */
const programming: { [fence: string]: string } = {
  rust: 'Rust',
  python: 'Python',
  go: 'Go',
  swift: 'Swift',
  kotlin: 'Kotlin',
  ruby: 'Ruby',
  elixir: 'Elixir',
  haskell: 'Haskell',
  scala: 'Scala',
  zig: 'Zig',
}
const plainFences = /^(?:sh|bash|shell|console|text|txt|none|toml|json|yaml|ini|diff|powershell|dosbatch)$/

/**
 * The name most of a text is about: the capitalised word that clearly leads in its prose, where use in code
 * (`from 'vitest'`, a fence that says `rust`) counts too.
 */
function domainOf(prose: string, code: string, languages: string[]): string | undefined {
  // Texts without code are about concepts, which belong to no product.
  if (code === '' && languages.length === 0) return undefined
  const counts = new Map<string, number>()
  for (const [, word] of prose.matchAll(/(?<=[a-z,’'] )([A-Z][a-zA-Z]{2,})\b(?!\.[a-z])/g)) {
    if (!noDomain.has(word!)) counts.set(word!, (counts.get(word!) ?? 0) + 1)
  }
  for (const name of new Set(prose.match(/\b[A-Z][a-zA-Z]{2,}\b/g) ?? [])) {
    const plain = name.toLowerCase()
    const fences = languages.filter(language => language === plain).length
    const used = fences + count(code, new RegExp(`\\b${plain}\\b`, 'g'))
    const named = count(prose, new RegExp(`\\b${name}\\b`, 'g'))
    const common = count(prose, new RegExp(`\\b${plain}\\b`, 'g'))
    const enough = fences > 0 ? named > 0 : named > 1
    if (used > 0 && enough && common < named && !noDomain.has(name)) counts.set(name, named + Math.min(6, used))
    else if (common >= named) counts.delete(name)
  }
  for (const [name, times] of counts) {
    // Vite inside Vitest: the longer name is the nearer one.
    for (const [longer, more] of counts)
      if (longer !== name && longer.startsWith(name) && more * 2 > times) counts.delete(name)
  }
  const [best, next] = [...counts].sort((a, b) => b[1] - a[1] || (a[0] < b[0] ? -1 : 1))
  if (!best || best[1] < 3 || (next && next[1] * 1.3 > best[1])) {
    const written = new Set(languages.filter(language => !plainFences.test(language)))
    return written.size === 1 ? programming[[...written][0]!] : undefined
  }
  // "Argument Clinic": a name of two words is used in full.
  const pair = new RegExp(`\\b([A-Z][a-z]+) ${best[0]}\\b`).exec(prose)?.[1]
  return pair && !noDomain.has(pair) && count(prose, new RegExp(`\\b${pair} ${best[0]}\\b`, 'g')) * 2 > best[1]
    ? `${pair} ${best[0]}`
    : best[0]
}

/** How the document itself writes its title inside a sentence, with the article where it needs one. */
function topicOf(outline: Outline, prose: string): Scene['topic'] {
  const lowered = lower(outline.title, { prose })
  // Half lowered is how nobody writes it: "mutual Transport layer security".
  const name = /^[a-z].* [A-Z][a-z]+\b(?! [A-Z]*\))/.test(lowered) ? outline.title : lowered
  if (
    name === '' ||
    name.split(' ').length > 6 ||
    /[?!:{]|__/.test(name) ||
    anaphor.test(name) ||
    (baseOfGerund.has(name.split(' ')[0]!.toLowerCase()) && name.includes(' '))
  )
    return undefined
  const bare = name.replace(/\s*\(.*\)$/, '')
  const article = new RegExp(
    `\\b(an?) ${escaped(bare)}(?=[.,;:]|$| (?:is|are|can|that|which|to|in|for|of|with|from|by|on|and|or|will|may|has|\\w+s)\\b)`,
    'im',
  )
  const opening = prose.slice(0, 1200)
  const defined = new RegExp(`(?:^|[.,] )(An? )?${escaped(bare)}\\b[^.]{0,40}? (is|are|refers?|means?)\\b`, 'i').exec(
    opening,
  )
  const many = defined ? /^are$|refer$|mean$/.test(defined[2]!) : plural(bare)
  const counted = new RegExp(`\\b${escaped(bare)}s\\b`, 'i').test(prose) && !many
  const with_ =
    defined?.[1] ??
    article.exec(prose)?.[1] ??
    (counted ||
    /(?:er|or|xy|cate|host|node|pod|machine|platform|system|app|application|interface|function|framework|gateway|registry|database|tool|kernel)$/i.test(
      bare,
    )
      ? /^[aeiou]/i.test(bare)
        ? 'an'
        : 'a'
      : '')
  return { phrase: `${many ? '' : with_ ? `${with_.trim().toLowerCase()} ` : ''}${name}`, plural: many }
}

/** What a document is about, before any question is made. */
export function sceneOf(outline: Outline): Scene {
  const blocks = outline.sections.flatMap(section => section.blocks)
  const text = blocks
    .flatMap(block => (block.type === 'paragraph' || block.type === 'aside' ? [block.text] : []))
    .join('\n')
  const prose = text.replace(/`[^`]*`/g, '`x`')
  const code =
    blocks.flatMap(block => (block.type === 'code' ? [block.text] : [])).join('\n') +
    (text.match(/`[^`]+`/g) ?? []).join('\n')
  const domain = domainOf(
    prose,
    code,
    outline.sections.flatMap(section => section.languages),
  )
  return { outline, prose, ...(domain ? { domain } : {}), topic: topicOf(outline, prose) }
}
