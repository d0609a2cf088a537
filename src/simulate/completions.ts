import { hash32 } from '../kernels/index.ts'
import { any, boolean, type Check, either, integer, list, nullable, number, object, record, string } from './check.ts'
import { likelihoods, type Told } from './likelihood.ts'
import { errorOf, openai } from './openai.ts'
import type { Protocol } from './protocol.ts'

/** The request of `POST /v1/completions` as vLLM publishes it: what OpenAI had, and its own sampling and prompt fields. */
const request: Check = object(
  {
    model: string,
    prompt: either(string, list(string, 1)),
    echo: nullable(boolean),
    frequency_penalty: nullable(number(-2, 2)),
    logit_bias: nullable(record),
    logprobs: nullable(integer(0, 20)),
    max_tokens: nullable(integer(0)),
    n: integer(1, 128),
    presence_penalty: nullable(number(-2, 2)),
    seed: nullable(integer()),
    stop: nullable(either(list(string), string)),
    stream: nullable(boolean),
    stream_options: nullable(object({ include_usage: boolean, continuous_usage_stats: boolean })),
    suffix: nullable(string),
    temperature: nullable(number(0, 2)),
    top_p: nullable(number(0, 1)),
    user: nullable(string),
    use_beam_search: boolean,
    top_k: nullable(integer(-1)),
    min_p: nullable(number(0, 1)),
    repetition_penalty: nullable(number(0)),
    length_penalty: number(),
    stop_token_ids: nullable(list(integer(0))),
    include_stop_str_in_output: boolean,
    ignore_eos: boolean,
    min_tokens: integer(0),
    skip_special_tokens: boolean,
    spaces_between_special_tokens: boolean,
    truncate_prompt_tokens: nullable(integer(-1)),
    allowed_token_ids: nullable(list(integer(0))),
    prompt_logprobs: nullable(integer(-1)),
    add_special_tokens: boolean,
    response_format: nullable(record),
    structured_outputs: nullable(record),
    priority: integer(),
    request_id: string,
    return_tokens_as_token_ids: nullable(boolean),
    return_token_ids: nullable(boolean),
    cache_salt: nullable(string),
    kv_transfer_params: any,
    vllm_xargs: nullable(record),
  },
  ['model', 'prompt'],
)

type Body = {
  model: string
  prompt: string | string[]
  echo?: boolean | null
  logprobs?: number | null
  prompt_logprobs?: number | null
  max_tokens?: number | null
  n?: number
  seed?: number | null
  stop?: string | string[] | null
  stream?: boolean | null
}

const promptOf = ({ prompt }: Body): string => (typeof prompt === 'string' ? prompt : prompt[0]!)
const idOf = (token: string): number => hash32(token) % 128_000

/** `POST /v1/completions`: a raw text goes on, and the log-probabilities of its prompt are told as vLLM tells them. */
export function completions(seed: number): Protocol {
  return {
    ...openai,
    check(body) {
      const problem = request(body, '')
      if (problem) return errorOf(problem)
      const { prompt, stream, prompt_logprobs: asked, echo, max_tokens: cap } = body as Body
      if (Array.isArray(prompt) && prompt.length > 1)
        return errorOf({ is: 'value', path: 'prompt', expected: 'one prompt', received: `${prompt.length}` })
      if (stream && asked != null)
        return errorOf({ is: 'value', path: 'prompt_logprobs', expected: 'no stream', received: String(asked) })
      if (cap === 0 && !echo)
        return errorOf({ is: 'value', path: 'max_tokens', expected: 'at least 1 without echo', received: '0' })
      return undefined
    },
    asked(raw) {
      const body = raw as Body
      return {
        model: body.model,
        messages: [{ role: 'user', text: promptOf(body) }],
        cap: body.max_tokens ?? 16,
        ...(body.seed != null && { draw: String(body.seed) }),
        choices: body.n ?? 1,
        stop: typeof body.stop === 'string' ? [body.stop] : (body.stop ?? []),
        input: 1 + likelihoods(promptOf(body), seed).length,
        raw: true,
        ...{ schema: undefined, json: false, reasoning: false, tools: [], mustCall: false },
      }
    },
    reply(asked, said, id, raw) {
      const body = raw as Body
      const prompt = promptOf(body)
      const output = said.reduce((sum, one) => sum + one.tokens, 0)
      return {
        id: `cmpl-${id}`,
        object: 'text_completion',
        // A date would make equal requests unequal.
        created: 0,
        model: asked.model,
        choices: said.map((one, index) => {
          const whole = prompt + one.content
          const all = body.logprobs == null ? [] : likelihoods(prompt, seed, one.content)
          const shown = body.echo ? all : all.filter(({ start }) => start >= prompt.length)
          return {
            index,
            text: body.echo ? whole : one.content,
            logprobs: body.logprobs == null ? null : told(shown, body.echo === true),
            finish_reason: one.cut ? 'length' : 'stop',
            stop_reason: one.stopped ?? null,
            prompt_logprobs: body.prompt_logprobs == null ? null : ofPrompt(prompt, seed, body.prompt_logprobs),
          }
        }),
        usage: {
          prompt_tokens: asked.input ?? 0,
          completion_tokens: output,
          total_tokens: (asked.input ?? 0) + output,
          prompt_tokens_details: { cached_tokens: asked.cache?.read ?? 0 },
        },
        system_fingerprint: 'stillroom-simulator',
      }
    },
    events: reply => [`data: ${JSON.stringify(reply)}\n\n`, 'data: [DONE]\n\n'],
    prompt: raw => [{ text: promptOf(raw as Body) }],
  }
}

/** The mark of the beginning has no log-probability and is not shown; every token after it is there by its id. */
function ofPrompt(prompt: string, seed: number, others: number) {
  return [
    null,
    ...likelihoods(prompt, seed).map(({ token, logprob }) => {
      const more = Array.from({ length: Math.max(0, others) }, (_, k) => {
        const other = `${token}${k + 1}`
        return [idOf(other), { logprob: logprob - k - 1, rank: k + 2, decoded_token: other }] as const
      })
      return Object.fromEntries([[idOf(token), { logprob, rank: 1, decoded_token: token }], ...more])
    }),
  ]
}

/** In the shape of OpenAI's completions; of an echo the first token has none. */
function told(tokens: readonly Told[], first: boolean) {
  return {
    text_offset: tokens.map(({ start }) => start),
    token_logprobs: tokens.map(({ logprob }, i) => (first && i === 0 ? null : logprob)),
    tokens: tokens.map(({ token }) => token),
    top_logprobs: tokens.map(({ token, logprob }, i) => (first && i === 0 ? null : { [token]: logprob })),
  }
}
