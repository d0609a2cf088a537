import { type Sha, sha256 } from '../records/index.ts'
import type { Request, Route } from '../teachers/index.ts'

/** A call whose prompt begins like others. `leave` says that it is back. */
export type Cold = { wait?: Promise<void>; leave(): void }

/** No provider keeps shorter prefixes, taken as 4 bytes a token; and none keeps them longer by itself. */
const leastBytes = 4 * 1024
const warmMs = 5 * 60_000
const remembered = 10_000

/** `leading`: a first call with it is under way. `until`: when it is gone from the cache. */
type Entry = { leading?: Promise<void>; until: number }

/**
 * Prompt prefixes that a provider has in its cache. A prefix can be read only once a first call with it is answered, so
 * the others that begin alike wait for that one.
 */
export function openWarmth(now: () => number): { enter(route: Route, request: Request): Cold | undefined } {
  const routes = new WeakMap<Route, Map<Sha, Entry>>()
  return {
    enter(route, { messages, prefix }) {
      if (!prefix) return undefined
      const shared = messages.slice(0, prefix.messages).map(m => m.content ?? '')
      const text = [...shared, (messages[prefix.messages]?.content ?? '').slice(0, prefix.characters)].join('\n')
      if (Buffer.byteLength(text) < leastBytes) return undefined
      let known = routes.get(route)
      if (!known) {
        known = new Map()
        routes.set(route, known)
      }
      const key = sha256(text)
      const entry: Entry = known.get(key) ?? { until: Number.NEGATIVE_INFINITY }
      const kept = (): void => {
        entry.until = now() + warmMs
      }
      if (entry.leading) return { wait: entry.leading, leave: kept }
      if (entry.until > now()) return { leave: kept }
      const { promise, resolve } = Promise.withResolvers<void>()
      entry.leading = promise
      // Used last, it is forgotten last.
      known.delete(key)
      if (known.size >= remembered) known.delete(known.keys().next().value!)
      known.set(key, entry)
      return {
        leave() {
          kept()
          delete entry.leading
          resolve()
        },
      }
    },
  }
}
