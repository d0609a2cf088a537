import type { Json, Origin, Sha, TeacherId } from '../records/index.ts'
import type { Counts } from '../workspace/index.ts'
import type { Ground, Strength } from './lattice.ts'
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

/** A source as gates see it. */
export type SourceStanding = {
  name: string
  license: string
  origin: Origin
  uri?: string
  /** What the recipe says of robots.txt and of the terms of the site; `urls` ask each page themselves. */
  robots?: string
  asked?: true
  /** The license that its own page states, as the Hub names it, where it has one. */
  card?: string
  /** Licenses that were found beside its files, with how many files each is for: each row has its own. */
  detected?: { license: string; files: number }[]
  /** Its records become rows, or rows are made out of them; else it is shown, compared with or learnt from. */
  feeds: boolean
  /** How much of it stands in rows, where a person has said so, and why. */
  derivation?: { strength: Strength; reason: string }
  /** Records by reason that were left out. */
  rejected?: { [reason: string]: number }
}

/** What the rows of a release are: counted once the run is done. */
export type RowFacts = {
  rows: number
  real: number
  /** Synthetic rows by how many times a model was trained on synthetic text before one of them: 1 is a first distillation. */
  depths: { [depth: string]: number }
  /** Synthetic rows by what stands behind them: real queries, logs or feedback; real documents alone; nothing real. */
  seeds: { queries: number; documents: number; nothing: number }
  /** Combinations of licenses behind rows; `config` is where such rows go, and `under` the license they go out under. */
  licenses: { grounds: Ground[]; under: string; config?: string; rows: number }[]
  /** Models that wrote anything of the rows or of what they come from. */
  writers: TeacherId[]
  /** Rows that are near copies of an earlier one, among those looked at. */
  copies: { rows: number; of: number; textbook: boolean }
  /** What was said to whoever reads the pages that rows come from: pages by decision. */
  robots: { [decision: string]: number }
  /** Rows that hold a planted canary, or were made of one that does. */
  canaries?: number
  /** Rows that share a record with the data that the set is to judge. */
  shared?: number
}

/** An earlier release of the same name and what became of its rows: the recipe names it as `previous`, or it lies beside. */
export type Previous = {
  version: string
  named: boolean
  real: number
  synthetic: number
  /** Of these the ones that stand in this release as well. */
  realKept: number
  syntheticKept: number
}

/** The data whose model a set is to judge: which models wrote it, and files that both read. */
export type TrainingFacts = { name: string; families: string[]; files: string[]; byRow: boolean }

/** What a command measured of exactly these rows, kept in the workspace. */
export type Measured = {
  kind: string
  is: 'pass' | 'warn' | 'block' | 'insufficient'
  statement: string
  sha256: Sha
  /** Rows that were kept apart from what the set was made of. */
  holdout?: number
}

/** An audit of exactly these rows: both ends for the share of wrong ones, and rows of known truth the judge was held to. */
export type AuditFacts = { statement: string; sha256: Sha; least?: number; most?: number; known?: number }

/** What gates look at. What nobody has looked at is absent, and a gate that needs it has nothing to say, or says so. */
export type Facts = {
  use: Use
  purpose: Purpose
  teachers: TeacherFacts[]
  steps: StepFacts[]
  sources?: SourceStanding[]
  release?: { version: string; license: string; date: string }
  /** Teachers that may write rows, by the steps of the plan. */
  writing?: TeacherId[]
  rows?: RowFacts
  previous?: Previous
  training?: TrainingFacts
  /** What the model is judged by, and what it scored before: dates, YYYY-MM-DD; `date` is absent where a file has none. */
  exam?: { name: string; date?: string }
  baseline?: { name: string; date?: string }
  /** Sources whose rows have the prompts of a benchmark, and how that was told. */
  mirrors?: { source: string; why: string }[]
  measured?: Measured[]
  audits?: AuditFacts[]
}
