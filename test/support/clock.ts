import type { Clock } from '../../src/run/index.ts'

/** A clock on which time passes so many times faster: minutes of patience and back-off are over in a moment. */
export function fastClock(times: number): Clock {
  const start = Date.now()
  return {
    now: () => new Date(start + (Date.now() - start) * times),
    elapsed: () => (Date.now() - start) * times,
    sleep: (ms, signal) =>
      new Promise((resolve, reject) => {
        const timer = setTimeout(resolve, ms / times)
        signal?.addEventListener(
          'abort',
          () => {
            clearTimeout(timer)
            reject(signal.reason)
          },
          { once: true },
        )
      }),
  }
}
