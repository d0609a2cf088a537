import type { Dispatcher } from 'undici'
import { StillroomError } from '../errors/index.ts'
import { anthropic } from './anthropic.ts'
import { builtinTeacher } from './builtin/index.ts'
import type { TeacherConfig } from './config.ts'
import type { Teacher } from './contract.ts'
import { openaiCompatible } from './openai-compatible.ts'
import { openAgent } from './post.ts'
import { type Resolved, resolveTeacher } from './presets.ts'

export type OpenOptions = {
  /** Where keys come from: the environment, and nothing else. */
  env: Record<string, string | undefined>
  /** Connections to use instead of the teacher's own. */
  dispatcher?: Dispatcher
}

/** Where the calls of a route go, and with which key. Throws SR_KEY_MISSING. */
export function wayTo(name: string, route: Resolved, env: OpenOptions['env']): { base: string; key?: string } {
  const baseUrl = route.baseUrl ?? env[route.baseUrlFrom ?? '']
  if (!baseUrl) {
    throw new StillroomError(
      'SR_KEY_MISSING',
      `Teacher ${name} needs the environment variable ${route.baseUrlFrom}, and it is not set.`,
      {
        hint: `Start \`stillroom simulate\` and set ${route.baseUrlFrom} to the URL it prints.`,
      },
    )
  }
  const key = route.keyName ? env[route.keyName]?.trim() : undefined
  if (route.keyName && !key && !route.keyOptional) {
    throw new StillroomError(
      'SR_KEY_MISSING',
      `Teacher ${name} (${route.id}) needs an API key, and the environment variable ${route.keyName} is not set.`,
      {
        hint: `Set it before the run: export ${route.keyName}=... Keys are read from the environment only, never from the recipe. \`key:\` in the teacher names another variable.`,
      },
    )
  }
  const base = route.provider === 'simulate' ? `${baseUrl.replace(/\/+$/, '').replace(/\/v1$/, '')}/v1` : baseUrl
  return { base, ...(key && { key }) }
}

/**
 * A teacher ready to be asked. Its id is `provider/model`, with the revision where one is given: what records name,
 * whatever the recipe calls it. Makes no call.
 * @throws StillroomError SR_KEY_MISSING when the key's environment variable is empty.
 */
export function openTeacher(name: string, config: TeacherConfig, { env, dispatcher }: OpenOptions): Teacher {
  const route = resolveTeacher(name, config)
  const { id } = route
  if (route.provider === 'builtin') return builtinTeacher(route.model, id)
  const { base, key } = wayTo(name, route, env)
  const own = dispatcher ?? openAgent(config.timeout, config.concurrency)
  const teacher = (route.protocol === 'anthropic' ? anthropic : openaiCompatible)({
    id,
    route: { ...route, baseUrl: base },
    ...(route.revision !== undefined && { revision: route.revision }),
    dispatcher: own,
    ...(key && { key }),
  })
  if (dispatcher) return teacher
  let closed: Promise<void> | undefined
  return {
    ...teacher,
    close() {
      closed ??= own.close()
      return closed
    },
  }
}
