import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { StillroomError } from '../../errors/index.ts'
import type { Id, Lineage, Rec, Sha } from '../../records/index.ts'
import { type ReleasedRow, readProvenance, readRows } from '../../release/index.ts'
import {
  type Done,
  openStore,
  type Paths,
  type Reached,
  type Store,
  takeLock,
  workspacePaths,
} from '../../workspace/index.ts'
import { decode } from '../carried.ts'
import type { Rejected } from '../rejects.ts'

/** Where records lie: a workspace, and the folder of the releases that were made of it. */
export type Place = { paths: Paths; store: Store; releases: string }

/** Takes a workspace for an erasure: the lock is held and the journal is not open. */
export function openPlace(
  root: string,
  releases: string,
  { command, now, reached = () => {} }: { command: string; now: Date; reached?: Reached },
): { place: Place; close(): void } {
  const paths = workspacePaths(root)
  if (!existsSync(paths.journal)) {
    throw new StillroomError('SR_NOT_FOUND', 'There is no workspace here.', {
      position: { file: root },
      hint: 'name the recipe that it belongs to, or its folder with --workspace',
    })
  }
  const close = takeLock(paths.lock, now, command)
  return { place: { paths, store: openStore(paths, reached), releases }, close }
}

/** A task on disk: done, a look of a global, or what a killed process left. */
export type HeldTask = { task: Sha; done?: Done; look: boolean }

export function* heldTasks({ paths, store }: Place): Generator<HeldTask> {
  for (const first of existsSync(paths.tasks) ? readdirSync(paths.tasks).sort() : []) {
    for (const task of readdirSync(join(paths.tasks, first)).sort()) {
      const done = store.done(task)
      yield { task, ...(done ? { done } : {}), look: existsSync(join(paths.task(task), 'survey.v8')) }
    }
  }
}

/** A line of a task: a record that went on, or one about something that did not. */
export type HeldLine = { record?: Rec; reject?: Rejected; value: unknown }

/** Lines of a task that `may` be of interest as they stand; the others are not taken apart. */
export function* heldLines(
  { store }: Place,
  { task, done }: HeldTask,
  may: (line: string) => boolean = () => true,
): Generator<HeldLine> {
  for (const piece of done?.output ?? []) {
    for (const lines of store.lines(task, piece))
      for (const line of lines) {
        if (!may(line)) continue
        const { record, trail, vectors } = decode(line)
        yield { record, value: { record, trail, vectors: vectors && Object.keys(vectors) } }
      }
  }
  for (const piece of done?.rejects ?? []) {
    for (const lines of store.lines(task, piece, true))
      for (const line of lines) {
        if (!may(line)) continue
        const reject = JSON.parse(line) as Rejected
        yield { reject, value: reject, ...(reject.record ? { record: reject.record } : {}) }
      }
  }
}

/** Everything that the tasks of a workspace hold. */
export function* heldRecords(place: Place, may?: (line: string) => boolean): Generator<HeldLine> {
  for (const task of heldTasks(place)) yield* heldLines(place, task, may)
}

/** Releases by the names of their folders; a withdrawn one has no manifest. */
export function heldReleases({ releases }: Pick<Place, 'releases'>): string[] {
  if (!existsSync(releases)) return []
  return readdirSync(releases)
    .filter(name => !name.startsWith('.') && existsSync(join(releases, name, 'manifest.json')))
    .sort()
}

/** Records of a release without their texts, as its provenance has them. */
export type Traced = { id: Id; lineage: Lineage; scores: Rec['scores'] }
export const tracedIn = (place: Place, name: string): AsyncGenerator<Traced> =>
  readProvenance(join(place.releases, name)) as AsyncGenerator<Traced>

export const rowsIn = (place: Place, name: string): AsyncGenerator<ReleasedRow> => readRows(join(place.releases, name))

/** Ids that exports handed out, by the name that stands in their rows. */
export function* heldExports({ paths }: Place): Generator<{ name: string; lines: string[] }> {
  const folder = join(paths.root, 'exports')
  for (const name of existsSync(folder) ? readdirSync(folder).sort() : [])
    yield { name, lines: readFileSync(join(folder, name), 'utf8').split('\n').filter(Boolean) }
}
