import { Worker } from 'node:worker_threads'

/** What is done to the text of one document; the number it gives is added up, so that nothing is optimised away. */
export type Work = (text: string) => number
/** A module of `bench/` that exports `work: { [name: string]: () => Work }`: made once a thread. */
export type Task = { module: string; name: string; given?: unknown }

export type Rate = { documents: number; megabytes: number }

/**
 * Documents and megabytes (of JSON Lines) a second through one piece of work in so many threads, each with its own range
 * of the bytes: split into lines, parsed, worked on. The median of `runs`, after a first one that warms up.
 */
export async function rateOf(
  task: Task,
  lines: SharedArrayBuffer,
  { threads = 2, runs = 3 }: { threads?: number; runs?: number } = {},
): Promise<Rate> {
  const workers = Array.from({ length: threads }, (_, i) => {
    const worker = new Worker(new URL('./thread.ts', import.meta.url), { workerData: { task, lines, i, threads } })
    return {
      worker,
      next: () => new Promise<number>((resolve, reject) => worker.once('message', resolve).once('error', reject)),
    }
  })
  try {
    await Promise.all(workers.map(({ next }) => next()))
    const rates: Rate[] = []
    for (let run = 0; run <= runs; run++) {
      const begin = performance.now()
      const counts = await Promise.all(
        workers.map(({ worker, next }) => {
          const done = next()
          worker.postMessage('go')
          return done
        }),
      )
      const seconds = (performance.now() - begin) / 1000
      const documents = counts.reduce((a, b) => a + b, 0)
      if (run > 0) rates.push({ documents: documents / seconds, megabytes: lines.byteLength / 1e6 / seconds })
    }
    rates.sort((a, b) => a.documents - b.documents)
    return rates[rates.length >> 1]!
  } finally {
    await Promise.all(workers.map(({ worker }) => worker.terminate()))
  }
}

/** Texts as JSON Lines that threads share. */
export function asLines(texts: Iterable<string>): SharedArrayBuffer {
  const bytes = Buffer.from([...texts].map(text => `${JSON.stringify({ text })}\n`).join(''))
  const shared = new SharedArrayBuffer(bytes.length)
  new Uint8Array(shared).set(bytes)
  return shared
}

/** Decoding and parsing alone: the ceiling of everything that begins with JSON Lines. */
export const work: { [name: string]: () => Work } = { parse: () => text => text.length }
export const ceiling: Task = { module: import.meta.url, name: 'parse' }
