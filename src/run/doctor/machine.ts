import { spawnSync } from 'node:child_process'
import { existsSync, readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { createServer } from 'node:net'
import { join } from 'node:path'
import { modelsAt, type Preset, presets } from '../../teachers/index.ts'
import { roomBeside } from '../disk-forecast.ts'
import type { Check } from './check.ts'

type Env = Record<string, string | undefined>
type Package = {
  engines: { node: string }
  peerDependencies: { [name: string]: string }
}

const own = (): Package => JSON.parse(readFileSync(new URL('../../../package.json', import.meta.url), 'utf8'))

/** What each optional package is for. One that is not named here is still listed. */
const gives: { [name: string]: string } = {
  '@ai-sdk/provider': 'teachers of the AI SDK (`use:`)',
  '@cortex-js/compute-engine': 'mathematics compared by meaning (`verify` with `symbolic`)',
  '@duckdb/node-api': 'queries of Parquet, CSV and databases (`sql:` sources)',
  '@huggingface/hub': '`push` to the Hugging Face Hub',
  pyodide: 'Python run in a sandbox (`verify` of code)',
}

/** Bytes below which a disk is nearly full, and below which a run is sure to stop. */
const [little, none] = [2 ** 30, 2 ** 26]
const gib = (n: number): string => `${(n / 2 ** 30).toFixed(1)} GiB`

/** What does not depend on a recipe: Node, disk, git, optional packages, keys, and servers of models on this machine. */
export async function checkMachine(workspace: string, env: Env): Promise<Check[]> {
  const at = (name: keyof typeof presets): string => (presets[name] as Preset).baseUrl
  const simulator = env[(presets.simulate as Preset).baseUrlFrom!]
  return [
    nodeCheck(),
    diskCheck(workspace),
    await loopbackCheck(),
    gitCheck(),
    ...peerChecks(),
    keyCheck(env),
    ...(await Promise.all([
      ...(simulator
        ? [serverCheck('simulator', `${simulator.replace(/\/+$/, '').replace(/\/v1$/, '')}/v1`, true)]
        : []),
      serverCheck('ollama', at('ollama'), false),
      serverCheck('vllm', at('vllm'), false),
    ])),
  ]
}

function nodeCheck(): Check {
  const needed = /\d+(?:\.\d+)*/.exec(own().engines.node)![0]
  const [a, b] = [process.versions.node, needed].map(version => version.split('.').map(Number))
  const enough = a![0]! > b![0]! || (a![0] === b![0] && a![1]! >= (b![1] ?? 0))
  return enough
    ? { name: 'node', is: 'ok', said: `${process.versions.node}, ${needed} or newer is needed` }
    : {
        name: 'node',
        is: 'fail',
        said: `${process.versions.node} is too old`,
        next: `install Node ${needed} or newer`,
      }
}

function diskCheck(workspace: string): Check {
  const free = roomBeside(workspace)
  if (free === undefined) return { name: 'disk', is: 'warn', said: 'what is free cannot be told' }
  const said = `${gib(free)} free beside the workspace`
  if (free >= little) return { name: 'disk', is: 'ok', said }
  const next = 'make room: stillroom gc shows what no recipe needs; --workspace names another place'
  return { name: 'disk', is: free < none ? 'fail' : 'warn', said, next }
}

function loopbackCheck(): Promise<Check> {
  return new Promise(resolve => {
    const server = createServer()
    server.on('error', error =>
      resolve({
        name: 'loopback',
        is: 'fail',
        said: `no port can be opened: ${error.message}`,
        next: 'allow programs to listen on 127.0.0.1: `simulate` and servers of models need it',
      }),
    )
    server.listen(0, '127.0.0.1', () => {
      server.close(() => resolve({ name: 'loopback', is: 'ok', said: 'ports can be opened on 127.0.0.1' }))
    })
  })
}

function gitCheck(): Check {
  const { status, stdout } = spawnSync('git', ['--version'], { encoding: 'utf8' })
  if (status === 0) return { name: 'git', is: 'ok', said: stdout.trim().replace(/^git version /, '') }
  return {
    name: 'git',
    is: 'warn',
    said: 'not found',
    next: 'nothing here needs it; recipes and releases are worth keeping in it',
  }
}

/** Where a package lies that this one would load, and its version. */
function installed(name: string): string | undefined {
  const from = createRequire(import.meta.url)
  for (const folder of from.resolve.paths(name) ?? []) {
    const file = join(folder, name, 'package.json')
    if (existsSync(file)) return (JSON.parse(readFileSync(file, 'utf8')) as { version: string }).version
  }
  return undefined
}

function peerChecks(): Check[] {
  return Object.entries(own().peerDependencies).map(([name, wanted]) => {
    const version = installed(name)
    const what = gives[name] ?? 'an optional part'
    const install = `npm install ${name}${/^\d/.test(wanted) ? `@${wanted}` : ''}`
    if (version === undefined) return { name, is: 'ok', said: `not installed; only ${what} needs it: ${install}` }
    if (/^\d/.test(wanted) && version !== wanted)
      return { name, is: 'warn', said: `${version}, tried with ${wanted}; for ${what}`, next: install }
    return { name, is: 'ok', said: `${version}, for ${what}` }
  })
}

/** Names of variables that hold keys, never what is in them. */
function keyCheck(env: Env): Check {
  const names = Object.entries(presets as { [name: string]: Preset }).flatMap(([provider, { key }]) =>
    key === undefined ? [] : [{ provider, key }],
  )
  const all = [...names, { provider: 'Hugging Face Hub', key: 'HF_TOKEN' }]
  const set = all.filter(({ key }) => env[key]?.trim())
  if (set.length === 0)
    return { name: 'keys', is: 'ok', said: `none set; known are ${all.map(({ key }) => key).join(', ')}` }
  return { name: 'keys', is: 'ok', said: `set: ${set.map(({ provider, key }) => `${key} (${provider})`).join(', ')}` }
}

/** Seconds that a server on this machine may take to say which models it has. */
const patience = 2

async function serverCheck(name: string, url: string, expected: boolean): Promise<Check> {
  try {
    const models = await modelsAt(url, { seconds: patience })
    const shown = models.slice(0, 4).join(', ') + (models.length > 4 ? `, and ${models.length - 4} more` : '')
    return { name, is: 'ok', said: `answers at ${url}: ${shown || 'no model is loaded'}` }
  } catch {
    const next = 'start it, or unset the variable: stillroom simulate prints what to set'
    return expected
      ? { name, is: 'warn', said: `STILLROOM_SIMULATOR is set, and nothing answers at ${url}`, next }
      : { name, is: 'ok', said: `nothing answers at ${url}, which only ${name}/<model> needs` }
  }
}
