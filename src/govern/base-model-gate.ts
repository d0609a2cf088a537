import type { Facts, Purpose } from './facts.ts'
import { defineGate, type GateResult } from './gate.ts'
import { baseLicense } from './license.ts'

/** The license of the model that is to be trained allows what it is for; what it asks of the name is carried along. */
export const baseModel = defineGate({
  id: 'base-model',
  level: 'required',
  about: 'The license of the base model allows what the trained model is for.',
  uses: ['fine-tuning', 'edge-cases'],
  plan: judge,
  data: judge,
})

function judge({ use, purpose, sources }: Facts): GateResult | undefined {
  if (!sources || (use !== 'fine-tuning' && use !== 'edge-cases')) return undefined
  const { base } = purpose
  if (base === undefined) {
    const why = 'Which model is to be trained is not said: `purpose.base` is absent.'
    return { is: 'unknown', evidence: null, why, wayOut: 'Write `purpose: { base: <model on the Hub> }`.' }
  }
  const known = baseLicense(base)
  if (!known) {
    const why = `The license of ${base} is not in the register.`
    return { is: 'unknown', evidence: { base }, why, wayOut: 'Read its license; override this gate with what it says.' }
  }
  const { license, ruling } = known
  const met = ruling.cases?.find(({ when }) =>
    Object.entries(when).every(([field, values]) => (values as unknown[]).includes(purpose[field as keyof Purpose])),
  )
  const verdict = met?.verdict ?? ruling.verdict
  const obligations = [
    ...(ruling.prefix ? [`A distributed model has a name that begins with "${ruling.prefix}".`] : []),
    ...ruling.obligations,
  ]
  const evidence = { base, license: license.title, version: license.version, sure: license.sure, verdict, obligations }
  const asked = [...new Set((ruling.cases ?? []).flatMap(({ when }) => Object.keys(when)))]
  const absent = asked.filter(field => purpose[field as keyof Purpose] === undefined)
  const title = `${base} is under ${license.title}`
  if (verdict === 'prohibited' || verdict === 'needs-authorisation') {
    const why = `${title}. ${met?.why ?? ruling.obligations.join(' ')}`
    if (!met && absent.length > 0) {
      const fields = absent.map(field => `\`purpose.${field}\``).join(', ')
      return { is: 'unknown', evidence, why: `${why} ${fields} is absent.`, wayOut: `Write ${fields}.` }
    }
    return {
      is: 'block',
      evidence,
      why,
      wayOut: 'Train another base model, or override this gate with the agreement you have.',
    }
  }
  if (absent.length > 0) {
    const fields = absent.map(field => `\`purpose.${field}\``).join(', ')
    return { is: 'unknown', evidence, why: `${title}, which asks for ${fields}.`, wayOut: `Write ${fields}.` }
  }
  const duties = obligations.length > 0 ? ` It asks: ${obligations.join(' ')}` : ''
  return { is: 'pass', evidence, why: `${title}, which allows it.${duties}` }
}
