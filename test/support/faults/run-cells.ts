import { type ChildProcess, fork } from 'node:child_process'
import { once } from 'node:events'
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { FormName } from '../../../src/sources/forms.ts'
import { brokenFiles, type Size } from './mutators.ts'
import type { Told } from './reader.ts'

export type Cell = {
  form: FormName
  mutator: string
  files: number
  records: number
  rejected: { [reason: string]: number }
  /** Processor time of the reading process for the file that took most, in milliseconds, and wall time of all. */
  cpu: number
  wall: number
  slowest: string
  wrong: string[]
  /** Highest resident memory in MB, while the cell was read: the process, and the one that it confines readers to. */
  peak: number
  confined: number
}

/** Milliseconds of processor time that one file may take in the reading process. */
const bound = 30_000

/** Reads the broken files of each cell in a process of its own, which is replaced where it ends. */
export async function runCells(
  cells: { form: FormName; mutator: string }[],
  size: Size,
  told: (cell: Cell) => void = () => {},
): Promise<Cell[]> {
  const folder = mkdtempSync(join(tmpdir(), 'faults-'))
  const scratch = join(folder, 'tmp')
  mkdirSync(scratch)
  let reader: ChildProcess | undefined
  const confined = new Set<number>()
  try {
    const found: Cell[] = []
    let last: FormName | undefined
    for (const { form, mutator } of cells) {
      // Memory is measured form by form, where all of it is asked for.
      if (form !== last && size.repeats > 10) reader = await ended(reader)
      last = form
      const cell: Cell = {
        ...{ form, mutator, files: 0, records: 0, rejected: {}, cpu: 0, wall: 0, slowest: '' },
        ...{ wrong: [], peak: 0, confined: 0 },
      }
      for (const broken of brokenFiles(form, mutator, size)) {
        reader ??= fork(join(import.meta.dirname, 'reader.ts'), [String(size.rows)], {
          execArgv: [],

          env: { ...process.env, TMPDIR: scratch },
        })
        const path = join(folder, broken.path)
        writeFileSync(path, broken.bytes())
        const began = performance.now()
        const said = await answer(reader, path, cell, confined)
        const wall = performance.now() - began
        cell.wall += wall
        cell.files++
        rmSync(path)
        if ('gone' in said) {
          cell.wrong.push(`${broken.label}: ${said.gone}`)
          reader = undefined
          continue
        }
        if (said.cpu >= cell.cpu) Object.assign(cell, { cpu: said.cpu, slowest: broken.label })
        if (said.cpu > bound) cell.wrong.push(`${broken.label}: ${said.cpu} ms`)
        cell.records += said.records
        for (const [reason, n] of Object.entries(said.rejected))
          cell.rejected[reason] = (cell.rejected[reason] ?? 0) + n
        cell.wrong.push(...said.wrong.map(wrong => `${broken.label}: ${wrong}`))
        cell.peak = Math.max(cell.peak, said.peak)
      }
      found.push(cell)
      told(cell)
    }
    reader = await ended(reader)
    await allGone(confined)
    const left = readdirSync(scratch)
    if (left.length > 0) found.at(-1)!.wrong.push(`left behind at the end: ${left.join(', ')}`)
    return found
  } finally {
    reader?.kill('SIGKILL')
    rmSync(folder, { recursive: true, force: true })
  }
}

/** Has a reader end by itself, as it does when nobody asks it any more. */
async function ended(reader: ChildProcess | undefined): Promise<undefined> {
  if (!reader) return
  const exit = once(reader, 'exit')
  reader.disconnect()
  await exit
}

/** What the reader tells of a file; or how it ended, by itself or since it took too long. */
function answer(reader: ChildProcess, path: string, cell: Cell, pids: Set<number>): Promise<Told | { gone: string }> {
  return new Promise(resolve => {
    let looks = 0
    const began = cpuOf(reader.pid!)
    const watch = setInterval(() => {
      for (const pid of childrenOf(reader.pid!)) {
        pids.add(pid)
        cell.confined = Math.max(cell.confined, peakOf(pid))
      }
      // One that waits for ever uses no processor time.
      if (cpuOf(reader.pid!) - began > bound || ++looks > 40_000) done({ gone: `no end after ${bound} ms` })
    }, 10)
    const message = (said: unknown): void =>
      typeof said === 'object' && said !== null && 'unhandled' in said
        ? void cell.wrong.push(`unhandled ${String(said.unhandled).slice(0, 400)}`)
        : done(said as Told)
    const exit = (code: number | null, signal: string | null): void => done({ gone: `ended with ${signal ?? code}` })
    function done(told: Told | { gone: string }): void {
      clearInterval(watch)
      reader.off('message', message).off('exit', exit)
      if ('gone' in told) reader.kill('SIGKILL')
      resolve(told)
    }
    reader.on('message', message).on('exit', exit)
    reader.send(path)
  })
}

const read = (path: string): string => {
  try {
    return readFileSync(path, 'utf8')
  } catch {
    return ''
  }
}

/** Where there is no /proc these are told as nothing. */
/** Processes that a process has begun, on Linux. */
export const childrenOf = (pid: number): number[] =>
  read(`/proc/${pid}/task/${pid}/children`).split(' ').filter(Boolean).map(Number)
const peakOf = (pid: number): number => Number(/VmHWM:\s+(\d+)/.exec(read(`/proc/${pid}/status`))?.[1] ?? 0) / 1024
const cpuOf = (pid: number): number => {
  const [user, system] = read(`/proc/${pid}/stat`).split(') ')[1]?.split(' ').slice(11, 13).map(Number) ?? []
  return ((user ?? 0) + (system ?? 0)) * 10
}

/** Resolves once none of the processes is there; each ends by itself when its parent does. */
async function allGone(pids: Set<number>): Promise<void> {
  const alive = (pid: number): boolean => {
    try {
      process.kill(pid, 0)
      return !/\) Z /.test(read(`/proc/${pid}/stat`))
    } catch {
      return false
    }
  }
  while ([...pids].some(alive)) await new Promise(resolve => setTimeout(resolve, 5))
}
