import type { Clock } from './session.ts'

/**
 * Asks URLs in turn, again and again, until `accept` finds in a good answer of one what is looked for; undefined means not
 * yet. A server that is down, or says no, is asked again. `last` is what came last when time is up, or it was interrupted. Seconds.
 */
export async function askUntil<T>(
  urls: readonly string[],
  accept: (text: string, url: string) => T | undefined,
  { every, timeout }: { every: number; timeout: number },
  { clock, fetch, signal }: { clock: Clock; fetch: typeof globalThis.fetch; signal?: AbortSignal | undefined },
): Promise<{ found: T } | { last: string; interrupted: boolean }> {
  const began = clock.elapsed()
  let last = 'nothing answered'
  while (clock.elapsed() - began < timeout * 1000) {
    for (const url of urls) {
      if (signal?.aborted) return { last, interrupted: true }
      try {
        const response = await fetch(url, { signal: AbortSignal.timeout(30_000) })
        const text = await response.text()
        last = `${response.status} ${text.slice(0, 120)}`
        const found = response.ok ? accept(text, url) : undefined
        if (found !== undefined) return { found }
      } catch (error) {
        last = error instanceof Error ? error.message : String(error)
      }
    }
    await clock.sleep(every * 1000, signal).catch(() => {})
  }
  return { last, interrupted: signal?.aborted === true }
}
