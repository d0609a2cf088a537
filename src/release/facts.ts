import { join } from 'node:path'
import type { Purpose } from '../govern/index.ts'
import { canonical, type Json, sha256 } from '../records/index.ts'
import { readLines } from './disk.ts'
import type { ReleaseInput } from './input.ts'

export const factsFile = 'facts.jsonl'

/** What a release says of itself as data, one fact a line: what the card tells in words, and what makes it again. */
export function factLines(input: Omit<ReleaseInput, 'records' | 'lookup' | 'run' | 'call'>): string[] {
  const { name, version, license, date, previous, withdraws, recipe, audits, restricted, configs } = input
  const { format, rowsPerFile, creator, url, apart } = input
  const layout = { configs, format, rowsPerFile, ...(apart ? { apart: apart.licenses } : {}) }
  const own = { name, version, license, date, previous, withdraws, recipe, audits, restricted, creator, url, ...layout }
  const prompts = input.prompts.map(({ step, name, digest, text }) => ({
    ...{ step, name, digest },
    // Shown, a text must be what lineage names.
    ...(text !== undefined && sha256(text) === digest ? { text } : {}),
  }))
  // Whether a way is paid says nothing of what came of it, and differs between ways to the same model.
  const teachers = input.teachers.map(
    ({ route: { paid: _, ...route }, verdict: { mayCall: __, ...verdict }, ...rest }) => ({
      ...rest,
      route,
      verdict,
    }),
  )
  const lines = (fact: string, all: readonly object[]): string[] => all.map(one => canonical({ fact, ...one }))
  return [
    ...lines('release', [own]),
    ...lines('source', input.sources),
    ...lines('licenses', input.licenses ?? []),
    ...lines('teacher', teachers),
    ...lines('step', input.steps),
    ...lines('prompt', prompts),
  ]
}

export type Fact = { fact: string; [name: string]: Json | undefined }

export async function readFacts(path: string): Promise<Fact[]> {
  const facts: Fact[] = []
  for await (const line of readLines(path)) facts.push(JSON.parse(line))
  return facts
}

/** What the data of a release is for, as its recipe said: gates were judged by it. */
export async function statedPurpose(dir: string): Promise<Purpose> {
  for (const { fact, recipe } of await readFacts(join(dir, factsFile)))
    if (fact === 'release') return (recipe as { purpose?: Purpose }).purpose ?? {}
  return {}
}
