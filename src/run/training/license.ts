import { baseLicense, type GateReport, type Overrides, type Purpose } from '../../govern/index.ts'
import { baseLicenseReport, checkBase } from './base-license.ts'

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
  const gate = baseLicenseReport(base, purpose, overrides)
  checkBase(gate)
  const known = baseLicense(base)
  if (!known) return { gate, obligations: [] }
  const { id, title, version, sure } = known.license
  const { obligations, prefix } = known.ruling
  return { gate, license: { id, title, version, sure }, obligations, ...(prefix ? { prefix } : {}) }
}
