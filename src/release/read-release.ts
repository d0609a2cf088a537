import { closeSync, existsSync, openSync, readFileSync, readSync } from 'node:fs'
import { basename, dirname, join } from 'node:path'
import type { GateReport } from '../govern/index.ts'
import type { Id, Json, Message, Payload, Rec } from '../records/index.ts'
import { callsFile } from './calls.ts'
import { readLines } from './disk.ts'
import { factsFile, readFacts } from './facts.ts'
import type { CallFacts, ReleaseInput } from './input.ts'
import { dataFiles, readRows, rowsOf } from './read.ts'
import { messagesOf } from './rows.ts'
import type { Manifest } from './write.ts'

/** Lines of provenance.jsonl as records without their content. */
export async function* readProvenance(dir: string): AsyncGenerator<Omit<Rec, 'kind'>> {
  for await (const line of readLines(join(dir, 'provenance.jsonl'))) yield JSON.parse(line)
}

/** Provenance by id. Memory holds places, not lines. */
async function openProvenance(dir: string): Promise<{ get(id: Id): Rec | undefined; close(): void }> {
  const file = join(dir, 'provenance.jsonl')
  const places = new Map<Id, [offset: number, bytes: number]>()
  let offset = 0
  for await (const line of readLines(file)) {
    const bytes = Buffer.byteLength(line)
    places.set((JSON.parse(line) as Rec).id, [offset, bytes])
    offset += bytes + 1
  }
  const fd = openSync(file, 'r')
  return {
    get(id) {
      const place = places.get(id)
      if (!place) return undefined
      const line = Buffer.alloc(place[1])
      readSync(fd, line, 0, line.length, place[0])
      return JSON.parse(line.toString('utf8')) as Rec
    },
    close: () => closeSync(fd),
  }
}

const parsed = (text: Json | undefined): object => (typeof text === 'string' ? { verifier: JSON.parse(text) } : {})
const given = (name: string, value: Json | undefined): object =>
  value === null || value === undefined ? {} : { [name]: value }

/** The content of a row as it was before it was laid out: the other way of `rowOf` and `shapeRow`. */
function payloadOf(kind: Rec['kind'], row: { [column: string]: Json }): object {
  const list = (name: string): Message[] => messagesOf(row, name)
  const tools = given('tools', row.tools)
  switch (kind) {
    case 'conversation':
      return { messages: list('messages'), ...given('reference', row.reference), ...parsed(row.verifier), ...tools }
    case 'preference':
      return { prompt: list('prompt'), chosen: list('chosen'), rejected: list('rejected'), ...tools }
    case 'feedback':
      return { prompt: list('prompt'), completion: list('completion'), label: row.label }
    case 'prompt':
      return { messages: list('prompt'), ...given('reference', row.reference), ...parsed(row.verifier), ...tools }
    case 'exam':
      return {
        prompt: list('prompt'),
        target: row.target,
        ...given('choices', row.choices),
        ...given('rubric', row.rubric),
        ...parsed(row.verifier),
      }
    case 'document':
      return { text: row.text, ...given('title', row.title), ...given('uri', row.uri) }
    case 'row':
      return { columns: row.columns }
  }
}

/** What a row says, and where it lies; the rest of its record stays in provenance.jsonl. */
export type ReleasedContent = { id: Id; config: string; split: string; payload: Payload }

/**
 * The content of every row of a release, in order, as often as it is asked for: the kinds of its configs are looked up once.
 * Memory does not grow with rows.
 */
export function contentsOf(dir: string): () => AsyncGenerator<ReleasedContent> {
  let known: ReturnType<typeof kindsOf> | undefined
  return async function* () {
    known ??= kindsOf(dir)
    const kinds = await known
    for await (const { config, split, row } of readRows(dir)) {
      const kind = kinds.get(config)!
      yield { id: String(row.id), config, split, payload: { kind, ...payloadOf(kind, row) } as Payload }
    }
  }
}

/** The kind of each config. Its name may be any, and its first row has its kind in provenance.jsonl. */
async function kindsOf(dir: string): Promise<Map<string, Rec['kind']>> {
  const firsts = new Map<Id, string>()
  const seen = new Set<string>()
  for (const { config, file } of dataFiles(dir)) {
    if (seen.has(config)) continue
    for await (const row of rowsOf(join(dir, file))) {
      firsts.set(String(row.id), config)
      seen.add(config)
      break
    }
  }
  const kinds = new Map<string, Rec['kind']>()
  for await (const record of readProvenance(dir)) {
    const config = firsts.get(record.id)
    if (config !== undefined) kinds.set(config, (record as Rec).kind)
    if (kinds.size === firsts.size) break
  }
  return kinds
}

/**
 * What a release was made of, read back from its folder alone: written again it gives the same data, card and facts.
 * `close` when its records were read.
 */
export async function readRelease(dir: string): Promise<ReleaseInput & { close(): void }> {
  const provenance = await openProvenance(dir)
  const facts = await readFacts(join(dir, factsFile))
  const of = (name: string): never[] =>
    facts.filter(({ fact }) => fact === name).map(({ fact: _, ...rest }) => rest) as never[]
  const { gates } = JSON.parse(readFileSync(join(dir, 'gates.json'), 'utf8')) as { gates: GateReport[] }
  const run = existsSync(join(dir, 'run.json')) ? JSON.parse(readFileSync(join(dir, 'run.json'), 'utf8')) : undefined
  const calls = new Map<string, CallFacts>()
  if (existsSync(join(dir, callsFile))) {
    for await (const line of readLines(join(dir, callsFile))) {
      const facts = JSON.parse(line) as CallFacts
      calls.set(facts.call, facts)
    }
  }
  type Own = Pick<ReleaseInput, 'name' | 'version' | 'license' | 'date' | 'recipe'>
  const { apart: under, ...own } = of('release')[0]! as Own & { apart?: { [name: string]: string | undefined } }
  const apart = new Map<Id, string>()
  async function* records(): AsyncGenerator<Rec> {
    for await (const { config, row } of readRows(dir)) {
      const notes = provenance.get(String(row.id))!
      const name = Object.keys(under ?? {}).find(name => config.endsWith(`-${name}`))
      if (name !== undefined) apart.set(notes.id, name)
      yield { ...notes, ...payloadOf(notes.kind, row) } as Rec
    }
  }
  return {
    ...own,
    // Rows are told by the config they lie in, as they are read.
    ...(under ? { apart: { rows: apart, licenses: under } } : {}),
    ...(of('licenses').length > 0 ? { licenses: of('licenses') } : {}),
    sources: of('source'),
    teachers: of('teacher'),
    steps: of('step'),
    prompts: of('prompt'),
    gates,
    records: records(),
    lookup: async id => provenance.get(id),
    ...(run ? { run } : {}),
    ...(calls.size > 0 ? { call: (call: string) => calls.get(call) } : {}),
    close: provenance.close,
  }
}

/** The version of a release, and the next one that nothing lies under: its last number raised. */
export function nextVersion(dir: string): { version: string; next: string } {
  const { name, version } = JSON.parse(readFileSync(join(dir, 'manifest.json'), 'utf8')) as Manifest
  const [, head = '', last = '0', tail = ''] = /^(.*?)(\d+)(\D*)$/.exec(version) ?? [version, `${version}.`, '0', '']
  for (let n = Number(last) + 1; ; n++) {
    const next = `${head}${n}${tail}`
    if (!existsSync(join(dirname(dir), basename(dir).replace(new RegExp(`${escaped(version)}$`), next))))
      return { version, next }
    if (n > Number(last) + 10_000) throw new Error(`no version of ${name} after ${version} is free`)
  }
}

const escaped = (text: string): string => text.replaceAll(/[\\^$.*+?()[\]{}|]/g, '\\$&')
