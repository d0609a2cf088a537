/** Runs a training in a process of its own, which dies at a named point. Arguments: folder, point, count. */
import { runTraining } from '../../src/run/training/index.ts'
import { killAt } from '../../src/testing.ts'

const [folder, point, n] = process.argv.slice(2)
await runTraining({ folder: folder!, env: process.env, reached: killAt(point!, Number(n)) })
