import type { Json, TeacherId } from '../records/index.ts'
import type { Counts } from '../workspace/index.ts'
import type { Route, TermsVerdict } from './terms.ts'

export type Use = 'fine-tuning' | 'eval-set' | 'edge-cases' | 'privacy'
/** What the data is for, as the recipe says. An absent field is not known, never assumed. */
export type Purpose = {
  base?: string
  product?: string
  commercial?: boolean
  distribute?: 'private' | 'public'
  users?: 'under-700M' | 'over-700M'
  regulated?: boolean
}

/** A teacher of the recipe. `languageModel` is false for rule-based ones. */
export type TeacherFacts = { name: string; id: TeacherId; route: Route; languageModel: boolean; verdict: TermsVerdict }
/** A primitive step in topological order; `counts` are absent before a run. */
export type StepFacts = {
  key: string
  verb: string
  about: string
  options: { [name: string]: Json | undefined }
  /** Rows of other branches join the input here. */
  joins?: boolean
  /** What it said of its decision, such as which bucket is short. */
  notes?: string[]
  /** What it found out about its whole input, in figures. */
  found?: { [name: string]: Json }
  /** Its rows never reach the release: a sample that a model learns from, say. */
  aside?: true
  /** Rows into which it brought words from outside without making new ones. */
  rewritten?: number
  /** What it says on the card of what it covers; steps with the same title share a section. */
  report?: { title: string; text: string }
  counts?: Counts
}

/** What gates look at. */
export type Facts = { use: Use; purpose: Purpose; teachers: TeacherFacts[]; steps: StepFacts[] }
