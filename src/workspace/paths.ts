import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Sha } from '../records/index.ts'
import { sha256 } from '../records/index.ts'

/** Where things lie in `.stillroom/`. Keys are hashes; folders are fanned out by their first two digits. */
export type Paths = {
  root: string
  journal: string
  lock: string
  files: string
  /** What was spent of budgets of privacy. It only grows, and nothing else remembers it. */
  ledger: string
  task(key: Sha): string
  tasks: string
  /** What finished stages gave, so that a rerun need not look at each of their tasks. Only a shortcut: safe to remove. */
  stages: string
  runs: string
  run(id: string): string
}

export function workspacePaths(root: string): Paths {
  const tasks = join(root, 'tasks')
  const runs = join(root, 'runs')
  return {
    root,
    journal: join(root, 'journal.sqlite'),
    lock: join(root, 'lock'),
    files: join(root, 'files.json'),
    ledger: join(root, 'ledger.ndjson'),
    tasks,
    stages: join(root, 'stages'),
    task: key => join(tasks, key.slice(0, 2), key),
    runs,
    run: id => join(runs, id),
  }
}

/** Creates the folders. The workspace ignores itself in git. */
export function makeWorkspace(root: string): Paths {
  const paths = workspacePaths(root)
  mkdirSync(paths.tasks, { recursive: true })
  mkdirSync(paths.stages, { recursive: true })
  mkdirSync(paths.runs, { recursive: true })
  writeFileSync(join(root, '.gitignore'), '*\n')
  return paths
}

/** A sortable run id out of the injected clock and the plan. */
export function runId(now: Date, plan: string): string {
  const stamp = now.toISOString().replace(/[-:]/g, '').replace('T', '-').slice(0, 19)
  return `${stamp.replace('.', '-')}-${sha256(plan).slice(0, 6)}`
}
