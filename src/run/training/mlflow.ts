import type { Point } from '../../train/index.ts'

/**
 * One run at a tracking server. Nothing here ever fails: a server that is down costs a word, and no training. What it missed
 * is sent once it is back.
 */
export type Tracked = {
  /** Absent until the server has begun the run. */
  id(): string | undefined
  log(points: readonly Point[]): Promise<void>
  end(well: boolean): Promise<void>
}

export type Tracking = {
  uri: string
  experiment: string
  /** Name of the run. */
  name: string
  /** The run that an earlier time began. */
  id?: string | undefined
  params: { [name: string]: string }
  now(): Date
  fetch: typeof fetch
  env: Record<string, string | undefined>
  warn(message: string): void
}

/** Most metrics of one request, by the REST API. */
const most = 1000
/** Milliseconds that an answer may take, and for which a server that gave none is left alone. */
const patience = 10_000
const pause = 30_000

type Metric = { key: string; value: number; timestamp: number; step: number }

/**
 * A run of MLflow over its REST API (`/api/2.0/mlflow`), begun with the first figures, or the one named gone on with. Sign-in
 * is what MLflow's own clients take from the environment: MLFLOW_TRACKING_TOKEN, or MLFLOW_TRACKING_USERNAME and
 * MLFLOW_TRACKING_PASSWORD.
 */
export function trackMlflow(what: Tracking): Tracked {
  let { id } = what
  let warned = false
  let awayUntil = 0
  const pending: Metric[] = []

  /** The answer of the server, `none` for a 404; undefined, and once a warning, where there is none. */
  async function ask(path: string, body?: object): Promise<unknown> {
    try {
      const response = await what.fetch(`${what.uri.replace(/\/+$/, '')}/api/2.0/mlflow/${path}`, {
        method: body ? 'POST' : 'GET',
        headers: { 'content-type': 'application/json', ...signIn(what.env) },
        ...(body ? { body: JSON.stringify(body) } : {}),
        signal: AbortSignal.timeout(patience),
      })
      if (response.status === 404) return 'none'
      if (!response.ok) throw new Error(`${response.status} ${(await response.text()).slice(0, 120)}`)
      return await response.json()
    } catch (error) {
      awayUntil = what.now().getTime() + pause
      if (!warned) {
        const why = error instanceof Error ? ((error.cause as Error | undefined)?.message ?? error.message) : error
        what.warn(`MLflow at ${what.uri} is not to be reached (${why}); the training goes on without it.`)
      }
      warned = true
      return undefined
    }
  }

  async function begin(): Promise<void> {
    const found = await ask(`experiments/get-by-name?experiment_name=${encodeURIComponent(what.experiment)}`)
    if (found === undefined) return
    const experiment =
      found === 'none'
        ? word(await ask('experiments/create', { name: what.experiment }), 'experiment_id')
        : word(found, 'experiment', 'experiment_id')
    if (experiment === undefined) return
    const started = { experiment_id: experiment, run_name: what.name, start_time: what.now().getTime() }
    id = word(await ask('runs/create', started), 'run', 'info', 'run_id')
    const params = Object.entries(what.params).map(([key, value]) => ({ key, value: value.slice(0, 500) }))
    if (id !== undefined) await ask('runs/log-batch', { run_id: id, params })
  }

  async function send(): Promise<void> {
    if (id === undefined) await begin()
    while (id !== undefined && pending.length > 0) {
      const metrics = pending.slice(0, most)
      if ((await ask('runs/log-batch', { run_id: id, metrics })) === undefined) return
      pending.splice(0, metrics.length)
    }
  }

  return {
    id: () => id,
    async log(points) {
      const timestamp = what.now().getTime()
      for (const { step, figures } of points) {
        for (const [key, value] of Object.entries(figures)) {
          if (value !== null) pending.push({ key, value, timestamp, step })
        }
      }
      if (timestamp >= awayUntil) await send()
    },
    async end(well) {
      await send()
      if (id === undefined) return
      await ask('runs/update', { run_id: id, status: well ? 'FINISHED' : 'FAILED', end_time: what.now().getTime() })
    },
  }
}

function signIn(env: Record<string, string | undefined>): { authorization?: string } {
  const { MLFLOW_TRACKING_TOKEN: token, MLFLOW_TRACKING_USERNAME: user, MLFLOW_TRACKING_PASSWORD: password } = env
  if (token) return { authorization: `Bearer ${token}` }
  if (!user) return {}
  return { authorization: `Basic ${Buffer.from(`${user}:${password ?? ''}`).toString('base64')}` }
}

function word(value: unknown, ...path: string[]): string | undefined {
  let at = value
  for (const key of path)
    at = typeof at === 'object' && at !== null ? (at as { [key: string]: unknown })[key] : undefined
  return typeof at === 'string' ? at : undefined
}
