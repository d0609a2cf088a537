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
  ['- { kind: rset }', 'x.yaml:1:11 0.kind'],
  ['- { kind: reset }\n- { kind: reset, form: 2 }', 'x.yaml:2:3 1'],
  ['batch: { fates: [{ expires: 2 }] }', 'x.yaml:1:29 batch.fates.0.expires'],
  ['seed: 1', 'x.yaml:1:1 '],
])('says where %j is wrong', (text, place) => {
  try {
    readDrill(text, 'x.yaml')
    expect.unreachable()
  } catch (error) {
    const found = StillroomError.is(error) ? error.diagnostics : []
    const said = found.map(({ position: at, path }) => `${at?.file}:${at?.line}:${at?.column} ${path ?? ''}`)
    expect(said).toEqual([place])
  }
})
