import type { Facts } from './facts.ts'
import { defineGate, type GateResult } from './gate.ts'

/** Rounds that feed a model its own rows keep the real ones and those of earlier rounds. Says nothing where there are none. */
export const accumulated = defineGate({
  id: 'accumulated',
  level: 'critical',
  about: 'Rounds add to the real rows and to those of earlier rounds; they replace neither.',
  uses: ['fine-tuning', 'eval-set', 'edge-cases', 'privacy'],
  plan: judge,
  data: judge,
})

function judge({ steps }: Facts): GateResult | undefined {
  const meetings = steps.filter(step => step.verb === 'accumulate')
  if (meetings.length === 0) return undefined
  const evidence = meetings.map(({ key, options, notes }) => ({
    step: key,
    replace: options.replace ?? false,
    told: notes ?? null,
  }))
  if (meetings.some(({ options }) => options.replace)) {
    return {
      is: 'block',
      evidence,
      why: 'Each round replaces the rows before it; a model trained on its own rows alone loses what is rare.',
      wayOut: 'Write `keep: accumulate` under `rounds`, or override this gate with a written reason.',
    }
  }
  return { is: 'pass', evidence, why: meetings.flatMap(({ notes }) => notes ?? []).join('; ') || 'Rounds accumulate.' }
}
