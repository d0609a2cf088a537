import { readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { StillroomError } from '../errors/index.ts'
import { sha256 } from '../records/index.ts'

/** Counts and codes without special tokens: text such as `<|endoftext|>` is text. `name` never holds a path. */
export type Tokenizer = {
  name: string
  count(text: string): number
  encode(text: string): number[]
  decode(ids: readonly number[]): string
}

const standard = 'o200k_base'
const known = new Map<string, Tokenizer>()

/**
 * The tokenizer that tokens are counted with: the named default, or a student's own `tokenizer.json` by its path (its
 * name is then `hf:` and the first 12 digits of the file's digest). Loaded on first use, since the default takes 0.2 s.
 * Throws SR_RECIPE_VALUE for an unknown name or a file that is no tokenizer.
 */
export function tokenizer(nameOrPath: string = standard): Tokenizer {
  let found = known.get(nameOrPath)
  if (!found) {
    found = nameOrPath === standard ? openai() : fromFile(nameOrPath)
    known.set(nameOrPath, found)
  }
  return found
}

const require = createRequire(import.meta.url)

function openai(): Tokenizer {
  type Encoding = {
    encode(text: string, options: object): number[]
    countTokens(text: string, options: object): number
    decode(ids: Iterable<number>): string
  }
  let encoding: Encoding | undefined
  const load = (): Encoding => {
    encoding ??= require('gpt-tokenizer/encoding/o200k_base') as Encoding
    return encoding
  }
  const options = { disallowedSpecial: new Set<string>() }
  return {
    name: standard,
    count: text => pieces(text).reduce((sum, piece) => sum + load().countTokens(piece, options), 0),
    encode: text => pieces(text).flatMap(piece => load().encode(piece, options)),
    decode: ids => load().decode(ids),
  }
}

function fromFile(path: string): Tokenizer {
  type Loaded = {
    encode(text: string, options: object): { ids: number[] }
    decode(ids: number[], options: object): string
  }
  const { Tokenizer } = require('@huggingface/tokenizers') as {
    Tokenizer: new (json: object, config: object) => Loaded
  }
  let bytes: Buffer
  let inner: Loaded
  try {
    bytes = readFileSync(path)
    inner = new Tokenizer(JSON.parse(bytes.toString('utf8')), {})
  } catch (cause) {
    throw new StillroomError('SR_RECIPE_VALUE', `No tokenizer could be loaded from "${path}".`, {
      expected: `${standard}, or the path of a Hugging Face tokenizer.json`,
      received: cause instanceof Error ? cause.message : String(cause),
      hint: "Give the path of the tokenizer.json in the student model's folder, relative to the recipe.",
      cause,
    })
  }
  const encode = (text: string) => pieces(text).flatMap(piece => inner.encode(piece, { add_special_tokens: false }).ids)
  return {
    name: `hf:${sha256(bytes).slice(0, 12)}`,
    count: text => encode(text).length,
    encode,
    decode: ids => inner.decode([...ids], { skip_special_tokens: false, clean_up_tokenization_spaces: false }),
  }
}

/**
 * Byte-pair merging is quadratic in the length of one word, and `a…a` of some 100,000 characters takes minutes. Runs of
 * one class longer than 500 characters, which no prose has, are cut there; all other text is coded as it is.
 */
const run = /[\p{L}\p{M}\p{N}]{500}|[^\s\p{L}\p{M}\p{N}]{500}|\s{500}/gu

function pieces(text: string): string[] {
  if (text.length < 500) return [text]
  const found: string[] = []
  let start = 0
  for (const match of text.matchAll(run)) {
    found.push(text.slice(start, match.index + match[0].length))
    start = match.index + match[0].length
  }
  if (start < text.length || found.length === 0) found.push(text.slice(start))
  return found
}
