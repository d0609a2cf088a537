import { existsSync, readdirSync, readFileSync, rmdirSync, rmSync, statSync } from 'node:fs'
import { dirname, join } from 'node:path'
import type { Sha } from '../../records/index.ts'
import { type Done, type Paths, type Reached, running } from '../../workspace/index.ts'
import { readSummary } from '../stage.ts'
import type { Needed } from './needed.ts'

/** What can be freed, by what it is. `pages` and `hub` come from elsewhere and go only when they are asked for. */
export const wasteKinds = ['stages', 'tasks', 'looks', 'unfinished', 'temporary', 'pages', 'hub'] as const
export type WasteKind = (typeof wasteKinds)[number]

/** A file, or the folder of a task; `bytes` of all `files` in it. */
export type Waste = { kind: WasteKind; path: string; files: number; bytes: number }

type Looked = { path: string; names: string[]; files: number; bytes: number; newest: number }

function lookInto(path: string): Looked {
  const names = readdirSync(path)
  let [bytes, newest] = [0, 0]
  for (const name of names) {
    const found = statSync(join(path, name), { throwIfNoEntry: false })
    bytes += found?.size ?? 0
    newest = Math.max(newest, found?.mtimeMs ?? 0)
  }
  return { path, names, files: names.length, bytes, newest }
}

/** Summaries of stages that are of tasks which stay, and the looks that lie behind them. */
function summariesOf(paths: Paths, { tasks }: Needed): { stale: Waste[]; looks: Set<Sha> } {
  const stale: Waste[] = []
  const looks = new Set<Sha>()
  for (const name of existsSync(paths.stages) ? readdirSync(paths.stages).sort() : []) {
    const path = join(paths.stages, name)
    if (!name.endsWith('.json')) continue
    const summary = readSummary(path)
    // What a union passes on as it lies belongs to the tasks of other stages.
    const pieces = summary?.shards.flatMap(shard => shard?.pieces.map(({ task }) => task) ?? []) ?? []
    if (summary && [...summary.tasks, ...pieces].every(task => tasks.has(task))) {
      for (const key of summary.looks ?? []) looks.add(key)
    } else stale.push({ kind: 'stages', path, files: 1, bytes: statSync(path).size })
  }
  return { stale, looks }
}

/** Names under which something is written before it gets its own. */
const draft = /\.tmp(?:-(\d+)(?:-\d+)?)?$|\.(\d+)\.tmp$|^background-(\d+)\.log$/

/** Everything in a workspace that nothing needs. `busy`: another process works here, so that what is half-written may be its. */
export function findWaste(
  paths: Paths,
  needed: Needed,
  { busy, also }: { busy: boolean; also: readonly ('pages' | 'hub')[] },
): Waste[] {
  const { stale, looks } = summariesOf(paths, needed)
  const found = [...stale]
  const drafts: Waste[] = []
  for (const fan of existsSync(paths.tasks) ? readdirSync(paths.tasks).sort() : []) {
    for (const task of readdirSync(join(paths.tasks, fan)).sort()) {
      const looked = lookInto(paths.task(task))
      const kind = kindOf(task, looked, needed, looks)
      if (kind === 'kept') {
        for (const name of looked.names) if (draft.test(name) && !busy) drafts.push(fileAt(join(looked.path, name)))
      } else if (kind !== 'unfinished' || !busy)
        found.push({ kind, path: looked.path, files: looked.files, bytes: looked.bytes })
    }
  }
  found.push(...drafts, ...temporary(paths, busy))
  if (also.includes('pages')) found.push(...below(join(paths.root, 'pages'), 'pages'))
  if (also.includes('hub')) found.push(...below(join(paths.root, 'hub'), 'hub'))
  return found
}

const fileAt = (path: string): Waste => ({
  kind: 'temporary',
  path,
  files: 1,
  bytes: statSync(path, { throwIfNoEntry: false })?.size ?? 0,
})

function kindOf(task: Sha, { path, names }: Looked, { tasks, open }: Needed, looks: Set<Sha>): WasteKind | 'kept' {
  if (names.includes('done.json')) {
    if (tasks.has(task)) return 'kept'
    // A run that was killed may have finished it without a word in its log.
    return open.size > 0 && open.has(stageOf(join(path, 'done.json'))) ? 'kept' : 'tasks'
  }
  // Which run looked is not known before its stage is at its end.
  if (names.includes('survey.v8')) return looks.has(task) || open.size > 0 ? 'kept' : 'looks'
  return 'unfinished'
}

function stageOf(file: string): Sha {
  try {
    return (JSON.parse(readFileSync(file, 'utf8')) as Done).stage
  } catch {
    return ''
  }
}

/** What processes that are gone left half-written outside of tasks, and folders of runs that never began. */
function temporary(paths: Paths, busy: boolean): Waste[] {
  const found: Waste[] = []
  const dead = (name: string, own: boolean): boolean => {
    const match = draft.exec(name)
    if (!match) return false
    const pid = Number(match[1] ?? match[2] ?? match[3])
    // Without the workspace nobody writes a run or a summary; what has no number is written in an instant.
    return own ? !busy : pid > 0 && !running(pid)
  }
  function look(folder: string, own: boolean, deep: boolean): void {
    for (const entry of existsSync(folder) ? readdirSync(folder, { withFileTypes: true, recursive: deep }) : [])
      if (entry.isFile() && dead(entry.name, own)) found.push(fileAt(join(entry.parentPath, entry.name)))
  }
  look(paths.root, false, false)
  look(paths.stages, true, false)
  for (const folder of ['hub', 'pages', 'databases', 'measured', 'reports']) look(join(paths.root, folder), false, true)
  for (const id of existsSync(paths.runs) ? readdirSync(paths.runs) : []) {
    const folder = paths.run(id)
    if (existsSync(join(folder, 'plan.json'))) look(folder, true, false)
    else if (!busy) {
      const { files, bytes } = lookInto(folder)
      found.push({ kind: 'temporary', path: folder, files, bytes })
    }
  }
  return found
}

/** Copies of what lies elsewhere. Which commit a revision named stays, since it is part of what was made of it. */
function below(folder: string, kind: 'pages' | 'hub'): Waste[] {
  if (!existsSync(folder)) return []
  return readdirSync(folder, { recursive: true, withFileTypes: true }).flatMap(entry => {
    const path = join(entry.parentPath, entry.name)
    const copied = kind === 'pages' || /@[0-9a-f]{40,64}[/\\]/.test(path)
    return entry.isFile() && copied && !draft.test(entry.name) ? [{ ...fileAt(path), kind }] : []
  })
}

/** How much a kind of waste, or all of it, comes to. */
export function sumOf(waste: readonly Waste[], kind?: WasteKind): { files: number; bytes: number } {
  const of = kind === undefined ? waste : waste.filter(one => one.kind === kind)
  return { files: of.reduce((n, one) => n + one.files, 0), bytes: of.reduce((n, one) => n + one.bytes, 0) }
}

/**
 * Removes waste. Whatever instant it is killed at, nothing is left that says more than is there: summaries go before their
 * tasks, and of a task the done record goes first.
 */
export function removeWaste(waste: readonly Waste[], reached: Reached = () => {}): void {
  const inOrder = [...waste].sort((a, b) => wasteKinds.indexOf(a.kind) - wasteKinds.indexOf(b.kind))
  for (const { path, kind } of inOrder) {
    if (kind === 'tasks') {
      rmSync(join(path, 'done.json'), { force: true })
      reached('gc.done')
    }
    rmSync(path, { recursive: true, force: true })
    reached('gc.removed')
    if (kind === 'tasks' || kind === 'looks' || kind === 'unfinished') removeEmpty(dirname(path))
  }
}

function removeEmpty(folder: string): void {
  try {
    rmdirSync(folder)
  } catch {
    // Others lie in it.
  }
}
