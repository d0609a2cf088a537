import { type ChildProcess, fork } from 'node:child_process'
import { createHash } from 'node:crypto'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { constants, zstdCompressSync, zstdDecompressSync } from 'node:zlib'
import { stringify } from 'yaml'
import { z } from 'zod'
import { builtinSteps } from '../src/builtin-steps.ts'
import { openProject, openSession, type RunResult, run } from '../src/run/index.ts'
import { defineMap } from '../src/steps/index.ts'
import type { Figure } from './benches.ts'

export const echo = defineMap<{ teacher: string }, 'prompt', 'conversation'>({
  verb: 'echo',
  about: 'One call a record.',
  version: 1,
  options: z.strictObject({ teacher: z.string() }),
  takes: ['prompt'],
  gives: ['conversation'],
  reasons: [],
  needs: { teachers: ['teacher'] },
  teacher: o => o.teacher,
  prompt: record => ({ messages: record.messages }),
  parse: (reply, record) => ({
    is: 'made',
    made: [
      {
        payload: {
          kind: 'conversation',
          messages: [...record.messages, { role: 'assistant', content: reply.content }],
        },
        index: 0,
      },
    ],
  }),
})
const noop = defineMap<Record<string, never>, 'document', 'document'>({
  verb: 'noop',
  about: 'Passes everything.',
  version: 1,
  options: z.strictObject({}),
  takes: ['document'],
  gives: 'same',
  reasons: [],
  run: async () => ({ is: 'passed' }),
})

export async function serve(latencyMs: number): Promise<{ url: string; child: ChildProcess }> {
  const child = fork(join(import.meta.dirname, 'server.ts'), [String(latencyMs)], {
    stdio: ['ignore', 'pipe', 'inherit', 'ipc'],
  })
  const port = await new Promise<string>(resolve => child.stdout!.once('data', data => resolve(String(data).trim())))
  return { url: `http://127.0.0.1:${port}/v1`, child }
}

export async function inFolder<T>(files: { [name: string]: string }, work: (dir: string) => Promise<T>): Promise<T> {
  const dir = mkdtempSync(join(tmpdir(), 'stillroom-bench-'))
  try {
    for (const [name, text] of Object.entries(files)) writeFileSync(join(dir, name), text)
    return await work(dir)
  } finally {
    rmSync(dir, { recursive: true, force: true })
  }
}

export async function runOnce(dir: string, recipe: object): Promise<RunResult & { wall: number; cpu: number }> {
  writeFileSync(join(dir, 'recipe.yaml'), stringify(recipe))
  const project = await openProject(join(dir, 'recipe.yaml'), [...builtinSteps, echo, noop])
  const plan = await project.plan()
  const session = openSession(project.workspace, { command: 'bench' })
  try {
    const cpu = process.cpuUsage()
    const start = performance.now()
    const result = await run({ plan, session, env: {} })
    const wall = (performance.now() - start) / 1000
    const used = process.cpuUsage(cpu)
    if (result.error) throw result.error
    return { ...result, wall, cpu: (used.user + used.system) / 1000 }
  } finally {
    session.close()
  }
}

/** Calls through the whole engine, journal on, against the same number through `undici.request` alone. */
export async function* calls(o: {
  calls: number
  latencyMs: number
  width: number
  instant: boolean
}): AsyncGenerator<Figure> {
  const { url, child } = await serve(o.latencyMs)
  try {
    const rows = Array.from({ length: o.calls }, (_, i) =>
      JSON.stringify({ prompt: `Question ${i}: what does part ${i * 7} do?` }),
    )
    const recipe = {
      name: 'bench',
      teachers: { t: { model: 'bench', at: url, price: 'free', concurrency: o.width, start: o.width } },
      sources: { q: { files: 'q.jsonl', license: 'cc0-1.0', kind: 'prompt' } },
      steps: [{ echo: { from: 'q', teacher: 't' } }],
    }
    const engine = await inFolder({ 'q.jsonl': rows.join('\n') }, dir => runOnce(dir, recipe))
    const rss = (process.resourceUsage().maxRSS * 1024) / 1e6
    const raw = await rawCalls(url, o.calls, o.width, 'undici')
    const fetched = await rawCalls(url, o.calls, o.width, 'fetch')
    const ratio = engine.wall / raw.wall
    if (o.instant) {
      const rate = o.calls / engine.wall
      yield { metric: 'calls/s', value: rate, unit: 'calls/s', target: '>= 4000', holds: rate >= 4000 }
      yield {
        metric: 'share of the raw client',
        value: 1 / ratio,
        unit: 'x',
        ceiling: o.calls / raw.wall,
        ratio: 1 / ratio,
        target: '>= 0.45',
        holds: 1 / ratio >= 0.45,
      }
    } else {
      yield {
        metric: 'wall',
        value: engine.wall,
        unit: 's',
        ceiling: raw.wall,
        ratio,
        target: '<= 1.05 x',
        holds: ratio <= 1.05,
      }
    }
    yield {
      metric: 'wall against raw fetch',
      value: engine.wall,
      unit: 's',
      ceiling: fetched.wall,
      ratio: engine.wall / fetched.wall,
    }
    for (const [client, { wall, cpu, rss }] of [
      ['undici.request', raw],
      ['fetch', fetched],
    ] as const) {
      yield { metric: `${client}: calls/s`, value: o.calls / wall, unit: 'calls/s' }
      yield { metric: `${client}: CPU a call`, value: cpu / o.calls, unit: 'ms' }
      yield { metric: `${client}: resident memory`, value: rss, unit: 'MB' }
    }
    const perCall = engine.cpu / o.calls
    yield {
      metric: 'CPU a call',
      value: perCall,
      unit: 'ms',
      ceiling: raw.cpu / o.calls,
      target: '<= 0.35',
      holds: perCall <= 0.35,
    }
    yield { metric: 'most resident memory', value: rss, unit: 'MB', target: '<= 400', holds: rss <= 400 }
  } finally {
    child.disconnect()
  }
}

type Raw = { wall: number; cpu: number; rss: number }

/** The raw client in a process of its own, so that both start cold and neither's memory counts as the other's. */
async function rawCalls(url: string, n: number, width: number, client: 'undici' | 'fetch'): Promise<Raw> {
  const child = fork(join(import.meta.dirname, 'raw-client.ts'), [url, String(n), String(width), client], {
    stdio: ['ignore', 'pipe', 'inherit', 'ipc'],
  })
  let output = ''
  child.stdout!.on('data', data => (output += data))
  await new Promise(resolve => child.once('close', resolve))
  return JSON.parse(output) as Raw
}

/** Records of about 2 KB through a no-op map, from stored shard to stored shard, against decode and encode alone. */
export async function* records(): AsyncGenerator<Figure> {
  const n = 40_000
  const words = 'valve pressure opens when the boiler reaches its limit and a second spring keeps it shut'.split(' ')
  const text = (i: number): string =>
    Array.from({ length: 330 }, (_, j) => words[(i * 31 + j * 17 + ((i * j) % 7)) % words.length]).join(' ')
  const rows = Array.from({ length: n }, (_, i) => JSON.stringify({ text: `${i} ${text(i)}` }))
  const { rate, ceiling } = await inFolder({ 'd.jsonl': rows.join('\n') }, async dir => {
    const recipe = (...steps: object[]) => ({
      name: 'bench',
      sources: { d: { files: 'd.jsonl', license: 'cc0-1.0', kind: 'document' } },
      steps,
    })
    // The source is read in a first run, so that the second measures the map alone.
    await runOnce(dir, recipe({ noop: { from: 'd', as: 'warm' } }))
    const engine = await runOnce(dir, recipe({ noop: { from: 'd' } }))
    const source = engine.shards.get('d')!
    const project = join(dir, '.stillroom', 'tasks')
    return { rate: n / engine.wall, ceiling: rawCodec(source, project) }
  })
  const ratio = rate / ceiling
  yield { metric: 'records/s', value: rate, unit: 'records/s', ceiling, ratio, target: '>= 0.60', holds: ratio >= 0.6 }
}

function rawCodec(shards: NonNullable<ReturnType<RunResult['shards']['get']>>, tasks: string): number {
  const frames: Buffer[] = []
  let lines = 0
  for (const { pieces } of shards) {
    for (const { task, piece } of pieces) {
      const file = readFileSync(join(tasks, task.slice(0, 2), task, 'part.jsonl.zst'))
      for (const [offset, bytes] of piece.frames) frames.push(file.subarray(offset, offset + bytes))
      lines += piece.lines
    }
  }
  const start = performance.now()
  const hash = createHash('sha256')
  let out = 0
  for (const frame of frames) {
    const decoded = zstdDecompressSync(frame).toString('utf8').split('\n')
    decoded.pop()
    const encoded = Buffer.from(`${decoded.map(line => JSON.stringify(JSON.parse(line))).join('\n')}\n`)
    hash.update(encoded)
    out += zstdCompressSync(encoded, { params: { [constants.ZSTD_c_compressionLevel]: 1 } }).length
  }
  if (out === 0) throw new Error('nothing was encoded')
  return lines / ((performance.now() - start) / 1000)
}
