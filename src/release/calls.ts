import { mkdirSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { canonical, type Json, type Rec, type Sha } from '../records/index.ts'
import { lineWriter } from '../workspace/index.ts'
import { readLines } from './disk.ts'
import type { CallFacts } from './input.ts'
import { collectLeaves, leafOf, merkleRoot } from './merkle.ts'

export const callsFile = 'report/calls.jsonl'

/** Calls that a record names: of its making, and of its scores. */
export function callsNamed({ lineage, scores }: Pick<Rec, 'lineage' | 'scores'>): Sha[] {
  return [...(lineage.made?.calls ?? []), ...Object.values(scores).flatMap(({ call }) => call ?? [])]
}

/**
 * Writes what the journal knows of each call in the provenance, once, in the order in which they are named. Replies differ
 * from run to run, so the file stands outside of the manifest; run.json, which is signed, holds its root.
 */
export async function writeCalls(
  dir: string,
  find: (call: Sha) => CallFacts | undefined,
): Promise<{ file: string; rows: number; merkle: Sha }> {
  mkdirSync(dirname(join(dir, callsFile)), { recursive: true })
  const { line, end } = lineWriter(join(dir, callsFile))
  const leaves = collectLeaves()
  const seen = new Set<Sha>()
  try {
    for await (const text of readLines(join(dir, 'provenance.jsonl'))) {
      for (const call of callsNamed(JSON.parse(text))) {
        if (seen.has(call)) continue
        seen.add(call)
        const facts = find(call)
        if (!facts) continue
        leaves.push(leafOf(facts as { [name: string]: Json | undefined }))
        line(canonical(facts))
      }
    }
  } finally {
    end()
  }
  return { file: callsFile, rows: leaves.length, merkle: merkleRoot(leaves) }
}
