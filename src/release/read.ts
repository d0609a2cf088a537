import { readdirSync } from 'node:fs'
import { join } from 'node:path'
import { type Id, type Json, type Lineage, readParquet, type Sha } from '../records/index.ts'
import { readLines } from './disk.ts'

/** A row of a release; `file` is relative to its folder, `line` counts rows of the file from 1. */
export type ReleasedRow = { config: string; split: string; file: string; line: number; row: { [column: string]: Json } }

const shard = /^(.+)-\d{5}-of-\d{5}\.(parquet|jsonl)$/

/** Data files of a release in order of name: `data/<config>/<split>-*`. */
export function dataFiles(dir: string): { config: string; split: string; file: string }[] {
  const folders = readdirSync(join(dir, 'data'), { withFileTypes: true }).filter(entry => entry.isDirectory())
  return folders
    .map(entry => entry.name)
    .sort()
    .flatMap(config =>
      readdirSync(join(dir, 'data', config))
        .sort()
        .flatMap(name => {
          const split = shard.exec(name)?.[1]
          return split === undefined ? [] : [{ config, split, file: `data/${config}/${name}` }]
        }),
    )
}

/** Rows of one data file. Throws when a line is no JSON object or the Parquet file is damaged. */
export async function* rowsOf(path: string): AsyncGenerator<{ [column: string]: Json }> {
  if (path.endsWith('.parquet')) yield* readParquet(path)
  else for await (const line of readLines(path)) yield JSON.parse(line)
}

/** Every row of a release as it lies on disk, in order, whatever the format. */
export async function* readRows(dir: string): AsyncGenerator<ReleasedRow> {
  for (const { config, split, file } of dataFiles(dir)) {
    let line = 0
    for await (const row of rowsOf(join(dir, file))) yield { config, split, file, line: ++line, row }
  }
}

/** The lineage of some rows and of all they come from: level by level, so that memory holds theirs alone. */
export async function descentOf(dir: string, ids: ReadonlySet<Id>): Promise<Lineage[]> {
  const found = new Map<Id, Lineage>()
  for (let wanted = ids; wanted.size > 0; ) {
    const parents = new Set<Id>()
    for await (const text of readLines(join(dir, 'provenance.jsonl'))) {
      const { id, lineage } = JSON.parse(text) as { id: Id; lineage: Lineage }
      if (!wanted.has(id)) continue
      found.set(id, lineage)
      for (const parent of lineage.parents) if (parent.role !== 'corpus') parents.add(parent.id)
    }
    wanted = parents.difference(found)
  }
  return [...found.values()]
}

/** Every line of a release's provenance: rows and all they come from. */
export async function* provenanceOf(dir: string): AsyncGenerator<{ id: Id; digest: Sha; lineage: Lineage }> {
  for await (const line of readLines(join(dir, 'provenance.jsonl'))) yield JSON.parse(line)
}
