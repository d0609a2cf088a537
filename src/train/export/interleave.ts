/**
 * Good and bad rows in turn, as evenly as their numbers allow, each in its own order: trainers that take rows as they lie
 * then see both in every batch. `counts` are of the rows that count.
 */
export async function* interleaved<T>(
  good: AsyncIterable<T>,
  bad: AsyncIterable<T>,
  counts: { good: number; bad: number },
  counted: (row: T) => boolean = () => true,
): AsyncGenerator<T> {
  const sides = [
    { rows: good[Symbol.asyncIterator](), total: Math.max(1, counts.good), done: 0, ended: false },
    { rows: bad[Symbol.asyncIterator](), total: Math.max(1, counts.bad), done: 0, ended: false },
  ]
  try {
    for (;;) {
      const open = sides.filter(side => !side.ended)
      if (open.length === 0) return
      // The side that is further behind its share; the good one first where both are.
      const next = open.reduce((a, b) => ((b.done + 0.5) / b.total < (a.done + 0.5) / a.total ? b : a))
      const { value, done } = await next.rows.next()
      if (done) next.ended = true
      else {
        if (counted(value)) next.done++
        yield value
      }
    }
  } finally {
    for (const { rows } of sides) await rows.return?.()
  }
}

/** The rows from the `skip`th on, and then those before it. Reads them twice. */
export async function* rotated<T>(read: () => AsyncIterable<T>, skip: number): AsyncGenerator<T> {
  let n = 0
  for await (const row of read()) if (n++ >= skip) yield row
  if (skip === 0) return
  n = 0
  for await (const row of read()) {
    if (n++ >= skip) return
    yield row
  }
}
