/** One thread of the bench of signatures: does what it is told over its lines, and says that it is done. */
import { parentPort, workerData } from 'node:worker_threads'
import { bandKeys, shingles, signature, split } from '../src/kernels/index.ts'

export type Work = 'parse' | 'signatures' | 'signatures and shingles'

const { buffer } = workerData as { buffer: SharedArrayBuffer }
const bytes = Buffer.from(buffer)

function texts(each: (text: string) => void): void {
  let from = 0
  for (let to = bytes.indexOf(10); to >= 0; to = bytes.indexOf(10, from)) {
    each(JSON.parse(bytes.toString('utf8', from, to)).text)
    from = to + 1
  }
}

const works: { [name in Work]: (text: string) => number } = {
  parse: text => text.length,
  signatures: text => bandKeys(signature(split(text, 'match'), 5, 112), 14, 8).length,
  'signatures and shingles': text => {
    const units = split(text, 'match')
    return shingles(units, 5).length + bandKeys(signature(units, 5, 112), 14, 8).length
  },
}

parentPort!.on('message', (work: Work) => {
  const start = process.threadCpuUsage()
  let made = 0
  texts(text => {
    made += works[work](text)
  })
  const { user, system } = process.threadCpuUsage(start)
  parentPort!.postMessage({ made, cpu: (user + system) / 1e6 })
})
