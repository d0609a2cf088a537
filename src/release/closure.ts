import { closeSync, openSync, readSync } from 'node:fs'
import { StillroomError } from '../errors/index.ts'
import { normaliseLicense } from '../govern/index.ts'
import { canonical, type Id, type Rec, type TeacherId } from '../records/index.ts'
import { lineWriter } from '../workspace/index.ts'

/** The source records that a record goes back to, by any parent, and their licenses (SPDX); both sorted. */
export type Roots = { sources: Id[]; licenses: string[] }

export type Closure = {
  /** Adds a released row, once, and all it descends from: where it is an ancestor too, as it was released. */
  add(record: Rec): Promise<Roots>
  /** Writes one line a record, sorted by id. */
  write(path: string): void
  count(): number
  /** Closes the spool; a second time does nothing. */
  close(): void
  /** Teachers that wrote, and teachers that judged, anything in the closure. */
  writers: Set<TeacherId>
  judges: Set<TeacherId>
}

const union = (lists: string[][]) => [...new Set(lists.flat())].sort()

/**
 * The transitive closure of the released rows: what each record is, where it comes from and how it was made, without
 * its text, so that removing the workspace's intermediate files breaks no release. Lines wait in a spool file; memory
 * holds ids, offsets and roots. A parent of role `corpus` is the digest of a whole input, and no record.
 */
export function openClosure(lookup: (id: Id) => Promise<Rec | undefined>, spool: string): Closure {
  const seen = new Map<Id, { at: [number, number]; roots: Roots }>()
  const out = lineWriter(spool)
  let open = true
  const writers = new Set<TeacherId>()
  const judges = new Set<TeacherId>()

  async function rootsOf(record: Rec): Promise<Roots> {
    const found: Roots[] = []
    for (const parent of record.lineage.parents) {
      if (parent.role === 'corpus') continue
      const known = seen.get(parent.id)
      found.push(known ? known.roots : await enter(await ancestor(parent.id, record.id)))
    }
    const { source } = record.lineage
    if (source) found.push({ sources: [record.id], licenses: [normaliseLicense(source.license).spdx] })
    // Most records have one parent: sharing its roots keeps memory at ids and offsets.
    if (found.length === 1) return found[0]!
    return { sources: union(found.map(r => r.sources)), licenses: union(found.map(r => r.licenses)) }
  }
  /** Written again, a record takes the place of what an earlier row's descent said of it. */
  async function enter(record: Rec): Promise<Roots> {
    const roots = await rootsOf(record)
    const { id, kind, digest, language, facets, scores, lineage } = record
    for (const teacher of lineage.made?.teachers ?? []) writers.add(teacher)
    if (lineage.source?.teacher) writers.add(lineage.source.teacher)
    for (const score of Object.values(scores)) if (score.judge) judges.add(score.judge)
    seen.set(id, { at: out.line(canonical({ id, kind, digest, language, facets, scores, lineage })), roots })
    return roots
  }
  async function ancestor(id: Id, child: Id): Promise<Rec> {
    const record = await lookup(id)
    if (record) return record
    throw new StillroomError('SR_WORKSPACE', `Record ${id}, a parent of ${child}, is not in the workspace.`, {
      hint: 'Run the recipe again: what is missing is made anew, and paid replies come out of the journal.',
    })
  }

  function close(): void {
    if (open) out.end()
    open = false
  }

  return {
    add: enter,
    close,
    count: () => seen.size,
    writers,
    judges,
    write(path) {
      close()
      const fd = openSync(spool, 'r')
      const sorted = lineWriter(path)
      try {
        for (const id of [...seen.keys()].sort()) {
          const [offset, bytes] = seen.get(id)!.at
          const line = Buffer.alloc(bytes - 1)
          readSync(fd, line, 0, line.length, offset)
          sorted.line(line.toString('utf8'))
        }
      } finally {
        closeSync(fd)
      }
      sorted.end()
    },
  }
}
