import { existsSync, readdirSync, readFileSync, statfsSync, statSync } from 'node:fs'
import { dirname, join } from 'node:path'
import type { Plan } from '../recipe/index.ts'
import type { Manifest } from '../release/index.ts'
import type { Journal, Paths, Store } from '../workspace/index.ts'
import type { Estimate } from './forecast.ts'
import { type PastRun, readRun } from './log.ts'
import type { PlanForecast } from './pilot.ts'
import { releaseOfRecipe } from './which-release.ts'

/** Bytes that a run still adds, and what they were told from. `most` is where the band of the forecast ends. */
export type DiskForecast = {
  journal: number
  tasks: number
  release: number
  total: number
  most: number
  /** Bytes of a call in the journal, and of a row in a release. */
  perCall: number
  perRow: number
  /** A release of the same recipe that was measured, or the rows as they lie in the last step. */
  from: { release: string } | 'rows'
}

/** Bytes left on the disk of a folder, or of the nearest one above it that exists; undefined where that cannot be told. */
export function roomBeside(folder: string): number | undefined {
  try {
    while (!existsSync(folder) && dirname(folder) !== folder) folder = dirname(folder)
    const { bavail, bsize } = statfsSync(folder)
    return bavail * bsize
  } catch {
    return undefined
  }
}

/** Bytes of a folder and all below it; 0 where there is none. */
export function bytesBelow(folder: string): number {
  if (!existsSync(folder)) return 0
  let sum = 0
  for (const entry of readdirSync(folder, { recursive: true, withFileTypes: true }))
    if (entry.isFile()) sum += statSync(join(entry.parentPath, entry.name), { throwIfNoEntry: false })?.size ?? 0
  return sum
}

/** Bytes of a journal without a call. */
const emptyJournal = 60 * 1024
/**
 * A row of a release beside the same row in the last step: with its part of the provenance, the tables of calls and the
 * leaves. Measured on releases of 50 to 20,000 rows, where it was 1.3 to 1.8.
 */
const releasedTimes = 1.6

/**
 * What a run will add to the disk, told from the run that the forecast was told from: the journal by bytes a call, tasks
 * by bytes a record at each stage, the release by an earlier release, else by the rows of the last step.
 */
export function forecastDisk(
  plan: Plan,
  told: PlanForecast,
  archive: { paths: Paths; store: Store; journal: Pick<Journal, 'spent'> },
): DiskForecast {
  const { paths, journal } = archive
  const run = readRun(paths, told.run)
  const { calls, orphans } = journal.spent()
  const size = statSync(paths.journal, { throwIfNoEntry: false })?.size ?? 0
  const perCall = Math.max(0, size - emptyJournal) / Math.max(1, calls + orphans)
  const open = (of: Estimate, seen: number, end = of.value): number => Math.max(0, end - seen)
  const upper = (of: Estimate): number => of.band?.[1] ?? of.value
  const growth = growthOf(run, told, archive)
  const tasks = growth.reduce((sum, { bytes, by }) => sum + bytes * by.value, 0)
  const tasksMost = growth.reduce((sum, { bytes, by }) => sum + bytes * upper(by), 0)
  const measured = releaseBeside(plan)
  const row = growth.find(({ key }) => key === run.output)?.row ?? 0
  const perRow = measured?.perRow ?? row * releasedTimes
  // A version that stands there is not written again.
  const rows: Estimate = measured?.own ? { value: 0 } : told.kept
  const more = {
    journal: perCall * open(told.total.calls, told.seen.calls),
    tasks,
    release: perRow * rows.value,
  }
  const total = more.journal + more.tasks + more.release
  const most =
    perCall * open(told.total.calls, told.seen.calls, upper(told.total.calls)) + tasksMost + perRow * upper(rows)
  return { ...more, total, most, perCall, perRow, from: measured ? { release: measured.dir } : 'rows' }
}

/**
 * Bytes that each stage wrote in a run, and how many times as much a whole run adds: none for what lies before a limit,
 * since it is there already. `row` is bytes of a record as text.
 */
function growthOf(run: PastRun, told: PlanForecast, { paths, store }: { paths: Paths; store: Store }) {
  const behind = new Set<string>()
  for (const { key, from, nodes } of run.stages)
    if (nodes.some(({ verb }) => verb === 'limit') || from.some(one => behind.has(one))) behind.add(key)
  const forecast = new Map(told.steps.map(step => [step.key, step.rows]))
  const byStage = Map.groupBy(run.tasks, ({ stage }) => stage)
  return run.stages.flatMap(({ key, nodes }) => {
    if (nodes.some(({ verb }) => verb === 'limit')) return []
    let [bytes, rows, text, looked] = [0, 0, 0, 0]
    for (const { task } of byStage.get(key) ?? []) {
      const done = store.done(task)
      if (!done) continue
      bytes += statSync(join(paths.task(task), 'done.json'), { throwIfNoEntry: false })?.size ?? 0
      for (const { frames } of [...done.output, ...done.rejects]) bytes += frames.reduce((n, [, size]) => n + size, 0)
      for (const piece of done.output) {
        rows += piece.lines
        // A look at a few hundred tells how long they are.
        if (key !== run.output || looked > 500) continue
        for (const lines of store.lines(task, piece)) {
          for (const line of lines) text += Buffer.byteLength(line)
          looked += lines.length
        }
      }
    }
    const of = forecast.get(nodes.at(-1)?.key ?? key)
    const scale = (n: number): number => n / Math.max(1, rows)
    const by: Estimate = !told.limited || !behind.has(key) || !of ? { value: 0 } : { value: scale(of.value) }
    if (by.value > 0 && of?.band) by.band = [scale(of.band[0]), scale(of.band[1])]
    return [{ key, bytes, by, row: text / Math.max(1, looked) }]
  })
}

/** The release of this recipe that says most of the next one: of its own version, else the newest. */
function releaseBeside({ base, recipe }: Plan): { dir: string; perRow: number; own: boolean } | undefined {
  const found = releaseOfRecipe(base, recipe)
  if (!found) return undefined
  const manifest = JSON.parse(readFileSync(join(found.dir, 'manifest.json'), 'utf8')) as Manifest
  const rows = Object.values(manifest.rows).reduce(
    (n, splits) => n + Object.values(splits).reduce((a, b) => a + b, 0),
    0,
  )
  return { dir: found.dir, perRow: bytesBelow(found.dir) / Math.max(1, rows), own: found.instead === undefined }
}
