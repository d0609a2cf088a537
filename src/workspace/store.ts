import {
  close,
  closeSync,
  existsSync,
  fsync,
  link,
  mkdir,
  mkdirSync,
  open,
  openSync,
  readdirSync,
  readFileSync,
  readSync,
  rename,
  rmSync,
  unlink,
  writeFile,
  writeFileSync,
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

/**
 * Files are made away from the main thread: while the journal syncs, even making a folder may wait for the disk, and
 * thousands of calls would wait with it.
 */
const away = {
  close: promisify(close),
  link: promisify(link),
  mkdir: promisify(mkdir),
  open: promisify(open),
  rename: promisify(rename),
  sync: promisify(fsync),
  unlink: promisify(unlink),
  writeFile: promisify(writeFile),
}

/** Bytes of one file that wait in memory; beyond them they are written where they stand. */
const mostHeld = 4 * 2 ** 20

type LazyFile = { write(bytes: Uint8Array): void; seal(reached: Reached): Promise<boolean>; discard(): void }

/** A file that comes to be with its first bytes. `make` makes the folder around it. */
function lazyFile(path: string, make: () => void): LazyFile {
  let fd: number | undefined
  let held: Uint8Array[] = []
  let bytesHeld = 0
  return {
    write(bytes) {
      held.push(bytes)
      bytesHeld += bytes.length
      if (bytesHeld < mostHeld) return
      make()
      fd ??= openSync(path, 'w')
      for (const part of held) writeFileSync(fd, part)
      held = []
      bytesHeld = 0
    },
    async seal(reached) {
      if (fd === undefined && held.length === 0) return false
      fd ??= await away.open(path, 'w')
      // On a nearly full disk a single write may be a short one; this writes all or throws.
      if (held.length > 0) await away.writeFile(fd, Buffer.concat(held))
      held = []
      reached('sync.before')
      await away.sync(fd)
      reached('sync.after')
      const written = fd
      fd = undefined
      await away.close(written)
      return true
    },
    discard() {
      held = []
      if (fd === undefined) return
      closeSync(fd)
      fd = undefined
      rmSync(path, { force: true })
    },
  }
}

/** Removes what processes that were killed left half-written. Only a task that is begun again can hold any. */
function sweep(dir: string): void {
  for (const name of readdirSync(dir)) {
    const pid = Number(/\.tmp-(\d+)(?:-\d+)?$/.exec(name)?.[1])
    if (pid && !running(pid)) rmSync(join(dir, name), { force: true })
  }
}

/** Whether a process of this machine is there. */
export function running(pid: number): boolean {
  try {
    return process.kill(pid, 0)
  } catch (error) {
    return (error as NodeJS.ErrnoException).code !== 'ESRCH'
  }
}

/** Tells drafts of one process apart: a run that was stopped may still be writing when the next begins. */
let drafts = 0

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
      const tag = `.tmp-${process.pid}-${++drafts}`
      const make = (): void => {
        if (mkdirSync(dir, { recursive: true }) === undefined) sweep(dir)
      }
      const files = {
        output: lazyFile(join(dir, part + tag), make),
        rejects: lazyFile(join(dir, rejectsPart + tag), make),
      }
      const output = pieceEncoder(bytes => files.output.write(bytes))
      const rejects = pieceEncoder(bytes => files.rejects.write(bytes))
      function discard(): void {
        files.output.discard()
        files.rejects.discard()
      }
      return {
        output: output.line,
        cut: output.cut,
        reject: rejects.line,
        async commit(rest) {
          const done: Done = { format: 1, task, ...rest, output: output.end(), rejects: rejects.end() }
          const draft = join(dir, `done.json${tag}`)
          try {
            if ((await away.mkdir(dir, { recursive: true })) === undefined) sweep(dir)
            for (const [file, name] of [
              [files.output, part],
              [files.rejects, rejectsPart],
            ] as const) {
              if (!(await file.seal(reached))) continue
              reached('rename.before')
              await away.rename(join(dir, name + tag), join(dir, name))
              reached('rename.after')
            }
            const fd = await away.open(draft, 'w')
            try {
              await away.writeFile(fd, JSON.stringify(done))
              await away.sync(fd)
            } finally {
              await away.close(fd)
            }
            reached('done.before')
            await away.link(draft, join(dir, 'done.json')).catch(error => {
              if (error.code !== 'EEXIST') throw error
            })
            await away.unlink(draft)
            const folder = await away.open(dir, 'r')
            try {
              await away.sync(folder)
            } finally {
              await away.close(folder)
            }
          } catch (error) {
            discard()
            for (const name of [part, rejectsPart, 'done.json']) rmSync(join(dir, name + tag), { force: true })
            throw error
          }
          reached('done.after')
          return done
        },
        discard,
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
