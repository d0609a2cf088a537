import type { Acceptance } from './acceptance.ts'
import type { Purpose } from './facts.ts'
import { modelLicense, type WeightsLicense } from './license.ts'
import table from './terms.json' with { type: 'json' }

/** How we know: read in the document, read in a report about it, or from memory. */
export type Sure = 'confirmed' | 'secondary' | 'recalled'
export type Standing = 'allowed' | 'allowed-with-obligations' | 'needs-authorisation' | 'prohibited' | 'unknown'
type Case = { when: { [field in keyof Purpose]?: unknown[] }; verdict: Standing; obligations?: string[]; why: string }
/** A verdict on training with outputs; the first case that the purpose meets replaces it. */
export type Ruling = { verdict: Standing; obligations: string[]; cases: Case[]; sure: Sure; url?: string }
/** One document of one provider. */
export type TermsEntry = Ruling & { id: string; title: string; version: string; rule: string }

/** The register, as data with dates. Not legal advice. */
export const register = table as unknown as {
  reviewed: string
  entries: TermsEntry[]
  vendors: { [vendor: string]: string }
}

/** Which way a teacher is reached. `terms` names the register entry that applies where the provider alone does not say. */
export type Route = { provider: string; model: string; paid: boolean; license?: string; terms?: string }

export type TermsVerdict = {
  verdict: Standing
  /** What an acceptance of these terms is filed under. */
  key: string
  entry?: { title: string; version: string; sure: Sure; url?: string }
  obligations: string[]
  accepted?: Acceptance
  /** False for a paid route that is prohibited, needs authorisation or is unknown, until somebody accepts it. */
  mayCall: boolean
  why: string
}

/** The command by which somebody accepts terms, in the version that is known of them. */
export const acceptCommand = ({ key, entry }: Pick<TermsVerdict, 'key'> & { entry?: { version: string } }): string =>
  `stillroom terms accept ${key} --by "<your name>" --version "${entry?.version ?? '<version or date you read>'}"`

type Finding = Pick<TermsVerdict, 'verdict' | 'key' | 'entry' | 'obligations' | 'why'>

/**
 * May outputs of this route be used for training, for this purpose? Terms attach to provider, route and date, never to a
 * model's name alone; only weights that one hosts oneself follow their license. Pure.
 */
export function termsVerdict(route: Route, purpose: Purpose, accepted: readonly Acceptance[] = []): TermsVerdict {
  const finding = find(route, purpose)
  const own = accepted.filter(acceptance => acceptance.provider === finding.key)
  const current = own.find(acceptance => finding.entry === undefined || acceptance.version === finding.entry.version)
  const settled = finding.verdict === 'allowed' || finding.verdict === 'allowed-with-obligations'
  const stale =
    !current && own.length > 0 ? ` Accepted was version ${own.map(a => a.version).join(', ')}, not this one.` : ''
  return {
    ...finding,
    ...(current && { accepted: current }),
    mayCall: !route.paid || settled || current !== undefined,
    why: finding.why + stale,
  }
}

function find(route: Route, purpose: Purpose): Finding {
  const none = { obligations: [] }
  if (route.provider === 'builtin') {
    return { ...none, verdict: 'allowed', key: 'builtin', why: 'Built in: rules, no model and no terms.' }
  }
  if (route.provider === 'simulate') {
    return { ...none, verdict: 'allowed', key: 'simulate', why: 'Text of a simulator, for tests only.' }
  }
  if (route.terms !== undefined) {
    const entry = register.entries.find(one => one.id === route.terms)
    if (entry) return ruled(entry.id, entry, purpose, entry.rule)
    return { ...none, verdict: 'unknown', key: route.terms, why: `The register has no entry ${route.terms}.` }
  }
  if (route.provider === 'openrouter') return passedOn(route, purpose)
  if (['self', 'ollama', 'vllm'].includes(route.provider)) return selfHosted(route, purpose)
  const entry = register.entries.find(one => one.id === route.provider)
  if (entry) return ruled(entry.id, entry, purpose, entry.rule)
  return { ...none, verdict: 'unknown', key: route.provider, why: `The register has no entry for ${route.provider}.` }
}

function selfHosted(route: Route, purpose: Purpose): Finding {
  const key = `${route.provider}/${route.model}`
  if (route.paid && route.license === undefined) {
    const why =
      'A paid endpoint that the register does not know: name its entry with `terms:`, or, for a server of your own, the license of the weights with `license:`.'
    return { verdict: 'unknown', key, obligations: [], why }
  }
  const license = modelLicense(route.model, route.license)
  if (license) return ruled(license.id, license, purpose, `Self-hosted weights under ${license.title}.`)
  const missing =
    route.license === undefined ? `license of the weights ${route.model}` : `rule for the license ${route.license}`
  return { verdict: 'unknown', key, obligations: [], why: `The ${missing} is not known.` }
}

/** A router without a rule of its own: the license of open weights, else the vendor's terms. */
function passedOn(route: Route, purpose: Purpose): Finding {
  const vendor = route.model.split('/')[0] ?? ''
  const key = `${route.provider}/${vendor}`
  const weights = modelLicense(route.model, route.license)
  const entry: WeightsLicense | TermsEntry | undefined =
    weights ?? register.entries.find(one => one.id === register.vendors[vendor])
  if (!entry) return { verdict: 'unknown', key, obligations: [], why: `The terms behind ${route.model} are not known.` }
  const finding = ruled(
    key,
    entry,
    purpose,
    'rule' in entry && typeof entry.rule === 'string' ? entry.rule : `Open weights under ${entry.title}.`,
  )
  const obligations = [...finding.obligations, 'Keep to the terms of the host that the router chose.']
  return {
    ...finding,
    obligations,
    verdict: finding.verdict === 'allowed' ? 'allowed-with-obligations' : finding.verdict,
  }
}

function ruled(
  key: string,
  ruling: Ruling & { title: string; version: string },
  purpose: Purpose,
  rule: string,
): Finding {
  const { title, version, sure, url } = ruling
  const met = ruling.cases.find(({ when }) =>
    Object.entries(when).every(([field, values]) => (values as unknown[]).includes(purpose[field as keyof Purpose])),
  )
  return {
    verdict: met?.verdict ?? ruling.verdict,
    key,
    entry: { title, version, sure, ...(url && { url }) },
    obligations: met?.obligations ?? ruling.obligations,
    why: met ? `${rule} ${met.why}` : rule,
  }
}
