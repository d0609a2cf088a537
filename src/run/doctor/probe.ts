import { z } from 'zod'
import { StillroomError } from '../../errors/index.ts'
import { loadTeacherModule, nearest } from '../../recipe/index.ts'
import { type Json, withoutSecrets } from '../../records/index.ts'
import {
  costOf,
  Fault,
  type KnownPrice,
  openTeacher,
  type Reply,
  type Request,
  type Resolved,
  readStructured,
  type SeenLimits,
  samplingOf,
  servedModels,
  type Teacher,
  type TeacherConfig,
} from '../../teachers/index.ts'

/** What a teacher was found to do. `part` works with a reservation; `unsaid` could not be told by a few short calls. */
export type Ability = { name: string; is: 'works' | 'part' | 'no' | 'unsaid'; said: string }

export type Probe = {
  abilities: Ability[]
  /** Calls that were answered, and requests beside them that nobody charges for: refused as malformed, or of lists. */
  calls: number
  free: number
  /** Calls that failed behind the first: what was sent may be charged, and no count of it came back. */
  failed: number
  /** Dollars of all calls that were answered; null without a price, or where the server says no token counts. */
  usd: number | null
  served?: string
  /** Milliseconds of each call. */
  ms: number[]
  tokens: { input: number; output: number }
  limits?: SeenLimits
}

/** Who is probed, and by which way. `base` is the folder that a module of the user's own is named from. */
export type Probed = {
  name: string
  config: TeacherConfig
  resolved: Resolved
  price: KnownPrice | undefined
  base: string
}

const answer = z.strictObject({ number: z.int(), word: z.string() })
const schema: { [key: string]: Json } = {
  type: 'object',
  properties: { number: { type: 'integer' }, word: { type: 'string' } },
  required: ['number', 'word'],
  additionalProperties: false,
}
const asked =
  'Make up a whole number of nine digits at random, and a word for a thing in a kitchen. Give both as JSON with the keys "number" and "word", and nothing else.'
/** Tokens that a reply may take: room for a short train of thought. */
const mostOut = 1024
/** Seconds without progress after which a server counts as silent. */
const silentAfter = 60

/**
 * Asks a teacher a few short questions by its ordinary client, and tells what it does: once for the reply and all that can
 * be asked for at once, again with the same seed where one is taken, and again as another draw. Nothing goes into a journal.
 * @throws StillroomError SR_KEY_MISSING, SR_TEACHER_REJECTS, SR_TEACHER_DOWN, each with what to do next.
 */
export async function probeTeacher(
  of: Probed,
  env: Record<string, string | undefined>,
  elapsed: () => number,
): Promise<Probe> {
  const { name, base, resolved, price } = of
  const config = { ...of.config, concurrency: 1, timeout: Math.min(of.config.timeout, silentAfter) }
  if (resolved.provider === 'builtin') return builtin
  const teacher =
    config.use === undefined
      ? openTeacher(name, config, { env })
      : await loadTeacherModule(config.use, base, { name, config, env })
  try {
    return await ask(teacher, { ...of, config }, price, env, elapsed)
  } finally {
    await teacher.close?.()
  }
}

const builtin: Probe = {
  abilities: [
    { name: 'reply', is: 'works', said: 'built in: rules and no language model; it asks nobody, and needs no key' },
  ],
  ...{ calls: 0, free: 0, failed: 0, usd: 0, ms: [], tokens: { input: 0, output: 0 } },
}

async function ask(
  teacher: Teacher,
  of: Probed,
  price: KnownPrice | undefined,
  env: Record<string, string | undefined>,
  elapsed: () => number,
): Promise<Probe> {
  const { config, resolved } = of
  const { can } = teacher
  const request: Request = {
    messages: [{ role: 'user', content: asked }],
    schema: { name: 'reply', schema },
    // Some temperature, or two draws would be the same by right.
    sampling: { temperature: 1, ...samplingOf(config) },
    ...(can.logprobs ? { logprobs: 1 } : {}),
  }
  const probe: Probe = {
    abilities: [],
    ...{ calls: 0, free: 0, failed: 0, usd: 0, ms: [], tokens: { input: 0, output: 0 } },
  }
  async function call(seed: number, draw: number): Promise<Reply> {
    const began = elapsed()
    const wire = {
      ...{ seed, draw, cap: Math.min(config.max_tokens, mostOut) },
      limits: (seen: SeenLimits) => {
        probe.limits = { ...probe.limits, ...seen }
      },
    }
    const reply = await teacher.doGenerate(request, wire).catch(error => explain(error, of, env))
    probe.ms.push(elapsed() - began)
    if (reply.finish === 'rejected') await refused(reply.rejected?.message ?? '', reply.rejected?.status, of, env)
    probe.calls++
    const cost = price && costOf(reply.usage, price.price)
    probe.usd = probe.usd === null || cost === undefined ? null : probe.usd + cost.usd
    probe.tokens.input += reply.usage.input ?? 0
    probe.tokens.output += reply.usage.output ?? 0
    return reply
  }
  const first = await call(1, 0)
  if (first.served !== undefined) probe.served = first.served
  const dropped = (parameter: string): string | undefined =>
    first.warnings.find(({ kind, message }) => kind === 'parameter' && message.startsWith(parameter))?.message
  // One refusal may leave two remarks of the same parameter.
  probe.free = new Set(
    first.warnings.flatMap(({ kind, message }) => (kind === 'parameter' ? message.split(' ')[0] : [])),
  ).size
  const takesSeed = can.seed && dropped(resolved.seedName || 'seed') === undefined
  // What works is told although a later call fails.
  let failed = ''
  const further = (seed: number, draw: number): Promise<Reply | undefined> =>
    call(seed, draw).catch(error => {
      const { cause } = error as Error
      // What never went out, or was refused as malformed, is charged by nobody.
      if (cause instanceof Fault && !cause.unsent && !(cause.status && cause.status < 500)) probe.failed++
      failed = `another call failed: ${StillroomError.is(error) ? (error.received ?? error.message) : error}`
      return undefined
    })
  const again = takesSeed ? await further(1, 0) : undefined
  const other = failed ? undefined : await further(2, 1)
  const replies = [first, again, other].filter(reply => reply !== undefined)
  probe.abilities = [
    replyOf(first),
    schemaOf(
      replies,
      can.schema,
      dropped(resolved.protocol === 'anthropic' ? 'output_config.format' : 'response_format'),
    ),
    seedOf({ first, again, other, failed }, can.seed, takesSeed),
    other ? samplesOf(first, other) : { name: 'samples', is: 'unsaid', said: failed },
    logprobsOf(first, can.logprobs, dropped('logprobs') ?? dropped('top_logprobs')),
    cachingOf(replies, can.cache),
    await batchOf(teacher, probe),
    usageOf(first),
    ...first.warnings
      .filter(({ message }) => !/^(?:response_format|output_config|seed|random_seed|(?:top_)?logprobs)\b/.test(message))
      .map(({ message }): Ability => ({ name: 'parameter', is: 'part', said: message })),
  ]
  return probe
}

function replyOf({ finish, content, reasoning, usage }: Reply): Ability {
  const name = 'reply'
  if (finish === 'refusal' || finish === 'filtered')
    return { name, is: 'part', said: 'it answers, and refuses a harmless question' }
  if (finish === 'length')
    return {
      name,
      is: 'part',
      said: `cut at ${mostOut} tokens${reasoning ? ', of which it thought: give it a large max_tokens' : ''}`,
    }
  if (!content?.trim()) return { name, is: 'no', said: 'the reply holds no text' }
  const thought = usage.reasoning ?? 0
  return {
    name,
    is: 'works',
    said: thought > 0 || reasoning ? `with thoughts before it${thought > 0 ? ` (${thought} tokens)` : ''}` : 'yes',
  }
}

function schemaOf(replies: Reply[], can: boolean, refusal: string | undefined): Ability {
  const name = 'JSON schema'
  const right = replies.filter(({ content }) => 'data' in readStructured(content ?? '', answer)).length
  const kept = `${right} of ${replies.length} replies follow it`
  if (!can)
    return {
      name,
      is: right === replies.length ? 'part' : 'no',
      said: `the provider is known to take none: it goes into the prompt; ${kept}`,
    }
  if (refusal)
    return {
      name,
      is: right === replies.length ? 'part' : 'no',
      said: `refused, so that it goes into the prompt; ${kept}`,
    }
  return { name, is: right === replies.length ? 'works' : right > 0 ? 'part' : 'no', said: kept }
}

const same = (a: Reply, b: Reply): boolean => a.content === b.content

type Asked = { first: Reply; again: Reply | undefined; other: Reply | undefined; failed: string }
function seedOf({ first, again, other, failed }: Asked, can: boolean, taken: boolean): Ability {
  const name = 'seed'
  if (!can) return { name, is: 'no', said: 'the provider is known to take none' }
  if (!taken) return { name, is: 'no', said: 'refused, and left out from then on' }
  if (!again || !other) return { name, is: 'unsaid', said: `taken; ${failed}` }
  if (!same(first, again)) return { name, is: 'part', said: 'taken, but the same seed gave another reply' }
  if (same(first, other)) return { name, is: 'unsaid', said: 'taken; every reply is the same, with any seed' }
  return { name, is: 'works', said: 'the same seed gave the same reply' }
}

function samplesOf(first: Reply, other: Reply): Ability {
  const name = 'samples'
  if (same(first, other))
    return { name, is: 'no', said: 'two draws gave the same reply: more than one sample pays for copies' }
  return { name, is: 'works', said: 'two draws differ; each draw is a call of its own' }
}

function logprobsOf({ logprobs }: Reply, can: boolean, refusal: string | undefined): Ability {
  const name = 'log-probabilities'
  if (!can) return { name, is: 'no', said: 'the provider is known to give none' }
  if (logprobs?.length) return { name, is: 'works', said: `of ${logprobs.length} tokens` }
  return { name, is: 'no', said: refusal ? 'refused, and left out from then on' : 'asked for, and not given' }
}

function cachingOf(replies: Reply[], known: 'automatic' | 'marked' | undefined): Ability {
  const name = 'prompt caching'
  const cached = replies.reduce((n, { usage }) => n + (usage.cachedInput ?? 0), 0)
  const input = replies.reduce((n, { usage }) => n + (usage.input ?? 0), 0)
  if (cached > 0) return { name, is: 'works', said: `${cached} of ${input} input tokens came from the cache` }
  if (known === undefined) return { name, is: 'no', said: 'the provider is not known to keep prompts' }
  const how = known === 'marked' ? 'where prompts are marked, which is done' : 'by itself'
  return { name, is: 'unsaid', said: `known to keep long prompts ${how}; these are too short to show it` }
}

/** A list of batches costs nothing, and says whether there is such a thing. */
async function batchOf({ batch }: Teacher, probe: Probe): Promise<Ability> {
  const name = 'batch'
  if (!batch) return { name, is: 'no', said: 'the provider is not known to take batches' }
  try {
    probe.free++
    await batch.find({ name: 'stillroom-doctor', rows: 0, since: Date.now(), known: new Set(), ours: () => false })
    return { name, is: 'works', said: 'the server lists batches: `mode: batch` can be used' }
  } catch (error) {
    if (error instanceof Fault && (error.status === 404 || error.status === 405 || error.status === 501))
      return { name, is: 'no', said: 'the server knows no batches' }
    return {
      name,
      is: 'unsaid',
      said: `the list of batches could not be read: ${withoutSecrets((error as Error).message)}`,
    }
  }
}

function usageOf({ usage: { input, output } }: Reply): Ability {
  const name = 'token counts'
  if (input !== undefined && output !== undefined)
    return { name, is: 'works', said: `${input} in and ${output} out for one call` }
  return { name, is: 'no', said: 'the server says none: budgets reckon with the most that a call could take' }
}

/** Where a teacher is asked, as it may be printed. */
const placeOf = ({ resolved }: Probed, env: Record<string, string | undefined>): string =>
  withoutSecrets(resolved.baseUrl ?? env[resolved.baseUrlFrom ?? ''] ?? resolved.provider)

/** A failure in words, with what to do next. */
async function explain(error: unknown, of: Probed, env: Record<string, string | undefined>): Promise<never> {
  if (!(error instanceof Fault)) throw error
  const { name, resolved, config } = of
  const { status, policy, unsent, stalled } = error
  const message = withoutSecrets(error.message)
  const url = placeOf(of, env)
  if (unsent) {
    const start =
      resolved.provider === 'ollama'
        ? 'start it with: ollama serve'
        : resolved.provider === 'vllm'
          ? `start it with: vllm serve ${resolved.model}`
          : config.at === undefined
            ? 'look at the network and its proxy'
            : 'start the server, or mend `at:`'
    throw new StillroomError('SR_TEACHER_DOWN', `Nothing answers at ${url}.`, {
      received: message,
      hint: start,
      cause: error,
    })
  }
  if (status === 401 || status === 403) {
    const key = resolved.keyName
    const given = key !== undefined && env[key]?.trim()
    throw new StillroomError(
      'SR_TEACHER_REJECTS',
      `${url} refuses ${given ? `the key in ${key}` : 'to answer without a key'}.`,
      {
        received: message,
        hint: given
          ? `look whether ${key} holds a key of this provider that is still valid and may use ${resolved.model}`
          : key === undefined
            ? 'name the environment variable that holds the key: `key: MY_KEY` in the teacher, and export it'
            : `set it: export ${key}=...`,
        cause: error,
      },
    )
  }
  if (status === 404 || status === 405) return unknownModel(message, of, env, url)
  if (policy === 'capacity') {
    throw new StillroomError('SR_TEACHER_DOWN', `${url} is at its limit for this key.`, {
      received: message,
      hint: 'wait a moment; when it stays so, look at the limits and the balance of the account',
      cause: error,
    })
  }
  const shape = /no complete JSON|no JSON object|known shape|without choices/.test(message)
  throw new StillroomError(
    policy === 'route' ? 'SR_TEACHER_REJECTS' : 'SR_TEACHER_DOWN',
    `Teacher ${name} gave no reply.`,
    {
      received: message,
      hint: stalled
        ? `it sent nothing for ${silentAfter} seconds: is the model loaded, is the server overloaded?`
        : shape
          ? `${url} is hardly the base URL of a model server: one ends in /v1 as a rule`
          : 'ask again in a moment; the status page of the provider says whether it is down',
      cause: error,
    },
  )
}

/** A refusal of the request itself. */
async function refused(
  message: string,
  status: number | undefined,
  of: Probed,
  env: Record<string, string | undefined>,
): Promise<never> {
  const url = placeOf(of, env)
  if (/model/i.test(message) && /not (?:found|exist)|unknown|no such|invalid|does not exist/i.test(message))
    return unknownModel(message, of, env, url)
  throw new StillroomError('SR_TEACHER_REJECTS', `Teacher ${of.name} refuses the request.`, {
    received: `HTTP ${status}: ${message}`,
    hint: 'look at the settings of the teacher in the recipe: one of them is none of this model',
  })
}

/** No such model, or no such place: the list of models tells which. */
async function unknownModel(
  message: string,
  { name, resolved }: Probed,
  env: Record<string, string | undefined>,
  url: string,
): Promise<never> {
  const models = await servedModels(name, resolved, { env, seconds: 15 }).catch(() => undefined)
  if (models === undefined) {
    throw new StillroomError('SR_TEACHER_REJECTS', `There is no model server at ${url}.`, {
      received: message,
      hint: 'mend the URL: it is the base of the interface, and ends in /v1 as a rule',
    })
  }
  const near = nearest(resolved.model, models)
  const shown = models.slice(0, 8).join(', ')
  throw new StillroomError('SR_TEACHER_REJECTS', `${url} has no model ${resolved.model}.`, {
    received: message,
    ...(models.length > 0
      ? { expected: `one of its ${models.length}: ${shown}${models.length > 8 ? ', ...' : ''}` }
      : {}),
    hint: near ? `did you mean ${near}?` : models.length > 0 ? 'name one of them under `model:`' : 'load a model first',
  })
}
