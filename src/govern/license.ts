import table from './licenses.json' with { type: 'json' }
import type { Ruling } from './terms.ts'

/** A license by its two usual names. Unknown ones are `other` on the Hub and a `LicenseRef-` in SPDX; none is `unknown`. */
export type License = { hub: string; spdx: string; traits: string[] }

const slug = (text: string) =>
  text
    .trim()
    .toLowerCase()
    .replace(/^licenseref-/, '')
    .replace(/\b(the|licen[cs]e|version|international|public|universal)\b/g, ' ')
    .replace(/[^a-z0-9.]+/g, '-')
    .replace(/^-+|-+$/g, '')

const known = new Map<string, License>()
for (const { hub, spdx, also, traits } of table.known) {
  for (const name of [hub, spdx, ...also]) if (name !== 'other') known.set(slug(name), { hub, spdx, traits })
}

/** Creative Commons licenses spelled in any usual way, such as `CC BY-NC-SA 4.0` or by their full names. */
function creativeCommons(name: string): License | undefined {
  const words = name
    .replace('creative-commons', 'cc')
    .replace('attribution', 'by')
    .replace(/non-?commercial/, 'nc')
    .replace(/no-?deriv(ative)?s?/, 'nd')
    .replace(/share-?alike/, 'sa')
  const match = /^cc-by(-nc)?(-nd|-sa)?(?:-([1-4]\.\d))?$/.exec(words)
  if (!match) return undefined
  const [, nc = '', more = '', version = '4.0'] = match
  const traits = [
    'attribution',
    ...(nc && ['non-commercial']),
    ...(more === '-sa' ? ['share-alike'] : more ? ['no-derivatives'] : []),
  ]
  return { hub: `cc-by${nc}${more}-${version}`, spdx: `CC-BY${nc}${more}-${version}`.toUpperCase(), traits }
}

/** Parts of an SPDX expression around an operator that stands outside of all brackets. */
function partsAround(text: string, operator: 'OR' | 'AND'): string[] {
  const parts: string[] = []
  let depth = 0
  let from = 0
  for (const match of text.matchAll(/[()]|\s(?:OR|AND)\s/g)) {
    if (match[0] === '(') depth++
    else if (match[0] === ')') depth--
    else if (depth === 0 && match[0].trim() === operator) {
      parts.push(text.slice(from, match.index))
      from = match.index + match[0].length
    }
  }
  return [...parts, text.slice(from)].map(part => part.trim())
}

/**
 * Brings a license as people write it to its Hub id and its SPDX id. `A OR B` leaves the choice: an SPDX expression, with
 * the Hub id and the duties of the alternative that asks least. `A AND B` asks for what all ask.
 */
export function normaliseLicense(text: string): License {
  const choice = partsAround(text, 'OR')
  if (choice.length > 1) {
    const all = choice.map(normaliseLicense)
    const easiest = all.reduce((best, one) => (one.traits.length < best.traits.length ? one : best))
    return { ...easiest, spdx: all.map(one => one.spdx).join(' OR ') }
  }
  const sum = partsAround(text, 'AND')
  if (sum.length > 1) {
    const all = sum.map(normaliseLicense)
    const spdx = all.map(one => (one.spdx.includes(' OR ') ? `(${one.spdx})` : one.spdx)).join(' AND ')
    return { hub: 'other', spdx, traits: [...new Set(all.flatMap(one => one.traits))] }
  }
  const inner = /^\((.*)\)$/.exec(text.trim())?.[1]
  if (inner !== undefined) return normaliseLicense(inner)
  // An exception only ever allows more: `GPL-2.0-only WITH Classpath-exception-2.0`.
  const [plain = text, exception] = text.split(/\sWITH\s/)
  if (exception !== undefined) return { ...normaliseLicense(plain), spdx: text.trim() }
  const name = slug(text)
  if (name === '' || name === 'unknown') return { hub: 'unknown', spdx: 'NOASSERTION', traits: [] }
  return (
    known.get(name) ??
    creativeCommons(name) ?? {
      hub: 'other',
      spdx: `LicenseRef-${text
        .trim()
        .replace(/^LicenseRef-/i, '')
        .replace(/[^A-Za-z0-9.]+/g, '-')}`,
      traits: ['custom'],
    }
  )
}

/** The alternatives of an expression, each with all the licenses that it asks to keep: `A AND (B OR C)` has two. */
export function alternatives(text: string): License[][] {
  const choice = partsAround(text, 'OR')
  if (choice.length > 1) return choice.flatMap(alternatives)
  const sum = partsAround(text, 'AND')
  if (sum.length > 1) {
    return sum.map(alternatives).reduce((all, more) => all.flatMap(one => more.map(other => [...one, ...other])))
  }
  const inner = /^\((.*)\)$/.exec(text.trim())?.[1]
  return inner === undefined ? [[normaliseLicense(text)]] : alternatives(inner)
}

/** Whether what is under the first license may be passed on under the second, where adaptations keep their license. */
export function keepsLicense(from: License, under: License): boolean {
  if (from.spdx === under.spdx) return true
  const allowed: string[] = (table.compatible as { [spdx: string]: string[] })[from.spdx] ?? []
  return allowed.includes(under.spdx)
}

/** What a license asks of those who pass the data on, one sentence each. */
export function duties(license: License): string[] {
  return license.traits.map(trait => table.traits[trait as keyof typeof table.traits])
}

/** `prefix` begins the name of a distributed model that was trained on outputs. */
export type WeightsLicense = Ruling & { id: string; title: string; version: string; prefix?: string }
/** What the license of weights says to those who train them further; `prefix` begins the name of what comes out. */
export type BaseRuling = Pick<Ruling, 'verdict' | 'obligations'> & { cases?: Ruling['cases']; prefix?: string }

const weights = new Map(table.weights.map(entry => [entry.id, entry as WeightsLicense]))
const families = table.families.map(family => ({ ...family, pattern: new RegExp(`(^|[^a-z])${family.pattern}`, 'i') }))
/** Hub ids that share one entry of the table. */
const sameText: { [hub: string]: string } = {
  llama2: 'llama3',
  'llama3.1': 'llama3.x',
  'llama3.2': 'llama3.x',
  'llama3.3': 'llama3.x',
}

/** The license of open weights: as stated, else by the model's name. Undefined where neither is known. */
export function modelLicense(model: string, stated?: string): WeightsLicense | undefined {
  if (stated !== undefined) {
    const { hub } = normaliseLicense(stated)
    return weights.get(sameText[hub] ?? hub) ?? weights.get(stated.trim().toLowerCase())
  }
  const family = families.find(({ pattern }) => pattern.test(model))
  const license = family && weights.get(family.license)
  return license && { ...license, sure: (family.sure as WeightsLicense['sure'] | undefined) ?? license.sure }
}

/** What the license of a base model says on training it further. Undefined where the license is not known. */
export function baseLicense(model: string): { license: WeightsLicense; ruling: BaseRuling } | undefined {
  const license = modelLicense(model)
  const ruling = license && (table.bases as { [id: string]: BaseRuling | undefined })[license.id]
  return ruling && { license, ruling }
}
