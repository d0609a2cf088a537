import { mkdirSync, renameSync, rmSync } from 'node:fs'
import { dirname, join } from 'node:path'
import type { Id, Json } from '../../records/index.ts'
import { type LineWriter, lineWriter, putWhole } from '../../workspace/index.ts'
import type { Restore, Row, RowFile, Target } from './target.ts'

/** Files that lie under names of their own until all of them are whole. */
export type Drafts = {
  /** Adds a line to a file, and tells how many bytes it took. */
  line(path: string, text: string): number
  /** No more comes to this file. */
  close(path: string): void
  /** The name that a file will have, where it is told only later. */
  name(path: string, final: string): void
  whole(path: string, text: string): void
  /** Gives all files their names, and tells them. */
  finish(): string[]
  /** Removes what has no name yet. */
  discard(): void
}

/** Drafts in a folder; without one nothing is written. */
export function openDrafts(dir: string | undefined): Drafts {
  const open = new Map<string, LineWriter>()
  const names = new Map<string, string>()
  const texts = new Map<string, string>()
  const draftOf = (path: string): string => join(dir!, dirname(path), `.${path.split('/').at(-1)}.tmp-${process.pid}`)
  function close(path: string): void {
    open.get(path)?.end()
    open.delete(path)
  }
  function writer(path: string): LineWriter {
    const known = open.get(path)
    if (known) return known
    mkdirSync(dirname(join(dir!, path)), { recursive: true })
    rmSync(draftOf(path), { force: true })
    const made = lineWriter(draftOf(path))
    open.set(path, made)
    return made
  }
  return {
    line(path, text) {
      if (!names.has(path)) names.set(path, path)
      return dir === undefined ? Buffer.byteLength(text) + 1 : writer(path).line(text)[1]
    },
    close,
    name: (path, final) => void names.set(path, final),
    whole: (path, text) => void texts.set(path, text),
    finish() {
      for (const path of [...open.keys()]) close(path)
      if (dir !== undefined) {
        for (const [path, final] of names) {
          mkdirSync(dirname(join(dir, final)), { recursive: true })
          renameSync(draftOf(path), join(dir, final))
        }
        for (const [path, text] of texts) putWhole(join(dir, path), text)
      }
      const all = [...names.values(), ...texts.keys()].sort()
      names.clear()
      return all
    },
    discard() {
      for (const path of [...open.keys()]) close(path)
      if (dir !== undefined) for (const path of names.keys()) rmSync(draftOf(path), { force: true })
    },
  }
}

/** A file of rows with the tokens in it. */
export type CountedFile = RowFile & { tokens: number }

/** The files of one split: lines of rows, and beside them of ids where rows cannot hold them. */
export function openSplit(
  target: Target,
  pathOf: (type: string, split: string) => string = (type, split) => `${type}/${split}.jsonl`,
  type: string,
  split: string,
  drafts: Drafts,
) {
  const { parts } = target
  const files: CountedFile[] = []
  function file(): CountedFile {
    const last = files.at(-1)
    if (last && !(parts && last.rows === parts.rows)) return last
    if (last) drafts.close(last.path)
    // The number of parts stands in their names, and is known only at the end.
    const path = parts ? parts.path(type, split, files.length, 0) : pathOf(type, split)
    const next = { path, type, split, rows: 0, bytes: 0, tokens: 0 }
    files.push(next)
    return next
  }
  return {
    row(id: Id, row: Row, restore: Restore | undefined, tokens: number): void {
      const at = file()
      at.bytes += drafts.line(at.path, wellFormed(target.ids === 'column' ? { id, ...row } : row))
      at.rows++
      at.tokens += tokens
      if (target.ids === 'column') return
      const beside = at.path.replace(/\.jsonl$/, '.ids.jsonl')
      drafts.line(beside, wellFormed({ id, ...(restore ? { restore } : {}) }))
    },
    end(): CountedFile[] {
      return files.map((file, part) => {
        drafts.close(file.path)
        const path = parts ? parts.path(type, split, part, files.length) : file.path
        drafts.name(file.path, path)
        return { ...file, path }
      })
    },
  }
}

/** Half a surrogate pair is no Unicode text: readers in other languages fail on it or see other characters. */
const wellFormed = (line: { [key: string]: Json }): string =>
  JSON.stringify(line, (_, value) => (typeof value === 'string' ? value.toWellFormed() : value))
