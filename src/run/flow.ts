/** A bound on how many items of a stage are in memory between reading and their outcome. */
export type Window = { enter(): Promise<void> | undefined; leave(): void }

export function createWindow(size: number): Window {
  let free = size
  const waiting: (() => void)[] = []
  return {
    enter() {
      if (free > 0) {
        free--
        return undefined
      }
      return new Promise(resolve => waiting.push(resolve))
    },
    leave() {
      const next = waiting.shift()
      if (next) next()
      else free++
    },
  }
}

/** Values in the order in which promises give them: shards are taken up as they become ready. */
export async function* asReady<T>(promises: Promise<T>[]): AsyncGenerator<{ index: number; value: T }> {
  const ready: { index: number; value: T }[] = []
  let failure: { error: unknown } | undefined
  let wake: (() => void) | undefined
  promises.forEach((promise, index) => {
    promise.then(
      value => {
        ready.push({ index, value })
        wake?.()
      },
      error => {
        failure ??= { error }
        wake?.()
      },
    )
  })
  for (let given = 0; given < promises.length; ) {
    if (failure) throw failure.error
    const next = ready.shift()
    if (next) {
      given++
      yield next
    } else {
      await new Promise<void>(resolve => {
        wake = resolve
      })
      wake = undefined
    }
  }
}

/** Results in the order of the items, while the work on up to `width` of them goes on. */
export async function* ahead<T, R>(
  items: readonly T[],
  width: number,
  work: (item: T, index: number) => Promise<R>,
): AsyncGenerator<R> {
  const under: Promise<R>[] = []
  let next = 0
  try {
    for (let given = 0; given < items.length; given++) {
      for (; next < items.length && under.length < width; next++) {
        const result = work(items[next]!, next)
        result.catch(() => {})
        under.push(result)
      }
      yield await under.shift()!
    }
  } finally {
    await Promise.allSettled(under)
  }
}
