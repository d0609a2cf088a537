import { existsSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { basename, dirname, join } from 'node:path'
import { StillroomError } from '../../errors/index.ts'
import { sha256 } from '../../records/index.ts'
import { envelopeOf, type Signer, withdraw } from '../../release/index.ts'
import { type Page, readTable } from '../../sources/index.ts'
import { type Reached, scrubJournal } from '../../workspace/index.ts'
import { readPage } from '../page-stage.ts'
import { type Certificate, notCovered, renderCertificate } from './certificate.ts'
import type { Erasure } from './find.ts'
import type { Place } from './held.ts'
import { removeExport } from './release-exports.ts'
import { scan, without } from './scan.ts'
import { erasureFolder, keyedHash, suppress } from './suppression.ts'
import { type Traces, traceFinder } from './traces.ts'
import { modelsSaid, removeTrainingRows, trainingTexts } from './trainings.ts'

/** Who asks and why, and when; fixed when an erasure begins, so that one that goes on later says the same. */
export type Request = { request: string; at: string; reason: string; by?: string }
export type Pending = Erasure & Request

export const pendingFile = (root: string): string => join(erasureFolder(root), 'pending.json')

/** The erasure that was begun here and has not come to its end. */
export function pendingErasure(root: string): Pending | undefined {
  const file = pendingFile(root)
  return existsSync(file) ? (JSON.parse(readFileSync(file, 'utf8')) as Pending) : undefined
}

function putWhole(file: string, text: string): void {
  mkdirSync(dirname(file), { recursive: true })
  writeFileSync(`${file}.tmp`, text, { flush: true })
  renameSync(`${file}.tmp`, file)
}

/** Writes down what is about to be done. From here on it is done to its end, whatever happens in between. */
export function beginErasure(root: string, erasure: Erasure, request: Request): Pending {
  const pending = { ...erasure, ...request }
  putWhole(pendingFile(root), JSON.stringify(pending))
  return pending
}

/**
 * Carries an erasure out. Every part may be done twice, so that a process that was killed anywhere is followed by one that
 * begins from the front. The journal must not be open. Throws SR_WORKSPACE where the scan at the end finds something.
 */
export async function carryOut(
  place: Place,
  pending: Pending,
  { signer, reached }: { signer?: Signer; reached: Reached },
): Promise<{ certificate: Certificate; folder: string }> {
  const { paths } = place
  const { request, at, reason, by } = pending
  const hash = keyedHash(paths.root)
  const ids = new Set(pending.records.map(({ id }) => id))
  const calls = new Set(pending.calls)
  const subject = 'subject' in pending.wanted ? pending.wanted.subject : undefined
  const traces: Traces = { ids, calls, lines: new Set(pending.lines), subject }
  const traced = traceFinder(traces)
  // First of all: a run that comes in between must not read it again.
  suppress(paths.root, pending.suppress)
  reached('erase.suppressed')
  const releases: Certificate['releases'] = []
  for (const { name, version, next, rows, left } of pending.releases) {
    const clean = <T>(value: T): T => without(value, traced) as T
    const how = {
      gone: (id: string) => ids.has(id),
      calls,
      next,
      at,
      request,
      reason,
      hash: (id: string) => hash(`id ${id}`),
      clean,
    }
    const { replacedBy } = await withdraw(join(place.releases, name), how, signer)
    releases.push({ name, version, ...(replacedBy ? { replacedBy } : {}), rows, left })
    reached('erase.release')
  }
  // A plan of an earlier version names none.
  for (const name of pending.releaseExports ?? []) removeExport(place, name)
  const trainings = pending.trainings ?? []
  for (const training of trainings) removeTrainingRows(place, training)
  reached('erase.trainings')
  scrubJournal(paths.journal, calls)
  reached('erase.journal')
  for (const task of pending.tasks) {
    rmSync(paths.task(task), { recursive: true, force: true })
    reached('erase.task')
  }
  await scrubFiles(place, pending, traces)
  await dropPulled(paths.root, traces)
  reached('erase.files')
  const { looked, found, elsewhere } = await scan(place, traces, path => path === pendingFile(paths.root))
  if (found.length > 0) {
    throw new StillroomError('SR_WORKSPACE', 'The erasure is not complete: something of it is still there.', {
      received: found.slice(0, 10).join(', '),
      hint: 'end whatever writes here, remove the files that are named, and give the command again',
    })
  }
  const [kind] = Object.keys(pending.wanted) as ['subject']
  const certificate: Certificate = {
    format: 1,
    ...{ request, at, ...(by ? { by } : {}), reason },
    wanted: { kind, hash: hash(`wanted ${Object.values(pending.wanted).join('/')}`) },
    records: pending.records.map(({ id, at, fate }) => ({ record: hash(`id ${id}`), at, fate })),
    journal: { calls: pending.calls.length, sentTo: pending.sent },
    tasks: pending.tasks.length,
    releases,
    exports: pending.exports,
    releaseExports: pending.releaseExports ?? [],
    trainings,
    models: modelsSaid(trainings),
    suppressed: pending.suppress.length,
    scan: looked,
    notCovered: [
      ...elsewhere.map(
        ({ folder, release }) =>
          `${folder} holds something of it as well, out of release ${release} of another recipe: erase it there, and write that training again.`,
      ),
      ...notCovered,
    ],
  }
  const folder = join(erasureFolder(paths.root), request)
  const text = `${JSON.stringify(certificate, null, 2)}\n`
  putWhole(join(folder, 'certificate.md'), renderCertificate(certificate))
  if (signer) {
    putWhole(
      join(folder, 'signature.json'),
      `${JSON.stringify(envelopeOf(statementOf(request, text), signer), null, 2)}\n`,
    )
    putWhole(join(folder, 'signature.pub'), signer.publicKey)
  }
  putWhole(join(folder, 'certificate.json'), text)
  reached('erase.certificate')
  // The plan holds what was searched for: it goes last, and its bytes before its name.
  const file = pendingFile(paths.root)
  writeFileSync(file, Buffer.alloc(Buffer.byteLength(JSON.stringify(pending))), { flush: true })
  rmSync(file)
  return { certificate, folder }
}

const statementOf = (request: string, certificate: string): object => ({
  _type: 'https://in-toto.io/Statement/v1',
  subject: [{ name: 'certificate.json', digest: { sha256: sha256(certificate) } }],
  predicateType: 'urn:stillroom:erasure:1',
  predicate: { request },
})

/** Files that came from the Hub are copies of ours: one that holds a trace goes. Where it is read again, it comes again. */
async function dropPulled(root: string, traces: Traces): Promise<void> {
  const traced = traceFinder(traces)
  const folder = join(root, 'hub')
  if (!existsSync(folder)) return
  for (const entry of readdirSync(folder, { recursive: true, withFileTypes: true })) {
    const absolute = join(entry.parentPath, entry.name)
    // Listings hold names of files and no rows.
    if (!entry.isFile() || !/@[0-9a-f]{40,64}[/\\]/.test(absolute)) continue
    const { size, mtimeMs } = statSync(absolute)
    for await (const row of readTable({ path: entry.name, below: entry.name, absolute, size, mtimeMs }, {})) {
      if ('columns' in row && !traced(row.columns)) continue
      rmSync(absolute)
      break
    }
  }
}

/** Logs of runs, summaries of stages, audits and lists of exports: what mentions a trace is taken out. */
async function scrubFiles(place: Place, pending: Pending, traces: Traces): Promise<void> {
  const { paths } = place
  const traced = traceFinder(traces)
  const each = (folder: string, see: (path: string) => void): void => {
    if (!existsSync(folder)) return
    for (const entry of readdirSync(folder, { recursive: true, withFileTypes: true }))
      if (entry.isFile()) see(join(entry.parentPath, entry.name))
  }
  const tasks = new Set(pending.tasks)
  each(paths.stages, path => {
    const text = readFileSync(path, 'utf8')
    if ([...text.matchAll(/[0-9a-f]{64}/g)].some(([name]) => tasks.has(name)) || traced(text)) rmSync(path)
  })
  each(paths.runs, path => {
    const text = readFileSync(path, 'utf8')
    if (path.endsWith('.json')) {
      const value = JSON.parse(text)
      if (traced(value)) putWhole(path, JSON.stringify(without(value, traced)))
      return
    }
    const lines = text.split('\n')
    const kept = lines.filter(line => !traced(line))
    if (kept.length < lines.length) putWhole(path, kept.join('\n'))
  })
  // Trainers print rows of theirs now and then.
  for (const folder of trainingTexts(place)) {
    if (basename(folder) !== 'run') continue
    each(folder, path => {
      if (!/\.(log|ndjson)$/.test(path)) return
      const lines = readFileSync(path, 'utf8').split('\n')
      const kept = lines.filter(line => !traced(line))
      if (kept.length < lines.length) putWhole(path, kept.join('\n'))
    })
  }
  each(join(paths.root, 'exports'), path => {
    const lines = readFileSync(path, 'utf8').split('\n')
    const kept = lines.filter(line => !traced(line))
    if (kept.length < lines.length) putWhole(path, kept.join('\n'))
  })
  for (const path of [paths.files, join(paths.root, 'terms.json')].filter(existsSync)) {
    const value = JSON.parse(readFileSync(path, 'utf8'))
    if (traced(value)) putWhole(path, JSON.stringify(without(value, traced)))
  }
  // Figures of rows that are no more, with examples of them; both are made anew by their commands.
  for (const name of ['reports', 'measured']) rmSync(join(paths.root, name), { recursive: true, force: true })
  const pages: string[] = []
  each(join(paths.root, 'pages'), path => pages.push(path))
  for (const path of pages) {
    const page = JSON.parse(readFileSync(path, 'utf8')) as Page
    if (traced(page) || traced((await readPage(page)).text)) rmSync(path)
  }
  // An audit speaks of rows as they were; without one of them it would speak of others.
  each(join(paths.root, 'audits'), path => {
    if (traced(JSON.parse(readFileSync(path, 'utf8')))) rmSync(path)
  })
}
