import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { StillroomError } from '../errors/index.ts'
import type { GateReport, RowFacts, StepFacts, TeacherFacts } from '../govern/index.ts'
import { type Id, type Json, readParquet } from '../records/index.ts'
import { readLines } from './disk.ts'
import { factsFile, readFacts } from './facts.ts'
import type { ReleaseInput, SourceFacts } from './input.ts'
import { dataFiles } from './read.ts'
import { type Tombstone, tombstoneFile } from './tombstone.ts'
import type { Manifest } from './write.ts'

/** What a release says of itself, without its rows. */
export type Outline = {
  dir: string
  manifest: Manifest
  release: Pick<ReleaseInput, 'name' | 'version' | 'license' | 'date' | 'recipe'>
  sources: SourceFacts[]
  teachers: TeacherFacts[]
  steps: StepFacts[]
  prompts: ReleaseInput['prompts']
  licenses: RowFacts['licenses']
  gates: GateReport[]
  /** Cost, dates, machine; absent where it was not kept. */
  run?: { [name: string]: Json | undefined }
}

/** Reads what a release says of itself. Throws SR_NOT_FOUND where there is none, or it was withdrawn. */
export async function readOutline(dir: string): Promise<Outline> {
  if (existsSync(join(dir, tombstoneFile))) {
    const { name, version, withdrawn } = JSON.parse(readFileSync(join(dir, tombstoneFile), 'utf8')) as Tombstone
    const { at, replacedBy } = withdrawn
    throw new StillroomError(
      'SR_NOT_FOUND',
      `${name} ${version} was withdrawn on ${at.slice(0, 10)}: it has no rows.`,
      {
        position: { file: dir },
        ...(replacedBy ? { hint: `version ${replacedBy} stands in its place` } : {}),
      },
    )
  }
  if (!existsSync(join(dir, 'manifest.json'))) {
    throw new StillroomError('SR_NOT_FOUND', 'There is no release here.', {
      position: { file: dir },
      expected: 'a folder with manifest.json',
    })
  }
  const json = (name: string): unknown => JSON.parse(readFileSync(join(dir, name), 'utf8'))
  const facts = await readFacts(join(dir, factsFile))
  const of = (name: string): never[] =>
    facts.filter(({ fact }) => fact === name).map(({ fact: _, ...rest }) => rest) as never[]
  return {
    dir,
    manifest: json('manifest.json') as Manifest,
    release: of('release')[0]!,
    sources: of('source'),
    teachers: of('teacher'),
    steps: of('step'),
    prompts: of('prompt'),
    licenses: of('licenses'),
    gates: (json('gates.json') as { gates: GateReport[] }).gates,
    ...(existsSync(join(dir, 'run.json')) ? { run: json('run.json') as Outline['run'] } : {}),
  }
}

/** Where each row of a release lies. Of Parquet files nothing but the ids is read. */
export async function* placesOf(dir: string): AsyncGenerator<{ id: Id; config: string; split: string }> {
  for (const { config, split, file } of dataFiles(dir)) {
    const path = join(dir, file)
    if (path.endsWith('.parquet')) {
      for await (const { id } of readParquet(path, ['id'])) yield { id: String(id), config, split }
    } else for await (const line of readLines(path)) yield { id: String(JSON.parse(line).id), config, split }
  }
}

/** Lines of provenance.jsonl as they are written: canonical JSON, sorted by id, so that two files merge line by line. */
export const provenanceLines = (dir: string): AsyncGenerator<string> => readLines(join(dir, 'provenance.jsonl'))
