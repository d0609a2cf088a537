import { parentPort, workerData } from 'node:worker_threads'
import { collapseRun } from '../measure/index.ts'
import type { LaboratoryHello, LaboratoryOrder } from './collapse.ts'

const { corpus, settings } = workerData as LaboratoryHello
parentPort!.on('message', ({ arm, seed }: LaboratoryOrder) => {
  parentPort!.postMessage(collapseRun(corpus, arm, seed, settings))
})
