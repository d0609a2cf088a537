import { normaliseLicense } from '../govern/index.ts'
import type { CardFacts } from './card.ts'

/** What no recipe, run or source says: printed as it is, and never made up. */
export const unknown = 'unknown'

/** What several documents say of a release, in sentences that follow from its facts alone. */
export type Told = {
  description: string
  collection: string
  preprocessing: string[]
  annotation: string
  machineAnnotation: string[]
  personal: string
  biases: string
  limitations: string[]
  uses: string
  maintenance: string
}

const named = (items: string[]): string => items.join('; ') || 'none'

export function tell(facts: CardFacts): Told {
  const { recipe, tally, sources, steps, teachers, gates } = facts
  const judged = [...facts.judges].sort()
  const looked = steps.filter(({ verb }) => /personal|privacy|pii|redact/.test(verb))
  const open = gates.filter(({ is }) => is !== 'pass')
  return {
    description: `${tally.rows} rows for ${recipe.use}, made with stillroom; README.md tells how, provenance.jsonl where each row comes from.`,
    collection: `Records were read from ${named(sources.map(({ name, records, origin, uri }) => `${name} (${records} records, ${origin}, ${uri})`))}. Rows written by models: ${tally.origin.get('synthetic') ?? 0}; rows as they were read: ${tally.origin.get('real') ?? 0}.`,
    preprocessing: steps.map(({ key, about }) => `${key}: ${about}`),
    annotation:
      judged.length > 0
        ? `Scores were given by ${judged.join(', ')}; no person annotated rows, as far as this release says.`
        : 'Nobody scored these rows, as far as this release says.',
    machineAnnotation: [...new Set(teachers.map(({ id }) => id))].sort(),
    personal:
      looked.length > 0
        ? `Personal data was looked for by ${looked.map(({ key }) => key).join(', ')}; what was missed is ${unknown}.`
        : `Personal data was not looked for: whether there is any is ${unknown}.`,
    biases: `${unknown}: see the gates and the report, where bias was measured.`,
    limitations: open.map(
      ({ id, is, why, override }) => `${id}: ${is}. ${why}${override ? ` Overridden: ${override}` : ''}`,
    ),
    uses: `${recipe.use}; stated purpose: ${named(
      Object.entries(recipe.purpose)
        .map(([key, value]) => `${key} ${value}`)
        .sort(),
    )}.`,
    maintenance: `A release is never changed. A withdrawn version is replaced by a tombstone and the next version says so.`,
  }
}

/** The address of a license, where it has one. */
export function licenseUrl(license: string): string {
  const { spdx } = normaliseLicense(license)
  return /^[\w.-]+$/.test(spdx) && !spdx.startsWith('LicenseRef-') && spdx !== 'NOASSERTION'
    ? `https://spdx.org/licenses/${spdx}.html`
    : license
}
