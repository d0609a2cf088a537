import { closeSync, fsyncSync, mkdirSync, openSync, renameSync, rmSync, statSync, writeSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { StillroomError } from '../errors/index.ts'
import { refusal, send, silent, strange } from './ask.ts'
import { type Dataset, filePath, type HubFile, nameAt } from './dataset.ts'
import { digestOf, hashFor, isSame } from './digest.ts'
import type { Hub } from './endpoint.ts'

export type PullOptions = {
  /** Read again what lies there, and fetch what is not as it should be. */
  again?: boolean
  signal?: AbortSignal
  /** Called before each file; throws to stop. */
  check?(): void
  /** A file has come; `bytes` of `total` are there. */
  told?(file: HubFile, bytes: number, total: number): void
}

/** Files that are fetched at a time. */
const width = 4
/** Times that a file whose bytes are not the right ones is asked for. */
const tries = 3

/**
 * Brings files of a repository into a folder, each once and whole: it is digested while it comes, and appears under its
 * name only when it is what the Hub says it is. What lies there already is not asked for.
 * Throws SR_HUB: refused, unreachable, other bytes than those named; SR_DISK_FULL.
 */
export async function pullFiles(
  hub: Hub,
  dataset: Pick<Dataset, 'repo' | 'sha'>,
  files: readonly HubFile[],
  folder: string,
  { again = false, signal, check, told }: PullOptions = {},
): Promise<void> {
  const missing: HubFile[] = []
  for (const file of files) {
    expectInside(file.path)
    const path = join(folder, file.path)
    const there = again ? await isSame(path, file) : statSync(path, { throwIfNoEntry: false })?.size === file.size
    if (!there) missing.push(file)
  }
  const total = missing.reduce((n, { size }) => n + size, 0)
  let bytes = 0
  const queue = [...missing]
  const work = async (): Promise<void> => {
    try {
      for (let file = queue.shift(); file; file = queue.shift()) {
        check?.()
        await pullFile(hub, dataset, file, join(folder, file.path), signal)
        bytes += file.size
        told?.(file, bytes, total)
      }
    } finally {
      // After a failure nothing more is begun.
      queue.length = 0
    }
  }
  const ends = await Promise.allSettled(Array.from({ length: Math.min(width, missing.length) }, work))
  for (const end of ends) if (end.status === 'rejected') throw end.reason
}

/** Names come from a server: none may lead out of the folder. */
function expectInside(path: string): void {
  if (!path.split(/[/\\]/).some(part => part === '' || part === '.' || part === '..') && !path.includes('\0')) return
  throw new StillroomError('SR_HUB', 'The Hub names a file outside of its repository.', {
    received: JSON.stringify(path).slice(0, 80),
  })
}

async function pullFile(
  hub: Hub,
  { repo, sha }: Pick<Dataset, 'repo' | 'sha'>,
  file: HubFile,
  path: string,
  signal?: AbortSignal,
): Promise<void> {
  const what = `${file.path} of ${nameAt(repo, sha.slice(0, 12))}`
  if (digestOf(file) === '') throw strange(hub, what)
  mkdirSync(dirname(path), { recursive: true })
  const draft = `${path}.tmp-${process.pid}`
  let received = ''
  try {
    for (let n = 0; n < tries; n++) {
      const answer = await send(hub, filePath(repo, sha, file.path), signal ? { signal } : {})
      if (!answer.ok) throw await refusal(hub, answer, what)
      const written = await write(answer, draft, file)
      if ('cause' in written) {
        if (signal?.aborted) throw signal.reason
        if (n + 1 === tries) throw silent(hub, written.cause)
        continue
      }
      received = `${written.bytes} bytes, ${written.digest}`
      if (written.bytes !== file.size || written.digest !== digestOf(file)) continue
      renameSync(draft, path)
      return
    }
  } finally {
    rmSync(draft, { force: true })
  }
  throw new StillroomError('SR_HUB', `What came as ${what} is not what the Hub names.`, {
    expected: `${file.size} bytes, ${digestOf(file)}`,
    received,
    hint: 'give the same command again; if it stays so, the file is damaged at the Hub or on the way',
  })
}

/** Writes a body down and digests it; the cause where the connection broke. */
async function write(
  answer: Response,
  path: string,
  file: HubFile,
): Promise<{ bytes: number; digest: string } | { cause: unknown }> {
  const hash = hashFor(file)
  const fd = openSync(path, 'w')
  let bytes = 0
  try {
    const reader = answer.body?.getReader()
    for (;;) {
      let part: Awaited<ReturnType<NonNullable<typeof reader>['read']>> | undefined
      try {
        part = await reader?.read()
      } catch (cause) {
        return { cause }
      }
      if (!part || part.done) break
      hash.update(part.value)
      bytes += part.value.length
      for (let at = 0; at < part.value.length; ) at += writeSync(fd, part.value, at)
      // Whatever comes beyond the size is not the file.
      if (bytes > file.size) {
        await reader!.cancel().catch(() => {})
        break
      }
    }
    fsyncSync(fd)
    return { bytes, digest: hash.digest('hex') }
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOSPC') throw error
    throw new StillroomError('SR_DISK_FULL', 'The disk became full while a file came from the Hub.', {
      hint: 'make room and give the same command again; whole files are kept',
      cause: error,
    })
  } finally {
    closeSync(fd)
  }
}
