import type { GateReport, Purpose, RowFacts, StepFacts, TeacherFacts, Use } from '../govern/index.ts'
import type { Id, Json, Kind, Origin, Rec, Sha } from '../records/index.ts'

/** A source of the recipe and what was read from it. */
export type SourceFacts = {
  name: string
  license: string
  uri: string
  origin: Origin
  files: number
  records: number
  rejected: { [reason: string]: number }
}

/** A call of the journal: what its name is made of, and the digest of the reply that counts. */
export type CallFacts = {
  call: Sha
  provider: string
  model: string
  revision?: string
  /** Digest of what was asked. */
  request: Sha
  draw: number
  attempt: number
  reply?: Sha
  served?: string
  finish?: string
  at: string
}

/** Everything a release is made of. All but `run` decides its bytes. */
export type ReleaseInput = {
  name: string
  version: string
  /** As the recipe says; brought to Hub and SPDX ids here. */
  license: string
  /** YYYY-MM-DD; no other clock enters. */
  date: string
  /** Who publishes it, and where; the documents say `unknown` where they are absent. */
  creator?: string
  url?: string
  /** The release this one replaces: its version, and the digest of its manifest where it is at hand. */
  previous?: { version: string; manifest?: Sha }
  /** The version that is withdrawn by this one, since records of it were erased. */
  withdraws?: { version: string; rows: number; request: string }
  recipe: { digest: Sha; use: Use; purpose: Purpose; language: string; seed: number }
  /** Final records in the order of the engine; kinds may be mixed, `facets.split` names the split (default `train`). */
  records: AsyncIterable<Rec>
  /** Any ancestor of a final record. */
  lookup(id: Id): Promise<Rec | undefined>
  sources: SourceFacts[]
  teachers: TeacherFacts[]
  /** Primitive steps in order, with the funnel of this run. */
  steps: StepFacts[]
  gates: GateReport[]
  /** `text` is shown where it is what the digest is over. */
  prompts: { step: string; name: string; digest: Sha; text?: string }[]
  /** What the journal knows of a call, without texts; written as report/calls.jsonl, outside of the manifest. */
  call?(call: Sha): CallFacts | undefined
  /** What audits of exactly these rows state; `sha256` is of the file with the evidence. */
  audits?: { statement: string; seed: number; sha256: Sha }[]
  /** Says on the card that the run was restricted, and how. */
  restricted?: string
  /** What stands behind the rows, counted by licenses. */
  licenses?: RowFacts['licenses']
  /** Rows of a class of licenses of their own, and the license that each class goes out under. */
  apart?: { rows: ReadonlyMap<Id, string>; licenses: { [name: string]: string | undefined } }
  /** Names of configs by kind; default `configNames`. */
  configs?: { [K in Kind]?: string }
  /** Data files; `jsonl` is used all the same for configs with tools or free columns. Default parquet. */
  format?: 'parquet' | 'jsonl'
  /** Most rows a data file holds. Default 100,000. */
  rowsPerFile?: number
  /** Cost, dates, machine: written as run.json, outside of the manifest. */
  run?: { [name: string]: Json | undefined }
}
