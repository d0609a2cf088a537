import {
  closeSync,
  existsSync,
  fsync,
  linkSync,
  mkdirSync,
  openSync,
  readdirSync,
  readFileSync,
  readSync,
  renameSync,
  rmSync,
  unlinkSync,
  writeFileSync,
  writeSync,
} from 'node:fs'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { StillroomError } from '../errors/index.ts'
import { decodeFrame, type Frame, type Piece, pieceEncoder, type Sha, type Slug } from '../records/index.ts'
import type { Paths } from './paths.ts'

/** Counts of one primitive step. in = passed + fixed + expanded + consumed + dropped; replies = made + lost. */
export type Counts = {
  in: number
  passed: number
  fixed: number
  expanded: number
  consumed: number
  dropped: { [reason: Slug]: number }
  /** Items that arrived in replies. */
  items: number
  made: number
  lost: { [reason: Slug]: number }
  /** Reasons of `fixed`. */
  repairs: { [reason: Slug]: number }
}

/** What a finished task left behind. Consumers read only what a done record names. */
export type Done = {
  format: 1
  task: Sha
  stage: Sha
  output: Piece[]
  rejects: Piece[]
  funnel: { [step: string]: Counts }
}

/** Named instants at which a test may kill the process; a no-op otherwise. */
export type Reached = (point: string) => void

export type TaskWriter = {
  output(line: string): void
  cut(): void
  reject(line: string): void
  /** Syncs, renames and creates the done record; the work of another process on the same task wins if it was first. */
  commit(rest: Omit<Done, 'format' | 'task' | 'output' | 'rejects'>): Promise<Done>
  discard(): void
}

/** Syncing waits for the disk and for nothing else: other tasks go on meanwhile. */
const sync = promisify(fsync)

type LazyFile = { write(bytes: Uint8Array): void; seal(reached: Reached): Promise<boolean>; close(): void }

function lazyFile(path: string): LazyFile {
  let fd: number | undefined
  return {
    write(bytes) {
      fd ??= openSync(path, 'w')
      let done = 0
      while (done < bytes.length) done += writeSync(fd, bytes, done)
    },
    async seal(reached) {
      if (fd === undefined) return false
      reached('sync.before')
      await sync(fd)
      reached('sync.after')
      closeSync(fd)
      fd = undefined
      return true
    },
    close() {
      if (fd !== undefined) closeSync(fd)
      fd = undefined
    },
  }
}

/** Removes what processes that were killed left half-written. Only a task that is begun again can hold any. */
function sweep(dir: string): void {
  for (const name of readdirSync(dir)) {
    const pid = Number(/\.tmp-(\d+)$/.exec(name)?.[1])
    if (pid && !running(pid)) rmSync(join(dir, name), { force: true })
  }
}

function running(pid: number): boolean {
  try {
    return process.kill(pid, 0)
  } catch (error) {
    return (error as NodeJS.ErrnoException).code !== 'ESRCH'
  }
}

const part = 'part.jsonl.zst'
const rejectsPart = 'rejects.jsonl.zst'

/** Tasks on disk, below `tasks/<first two digits>/<key>/`. */
export type Store = {
  done(task: Sha): Done | undefined
  /** True while the done record is there, and with `output` the file it names: cheaper than to read it. */
  whole(task: Sha, output: boolean): boolean
  open(task: Sha): TaskWriter
  /** Lines of a piece, frame by frame, each bounded by about one MiB. */
  lines(task: Sha, piece: Piece, rejects?: boolean): Generator<string[]>
  /** Removes a done record, so that the task runs again (its calls stay in the journal). */
  forget(task: Sha): void
}

export function openStore(paths: Paths, reached: Reached): Store {
  function readFrame(fd: number, [offset, bytes]: Frame): string[] {
    const packed = Buffer.allocUnsafe(bytes)
    let got = 0
    while (got < bytes) {
      const n = readSync(fd, packed, got, bytes - got, offset + got)
      if (n === 0) throw new Error('short file')
      got += n
    }
    return decodeFrame(packed)
  }
  return {
    done(task) {
      try {
        return JSON.parse(readFileSync(join(paths.task(task), 'done.json'), 'utf8')) as Done
      } catch (error) {
        if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined
        throw new StillroomError('SR_WORKSPACE', `The done record of task ${task} cannot be read.`, {
          cause: error,
          hint: `remove ${paths.task(task)}; the run makes it again without new calls`,
        })
      }
    },
    whole(task, output) {
      const dir = paths.task(task)
      return existsSync(join(dir, 'done.json')) && (!output || existsSync(join(dir, part)))
    },
    open(task) {
      const dir = paths.task(task)
      const created = mkdirSync(dir, { recursive: true })
      if (created === undefined) sweep(dir)
      const tag = `.tmp-${process.pid}`
      const files = { output: lazyFile(join(dir, part + tag)), rejects: lazyFile(join(dir, rejectsPart + tag)) }
      const output = pieceEncoder(bytes => files.output.write(bytes))
      const rejects = pieceEncoder(bytes => files.rejects.write(bytes))
      return {
        output: output.line,
        cut: output.cut,
        reject: rejects.line,
        async commit(rest) {
          const done: Done = { format: 1, task, ...rest, output: output.end(), rejects: rejects.end() }
          for (const [file, name] of [
            [files.output, part],
            [files.rejects, rejectsPart],
          ] as const) {
            if (!(await file.seal(reached))) continue
            reached('rename.before')
            renameSync(join(dir, name + tag), join(dir, name))
            reached('rename.after')
          }
          const draft = join(dir, `done.json${tag}`)
          const fd = openSync(draft, 'w')
          try {
            // On a nearly full disk a single write may be a short one; this writes all or throws.
            writeFileSync(fd, JSON.stringify(done))
            await sync(fd)
          } finally {
            closeSync(fd)
          }
          reached('done.before')
          try {
            linkSync(draft, join(dir, 'done.json'))
          } catch (error) {
            if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error
          }
          unlinkSync(draft)
          const folder = openSync(dir, 'r')
          try {
            await sync(folder)
          } finally {
            closeSync(folder)
          }
          reached('done.after')
          return done
        },
        discard() {
          files.output.close()
          files.rejects.close()
          for (const name of [part, rejectsPart, 'done.json']) rmSync(join(dir, name + tag), { force: true })
        },
      }
    },
    *lines(task, piece, rejects = false) {
      const path = join(paths.task(task), rejects ? rejectsPart : part)
      let fd: number
      try {
        fd = openSync(path, 'r')
      } catch (error) {
        throw new StillroomError('SR_WORKSPACE', `A finished task has lost its file ${path}.`, {
          cause: error,
          hint: `remove ${paths.task(task)}; the run makes it again without new calls`,
        })
      }
      try {
        for (const frame of piece.frames) yield readFrame(fd, frame)
      } finally {
        closeSync(fd)
      }
    },
    forget(task) {
      const file = join(paths.task(task), 'done.json')
      if (existsSync(file)) rmSync(file)
    },
  }
}
