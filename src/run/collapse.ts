import { once } from 'node:events'
import { Worker } from 'node:worker_threads'
import type { Arm, Corpus, Generation, Runs, Settings } from '../measure/index.ts'

/** What a thread is given once, and a run that it is asked for. */
export type LaboratoryHello = { corpus: Corpus; settings: Settings }
export type LaboratoryOrder = { arm: Arm; seed: string }

/**
 * Runs of the laboratory of model collapse, one for each workflow and seed, in threads. A run depends on its seed alone,
 * so that threads change nothing but the time. `done` hears of each run that ended.
 */
export async function laboratory(
  corpus: Corpus,
  { arms, seeds, threads, ...settings }: Settings & { arms: readonly Arm[]; seeds: number; threads: number },
  done: (arm: Arm, ended: number, of: number) => void,
): Promise<Runs> {
  // The longest first, so that no thread is left alone with one at the end.
  const orders = [...arms]
    .reverse()
    .flatMap(arm => Array.from({ length: seeds }, (_, i) => ({ arm, seed: `${i + 1}` })))
  const found = new Map<string, Generation[]>()
  let next = 0
  let ended = 0
  async function work(): Promise<void> {
    const file = new URL(`./collapse-thread${import.meta.url.endsWith('.ts') ? '.ts' : '.js'}`, import.meta.url)
    const worker = new Worker(file, { workerData: { corpus, settings } satisfies LaboratoryHello })
    try {
      while (next < orders.length) {
        const order = orders[next++]!
        worker.postMessage(order)
        const [generations] = await once(worker, 'message')
        found.set(`${order.arm} ${order.seed}`, generations)
        done(order.arm, ++ended, orders.length)
      }
    } finally {
      await worker.terminate()
    }
  }
  await Promise.all(Array.from({ length: Math.min(threads, orders.length) }, work))
  const runs: Runs = {}
  for (const arm of arms) runs[arm] = Array.from({ length: seeds }, (_, i) => found.get(`${arm} ${i + 1}`)!)
  return runs
}
