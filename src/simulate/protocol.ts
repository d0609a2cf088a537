import type { Json } from '../records/index.ts'
import type { CacheUse, Segment } from './cache.ts'

/** A request without its vendor's clothes. */
export type Asked = {
  model: string
  messages: { role: string; text: string }[]
  /** Output tokens; undefined is no cap. */
  cap: number | undefined
  /** What tells independent draws of one request apart. */
  draw?: string
  choices: number
  schema: Json | undefined
  /** JSON mode without a schema. */
  json: boolean
  stop: string[]
  reasoning: boolean
  tools: { name: string; parameters: Json | undefined }[]
  mustCall: boolean
  /** The one message is a raw text that goes on, and no question. */
  raw?: true
  /** Rough count of prompt tokens, and what of them the prompt cache had; filled in by the server. */
  input?: number
  cache?: CacheUse
}

/** One reply without its vendor's clothes. `tokens` counts reasoning too; `cut` says that the cap or a stop word ended it. */
export type Said = {
  content: string
  reasoning?: string
  refusal?: string
  call?: { name: string; arguments: { [key: string]: Json } }
  tokens: number
  cut: boolean
  stopped?: string
}

/** How one vendor words requests, replies and errors. */
export type Protocol = {
  /** The body of a 400, when the request does not follow the published shape. */
  check(body: unknown): object | undefined
  /** The body of a 400 for a parameter that this model does not take. */
  refuse(parameter: string): object
  error(status: number, message: string): object
  asked(body: unknown): Asked
  reply(asked: Asked, said: Said[], id: string, body: unknown): object
  /** The events of a reply that is sent as it is written: complete lines, in order. */
  events(reply: object, body: unknown): string[]
  /** What is asked, where one request asks several things that are each paid for by themselves. */
  parts?(body: unknown): string[]
  /** The prompt in the order in which a cache reads it, and whether only what is marked is kept. */
  prompt(body: unknown): Segment[]
  marks: boolean
}
