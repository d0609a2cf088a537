import { existsSync, readdirSync, readFileSync, rmdirSync, rmSync } from 'node:fs'
import { basename, dirname, isAbsolute, join, relative, resolve } from 'node:path'
import { StillroomError } from '../errors/index.ts'
import { type Kind, sha256 } from '../records/index.ts'
import { contentsOf, type Manifest, tombstoneFile } from '../release/index.ts'
import { tokenizer } from '../text/index.ts'
import {
  type Asked,
  type Content,
  type Counter,
  canBeChecked,
  type Exported,
  type Had,
  heldOutOf,
  learntFrom,
  type Method,
  type Origin,
  type PhaseData,
  type Placed,
  type Reasoning,
  type Target,
  type TooLong,
  type Trainer,
  targetNamed,
  writeExport,
} from '../train/index.ts'
import { putWhole } from '../workspace/index.ts'

/** What an export says of itself, beside its files. */
export const exportFile = 'export.json'

/** A release by its folder. Throws SR_NOT_FOUND where there is none, or where it was withdrawn. */
function originOf(dir: string): Origin {
  const path = join(dir, 'manifest.json')
  if (existsSync(join(dir, tombstoneFile))) {
    throw new StillroomError('SR_NOT_FOUND', `${basename(dir)} was withdrawn: records of it were erased.`, {
      position: { file: dir },
      hint: 'the release that replaced it is named in its tombstone.json',
    })
  }
  if (!existsSync(path)) {
    throw new StillroomError('SR_NOT_FOUND', `There is no release in ${dir}.`, {
      expected: 'a folder with a manifest.json, as `stillroom release` writes it',
      hint: 'stillroom run makes one; name its folder',
    })
  }
  const text = readFileSync(path, 'utf8')
  const { name, version, license } = JSON.parse(text) as Manifest
  return { name, version, license, manifest: sha256(text), card: readFileSync(join(dir, 'README.md'), 'utf8') }
}

/** The rows of a release as exporters take them, again and again. `as` names the split that a row goes to, or none. */
function rowsOf(
  contents: ReturnType<typeof contentsOf>,
  as: (split: string, kind: Kind) => string | undefined = split => split,
): () => AsyncIterable<Placed> {
  return async function* () {
    for await (const { id, split, payload } of contents()) {
      const to = as(split, payload.kind)
      if (to !== undefined) yield { split: to, content: { ...payload, id } as Content }
    }
  }
}

/** What the export in a folder says of itself; undefined where there is none, or something else lies there. */
export function exportIn(dir: string): { release: { name: string; version: string }; files: string[] } | undefined {
  try {
    const { release, files } = JSON.parse(readFileSync(join(dir, exportFile), 'utf8'))
    return release && Array.isArray(files) ? { release, files: files.map(String) } : undefined
  } catch {
    return undefined
  }
}

/** Whether a path that a file names stays within its folder: only then is anything removed by it. */
export const isInside = (path: string): boolean => !isAbsolute(path) && !path.split(/[/\\]/).includes('..')

/** Removes a file of an export before, and the folder that it leaves empty. */
function removeFrom(out: string, path: string): void {
  if (!isInside(path)) return
  rmSync(join(out, path), { force: true })
  const folder = join(out, dirname(path))
  if (folder !== out && existsSync(folder) && readdirSync(folder).length === 0) rmdirSync(folder)
}

/** Writes an export into a folder with what it says of itself; files of an export before it that are no more are removed. */
async function exportTo(
  out: string | undefined,
  target: Target,
  asked: Asked,
  release: string,
  read: () => AsyncIterable<Placed>,
): Promise<Exported & { origin: Origin }> {
  const origin = originOf(release)
  const stale = out === undefined ? [] : (exportIn(out)?.files ?? [])
  const done = await writeExport(target, asked, origin, read, out)
  if (out !== undefined) {
    for (const path of stale) if (!done.files.includes(path)) removeFrom(out, path)
    const { name, version, license, manifest } = origin
    const { type, reasoning, context, tooLong } = asked
    const options = { type, reasoning, ...(context === undefined ? {} : { context, tooLong: tooLong ?? 'stop' }) }
    putWhole(
      join(out, exportFile),
      `${JSON.stringify({ format: 1, release: { name, version, license, manifest }, options, ...done }, null, 2)}\n`,
    )
  }
  return { ...done, origin }
}

export type ExportRequest = {
  /** Folder of the release. */
  release: string
  /** Name of the target. */
  target: string
  /** Folder to write to; without it all is counted and nothing written. */
  out?: string
  type?: string
  reasoning?: Reasoning
  context?: number
  tooLong?: TooLong
  /** Path of a tokenizer.json, or the name of a tokenizer; tokens are counted where it or a context is given. */
  tokenizer?: string
}

/** Writes a release as a target reads it. Throws what `writeExport` throws, SR_NOT_FOUND, and SR_USAGE for a target that is none. */
export function exportRelease(request: ExportRequest): Promise<Exported & { origin: Origin }> {
  const { release, out, type, reasoning, context, tooLong } = request
  const counter = request.tokenizer !== undefined || context !== undefined ? tokenizer(request.tokenizer) : undefined
  const asked = given({ type, reasoning, context, tooLong, counter })
  return exportTo(out, targetNamed(request.target), asked, release, rowsOf(contentsOf(release)))
}

type Possible = { [K in keyof Asked]: Asked[K] | undefined }
const given = (asked: Possible): Asked =>
  Object.fromEntries(Object.entries(asked).filter(([, value]) => value !== undefined)) as Asked

/** The type of rows for a method; that of `sft` is told by the rows. */
function typeFor(method: Method, target: Target): string {
  if (method === 'sft') return 'sft'
  if (method === 'kto') return 'unpaired'
  if (method === 'grpo') return 'rlvr'
  if (method === 'distillation') return 'prompt-only'
  return method === 'orpo' && 'orpo' in target.types ? 'orpo' : 'preference'
}

export type PhaseExport = {
  release: string
  method: Method
  trainer: Trainer
  /** Folder of the training; rows go to `data/<phase>/` in it. */
  out: string
  reasoning?: Reasoning
  context?: number
  tooLong?: TooLong
  tokenizer?: string
}

/**
 * Writes the rows of one phase of a training: `data/<phase>/train.jsonl`, and `test.jsonl` where the release has held-out
 * rows. Throws what `exportRelease` throws.
 */
export async function exportForPhase(
  request: PhaseExport,
): Promise<{ data: PhaseData; type: string; leftOut: { [reason: string]: number }; cut: number; warnings: string[] }> {
  const { release, method, trainer, out, reasoning, context, tooLong } = request
  const phase = method === 'sft' || method === 'distillation' ? 'sft' : 'preference'
  const target = targetNamed(trainer)
  const counter: Counter = tokenizer(request.tokenizer)
  const kinds: { [K in Kind]?: Had & { kind: Kind; splits: Set<string> } } = {}
  const contents = contentsOf(release)
  for await (const { split, payload } of contents()) {
    const { kind } = payload
    const had = kinds[kind] ?? { kind, rows: 0, verifiable: 0, splits: new Set() }
    kinds[kind] = had
    had.splits.add(split)
    if (split !== 'train') continue
    had.rows++
    if ((kind === 'prompt' || kind === 'conversation') && canBeChecked(payload)) had.verifiable++
  }
  const from = learntFrom(method, kinds)
  const heldOut = from && heldOutOf(split => from.splits.has(split))
  const asked = given({
    type: typeFor(method, target),
    reasoning,
    context,
    tooLong,
    counter,
    path: (_, split) => `${split}.jsonl`,
  })
  const folder = join(out, 'data', phase)
  const { origin, types, leftOut, cut, warnings } = await exportTo(
    folder,
    target,
    asked,
    release,
    rowsOf(contents, (split, kind) => {
      if (from && kind !== from.kind) return undefined
      return split === heldOut ? 'test' : split === 'train' ? split : undefined
    }),
  )
  const [{ type, files } = { type: '', files: [] }] = types
  const of = (split: string) => files.find(file => file.split === split)
  const [train, test] = [of('train'), of('test')]
  if (!train) {
    throw new StillroomError('SR_EXPORT_EMPTY', `No row for ${method} is in the split train of ${basename(release)}.`, {
      received:
        Object.entries(leftOut)
          .map(([reason, n]) => `${n} ${reason}`)
          .join(', ') || 'rows of other splits alone',
    })
  }
  const path = (split: string) => `data/${phase}/${split}.jsonl`
  const data: PhaseData = {
    release: {
      dir: relative(resolve(out), resolve(release)),
      name: origin.name,
      version: origin.version,
      manifest: origin.manifest,
    },
    train: path('train'),
    ...(test ? { test: path('test') } : {}),
    rows: train.rows,
    heldOut: test?.rows ?? 0,
    tokens: train.tokens,
    tokenizer: counter.name,
  }
  return { data, type, leftOut: leftOut as { [reason: string]: number }, cut, warnings }
}
