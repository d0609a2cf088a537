import { calls, records } from './engine.ts'
import { metered, queueing, refusing, widening } from './limits.ts'
import { routes } from './routes.ts'

export type Figure = {
  metric: string
  value: number
  unit: string
  /** What the same machine does in the same run without the engine. */
  ceiling?: number
  ratio?: number
  target?: string
  holds?: boolean
}
export const benches: { [name: string]: () => AsyncIterable<Figure> } = {
  'engine-calls': () => calls({ calls: 20_000, latencyMs: 200, width: 512, instant: false }),
  'engine-instant': () => calls({ calls: 20_000, latencyMs: 0, width: 512, instant: true }),
  'engine-records': records,
  'limits-refusing': refusing,
  'limits-queueing': queueing,
  'limits-widening': widening,
  'limits-metered': metered,
  'limits-routes': routes,
}
