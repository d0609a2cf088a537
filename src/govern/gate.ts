import { StillroomError } from '../errors/index.ts'
import type { Json } from '../records/index.ts'
import type { Facts, Use } from './facts.ts'

/** `unknown` names in `why` what is missing. `wayOut` says what would make it pass. */
export type GateResult = { is: 'pass' | 'warn' | 'block' | 'unknown'; evidence: Json; why: string; wayOut?: string }

/** A rule over facts. `plan` sees them before anything is spent, `data` after the run; both pure; undefined where it has nothing to say. */
export type Gate = {
  id: string
  level: 'critical' | 'high' | 'required' | 'recommended'
  /** One sentence. */
  about: string
  /** Uses it is required for; for others, and at level `recommended`, a block is only a warning. */
  uses: readonly Use[]
  plan?(facts: Facts): GateResult | undefined
  data?(facts: Facts): GateResult | undefined
}

export type GateReport = GateResult & Pick<Gate, 'id' | 'level' | 'about'> & { required: boolean; override?: string }
/** As in the recipe: a written reason for each overridden gate. */
export type Overrides = { readonly [gate: string]: { override: string } | undefined }

/** Declares a gate. */
export function defineGate(gate: Gate): Gate {
  return gate
}

/** Every gate that has something to say at this time, in the given order; an override's reason is repeated, never hidden. */
export function evaluateGates(
  gates: readonly Gate[],
  facts: Facts,
  overrides: Overrides = {},
  at: 'plan' | 'data' = 'data',
): GateReport[] {
  return gates.flatMap(({ id, level, about, uses, ...gate }) => {
    const result = gate[at]?.(facts)
    if (!result) return []
    const required = level !== 'recommended' && uses.includes(facts.use)
    const override = overrides[id]?.override
    if (override !== undefined && override.trim() === '') {
      throw new StillroomError('SR_RECIPE_VALUE', `The override of gate ${id} has no reason.`, {
        hint: 'Write why this release may go out all the same; the card repeats it.',
      })
    }
    const is = result.is === 'block' && !required ? ('warn' as const) : result.is
    return [{ id, level, about, required, ...result, is, ...(override !== undefined && { override }) }]
  })
}

/** The reports that stop a release: blocked and not overridden. */
export function blocking(reports: readonly GateReport[]): GateReport[] {
  return reports.filter(report => report.is === 'block' && report.override === undefined)
}
