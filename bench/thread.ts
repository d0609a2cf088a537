/** One thread of `rateOf`: its range of the lines, from the first line that begins in it to the last. */
import { parentPort, workerData } from 'node:worker_threads'
import type { Task, Work } from './threads.ts'

const { task, lines, i, threads } = workerData as { task: Task; lines: SharedArrayBuffer; i: number; threads: number }
const { work } = (await import(task.module)) as { work: { [name: string]: (given?: unknown) => Work } }
const each = work[task.name]!(task.given)
const all = Buffer.from(lines)
const from = i === 0 ? 0 : all.indexOf(10, Math.floor((all.length * i) / threads)) + 1
const to = i === threads - 1 ? all.length : all.indexOf(10, Math.floor((all.length * (i + 1)) / threads)) + 1

function pass(): number {
  let documents = 0
  let sum = 0
  for (let at = from; at < to; ) {
    const end = all.indexOf(10, at)
    sum += each((JSON.parse(all.toString('utf8', at, end)) as { text: string }).text)
    documents++
    at = end + 1
  }
  if (Number.isNaN(sum)) throw new Error('no sum')
  return documents
}
parentPort!.on('message', () => parentPort!.postMessage(pass()))
parentPort!.postMessage(0)
