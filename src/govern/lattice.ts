import { type LicenseClass, licenseClasses } from '../recipe/index.ts'
import type { Purpose } from './facts.ts'
import { alternatives, duties, keepsLicense, type License, normaliseLicense } from './license.ts'

/**
 * How much of a source stands in a row. `verbatim`: its own record, untouched; `copy`: half of the row's runs of words or
 * more stand in it; `paraphrase`: a model saw its text and wrote the row out of it; `knowledge`: it only showed a manner.
 */
export const strengths = ['verbatim', 'copy', 'paraphrase', 'knowledge'] as const
export type Strength = (typeof strengths)[number]
/** One license that a row answers for, and by how much. */
export type Ground = { license: string; strength: Strength; sources: string[] }

/** What stands against passing a row on under a license, for a purpose. */
export type Objection = { is: 'block' | 'warn' | 'unknown'; license: string; strength: Strength; why: string }
export type Standing = { obligations: string[]; objections: Objection[] }

const order = { block: 3, unknown: 2, warn: 1 }
const proprietary = (license: License) => license.traits.includes('proprietary')
/** Of data that is made by rules of the recipe, and of no source. */
const none = 'not-applicable'

/** The class of a row, the strictest among its grounds: for a choice of licenses that of the easiest one. */
export function classOf(grounds: readonly Pick<Ground, 'license' | 'strength'>[]): LicenseClass {
  const rank = (license: License): number => {
    const has = (trait: string) => license.traits.includes(trait)
    if (license.hub === 'unknown' || has('custom')) return 6
    if (has('proprietary')) return 5
    if (has('no-derivatives')) return 4
    if (has('non-commercial')) return 3
    if (has('share-alike')) return 2
    return license.traits.length > 0 ? 1 : 0
  }
  const ranks = grounds
    .filter(({ license }) => license !== none)
    .map(({ license, strength }) => {
      const easiest = Math.min(...alternatives(license).map(all => Math.max(...all.map(rank))))
      // What only showed a manner is no adaptation: what it asks for adaptations does not bind the row.
      return strength === 'knowledge' && (easiest === 2 || easiest === 4) ? 1 : easiest
    })
  return licenseClasses[Math.max(0, ...ranks)]!
}

/**
 * May a row be passed on under a license, for a purpose? Obligations are the union over all that stands behind it,
 * permissions the intersection. Whether a model's paraphrase is an adaptation is not settled; it counts as one here, which
 * is the careful reading. Of a choice of licenses the one counts that objects least. Pure, and no legal advice.
 */
export function standing(grounds: readonly Ground[], release: string, purpose: Purpose): Standing {
  const under = normaliseLicense(release)
  const parts = grounds
    .filter(({ license }) => license !== none)
    .map(ground => {
      const choices = alternatives(ground.license).map(all => ({
        licenses: all,
        objections: all.flatMap(license => objectionsOf(license, ground.strength, under, purpose)),
      }))
      const weight = ({ objections }: (typeof choices)[number]) =>
        objections.reduce((sum, { is }) => sum + 100 ** order[is], 0)
      return choices.reduce((best, one) => (weight(one) < weight(best) ? one : best))
    })
  return {
    obligations: [...new Set(parts.flatMap(({ licenses }) => licenses.flatMap(duties)))],
    objections: parts.flatMap(({ objections }) => objections),
  }
}

function objectionsOf(license: License, strength: Strength, under: License, purpose: Purpose): Objection[] {
  const has = (trait: string) => license.traits.includes(trait)
  const { distribute, commercial } = purpose
  const inside = distribute === 'private' && proprietary(under)
  const found: Objection[] = []
  const object = (is: Objection['is'], why: string) => found.push({ is, license: license.spdx, strength, why })

  if (license.hub === 'unknown' || has('custom')) {
    const what = license.hub === 'unknown' ? 'Its license is not known' : `What ${license.spdx} allows is not known`
    if (distribute === 'public') object('block', `${what}, and the purpose is to distribute.`)
    else object('unknown', `${what}.`)
    return found
  }
  if (proprietary(license)) {
    if (distribute === 'public') {
      const why = 'Proprietary text may be passed on by its owner alone.'
      object(strength === 'knowledge' ? 'warn' : 'block', why)
    } else if (distribute === undefined) {
      object('unknown', 'It is proprietary, and `purpose.distribute` does not say who gets the result.')
    }
    return found
  }
  if (has('non-commercial')) {
    if (commercial === true) object('block', 'Commercial use is excluded, and the purpose is commercial.')
    else if (commercial === undefined) {
      object('unknown', 'Commercial use is excluded, and `purpose.commercial` does not say whether it is one.')
    }
    if (strength !== 'knowledge' && !under.traits.includes('non-commercial') && !inside) {
      object('block', `The release license ${under.spdx} would allow the commercial use that this one excludes.`)
    }
  }
  if (has('no-derivatives')) {
    if (strength === 'knowledge') object('warn', 'Adaptations may not be shared; the row followed its manner alone.')
    else if (strength === 'verbatim') {
      if (!under.traits.includes('no-derivatives') && !inside) {
        object('block', `The release license ${under.spdx} would allow the adaptations that this one excludes.`)
      }
    } else if (inside) object('warn', 'Adaptations may be kept, and not be shared.')
    else object('block', 'Adaptations may not be shared, and the row is one.')
  }
  const produced = has('database') && (strength === 'paraphrase' || strength === 'knowledge')
  if (has('share-alike') && strength !== 'knowledge' && !produced && !keepsLicense(license, under)) {
    if (inside) object('warn', `Whoever passes the row on does so under ${license.spdx}.`)
    else object('block', `Adapted text keeps its license: ${under.spdx} is none that it may be passed on under.`)
  }
  const kept = under.traits.length > 0
  if ((has('attribution') || has('notice')) && !kept && strength !== 'knowledge') {
    const why = `The release license ${under.spdx} would drop what this one asks to be named.`
    object(strength === 'paraphrase' ? 'warn' : 'block', why)
  }
  return found
}
