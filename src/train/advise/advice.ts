import type { Method, Settings } from '../phase.ts'

/**
 * How well a rule is supported: by definition or by many independent measurements; by some; by what people are used to do;
 * or by nothing that was found.
 */
export type Grade = 'strong' | 'some' | 'heuristic' | 'none'
export type Reason = { text: string; grade: Grade; source: string }

/** Where a recipe decides otherwise than the advice. */
export type Departure = { setting: string; advised: string | number; stated: string | number }

/** Advice for one phase. It is never a gate: what the recipe states stands in `method` and `settings`. */
export type Proposal = {
  phase: 'sft' | 'preference'
  method: Method
  /** The method that the rows suggest; another one than `method` where the recipe states it. */
  advised: Method
  reasons: Reason[]
  settings: Settings
  /** Why a setting begins where it does. */
  why: { [setting: string]: Reason }
  departures: Departure[]
  /** What else could be done with these rows. */
  alternatives: { method: Method; reason: Reason }[]
}

/** A popular claim that touches a plan, and what is known of it. */
export type Claim = { claim: string; answer: string; grade: Grade; source: string }

/** A phase that there is nothing for, in words. */
export type LeftOut = { phase: 'sft' | 'preference'; why: string; hint?: string }

/** What the reasons rest on, once for all. */
export const sources = {
  tuning: 'Ouyang et al. 2022, arXiv 2203.02155',
  dpo: 'Rafailov et al. 2023, arXiv 2305.18290',
  ipo: 'Azar et al. 2023, arXiv 2310.12036',
  kto: 'Ethayarajh et al. 2024, arXiv 2402.01306',
  simpo: 'Meng et al. 2024, arXiv 2405.14734',
  simpoReadme: 'README of princeton-nlp/SimPO',
  orpo: 'Hong et al. 2024, arXiv 2403.07691',
  grpo: 'Shao et al. 2024, arXiv 2402.03300',
  tulu: 'Lambert et al. 2024, arXiv 2411.15124',
  sweep: 'Hugging Face 2024, Preference Tuning with DPO Methods',
  amounts: 'Saeidi et al. 2024, arXiv 2404.14723',
  lora: 'Schulman et al. 2025, LoRA Without Regret',
  qlora: 'Dettmers et al. 2023, arXiv 2305.14314',
  fewRows: 'Zhou et al. 2023, arXiv 2305.11206',
  length: 'Singhal et al. 2023, arXiv 2310.03716',
  packing: 'Krell et al. 2021, arXiv 2107.02027',
  onPolicy: 'Agarwal et al. 2023, arXiv 2306.13649',
  trl: 'documentation of TRL',
  custom: 'common practice',
  own: 'computed from the rows',
} as const

export const reason = (text: string, grade: Grade, source: keyof typeof sources): Reason => ({
  text,
  grade,
  source: sources[source],
})
