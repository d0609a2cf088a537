import { canonical } from '../records/index.ts'
import { type Check, integer, list, nullable, object, oneOf, type Problem, string } from './check.ts'
import { errorOf, openai } from './openai.ts'
import { tokensOf } from './prose.ts'
import type { Protocol } from './protocol.ts'
import { vectorOf, wholeVector } from './vector.ts'

const longestText = 8192
const longestRequest = 300_000
const longestArray = 2048

const text: Check = (value, path) =>
  string(value, path) ??
  (value === '' ? { is: 'value', path, expected: 'a string that is not empty', received: "''" } : undefined)
const token = integer(0)
const tokens = list(token, 1)
const input: Check = (value, path) => {
  if (!Array.isArray(value)) return text(value, path)
  const item = typeof value[0] === 'string' ? text : Array.isArray(value[0]) ? tokens : token
  const problem = list(item, 1)(value, path)
  if (problem || value.length <= longestArray) return problem
  return { is: 'value', path, expected: `at most ${longestArray} items`, received: `${value.length}` }
}

/** The published request of `POST /v1/embeddings`, as the `openai` package types it. */
const request: Check = object(
  {
    input,
    model: string,
    dimensions: integer(1, wholeVector),
    encoding_format: nullable(oneOf('float', 'base64')),
    user: string,
  },
  ['input', 'model'],
)

type Text = string | number[]
type Body = { model: string; input: Text | Text[]; dimensions?: number; encoding_format?: string | null }

function textsOf({ input }: Body): Text[] {
  return typeof input === 'string' || typeof input[0] === 'number' ? [input as Text] : (input as Text[])
}
const sizeOf = (text: Text): number => (typeof text === 'string' ? tokensOf(text) : text.length)

function tooLong(body: Body): Problem | undefined {
  const sizes = textsOf(body).map(sizeOf)
  const longest = Math.max(...sizes)
  const sum = sizes.reduce((sum, size) => sum + size, 0)
  if (longest <= longestText && sum <= longestRequest) return undefined
  const [limit, size] = longest > longestText ? [longestText, longest] : [longestRequest, sum]
  const what = longest > longestText ? 'tokens in each text' : 'tokens in all texts'
  return { is: 'value', path: 'input', expected: `at most ${limit} ${what}`, received: `${size}` }
}

/** `POST /v1/embeddings`: vectors that follow from seed and text, each text a question of its own. */
export function embeddings(seed: number): Protocol {
  return {
    ...openai,
    check(body) {
      const problem = request(body, '') ?? tooLong(body as Body)
      return problem && errorOf(problem)
    },
    asked(raw) {
      const body = raw as Body
      const texts = textsOf(body)
      return {
        model: body.model,
        messages: texts.map(text => ({ role: 'user', text: typeof text === 'string' ? text : '' })),
        input: texts.reduce((sum, text) => sum + sizeOf(text), 0),
        ...{ cap: undefined, choices: 0, schema: undefined, json: false, stop: [] },
        ...{ reasoning: false, tools: [], mustCall: false },
      }
    },
    parts(raw) {
      const { model, dimensions, ...body } = raw as Body
      return textsOf({ model, ...body }).map(text => canonical([model, dimensions ?? null, text]))
    },
    reply(asked, _, __, raw) {
      const { encoding_format: encoding, dimensions, ...body } = raw as Body
      const data = textsOf(body).map((text, index) => {
        const vector = vectorOf(text, seed, dimensions)
        const embedding = encoding === 'base64' ? Buffer.from(vector.buffer).toString('base64') : [...vector]
        return { object: 'embedding', index, embedding }
      })
      const usage = { prompt_tokens: asked.input ?? 0, total_tokens: asked.input ?? 0 }
      return { object: 'list', data, model: asked.model, usage }
    },
    prompt: () => [],
  }
}
