import { expect, it } from 'vitest'
import { StillroomError } from '../errors/index.ts'
import { readDrill } from './index.ts'

it('reads rules alone, or all that a file can say', () => {
  const rule = { kind: { status: 429, retryAfterMs: 500 }, from: 2, count: 20, path: 'GET /batches/*' }
  expect(readDrill(JSON.stringify([rule]), 'x.json')).toEqual({ faults: [rule] })
  const whole = `
faults: [{ kind: stall-body, share: 0.1, model: judge }]
schedule: [reset, null, { delayMs: 5 }, { unsupported: seed }]
batch: { looks: 3, fates: [{ expires: 0.5 }, {}, { losesAnswer: true }] }
capacity: { concurrency: 64, beyond: queue, start: 4, perSecond: 2 }
cache: {}
prices: { input: 1, output: 2, batch: 0.5 }
`
  expect(readDrill(whole, 'x.yaml')).toEqual({
    faults: [{ kind: 'stall-body', share: 0.1, model: 'judge' }],
    schedule: ['reset', undefined, { delayMs: 5 }, { unsupported: 'seed' }],
    batch: { looks: 3, fates: [{ expires: 0.5 }, {}, { losesAnswer: true }] },
    capacity: { concurrency: 64, beyond: 'queue', start: 4, perSecond: 2 },
    cache: {},
    prices: { input: 1, output: 2, batch: 0.5 },
  })
})

it.each([
  ['- { kind: rset }', 'faults.0.kind'],
  ['- { kind: reset, form: 2 }', 'faults.0'],
  ['batch: { fates: [{ expires: 2 }] }', 'batch.fates.0.expires'],
  ['seed: 1', ''],
])('says where %j is wrong', (text, path) => {
  try {
    readDrill(text, 'x.yaml')
    expect.unreachable()
  } catch (error) {
    expect(StillroomError.is(error) && error.diagnostics.map(one => one.path)).toEqual([path])
  }
})
