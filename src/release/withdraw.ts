import { existsSync, mkdirSync, readFileSync, renameSync, rmSync } from 'node:fs'
import { basename, dirname, join } from 'node:path'
import { StillroomError } from '../errors/index.ts'
import type { Id, Rec, Sha } from '../records/index.ts'
import { sha256 } from '../records/index.ts'
import { putFile, syncFolder } from './disk.ts'
import type { ReleaseInput } from './input.ts'
import { readRelease } from './read-release.ts'
import { type Signer, signRelease } from './sign.ts'
import { type Tombstone, tombstoneFile } from './tombstone.ts'
import { type Manifest, writeRelease } from './write.ts'

/** What a withdrawal takes out of a release, and what it says of it. */
export type Withdrawal = {
  gone(id: Id): boolean
  /** Calls whose replies are no more. */
  calls: ReadonlySet<Sha>
  next: string
  at: string
  request: string
  reason: string
  hash(id: Id): Sha
  /** What steps, gates and sources say, without what must not be said any more. */
  clean<T>(value: T): T
}

/**
 * Writes the next version of a release without the records that are gone, and then puts a tombstone in the place of the
 * release. Where no row is left there is no next version. It goes on where it was interrupted.
 */
export async function withdraw(dir: string, what: Withdrawal, signer?: Signer): Promise<{ replacedBy?: string }> {
  const old = join(dirname(dir), `.${basename(dir)}.withdrawn`)
  const stone = join(dirname(dir), `.${basename(dir)}.tombstone`)
  if (existsSync(join(dir, 'manifest.json'))) {
    const text = readFileSync(join(dir, 'manifest.json'), 'utf8')
    const { name, version, date, license, rows } = JSON.parse(text) as Manifest
    const { erased, folder } = await renew(dir, what, signer)
    const tombstone: Tombstone = {
      format: 1,
      ...{ name, version, date, license },
      manifest: sha256(text),
      rows,
      withdrawn: {
        ...{ at: what.at, request: what.request, reason: what.reason },
        ...(folder ? { replacedBy: what.next } : {}),
      },
      erased,
    }
    rmSync(stone, { recursive: true, force: true })
    mkdirSync(stone)
    putFile(join(stone, tombstoneFile), `${JSON.stringify(tombstone, null, 2)}\n`)
    if (signer) signRelease(stone, signer)
    syncFolder(stone)
    renameSync(dir, old)
  }
  if (existsSync(stone)) renameSync(stone, dir)
  syncFolder(dirname(dir))
  rmSync(old, { recursive: true, force: true })
  const { withdrawn } = JSON.parse(readFileSync(join(dir, tombstoneFile), 'utf8')) as Tombstone
  return withdrawn.replacedBy ? { replacedBy: withdrawn.replacedBy } : {}
}

/** The release without what is gone, under its next version. */
async function renew(
  dir: string,
  what: Withdrawal,
  signer: Signer | undefined,
): Promise<{ erased: Sha[]; folder?: string }> {
  const { close, ...input } = await readRelease(dir)
  const erased = new Set<Sha>()
  let rows = 0
  const freed = (record: Rec): Rec => {
    const { members } = record.lineage
    if (!members?.some(what.gone)) return record
    return { ...record, lineage: { ...record.lineage, members: members.filter(id => !what.gone(id)) } }
  }
  async function* records(): AsyncGenerator<Rec> {
    for await (const record of input.records) {
      if (!what.gone(record.id)) yield freed(record)
      else {
        rows++
        erased.add(what.hash(record.id))
      }
    }
  }
  const folder = join(dirname(dir), basename(dir).replace(input.version, what.next))
  try {
    // Counted before it is written: the card says how many rows are gone, and is written after them.
    const withdraws = {
      version: input.version,
      request: what.request,
      get rows() {
        return rows
      },
    }
    const next: ReleaseInput = {
      ...input,
      steps: what.clean(input.steps),
      gates: what.clean(input.gates),
      sources: what.clean(input.sources),
      version: what.next,
      date: what.at.slice(0, 10),
      previous: { version: input.version },
      withdraws,
      records: records(),
      lookup: async id => {
        const record = await input.lookup(id)
        return record && freed(record)
      },
      ...(input.call ? { call: (call: Sha) => (what.calls.has(call) ? undefined : input.call!(call)) } : {}),
      ...(input.run ? { run: { ...input.run, erasure: what.request, at: what.at } } : {}),
    }
    await writeRelease(next, folder, signer)
    return { erased: [...erased].sort(), folder }
  } catch (error) {
    if (!StillroomError.is(error) || error.code !== 'SR_YIELD') throw error
    return { erased: [...erased].sort() }
  } finally {
    close()
  }
}
