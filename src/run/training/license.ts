import { StillroomError } from '../../errors/index.ts'
import {
  baseLicense,
  blocking,
  builtinGates,
  evaluateGates,
  type GateReport,
  type Overrides,
  type Purpose,
} from '../../govern/index.ts'

/** What the license of the base model says to a training for this purpose, and what it asks of whatever comes out. */
export type BaseStanding = {
  gate: GateReport
  license?: { id: string; title: string; version: string; sure: string }
  obligations: string[]
  /** What the name of a distributed model begins with. */
  prefix?: string
}

/**
 * Asks the gate on base models, of the model that is in fact trained. A training is fine-tuning, whatever the rows are for.
 * Throws SR_GATE with the clause where the license forbids the use and nobody has overridden it with a reason.
 */
export function standingOf(base: string, purpose: Purpose, overrides: Overrides = {}): BaseStanding {
  const facts = { use: 'fine-tuning' as const, purpose: { ...purpose, base }, teachers: [], steps: [], sources: [] }
  const gates = builtinGates.filter(({ id }) => id === 'base-model')
  const reports = evaluateGates(gates, facts, overrides, 'plan')
  const [gate] = reports as [GateReport]
  const [blocked] = blocking(reports)
  if (blocked) {
    throw new StillroomError('SR_GATE', `${blocked.why} Nothing was trained.`, { hint: blocked.wayOut! })
  }
  const known = baseLicense(base)
  if (!known) return { gate, obligations: [] }
  const { id, title, version, sure } = known.license
  const { obligations, prefix } = known.ruling
  return { gate, license: { id, title, version, sure }, obligations, ...(prefix ? { prefix } : {}) }
}
