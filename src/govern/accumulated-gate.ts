import type { Facts } from './facts.ts'
import { defineGate, type GateResult } from './gate.ts'
import { depthOf } from './real-rows-gate.ts'

/** Rounds, and releases of one name, keep the real rows and the earlier ones. Says nothing of a first release. */
export const accumulated = defineGate({
  id: 'accumulated',
  level: 'critical',
  about: 'Rounds and releases of one name add to the real rows and to earlier ones; they replace neither.',
  uses: ['fine-tuning', 'eval-set', 'edge-cases', 'privacy'],
  plan: judgeRounds,
  data: facts => judgeRounds(facts) ?? judgeReleases(facts),
})

function judgeRounds({ steps }: Facts): GateResult | undefined {
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

/** How a set stands to the one before it: what the laboratory (`stillroom collapse`) tells apart. */
function regimeOf({ rows, previous, steps }: Facts): string {
  if (!previous) return 'first'
  const gone = previous.syntheticKept < previous.synthetic
  if (rows!.real === 0) return gone ? 'replace' : 'accumulate, without real rows'
  if (gone) return 'keep some real'
  const filtered = steps.some(({ verb }) => /^(judge|verify|review)\b/.test(verb))
  return filtered ? 'accumulate and filter' : 'accumulate'
}

function judgeReleases(facts: Facts): GateResult | undefined {
  const { rows, previous } = facts
  if (!rows || !previous) return undefined
  const depth = depthOf(rows)
  const regime = regimeOf(facts)
  const evidence = { regime, depth, previous }
  const wayOut = `Read the rows of ${previous.version} as a source and join them with \`mix\`, or override this gate with a written reason.`
  if (!previous.named) {
    const why = `Version ${previous.version} of the same name lies beside, and the recipe does not say that this one follows it.`
    return { is: 'warn', evidence, why, wayOut: `Write \`previous: ${previous.version}\` under \`release\`.` }
  }
  const lost = [
    ...(previous.realKept < previous.real ? [`${previous.real - previous.realKept} of ${previous.real} real`] : []),
    ...(previous.syntheticKept < previous.synthetic
      ? [`${previous.synthetic - previous.syntheticKept} of ${previous.synthetic} synthetic`]
      : []),
  ]
  if (lost.length === 0) return { is: 'pass', evidence, why: `All rows of ${previous.version} are here (${regime}).` }
  const why = `Of the rows of ${previous.version} ${lost.join(' and ')} are gone (${regime}).`
  // What a first distillation writes anew was learnt from nothing that it replaces.
  return { is: regime === 'replace' && depth >= 2 ? 'block' : 'warn', evidence, why, wayOut }
}
