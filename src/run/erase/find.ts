import { join } from 'node:path'
import { StillroomError } from '../../errors/index.ts'
import { type Fate, kinship } from '../../govern/index.ts'
import type { Id, Rec, Sha } from '../../records/index.ts'
import { callsNamed, contentColumns, nextVersion } from '../../release/index.ts'
import { openInBatch, readHeld, type Sent, sentTo } from '../../workspace/index.ts'
import { callsBehind } from '../rejects.ts'
import { heldExports, heldLines, heldRecords, heldReleases, heldTasks, type Place, rowsIn, tracedIn } from './held.ts'
import { releaseExports } from './release-exports.ts'
import type { Suppressed } from './suppression.ts'
import { containment, contentOf, linesOf, subjectTest, textsIn, traceFinder, traceHints } from './traces.ts'
import { type TaintedTraining, taintedTrainings } from './trainings.ts'

/** What is to be erased: whatever holds these words or fits this pattern, one record, or what came from a source. */
export type Wanted = { subject: string } | { row: string } | { source: string; path?: string }

/** Everything that an erasure will do, known before it does anything. */
export type Erasure = {
  format: 1
  wanted: Wanted
  records: { id: Id; fate: Fate; at: string }[]
  calls: Sha[]
  sent: Sent[]
  tasks: Sha[]
  releases: { name: string; version: string; next: string; rows: number; left: number }[]
  exports: string[]
  /** Folders with exports of these releases for training, relative to that of the recipe: their rows are removed. */
  releaseExports: string[]
  /** Trainings beside the recipe: rows of these releases are removed, models that learnt from them are named. */
  trainings: TaintedTraining[]
  suppress: Suppressed[]
  /** Lines of the erased texts, for the scan at the end; they go with this plan. */
  lines: string[]
}

/** Where a record stands, in a word. */
const placeOf = ({ lineage }: Pick<Rec, 'lineage'>): string =>
  lineage.made?.step ?? (lineage.source ? `source ${lineage.source.name}` : 'unknown')

function matcher(wanted: Wanted): (record: Rec) => boolean {
  if ('row' in wanted) return ({ id }) => id.startsWith(wanted.row)
  if ('source' in wanted) {
    const { source: name, path } = wanted
    return ({ lineage: { source } }) =>
      source?.name === name && (path === undefined || source.uri === path || source.uri.endsWith(`/${path}`))
  }
  const test = subjectTest(wanted.subject)
  return record => textsIn(contentOf(record)).some(test)
}

/** Half of the shorter words of a record stand in a near copy of it. */
const nearCopy = 0.5

/**
 * Finds what an erasure takes: what was asked for, the source rows it was made of, and all that descends from these by any
 * parent, or is a near copy out of the same cluster; the calls that name or hold any of it; and the live records that rest
 * on one of those calls and are made anew. Reads only. Throws SR_NOT_FOUND where nothing fits, SR_WORKSPACE while a batch
 * carries a part of it.
 */
export async function findErasure(place: Place, wanted: Wanted): Promise<Erasure> {
  const matches = matcher(wanted)
  const kin = kinship()
  const found = new Map<Id, Rec>()
  /** Source rows with the beginning of the digest of their content. */
  const sources = new Map<Id, string>()
  const clusters: [Id, Id][] = []
  const learn = ({ id, digest, lineage }: Pick<Rec, 'id' | 'digest' | 'lineage'>): void => {
    kin.add(id, lineage.parents)
    if (lineage.source && lineage.source.uri !== 'recipe') sources.set(id, digest.slice(0, 16))
    for (const member of lineage.members ?? []) if (member !== id) clusters.push([id, member])
  }
  for (const { record } of heldRecords(place)) {
    if (!record) continue
    learn(record)
    if (matches(record)) found.set(record.id, record)
  }
  const releases = heldReleases(place)
  for (const name of releases) {
    for await (const record of tracedIn(place, name)) {
      learn(record as Rec)
      if (!('subject' in wanted) && matches(record as Rec)) found.set(record.id, record as Rec)
    }
    if (!('subject' in wanted)) continue
    const test = subjectTest(wanted.subject)
    for await (const { row } of rowsIn(place, name))
      if (textsIn(row).some(test)) found.set(String(row.id), row as never)
  }
  if (found.size === 0) throw nothing(wanted)
  if ('row' in wanted && found.size > 1) {
    throw new StillroomError('SR_NOT_FOUND', `More than one record has an id that begins with ${wanted.row}.`, {
      hint: 'add a few more characters of the id',
    })
  }
  const roots = new Set(found.keys())
  // What a step made would be made again: the source rows behind it go, unless one of them was found itself.
  for (const id of found.keys()) {
    if (sources.has(id)) continue
    const above = kin.ascend([id])
    if (above.intersection(roots).size === 0) for (const one of above) if (sources.has(one)) roots.add(one)
  }
  // The same content elsewhere is the same to whoever asked.
  const contents = new Set([...roots].flatMap(id => sources.get(id) ?? []))
  for (const [id, digest] of sources) if (contents.has(digest)) roots.add(id)
  let fates = kin.descend(roots)
  for (let grown = true; grown; ) {
    grown = addCopies(place, clusters, fates, roots)
    if (grown) fates = kin.descend(roots)
  }

  const lines = new Set<string>()
  const calls = new Set<Sha>()
  const suppress = new Map<string, Suppressed>()
  const where = new Map<Id, string>()
  const none = { ids: new Set<Id>(), calls: new Set<Sha>(), lines: new Set<string>() }
  for (const { record, reject } of heldRecords(place, traceHints({ ...none, ids: new Set(fates.keys()) }))) {
    const fate = record && fates.get(record.id)
    if (!fate) continue
    where.set(record.id, placeOf(record))
    for (const call of [...callsNamed(record), ...(reject ? callsBehind(reject) : [])]) calls.add(call)
    if (fate !== 'delete') continue
    for (const line of linesOf(contentOf(record))) lines.add(line)
    if (sources.has(record.id))
      for (const one of [{ id: record.id }, { digest: record.digest }]) suppress.set(JSON.stringify(one), one)
  }
  for (const name of releases) {
    for await (const record of tracedIn(place, name)) {
      if (!fates.has(record.id)) continue
      where.set(record.id, placeOf(record as Rec))
      for (const call of callsNamed(record as Rec)) calls.add(call)
    }
    for await (const { row } of rowsIn(place, name)) {
      if (fates.get(String(row.id)) !== 'delete') continue
      for (const line of linesOf(contentColumns(row))) lines.add(line)
    }
  }
  // A line that others hold in their own right, such as a heading, says nothing of the record.
  for (const { record } of heldRecords(place, traceHints({ ...none, lines }))) {
    if (!record || fates.has(record.id)) continue
    for (const line of linesOf(contentOf(record))) lines.delete(line)
  }
  for (const name of releases) {
    for await (const { row } of rowsIn(place, name)) {
      if (fates.has(String(row.id))) continue
      for (const line of linesOf(contentColumns(row))) lines.delete(line)
    }
  }

  const subject = 'subject' in wanted ? wanted.subject : undefined
  const sent = callsHolding(place, calls, traceFinder({ ...none, lines, subject }))
  const renewed = new Set<Id>()
  const rests = (record: Pick<Rec, 'id' | 'lineage' | 'scores'>): void => {
    if (!fates.has(record.id) && callsNamed(record).some(call => calls.has(call))) {
      renewed.add(record.id)
      where.set(record.id, placeOf(record))
    }
  }
  for (const { record } of heldRecords(place, traceHints({ ...none, calls }))) if (record) rests(record)
  for (const name of releases) for await (const record of tracedIn(place, name)) rests(record as Rec)
  fates = kin.descend(roots, renewed)

  const ids = new Set(fates.keys())
  const traced = traceFinder({ ids, calls, lines, subject })
  const hints = traceHints({ ids, calls, lines, subject })
  const tasks: Sha[] = []
  for (const task of heldTasks(place)) {
    // Looks of globals hold digests and words of all they looked at; they are taken again.
    const gone = task.look || !task.done || heldLines(place, task, hints).some(({ value }) => traced(value))
    if (gone) tasks.push(task.task)
  }
  const affected: Erasure['releases'] = []
  for (const name of releases) {
    const one = await affectedRelease(place, name, ids, traced)
    if (one) affected.push(one)
  }
  const withdrawn = new Set(affected.map(({ name }) => name))
  if ('source' in wanted) suppress.set('source', wanted)
  return {
    format: 1,
    wanted,
    records: [...fates]
      .map(([id, fate]) => ({ id, fate, at: where.get(id) ?? 'unknown' }))
      .sort((a, b) => (a.id < b.id ? -1 : 1)),
    calls: [...calls].sort(),
    sent,
    tasks,
    releases: affected,
    exports: [...heldExports(place)]
      .filter(({ lines }) => lines.some(line => ids.has(line.slice(0, 32))))
      .map(({ name }) => name),
    releaseExports: releaseExports(place, withdrawn),
    trainings: taintedTrainings(place, withdrawn),
    suppress: [...suppress.values()],
    lines: [...lines].sort(),
  }
}

function nothing(wanted: Wanted): StillroomError {
  const [what] = Object.values(wanted)
  return new StillroomError(
    'SR_NOT_FOUND',
    `Nothing here fits ${'subject' in wanted ? 'the words that were given' : what}.`,
    {
      hint: 'stillroom show rows prints ids; a source is named as in the recipe, a file of it by its path',
    },
  )
}

/** Members of a cluster that hold half of an erased one are copies of it. True where any was added. */
function addCopies(place: Place, clusters: [Id, Id][], fates: Map<Id, Fate>, roots: Set<Id>): boolean {
  const gone = (id: Id): boolean => fates.get(id) === 'delete'
  const open = clusters.filter(([a, b]) => gone(a) !== gone(b))
  if (open.length === 0) return false
  const needed = new Set(open.flat())
  const texts = new Map<Id, string>()
  for (const { record } of heldRecords(place)) {
    if (record && needed.has(record.id)) texts.set(record.id, [...textsIn(Object.values(contentOf(record)))].join('\n'))
  }
  const before = roots.size
  for (const [a, b] of open) {
    const [erased, other] = gone(a) ? [a, b] : [b, a]
    const [text, copy] = [texts.get(erased), texts.get(other)]
    if (text !== undefined && copy !== undefined && containment(text, copy) >= nearCopy) roots.add(other)
  }
  return roots.size > before
}

/** Adds the calls whose request or reply holds a trace, and says which provider was sent what. */
function callsHolding({ paths }: Place, calls: Set<Sha>, traced: (value: unknown) => boolean): Sent[] {
  const journal = readHeld(paths.journal)
  try {
    const holding = new Set<Sha>()
    journal.texts((digest, text) => {
      if (traced(text)) holding.add(digest)
    })
    for (const { call, request, reply } of journal.calls)
      if (holding.has(request) || (reply !== null && holding.has(reply))) calls.add(call)
    const batched = openInBatch(paths.journal, calls)
    if (batched.length > 0) {
      throw new StillroomError(
        'SR_WORKSPACE',
        'A batch that a provider works on carries a part of what is to be erased.',
        {
          received: `${batched.length} calls`,
          hint: 'take it back with: stillroom batches cancel; or wait for it, and run once more',
        },
      )
    }
    return sentTo(journal.calls.filter(({ call, provider }) => calls.has(call) && provider !== 'builtin'))
  } finally {
    journal.close()
  }
}

async function affectedRelease(
  place: Place,
  name: string,
  ids: Set<Id>,
  traced: (value: unknown) => boolean,
): Promise<Erasure['releases'][number] | undefined> {
  let holds = false
  for await (const record of tracedIn(place, name)) holds ||= traced(record)
  let [rows, left] = [0, 0]
  for await (const { row } of rowsIn(place, name)) {
    rows++
    const { source_ids: _, ...own } = row
    if (ids.has(String(row.id))) holds = true
    else left++
    holds ||= traced(own)
  }
  if (!holds) return undefined
  const { version, next } = nextVersion(join(place.releases, name))
  return { name, version, next, rows, left }
}
