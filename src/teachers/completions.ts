import { type Adaptations, adaptations } from './adapt.ts'
import { Fault, type Finish, type Reply, type Request, type Teacher, type Usage, type Wire } from './contract.ts'
import { asking, type Dialect, refusal, refusedIn, understood } from './dialect.ts'
import { textOf } from './forms.ts'
import { type Connection, endpointOf } from './post.ts'
import type { Resolved } from './presets.ts'
import { type Probed, promptLogprobs } from './prompt-logprobs.ts'
import { completionReader } from './stream.ts'

/** https://docs.vllm.ai/en/latest/serving/openai_compatible_server, completions, as far as it is used. All of it doubtful. */
type Completion = {
  model?: string
  choices?: (Probed & { finish_reason?: string | null })[]
  usage?: {
    prompt_tokens?: number
    completion_tokens?: number
    prompt_tokens_details?: { cached_tokens?: number } | null
  } | null
}

const droppable = [
  'temperature',
  'top_p',
  'top_k',
  'min_p',
  'presence_penalty',
  'frequency_penalty',
  'seed',
  'logprobs',
  'echo',
  'prompt_logprobs',
]
const finishes: Record<string, Finish> = { stop: 'stop', eos: 'stop', length: 'length', content_filter: 'filtered' }

/**
 * What is no chat, by the completions endpoint: a text that goes on as it stands, and the log-probabilities of a text that
 * is there. Servers put their mark of the beginning in front by themselves, so prompts have none.
 */
export function completions(base: string, connection: Connection, route: Resolved): Teacher['doGenerate'] {
  const to = endpointOf(`${base}/completions`)
  const adapted = adaptations(droppable, {}, 'response_format')
  const headers = { 'content-type': 'application/json', accept: 'application/json', ...connection.headers }
  return async (request, wire) => {
    if (request.form === 'score' && !request.messages.at(-1)?.content) return nothingToScore
    const dialect = dialectOf(request, route, adapted, connection.secret)
    return asking(dialect, { ...connection, headers, to, stream: false, reader: completionReader })(request, wire)
  }
}

const nothingToScore: Reply = {
  content: null,
  finish: 'rejected',
  usage: {},
  warnings: [],
  rejected: { status: 400, message: 'there is no text to be scored' },
}

function dialectOf(asked: Request, route: Resolved, adapted: Adaptations, secret: string | undefined): Dialect {
  const scores = asked.form === 'score'
  return {
    prepare(request, wire, { fresh } = {}) {
      const body = scores ? scoring(request, route) : continuing(request, wire, route)
      return { body, warnings: fresh ? [] : adapted.apply(body) }
    },
    sent: body => body,
    read(answered, body, warnings) {
      const completion = answered.json as Completion | undefined
      if (answered.status < 400 && completion?.choices?.[0]) {
        const told = understood(() => (scores ? scored : continued)(completion, asked))
        const { model: served, usage } = completion
        const usual = { ...(served !== undefined && { served }), usage: usageOf(usage), warnings }
        return { reply: { ...told, ...usual } }
      }
      const refused = refusedIn(answered, 'a reply without choices', secret)
      return refusal(refused, { adapted, body, warnings, schema: undefined, secret })
    },
  }
}

type Told = Omit<Reply, 'usage' | 'warnings'>

function continuing(request: Request, wire: Wire, route: Resolved): Record<string, unknown> {
  const { reasoning_effort: _, ...sampling } = request.sampling ?? {}
  return {
    model: route.model,
    prompt: textOf(request),
    ...sampling,
    ...(route.can.seed && { [route.seedName]: wire.seed }),
    max_tokens: wire.cap,
  }
}

function continued({ choices }: Completion): Told {
  const { text, finish_reason: finish } = choices![0]!
  if (typeof text !== 'string') throw new Fault('health', 'the reply holds no text')
  return { content: text, finish: finishes[finish ?? ''] ?? 'other' }
}

/**
 * Asked in both manners at once, so that a server of either kind answers: `prompt_logprobs` as vLLM has it, and `echo` with
 * `logprobs` as OpenAI began it and as llama-cpp-python and SGLang keep it. One token has to be written; nobody reads it.
 */
function scoring(request: Request, route: Resolved): Record<string, unknown> {
  return {
    model: route.model,
    prompt: textOf(request),
    max_tokens: 1,
    temperature: 0,
    prompt_logprobs: 0,
    ...(route.provider !== 'vllm' && { echo: true, logprobs: 1 }),
  }
}

function scored({ choices }: Completion, asked: Request): Told {
  const prompt = textOf(asked)
  const logprobs = promptLogprobs(choices![0]!, prompt, prompt.length - asked.messages.at(-1)!.content!.length)
  if (!logprobs) throw new Fault('route', 'the server tells no log-probabilities of its prompt')
  return { content: null, finish: 'stop', logprobs }
}

function usageOf(usage: Completion['usage']): Usage {
  const { prompt_tokens: input, completion_tokens: output, prompt_tokens_details: details } = usage ?? {}
  return {
    ...(typeof input === 'number' && { input }),
    ...(typeof output === 'number' && { output }),
    ...(typeof details?.cached_tokens === 'number' && { cachedInput: details.cached_tokens }),
  }
}
