/** Format, lint, types, import direction and file sizes, side by side. Exits 1 when any of them fails. */
import { spawn } from 'node:child_process'
import { globSync, readFileSync } from 'node:fs'
import { dirname, join, posix, relative, resolve } from 'node:path'

const root = resolve(import.meta.dirname, '..')

/** Tiers, lowest first: a room imports from lower tiers only. Rooms of one tier do not import each other. */
const tiers = [
  ['errors'],
  ['records'],
  ['text', 'kernels', 'sandbox'],
  ['teachers'],
  ['steps', 'workspace'],
  ['recipe', 'measure', 'hub'],
  ['govern'],
  ['sources', 'generate', 'curate', 'prefer', 'train', 'evaluate', 'release', 'simulate'],
  ['run'],
  ['server', 'cli'],
]
const tierOf = new Map(tiers.flatMap((rooms, tier) => rooms.map(room => [room, tier] as const)))

/** Files beside the rooms: the list of built-in steps is handed to recipe and run, the doors see everything. */
const doors = new Set(['index.ts', 'testing.ts', 'builtin-steps.ts', 'worker.ts'])

function structureProblems(): string[] {
  const problems: string[] = []
  for (const file of globSync('src/**/*.ts', { cwd: root })) {
    const path = file.replaceAll('\\', '/')
    const text = readFileSync(join(root, path), 'utf8')
    const test = path.endsWith('.test.ts')
    const lines = text.split('\n').length
    if (!test && lines > 600) problems.push(`${path}: ${lines} lines, 600 is the stop`)
    const inside = relative('src', path).replaceAll('\\', '/')
    const room = inside.includes('/') ? inside.slice(0, inside.indexOf('/')) : undefined
    if (room === undefined) {
      if (!doors.has(inside)) problems.push(`${path}: only doors stand beside the rooms`)
      continue
    }
    const tier = tierOf.get(room)
    if (tier === undefined) {
      problems.push(`${path}: room ${room} has no tier`)
      continue
    }
    for (const [, target] of text.matchAll(/(?:from|import)\s*\(?\s*'(\.[^']+)'/g)) {
      const to = posix.normalize(posix.join(dirname(inside).replaceAll('\\', '/'), target!))
      const other = to.includes('/') ? to.slice(0, to.indexOf('/')) : undefined
      if (other === room || test) continue
      if (other === undefined) {
        if (room !== 'cli' || !doors.has(to)) problems.push(`${path}: imports ${to} from beside the rooms`)
        continue
      }
      if (!to.endsWith('/index.ts') || to.split('/').length !== 2) {
        problems.push(`${path}: reaches into ${to}; a room's index.ts is its only door`)
      }
      const otherTier = tierOf.get(other)
      if (otherTier === undefined || otherTier >= tier) problems.push(`${path}: ${room} may not import ${other}`)
    }
  }
  return problems
}

function run(command: string, ...args: string[]): Promise<{ name: string; code: number; output: string }> {
  return new Promise(resolved => {
    const child = spawn(join(root, 'node_modules', '.bin', command), args, { cwd: root })
    let output = ''
    child.stdout.on('data', data => (output += data))
    child.stderr.on('data', data => (output += data))
    child.on('close', code => resolved({ name: [command, ...args].join(' '), code: code ?? 1, output }))
  })
}

const problems = structureProblems()
const results = [
  { name: 'structure', code: problems.length > 0 ? 1 : 0, output: problems.join('\n') },
  ...(await Promise.all([run('biome', 'check', '.'), run('tsc', '-p', 'tsconfig.json')])),
]
for (const { name, code, output } of results) {
  console.log(`${code === 0 ? 'ok  ' : 'FAIL'}  ${name}`)
  if (code !== 0) console.log(output)
}
process.exitCode = results.some(r => r.code !== 0) ? 1 : 0
