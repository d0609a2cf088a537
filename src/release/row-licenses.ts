import { baseLicense, classOf, type Ground, modelLicense, normaliseLicense, standing } from '../govern/index.ts'
import type { CardFacts } from './card.ts'

const cell = (text: unknown) => String(text).replaceAll('|', '\\|').replace(/\s+/g, ' ').trim()
const list = (items: string[]) => items.map(item => `- ${item}`).join('\n')

/** In words, what stands of a source in the rows. */
const parts = {
  verbatim: 'rows are its records',
  copy: 'rows hold much of its text',
  paraphrase: 'rows were written out of it',
  knowledge: 'it was shown beside what rows were written out of',
} as const

/** The license of the set, and those of classes that go out under their own, each once. */
export function licensesOf({ license, apart }: CardFacts): string[] {
  const there = new Set(apart?.rows.values())
  const own = Object.entries(apart?.licenses ?? {}).flatMap(([name, under]) =>
    under && there.has(name) ? [under] : [],
  )
  return [...new Set([license, ...own])]
}

/**
 * Licenses by row: classes, what they oblige to, whom to name, and what a model trained on the rows must be called. A class
 * that goes out under a license of its own stands in a config of its own.
 */
export function rowLicenses(facts: CardFacts): string[] {
  const { licenses = [], recipe, sources, teachers } = facts
  if (licenses.length === 0) return []
  const classes = Map.groupBy(licenses, ({ grounds, under }) => `${classOf(grounds)}\n${under}`)
  const rows = [...classes].map(([key, of]) => {
    const [name, under] = key.split('\n') as [string, string]
    const config = of.find(one => one.config)?.config
    const grounds = of.flatMap(one => one.grounds)
    const spdx = [...new Set(grounds.map(({ license }) => normaliseLicense(license).spdx))].sort().join(', ')
    const n = of.reduce((sum, one) => sum + one.rows, 0)
    return [name, n, spdx || 'none', config ? `${under}, in configs that end in -${config}` : under]
  })
  const grounds = licenses.flatMap(one => one.grounds)
  const obligations = licenses.flatMap(one => standing(one.grounds, one.under, recipe.purpose).obligations)
  const named = attributions(grounds, sources)
  const prefixes = [
    ...(recipe.purpose.base === undefined ? [] : [baseLicense(recipe.purpose.base)?.ruling.prefix]),
    ...teachers.map(({ route, languageModel }) =>
      languageModel ? modelLicense(route.model, route.license)?.prefix : undefined,
    ),
  ].filter(prefix => prefix !== undefined)
  const { withdraws } = facts
  const counted = withdraws ? `Rows in ${withdraws.version}, before the erasure` : 'Rows'
  const head = ['Class', counted, 'Licenses behind them', 'Go out under']
  return [
    [
      '## Licenses of the rows',
      [head, head.map(() => '---'), ...rows].map(row => `| ${row.map(cell).join(' | ')} |`).join('\n'),
      ...(obligations.length > 0
        ? [`Whoever passes rows on:\n\n${list([...new Set(obligations)].map(one => one.replace(/\.?$/, '.')))}`]
        : []),
      ...(named.length > 0 ? [`To be named:\n\n${list(named)}`] : []),
      ...(prefixes.length > 0
        ? [
            `Name prefix: a distributed model trained on these rows has a name that begins with ${[...new Set(prefixes)].map(prefix => `"${prefix}"`).join(' and ')}.`,
          ]
        : []),
    ].join('\n\n'),
  ]
}

function attributions(grounds: readonly Ground[], sources: CardFacts['sources']): string[] {
  const asked = grounds.filter(({ license }) =>
    normaliseLicense(license).traits.some(trait => trait === 'attribution' || trait === 'notice'),
  )
  const bySource = Map.groupBy(
    asked.flatMap(({ sources, license, strength }) => sources.map(source => ({ source, license, strength }))),
    ({ source, license }) => `${source}\n${license}`,
  )
  return [...bySource.values()]
    .map(of => {
      const { source, license } = of[0]!
      const uri = sources.find(({ name }) => name === source)?.uri
      const how = [...new Set(of.map(({ strength }) => parts[strength]))].join('; ')
      return `${source}${uri ? ` (${uri})` : ''}, ${normaliseLicense(license).spdx}: ${how}.`
    })
    .sort()
}
