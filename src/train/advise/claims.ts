import type { Estimate } from '../estimate/estimate.ts'
import type { Adapter, Method } from '../phase.ts'
import type { KindTraits } from '../traits.ts'
import { type Claim, sources } from './advice.ts'
import { fewPairs, usablePairs } from './choose.ts'

export type ClaimGround = {
  adapter: Adapter
  method?: Method
  pairs?: KindTraits
  feedback?: KindTraits
  /** Parameters of the base, where they are known, and what its largest phase takes. */
  parameters?: number
  estimate?: Estimate
  /** Teachers whose weights are open, by the names of their models. */
  openTeachers: string[]
}

/** What people say about such a plan, and what is known of it. Claims that do not touch the plan are not told. */
export function claimsAbout(ground: ClaimGround): Claim[] {
  const { adapter, method, pairs, feedback, parameters, estimate, openTeachers } = ground
  const n = usablePairs(pairs)
  const claims: Claim[] = []
  if ((n > 0 && n < fewPairs) || method === 'ipo') {
    claims.push({
      claim: '"IPO under 10K pairs"',
      answer: `No paper states that number. IPO was made against over-fitting of pairs that are decided for sure, not of few; where both were searched, DPO was ahead, before a mistake in the averaging of lengths was mended. Few pairs want early stopping under any method, and 1,000 to 10,000 are often enough.`,
      grade: 'heuristic',
      source: `${sources.ipo}; ${sources.sweep}; ${sources.amounts}`,
    })
  }
  if (n > 0) {
    claims.push({
      claim: '"SimPO as the standard"',
      answer:
        'Its authors report it ahead of DPO with searched settings for each model, and a better annotation of the same prompts moved all methods by more than the method did. It breaks at learning rates that others bear.',
      grade: 'some',
      source: `${sources.simpo}; ${sources.simpoReadme}`,
    })
    claims.push({
      claim: '"SimPO needs no reference model"',
      answer:
        adapter === 'full'
          ? 'True by construction: where all weights are trained, DPO holds a second copy and SimPO does not.'
          : 'True by construction, and with adapters it saves no memory: the reference of DPO is the same model with the adapter off. It still saves one pass forward.',
      grade: 'strong',
      source: `${sources.simpo}; ${sources.trl}`,
    })
  }
  if (feedback && feedback.rows > 0) {
    claims.push({
      claim: '"KTO when labels are binary"',
      answer:
        'True: its objective is defined on single rows with a label. Both labels are needed, and the rarer one is given more weight.',
      grade: 'strong',
      source: sources.kto,
    })
  }
  if (parameters !== undefined && parameters >= 60e9) {
    const here = estimate
      ? ` Here it is ${Math.round(estimate.memory.total.low)} to ${Math.round(estimate.memory.total.high)} GB a GPU.`
      : ''
    claims.push({
      claim: '"70B on one 24 GB card"',
      answer: `Not by 4-bit adapters as they are: the weights alone are 35 GB and more, and Unsloth, which saves memory, names 41 GB as the least. It takes two such cards with the weights spread over them, or weights below 4 bit.${here}`,
      grade: 'strong',
      source: `${sources.qlora}; documentation of Unsloth`,
    })
  }
  if (openTeachers.length > 0) {
    claims.push({
      claim: 'Distillation beyond answers',
      answer: `The weights of ${openTeachers.join(', ')} are open: \`trl distillation\` can learn from what such a teacher thinks of each token the student writes, where both share a tokenizer. It needs the teacher in memory beside the student.`,
      grade: 'some',
      source: sources.onPolicy,
    })
  }
  return claims
}
