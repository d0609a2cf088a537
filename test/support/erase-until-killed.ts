/** Carries out an erasure in a process of its own, which dies at a named point. Arguments: project folder, subject, point. */
import { join } from 'node:path'
import { beginErasure, carryOut, findErasure, openPlace, signerFor } from '../../src/run/index.ts'
import { killAt } from '../../src/testing.ts'

const [dir = '', subject = '', point = ''] = process.argv.slice(2)
const root = join(dir, '.stillroom')
const now = new Date('2026-03-03T00:00:00.000Z')
const { place } = openPlace(root, join(dir, 'releases'), { command: 'kill test', now })
const request = { request: 'E-1', at: now.toISOString(), reason: 'request 12' }
const pending = beginErasure(root, await findErasure(place, { subject }), request)
await carryOut(place, pending, { signer: signerFor(root)!, reached: killAt(point, 1) })
