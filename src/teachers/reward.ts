import { Fault, type Mark, type Reply, type Request, type Teacher } from './contract.ts'
import { refusedIn, understood } from './dialect.ts'
import { textOf } from './forms.ts'
import { type Connection, endpointOf, post, scrub } from './post.ts'
import type { Resolved } from './presets.ts'

/**
 * A way in which servers give the score of a conversation. `read` gives no marks where the answer is another's. All of what
 * is read is doubtful.
 */
type Way = { path: string; body(request: Request, model: string): object; read(json: never): Mark[] | undefined }

const turns = ({ messages }: Request) =>
  messages.map(({ role, content }) => ({ role: role === 'developer' ? 'system' : role, content: content ?? '' }))
const mostClasses = 64

/** What was asked, and the last answer. */
const pair = (request: Request) => [
  textOf({ messages: request.messages.slice(0, -1) }),
  request.messages.at(-1)?.content ?? '',
]
/** One value is the score; of several each is a class. */
const marksOf = (values: readonly number[], named?: string | null): Mark[] => {
  const best = values.indexOf(Math.max(...values))
  return values.map((value, i) => ({
    label: (i === best ? named : undefined) || (values.length > 1 ? `class-${i}` : 'score'),
    value,
  }))
}

const classified = ({ data }: { data?: { label?: string | null; probs?: number[] }[] }) =>
  data?.[0]?.probs && marksOf(data[0].probs, data[0].label)

/**
 * In the order in which they are tried: what knows the chat template of the model first. vLLM serves `classify`, `pooling`
 * and `score` beside its `/v1` (https://docs.vllm.ai/en/latest/models/pooling_models), SGLang `classify` below it, text-embeddings-inference
 * `predict` (https://huggingface.github.io/text-embeddings-inference). Values are raw where a server can leave its
 * activation out.
 */
const ways: readonly Way[] = [
  {
    path: '/classify',
    body: (request, model) => ({ model, messages: turns(request), use_activation: false }),
    read: classified,
  },
  {
    path: '/pooling',
    body: (request, model) => ({ model, messages: turns(request) }),
    // Of every token, or of the last alone.
    read({ data }: { data?: { data?: number[] | number[][] }[] }) {
      const pooled = data?.[0]?.data
      const last = (Array.isArray(pooled?.[0]) ? pooled.at(-1) : pooled) as number[] | undefined
      // A longer one is a vector of the text.
      return Array.isArray(last) && last.length <= mostClasses ? marksOf(last) : undefined
    },
  },
  {
    path: '/score',
    body(request, model) {
      const [text_1, text_2] = pair(request)
      return { model, text_1, text_2 }
    },
    read: ({ data }: { data?: { score?: number }[] }) =>
      data?.[0]?.score === undefined ? undefined : marksOf([data[0].score]),
  },
  { path: '/v1/classify', body: (request, model) => ({ model, input: pair(request).join('\n\n') }), read: classified },
  {
    path: '/predict',
    body: request => ({ inputs: pair(request), raw_scores: true }),
    read(json: { label?: string; score?: number }[] | { label?: string; score?: number }[][]) {
      if (!Array.isArray(json)) return undefined
      return json.flat().map(({ label = 'score', score = Number.NaN }) => ({ label, value: score }))
    },
  },
]

/** Words by which a server says that it knows the path, and not what is asked of it. */
const notThisWay = /not support|unsupported|field required|missing|`?(?:messages|input|inputs|text_1)`?|unknown|extra/i

/**
 * What a classification or reward head says of a conversation, by the first endpoint that a server has for it: which one it
 * is is learnt once a route, from refusals that cost nothing.
 */
export function rewards(base: string, connection: Connection, route: Resolved): Teacher['doGenerate'] {
  const root = base.replace(/\/v1$/, '')
  const headers = { 'content-type': 'application/json', accept: 'application/json', ...connection.headers }
  let found: Way | undefined
  return async (request, { signal, limits }) => {
    let refused: Reply | undefined
    for (const way of found ? [found] : ways) {
      const to = endpointOf(`${root}${way.path}`)
      const body = way.body(request, route.model)
      const sent = post({ ...connection, headers, to, body, ...(signal && { signal }), ...(limits && { limits }) })
      const answered = await sent.catch(error => {
        if (!found && error instanceof Fault && (error.status === 404 || error.status === 405)) return undefined
        throw error
      })
      if (!answered) continue
      if (answered.status < 400 && !(answered.json as { error?: unknown }).error) {
        found = way
        return understood(() => replyOf(answered.json as Told, way))
      }
      const { status, error } = refusedIn(answered, 'a reply without marks', connection.secret)
      const message = scrub(error.message, connection.secret)
      const rejected = { status, message }
      refused ??= { content: null, finish: 'rejected', usage: {}, warnings: [], rejected }
      if (found || !notThisWay.test(message)) break
    }
    if (refused) return refused
    throw new Fault('route', `the server has none of ${ways.map(({ path }) => path).join(', ')}`, { status: 404 })
  }
}

type Told = { model?: string; usage?: { prompt_tokens?: number } | null }

function replyOf(json: Told, way: Way): Reply {
  const marks = way.read(json as never)
  if (!marks?.length || !marks.every(({ value }) => Number.isFinite(value))) {
    throw new Fault('health', `what ${way.path} answered holds no marks`)
  }
  const { model, usage } = json
  return {
    content: null,
    finish: 'stop',
    ...(model !== undefined && { served: model }),
    // There is no output to be paid for.
    usage: typeof usage?.prompt_tokens === 'number' ? { input: usage.prompt_tokens, output: 0 } : {},
    marks,
    warnings: [],
  }
}
