import { createHash } from 'node:crypto'
import { createReadStream, readFileSync, renameSync, statSync, writeFileSync } from 'node:fs'
import { pipeline } from 'node:stream/promises'
import { StillroomError } from '../errors/index.ts'
import type { Stage } from '../recipe/index.ts'
import {
  declaredRowId,
  fileId,
  type Payload,
  payloadDigest,
  type Rec,
  rowId,
  type Sha,
  type SourceNote,
} from '../records/index.ts'
import {
  type Item,
  idFile,
  licensesOf,
  listFiles,
  pullAttached,
  pullHub,
  readersVersion,
  readSource,
  type SourceConfig,
  type SourceFile,
  sourceKind,
  sourceUri,
} from '../sources/index.ts'
import { detectLanguage } from '../text/index.ts'
import { count } from './counts.ts'
import { suppression } from './erase/suppression.ts'
import { type StageEnv, type StageOutput, taskKey } from './stage.ts'
import { knownOr, newShards, type TaskOutput, writeTask } from './write-task.ts'

type Known = { [absolute: string]: [size: number, mtimeMs: number, digest: Sha] }

function readKnown(path: string): Known {
  try {
    return JSON.parse(readFileSync(path, 'utf8')) as Known
  } catch {
    // The first run, or a file written by a process that was killed: everything is digested again.
    return {}
  }
}

/** Digests of files by (path, size, modification time): a file is read again only when one of them changed. */
async function fileDigests(files: SourceFile[], env: StageEnv, verify: boolean): Promise<Sha[]> {
  const known = readKnown(env.paths.files)
  const fresh: Known = {}
  const digests: Sha[] = []
  for (const { absolute, size, mtimeMs } of files) {
    const seen = known[absolute]
    if (!verify && seen?.[0] === size && seen[1] === mtimeMs) {
      digests.push(seen[2])
      continue
    }
    const hash = createHash('sha256')
    await pipeline(createReadStream(absolute), hash)
    const digest = hash.digest('hex')
    fresh[absolute] = [size, mtimeMs, digest]
    digests.push(digest)
  }
  if (Object.keys(fresh).length > 0) {
    // Read again: other sources have added theirs meanwhile.
    const draft = `${env.paths.files}.tmp-${process.pid}`
    writeFileSync(draft, JSON.stringify({ ...readKnown(env.paths.files), ...fresh }))
    renameSync(draft, env.paths.files)
  }
  return digests
}

/** What was read must be what was digested. Throws SR_SOURCE_READ when a file was edited in between. */
function unchanged(files: SourceFile[]): void {
  for (const { path, absolute, size, mtimeMs } of files) {
    const now = statSync(absolute, { throwIfNoEntry: false })
    if (now?.size === size && now.mtimeMs === mtimeMs) continue
    throw new StillroomError('SR_SOURCE_READ', `${path} changed while it was read.`, {
      position: { file: path },
      hint: 'run again when nothing writes to it any more',
    })
  }
}

/** What a language is detected from: the text a person wrote. */
function proseOf(payload: Payload): string {
  if (payload.kind === 'document') return payload.text
  if (payload.kind === 'prompt' || payload.kind === 'conversation')
    return payload.messages.map(m => m.content ?? '').join('\n')
  if (payload.kind === 'row') return ''
  return payload.prompt.map(m => m.content ?? '').join('\n')
}

export function sealSource(
  name: string,
  config: SourceConfig,
  read: Pick<SourceFile, 'path' | 'below'>,
  item: Item & { is: 'record' },
  seen: Map<string, number>,
  robots: SourceNote['robots'] = config.robots,
): Rec {
  const file = item.file ?? read
  const digest = payloadDigest(item.payload)
  let id = fileId(name, file.path)
  if (item.rowId !== undefined) id = declaredRowId(name, item.rowId)
  else if (item.row !== undefined) {
    const known = `${file.path} ${digest}`
    const occurrence = seen.get(known) ?? 0
    seen.set(known, occurrence + 1)
    id = rowId(name, file.path, digest, occurrence)
  }
  const language = item.language ?? detectLanguage(proseOf(item.payload))
  // What a row says of itself is outdone by the recipe only towards synthetic and deeper.
  const origin = item.origin === 'synthetic' ? 'synthetic' : config.origin
  const declared = config.generation ?? (config.origin === 'synthetic' ? 1 : 0)
  const generation = Math.max(declared, item.generation ?? (item.origin === 'synthetic' ? 1 : 0))
  return {
    ...item.payload,
    id,
    digest,
    ...(language ? { language } : {}),
    facets: item.facets ?? {},
    scores: Object.fromEntries(
      Object.entries(item.scores ?? {}).map(([aspect, score]) => [`${name}/${aspect}`, score]),
    ),
    lineage: {
      origin,
      generation,
      parents: [],
      source: {
        name,
        uri: sourceUri(config, file),
        license: item.license ?? (config.license === 'detect' ? 'unknown' : config.license),
        ...(robots ? { robots } : {}),
        ...(item.format ? { format: item.format } : {}),
        ...(item.encoding ? { encoding: item.encoding } : {}),
        ...(item.part === undefined ? {} : { part: item.part }),
        ...(item.row === undefined ? {} : { row: item.row }),
        ...(item.places ? { places: item.places } : {}),
        ...(item.teacher ? { teacher: item.teacher } : {}),
      },
    },
  } as Rec
}

/** A side input without a record would make the step that reads it pass everything, or fail after the calls before it. */
export function noRecord(source: string, dropped: { [reason: string]: number }): StillroomError {
  const reasons = Object.entries(dropped).map(([reason, n]) => `${n} ${reason}`)
  return new StillroomError('SR_SOURCE_EMPTY', `Source ${source} is read beside a step and holds no usable record.`, {
    received: reasons.join(', ') || 'nothing',
    hint: 'mend the file, its `kind:` or `columns:`, or take it out of the step',
  })
}

/** The files of a source. Those of the Hub come into the workspace first; a closed run takes what lies there. */
async function filesToRead(name: string, config: SourceConfig, env: StageEnv, verify: boolean): Promise<SourceFile[]> {
  if (config.attach) return pullAttached(config, env.paths.root, env.closed ? undefined : env.variables, verify)
  if (config.hub === undefined) return listFiles(config, env.plan.base)
  return pullHub(config, env.paths.root, env.closed ? undefined : env.hub, {
    again: verify,
    check: () => env.stop.check(),
    told: (_, bytes, of) => env.emit({ event: 'pulled', stage: name, bytes, of }),
  })
}

/** Reads the files of a source into shards: one task, whose key is the files' digests. */
export async function sourceStage(stage: Stage, env: StageEnv, verify: boolean): StageOutput {
  const config = env.plan.recipe.sources[stage.key] as SourceConfig
  const files = await filesToRead(stage.key, config, env, verify)
  if (files.length === 0) {
    throw new StillroomError('SR_SOURCE_EMPTY', `Source ${stage.key} matches no file.`, {
      received: JSON.stringify(config.files),
      hint: `paths are relative to ${env.plan.base}`,
    })
  }
  const beside = (await Promise.all(files.map(file => idFile(config, file)))).filter(file => file !== undefined)
  const licenses = config.license === 'detect' ? await licensesOf(files) : undefined
  const all = [...files, ...beside, ...(licenses?.files ?? [])]
  const digests = await fileDigests(all, env, verify)
  const kept = suppression(env.paths.root)
  const key = taskKey(
    stage,
    [`readers ${readersVersion}`, ...all.map((file, i) => `${file.path} ${digests[i]}`)],
    ...(kept ? [kept.state] : []),
  )
  env.emit({ event: 'stage-sized', stage: stage.key, tasks: 1 })
  const read = async (output: TaskOutput): Promise<void> => {
    const kind = await sourceKind(config, files)
    const ids = new Set<string>()
    for (const file of files) {
      const seen = new Map<string, number>()
      const own = licenses ? { ...config, license: licenses.of(file) } : config
      for await (const item of readSource(stage.key, config, file, { kind, files })) {
        env.stop.check()
        output.counts.in++
        const { path } = item.file ?? file
        if (item.is === 'record') {
          const record = sealSource(stage.key, own, file, item, seen)
          if (kept?.holds(stage.key, path, record)) {
            count(output.counts.dropped, 'erased')
            // Where it stands is all that may be kept of it.
            output.reject(
              JSON.stringify({ step: stage.key, reason: 'erased', evidence: { file: path, row: item.row } }),
            )
            continue
          }
          if (!ids.has(record.id)) {
            ids.add(record.id)
            output.counts.passed++
            output.write({ record, trail: [] })
            continue
          }
        }
        const reason = item.is === 'rejected' ? item.reason : 'duplicate-id'
        count(output.counts.dropped, reason)
        const at = { file: path, row: item.row, ...(item.is === 'rejected' ? { span: item.span } : {}) }
        const evidence = { ...at, ...(item.is === 'rejected' ? { found: item.evidence } : { id: item.rowId }) }
        output.reject(JSON.stringify({ step: stage.key, reason, evidence }))
      }
    }
    unchanged(all)
  }
  const done = await knownOr(stage, key, env, () => writeTask(stage.id, stage.key, key, env.store, read))
  const asSide = env.plan.stages.some(s => Object.values(s.side).flat().includes(stage.key))
  if (asSide && done.output.length === 0) throw noRecord(stage.key, done.funnel[stage.key]?.dropped ?? {})
  return newShards([done], env).map(shard => Promise.resolve(shard))
}
