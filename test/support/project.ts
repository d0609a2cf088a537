import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { afterEach } from 'vitest'
import { stringify } from 'yaml'
import { builtinSteps } from '../../src/builtin-steps.ts'
import type { PlanContext } from '../../src/recipe/index.ts'
import type { Rec } from '../../src/records/index.ts'
import { type Clock, openProject, openSession, type RunOptions, type RunResult, run } from '../../src/run/index.ts'
import type { Step, Verb } from '../../src/steps/index.ts'

const folders: string[] = []
afterEach(() => {
  for (const folder of folders.splice(0)) rmSync(folder, { recursive: true, force: true })
})

/** A throw-away folder with these files in it. */
export function folder(files: { [path: string]: string | Uint8Array } = {}): string {
  const dir = mkdtempSync(join(tmpdir(), 'stillroom-'))
  folders.push(dir)
  write(dir, files)
  return dir
}

export function write(dir: string, files: { [path: string]: string | Uint8Array }): void {
  for (const [path, content] of Object.entries(files)) {
    mkdirSync(dirname(join(dir, path)), { recursive: true })
    writeFileSync(join(dir, path), content)
  }
}

export type Ran = RunResult & { dir: string; all: Rec[] }

/** Writes the recipe into the folder and runs it in this process, with the real engine and workspace. */
export async function runIn(
  dir: string,
  recipe: object,
  more: Partial<RunOptions> & { steps?: (Step | Verb)[]; context?: PlanContext; clock?: Clock } = {},
): Promise<Ran> {
  const { steps = [], context, clock, ...options } = more
  write(dir, { 'recipe.yaml': stringify(recipe) })
  const project = await openProject(join(dir, 'recipe.yaml'), [...builtinSteps, ...steps])
  const session = openSession(project.workspace, { command: 'test', ...(clock ? { clock } : {}) })
  try {
    const result = await run({ plan: await project.plan(context), session, env: {}, ...options })
    return { ...result, dir, all: [...result.rows()] }
  } finally {
    session.close()
  }
}
