import { canonical } from '../records/index.ts'
import type { Request, Warning } from './contract.ts'
import type { VendorError } from './post.ts'

/** Words by which servers say that a parameter is not for this model, as against a wrong value of a right one. */
const refused =
  /unsupported|not support|unknown|unrecogni[sz]ed|unexpected|not permitted|not allowed|deprecated|extra (?:inputs?|fields?)|does not (?:support|accept)|cannot be used|invalid schema|is not available/i

/**
 * What one route has learnt: parameters that its server refuses, each with what to do about it. A parameter is adapted
 * once; when the server still refuses, the refusal is the reply.
 */
export type Adaptations = {
  /** Applies what was learnt to a body; warnings say what is missing from it. */
  apply(body: Record<string, unknown>, schema?: Request['schema']): Warning[]
  /** Learns from a refusal of this body, and names the parameter; undefined when it names none that could be left out. */
  learn(error: VendorError, body: Record<string, unknown>, schema?: Request['schema']): string | undefined
  /** This schema is refused on the wire and has to be put in words; others may still go out. */
  inWords(schema: Request['schema']): boolean
}

/** `droppable` in the order in which a message is searched; `renames` are tried before dropping. */
export function adaptations(
  droppable: readonly string[],
  renames: Record<string, string>,
  schemaField: string,
): Adaptations {
  const learnt = new Map<string, { to?: string; why: string }>()
  const keyOf = (name: string, schema?: Request['schema']) =>
    name === schemaField && schema ? `${name} ${canonical(schema.schema)}` : name
  return {
    apply(body, schema) {
      const warnings: Warning[] = []
      if (learnt.size === 0) return warnings
      // Without its stream there is nothing for its options to hold for.
      if (learnt.has('stream')) delete body.stream_options
      for (const name of Object.keys(body)) {
        const known = learnt.get(keyOf(name, schema))
        if (!known) continue
        if (known.to) body[known.to] = body[name]
        delete body[name]
        const done = known.to ? `sent as ${known.to}` : 'left out'
        warnings.push({ kind: 'parameter', message: `${name} was ${done}: ${known.why}` })
      }
      return warnings
    },
    learn(error, body, schema) {
      const said = `${error.code ?? ''} ${error.message}`
      if (!refused.test(said)) return undefined
      const sent = [...Object.keys(renames), ...droppable].filter(name => body[name] !== undefined)
      const named = sent.find(name => error.param === name || error.param?.startsWith(`${name}.`))
      // A name inside a longer word or path is another parameter.
      const name =
        named ?? sent.find(name => new RegExp(`(?<![\\w.])${name.replace('.', '\\.')}(?!\\w)`).test(error.message))
      if (!name) return undefined
      const key = keyOf(name, schema)
      // Another call has taught it meanwhile: worth another try with what is known now.
      if (learnt.has(key)) return name
      const to = renames[name]
      // A cap is renamed or kept: dropping it would lift the budget.
      if (to !== undefined && learnt.has(to)) return undefined
      learnt.set(key, { ...(to !== undefined && { to }), why: error.message.slice(0, 200) })
      return name
    },
    inWords: schema => learnt.size > 0 && learnt.has(keyOf(schemaField, schema)),
  }
}
