import type { ZodType } from 'zod'
import type { Id, Json, Kind, Notes, Payload, Rec, Sha, Slug, TeacherId } from '../records/index.ts'
import type { Job, Ran } from '../sandbox/index.ts'
import type { Form, Reply, Request } from '../teachers/index.ts'

/** What a step needs beside its records. Names are names of its options. */
export type Needs<O = never> = {
  /** Options that hold the name of a teacher; the recipe checks that it exists. */
  teachers?: readonly (keyof O & string)[]
  /** What is asked of the teachers of these options that is no chat; the recipe refuses those that cannot be. */
  forms?: { readonly [option in keyof O & string]?: Form }
  /**
   * How many independent replies to one request these options ask for, of whom, and the option that says so: at temperature 0
   * all would be the same. Default `samples`, of the first teacher that is named.
   */
  draws?(options: O): { of: keyof O & string; by: keyof O & string; n: number }
  /** Options that hold paths: resolved against the recipe, and in the identity by content digest. */
  files?: readonly (keyof O & string)[]
  /** Those of `files` that hold a key of the project: made by chance where they are missing. */
  keys?: readonly (keyof O & string)[]
  /** Options that name an earlier step, such as the one that noted vectors; the recipe checks that it stands before. */
  steps?: readonly (keyof O & string)[]
  /** Options that name a stored score, or several, as <step key>/<aspect>: each step must stand before. */
  scores?: readonly (keyof O & string)[]
  /** Kinds of ancestor that `ctx.ancestor` hands out, for example the document a prompt was asked about. */
  ancestors?: readonly Kind[]
  /** Asks its teachers for vectors, through `ctx.embed`: many records go out in one request. */
  embeds?: boolean
  /** Runs code, through `ctx.execute`. */
  executes?: boolean
  /** Results depend on `Intl.Segmenter`: the ICU version becomes part of the identity. */
  segmenter?: boolean
}

/** A prompt file by name and content. A release shows the `text`, which the digest is over. */
export type PromptNote = { name: string; digest: Sha; text?: string }

/** A declared second input: a source, a file or a step. It is never in the funnel. */
export type Side = { name: string; from: string }

/** What every step declares; docs, validation, editor schema and the studio are generated from it. */
export type Spec<O> = {
  verb: string
  /** One sentence. */
  about: string
  version: number
  options: ZodType<O>
  takes: readonly Kind[]
  gives: readonly Kind[] | 'same'
  /** Every reason a record may be dropped, fixed or lost for. */
  reasons: readonly Slug[]
  needs?: Needs<O>
  side?(options: O): Side[]
  /** Prompt files it may use: part of the identity, so that an edited prompt is another step. */
  prompts?(options: O): PromptNote[]
  /** The paper or specification the method comes from. */
  source?: string
  /** Reasons of repairs that bring in words from outside: such rows must be compared with evaluation sets again. */
  writes?: readonly Slug[]
  /** What this use of the step says on the card of what it covers; steps with the same title share a section. */
  report?(options: O): { title: string; text: string }
  /** Reasons that this use of the step may give. One that no record was dropped for is told: a rule that never fires is often a mistake. */
  watches?(options: O): readonly Slug[]
}

/** A record to be. The engine adds id, digest and lineage, so that nobody can forge them. */
export type Draft<G extends Kind = Kind> = {
  payload: Payload<G>
  /** Position in the reply: part of the id, unless `key` names the record better (chunks: digest and occurrence). */
  index: number
  key?: string
  /** Characters of the subject's text. */
  span?: [number, number]
  /** The calls it came from, where one run made several; default all, and none for what no model touched. The engine checks that they were made. */
  calls?: string[]
  notes?: Notes
}
export type Lost = { index: number; reason: Slug; evidence?: Json }
export type Passed = { is: 'passed'; notes?: Notes }
/** With `conceal` the reject keeps nothing of the content: it holds what must not be kept, such as a secret. */
export type Dropped = { is: 'dropped'; reason: Slug; evidence?: Json; conceal?: true }
export type Verdict = Passed | Dropped
/** None made and none lost is a drop for `empty`. */
export type Outcome<I extends Kind = Kind, G extends Kind = Kind> =
  | Verdict
  | { is: 'fixed'; reason: Slug; payload: Payload<I>; notes?: Notes }
  | { is: 'made'; made: Draft<G>[]; lost?: Lost[] }
export type GroupOutcome<G extends Kind = Kind> = {
  each: Map<Id, Verdict | { is: 'consumed' }>
  made?: (Draft<G> & { from: Id[] })[]
}

/** How records of a side input are chosen. */
export type Draw = { turn?: number; of?: number; by?(record: Rec): number }

/** What a pure function of a step sees. */
export type Pure<O> = {
  options: O
  /** The step key. */
  key: string
  /** The record's language, else the recipe's. */
  language: string
  /** Tokens by the recipe's tokenizer, and the name of it. */
  tokens(text: string): number
  tokenizer: string
  /** Seeded by record id and step key. */
  random(): number
  /**
   * `n` records of a side input, chosen by rendezvous of record id and pool id; they become `context` parents. Another
   * `turn` is another choice, such as the number of a wave that meets the same record again. With `by` the first `of` are
   * looked at and the `n` with the highest value handed out: those alone become parents.
   */
  draw(pool: string, n: number, how?: Draw): Rec[]
  /** The nearest ancestor of a kind that `needs.ancestors` declares; it becomes a `context` parent. */
  ancestor<K extends Kind>(kind: K): Rec<K> | undefined
}

/** A request whose reply must parse as `reply`; the engine climbs the structured-reply ladder. */
export type Ask<T = unknown> = Request & { reply?: ZodType<T> }
/** A reply with what the ladder made of it: `data` when it parsed, `bad` when it is unusable. */
export type Answer<T = unknown> = Reply & {
  data?: T
  bad?: { reason: 'refused' | 'truncated' | 'unparseable' | 'rejected'; detail: string }
  /** The call in the journal. */
  call: string
  /** Who answered in the end, as records name it: out of a pool, or whoever stood in. */
  by?: TeacherId
}

/** How a job ended, and its name in the journal. */
export type Executed = Ran & { call: Sha }
/** Runs code; what a pure grader is handed. */
export type Execute = (job: Job) => Promise<Ran>

export type Ctx<O> = Pure<O> & {
  /** Asks a teacher by its name in the recipe. Equal requests share one reply; independent ones pass `draw`. */
  call<T>(teacher: string, ask: Ask<T>, draw?: number): Promise<Answer<T>>
  /** Vectors of texts, in their order, by a teacher that embeds. Journalled by text, so that no text is paid for twice. */
  embed(teacher: string, texts: readonly string[]): Promise<Float32Array[]>
  /** Runs code in the sandbox. Journalled by job, so that a verdict does not depend on the machine it is looked up on. */
  execute(job: Job): Promise<Executed>
}

export type MapStep<O = any, I extends Kind = any, G extends Kind = any> = Spec<O> & {
  shape: 'map'
  run(record: Rec<I>, ctx: Ctx<O>): Promise<Outcome<I, G>>
}
export type GroupStep<O = any, I extends Kind = any, G extends Kind = any> = Spec<O> & {
  shape: 'group'
  /** The step key whose subjects the groups descend from; default the nearest step that made each record, whichever it is. */
  group?(options: O): string | undefined
  run(records: Rec<I>[], ctx: Ctx<O>): Promise<GroupOutcome<G>>
}
export type FilterStep<O = any> = Spec<O> & { shape: 'filter'; test(record: Rec, options: O): Verdict }

/**
 * What a global decided: `shared` for every shard, `each` by record id (a shard sees its own ids alone). What changes with
 * every row, such as totals, belongs into `notes`: sentences for people, shown by the run and on the card.
 */
export type Decision<V = Json, S = Json> = {
  shared?: S
  each: Map<Id, V>
  notes?: string[]
  /** What it found out about the whole input, in figures: gates look at it. */
  found?: { [name: string]: Json }
  /** What it uses up of something limited, such as a budget of privacy: written down before anything comes of it, or refused. */
  spends?: Spent
}
/**
 * An amount of what may be spent on each of some sources, `limit` in all. What is spent `for` the same thing again costs
 * nothing: it is the same result.
 */
export type Spent = { of: string[]; unit: string; amount: number; limit: number; for: Sha }
/** Vectors noted by an earlier step, by that step's key: they travel beside a record and never enter it. */
export type Vectors = { vector(record: Rec, step: string): Float32Array | undefined }
/** What a survey sees beside the records: the side input they belong to, and what the pass before combined to. */
export type Look = Vectors & { side?: string; earlier?: any; seed: string }
/**
 * One look over the whole input, in partitions that can be decided apart. Artifacts must survive `v8.serialize`; typed
 * arrays do so fastest.
 */
export type Pass<O = any, A = any, P = any, D = any> = {
  /** Only side inputs are surveyed. The pass behind it, if `slice` leads there, then knows no ids of the records. */
  of?: 'sides'
  survey(records: Iterable<Rec>, options: O, at: Look): Map<number, A>
  merge(a: A, b: A): A
  decide(part: number, artifact: A, options: O): P
  combine(parts: P[], options: O): D
  /**
   * The part of what this pass combined to that the next survey of a shard with these ids needs; undefined when it need
   * not look at that shard at all. Without it every shard is surveyed again whenever anything changed.
   */
  slice?(combined: D, ids: readonly Id[], side: string | undefined): unknown
}
export type Applied = Verdict | { is: 'consumed' } | { is: 'fixed'; reason: Slug; payload: Payload; notes?: Notes }
export type GlobalStep<O = any> = Spec<O> & {
  shape: 'global'
  /** The last pass combines to a `Decision`; an earlier one to whatever the next survey receives as `earlier`. */
  passes: readonly Pass<O>[]
  apply(record: Rec, decided: Json | undefined, shared: Json | undefined, options: O, at: Vectors): Applied
  /** New records fitted on the whole input: their one parent is the input's digest, role `corpus`. */
  emit?(shared: Json | undefined, options: O): Iterable<Draft>
}
/** Records out of the options alone, such as the grid of `instruct`. */
export type GridStep<O = any> = Spec<O> & { shape: 'grid'; rows(options: O): Iterable<Draft> }

export type Step = MapStep | GroupStep | FilterStep | GlobalStep | GridStep

/** One step of an expanded verb. `from` and `side` name siblings by `as`, or `$in` for the verb's input. */
export type Primitive = {
  /** Name below the verb's key; empty for the verb itself. */
  as: string
  step: Step
  options: unknown
  from?: string[]
  side?: { [name: string]: string[] }
}
/** A word of the recipe that stands for several primitive steps. `expand` is pure. */
export type Verb<O = any> = Omit<Spec<O>, 'takes' | 'gives' | 'reasons' | 'version'> & {
  shape: 'verb'
  takes: readonly Kind[]
  /** True where these options, as they are written, stand in for the input: the verb begins with a grid then. */
  alone?(options: O): boolean
  expand(options: O, key: string): Primitive[]
}
