import type { Lineage, Review } from './lineage.ts'

export type Id = string
/** Lower-case hex sha256. */
export type Sha = string
/** A short kebab-case name that is counted, such as `unparseable`. */
export type Slug = string
export type TeacherId = string
export type Json = null | boolean | number | string | Json[] | { [key: string]: Json | undefined }

export const kinds = ['document', 'prompt', 'conversation', 'preference', 'feedback', 'exam', 'row'] as const
export type Kind = (typeof kinds)[number]

export type Role = 'system' | 'developer' | 'user' | 'assistant' | 'tool'
export type ToolCall = { id?: string; type: 'function'; function: { name: string; arguments: { [key: string]: Json } } }
export type Tool = { type: 'function'; function: { name: string; description?: string; parameters?: Json } }
/** One chat turn. Reasoning stays apart from content; exporters merge, keep or drop it. */
export type Message = {
  role: Role
  content: string | null
  reasoning?: string
  tool_calls?: ToolCall[]
  tool_call_id?: string
  name?: string
  weight?: 0 | 1
}
/**
 * How an answer can be checked without a model: `exact`, `number`, `maths`, `choice`, `regex`, `json-schema`, `tool-calls` or
 * `code`, with the settings of that kind. What it is checked against is the `reference` beside it, or one of the settings.
 */
export type Verifier = { kind: string; [key: string]: Json }

type Payloads = {
  document: { text: string; title?: string; uri?: string }
  prompt: { messages: Message[]; reference?: string; verifier?: Verifier; tools?: Tool[] }
  /** `reference` and `verifier` are those of the prompt: with them a row serves reinforcement learning as well. */
  conversation: { messages: Message[]; reference?: string; verifier?: Verifier; tools?: Tool[] }
  preference: { prompt: Message[]; chosen: Message[]; rejected: Message[]; tools?: Tool[] }
  feedback: { prompt: Message[]; completion: Message[]; label: boolean }
  exam: { prompt: Message[]; target: string; choices?: string[]; rubric?: string; verifier?: Verifier }
  row: { columns: { [name: string]: Json } }
}
/** The content of a record: what its digest is taken over. */
export type Payload<K extends Kind = Kind> = { [P in K]: { kind: P } & Payloads[P] }[K]

export type Difficulty = 'easy' | 'medium' | 'hard'
/** What is known of a record beside its content. `tokens` are counted by `tokenizer`. */
export type Facets = {
  difficulty?: Difficulty
  topic?: string
  audience?: string
  style?: string
  register?: string
  domain?: string
  tokens?: number
  tokenizer?: string
  split?: string
  [name: string]: string | number | boolean | undefined
}
/** A judgement: by which method and judge, in which call, and a value or why there is none. */
export type Score = { method: string; judge?: TeacherId; call?: Sha; why?: string } & (
  | { value: number }
  | { unscored: Slug }
)

/** An immutable record. `scores` are keyed `<step key>/<aspect>`. */
export type Rec<K extends Kind = Kind> = Payload<K> & {
  id: Id
  digest: Sha
  language?: string
  facets: Facets
  scores: { [stepAndAspect: string]: Score }
  lineage: Lineage
}
/** What a step may add to a record that passes; aspects are keyed by the engine. */
export type Notes = {
  facets?: Partial<Facets>
  scores?: { [aspect: string]: Score }
  members?: Id[]
  language?: string
  /** Reviews by people, added to those it has. */
  reviews?: Review[]
  /** Kept beside the record under the step's key, for the steps that come; never in it, nor in a release. */
  vector?: Float32Array
}
