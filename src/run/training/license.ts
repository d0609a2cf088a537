import { StillroomError } from '../../errors/index.ts'
import {
  baseLicense,
  baseModel,
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
 * What the license of the base model says to what the trained model is for: the gate `base-model`, with the override of the
 * recipe. A training is fine-tuning, whatever the release was made for.
 */
export function baseLicenseReport(base: string, purpose: Purpose, overrides: Overrides = {}): GateReport {
  const facts = { use: 'fine-tuning' as const, purpose: { ...purpose, base }, teachers: [], steps: [], sources: [] }
  return evaluateGates([baseModel], facts, overrides)[0]!
}

/** Throws SR_GATE where the license forbids it and nobody has overridden that with a reason; names what it says. */
export function checkBase(report: GateReport): void {
  if (report.is !== 'block' || report.override !== undefined) return
  throw new StillroomError('SR_GATE', report.why, { ...(report.wayOut ? { hint: report.wayOut } : {}) })
}

/** The same of the model that is in fact trained, with what its license asks. Throws as `checkBase`. */
export function standingOf(base: string, purpose: Purpose, overrides: Overrides = {}): BaseStanding {
  const gate = baseLicenseReport(base, purpose, overrides)
  checkBase(gate)
  const known = baseLicense(base)
  if (!known) return { gate, obligations: [] }
  const { id, title, version, sure } = known.license
  const { obligations, prefix } = known.ruling
  return { gate, license: { id, title, version, sure }, obligations, ...(prefix ? { prefix } : {}) }
}
