import { StillroomError } from '../../errors/index.ts'
import { baseModel, evaluateGates, type GateReport, type Overrides, type Purpose } from '../../govern/index.ts'

/**
 * What the license of the base model says to what the trained model is for: the gate `base-model`, whatever the release was
 * made for, with the override of the recipe.
 */
export function baseLicenseReport(base: string | undefined, purpose: Purpose, overrides: Overrides = {}): GateReport {
  const facts = {
    use: 'fine-tuning' as const,
    purpose: { ...purpose, ...(base === undefined ? {} : { base }) },
    teachers: [],
    steps: [],
    sources: [],
  }
  return evaluateGates([baseModel], facts, overrides)[0]!
}

/** Throws SR_GATE where the license forbids it and nobody has overridden that with a reason; names what it says. */
export function checkBase(report: GateReport): void {
  if (report.is !== 'block' || report.override !== undefined) return
  throw new StillroomError('SR_GATE', report.why, { ...(report.wayOut ? { hint: report.wayOut } : {}) })
}
