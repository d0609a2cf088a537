import type { Figure } from './benches.ts'
import { inFolder, runOnce, serve } from './engine.ts'

/** A fast route gives four replies in the time of a slow one. */
const latency = { slow: 160, fast: 40 }
const width = 32
const slowly = 1500

type Ran = { wall: number; sent: { [teacher: string]: number } }

/** Rows of a source of so many questions each. */
const questions = (source: string, n: number): string =>
  Array.from({ length: n }, (_, i) =>
    JSON.stringify({ prompt: `Question ${i} of ${source}: what does part ${i * 7} do?` }),
  ).join('\n')

/**
 * Two routes of different speed in one recipe, against the slower one alone with what it answered there: on a branch of
 * its own each, and as members of a pool, with equal weights and with weights after their speed.
 */
export async function* routes(): AsyncGenerator<Figure> {
  const slow = await serve(latency.slow)
  const fast = await serve(latency.fast)
  const at = (url: string, model: string) => ({ model, at: url, price: 'free', concurrency: width, start: width })
  const both = { slow: at(slow.url, 'slow'), fast: at(fast.url, 'fast') }
  async function once(sizes: { [source: string]: number }, teachers: object, steps: object[]): Promise<Ran> {
    const names = Object.keys(sizes)
    const sources = names.map(name => [name, { files: `${name}.jsonl`, license: 'cc0-1.0', kind: 'prompt' }])
    const files = names.map(name => [`${name}.jsonl`, questions(name, sizes[name]!)])
    const recipe = { name: 'bench', teachers, sources: Object.fromEntries(sources), steps }
    const { wall, calls } = await inFolder(Object.fromEntries(files), dir => runOnce(dir, recipe))
    return { wall, sent: Object.fromEntries(Object.entries(calls).map(([teacher, { sent }]) => [teacher, sent])) }
  }
  const alone = async (n: number) => (await once({ a: n }, both, [{ echo: { from: 'a', teacher: 'slow' } }])).wall
  function against(metric: string, wall: number, ceiling: number): Figure {
    const ratio = wall / ceiling
    return { metric, value: wall, unit: 's', ceiling, ratio, target: '<= 1.1 x', holds: ratio <= 1.1 }
  }
  try {
    const branches = await once({ a: slowly, b: 3 * slowly }, both, [
      { echo: { from: 'a', as: 'slowly', teacher: 'slow' } },
      { echo: { from: 'b', as: 'quickly', teacher: 'fast' } },
    ])
    yield against('two branches: wall together', branches.wall, await alone(branches.sent.slow!))
    for (const [weights, n] of [
      [{ slow: 1, fast: 1 }, 2 * slowly],
      [{ slow: 1, fast: 4 }, 5 * slowly],
    ] as const) {
      const pool = { ...both, pool: { 'any-of': weights } }
      const { wall, sent } = await once({ a: n }, pool, [{ echo: { from: 'a', teacher: 'pool' } }])
      const name = `any-of ${weights.slow}:${weights.fast}: wall together`
      yield against(name, wall, await alone(sent.slow!))
    }
  } finally {
    slow.child.disconnect()
    fast.child.disconnect()
  }
}
