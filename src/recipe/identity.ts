import { readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { resolve } from 'node:path'
import { digestOf, type Sha, sha256 } from '../records/index.ts'
import type { Step } from '../steps/index.ts'
import { isPool, resolveTeacher } from '../teachers/index.ts'
import { teachersOf } from './check.ts'
import { exclusions, fingerprintVersion, without } from './exclusions.ts'
import type { Node, Stage } from './plan.ts'
import type { Recipe } from './schema.ts'

/** The package's own version: another one may compute otherwise, and repays nothing. */
const { version } = createRequire(import.meta.url)('../../package.json') as { version: string }

/**
 * What identifies the teacher of that name: everything of its configuration that can change a reply. Its name in the
 * recipe, endpoint, key, price and pace are not in it (`exclusions.ts`); a pool counts by what its members are and how
 * they weigh, in whatever order, and a fallback by what it names.
 */
export function teacherIdentity(name: string, teachers: Recipe['teachers']): { [field: string]: unknown } {
  const entry = teachers[name]!
  const { refusal, outage } = entry.then ?? {}
  const then = {
    ...(refusal !== undefined && { refusal: teacherIdentity(refusal, teachers) }),
    ...(outage !== undefined && { outage: teacherIdentity(outage, teachers) }),
  }
  const fallback = Object.keys(then).length > 0 ? { then } : {}
  if (isPool(entry)) {
    const members = Object.entries(entry['any-of'])
    const weighed = members.map(([member, weight]) => [digestOf(teacherIdentity(member, teachers)), weight] as const)
    return { 'any-of': weighed.sort(([a, v], [b, w]) => (a < b ? -1 : a > b ? 1 : v - w)), ...fallback }
  }
  const { provider, model, revision } = resolveTeacher(name, entry)
  return { ...without(entry, [...exclusions.teacher, 'then']), provider, model, revision, ...fallback }
}

/** Fields of the recipe that are part of every step's identity: language and tokenizer, and whatever is added later. */
export function commonIdentity(recipe: Recipe, base: string): { [field: string]: unknown } {
  const { seed: _, tokenizer, ...common } = without(recipe, [...exclusions.recipe, ...exclusions.elsewhere])
  return { ...common, tokenizer: tokenizer === undefined ? null : tokenizerIdentity(String(tokenizer), base) }
}

/** A tokenizer file counts by its content, any other tokenizer by its name. */
function tokenizerIdentity(tokenizer: string, base: string): string {
  try {
    return sha256(readFileSync(resolve(base, tokenizer)))
  } catch {
    return tokenizer
  }
}

export type Surroundings = {
  teachers: Recipe['teachers']
  common: { [field: string]: unknown }
  files: Map<string, Sha>
  module: Sha | undefined
  icu: string
}

/** Identity of a step whatever its input. Teachers count by what they are and files by what they hold, not by name. */
export function nodeIdentity(step: Step, options: { [option: string]: unknown }, around: Surroundings): Sha {
  const teachers: { [option: string]: unknown[] } = {}
  for (const { option, name } of teachersOf(step, options)) {
    teachers[option] = [...(teachers[option] ?? []), teacherIdentity(name, around.teachers)]
  }
  return digestOf({
    verb: step.verb,
    version: step.version,
    options: byContent(without(options, Object.keys(teachers)), around.files),
    teachers,
    prompts: step.prompts?.(options).map(prompt => prompt.digest),
    module: around.module,
    icu: step.needs?.segmenter ? around.icu : undefined,
    common: around.common,
  })
}

/** Absolute paths never enter a fingerprint: the digest of the file stands for them. */
function byContent(value: unknown, files: Map<string, Sha>): unknown {
  if (typeof value === 'string') return files.has(value) ? { file: files.get(value) } : value
  if (Array.isArray(value)) return value.map(item => byContent(item, files))
  if (typeof value !== 'object' || value === null) return value
  return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, byContent(item, files)]))
}

/** Fingerprint of a stage of steps. Names of its inputs are no part of it, so that it never depends on inputs. */
export function stageId(shape: Stage['shape'], nodes: Node[], seed: number): Sha {
  const steps = nodes.map(({ key, owner, identity, side }) => ({
    key,
    owner,
    identity,
    side: Object.keys(side).sort(),
  }))
  return digestOf({ fingerprint: fingerprintVersion, version, shape, seed, steps })
}

/** Fingerprint of reading a source: its whole configuration. `chunk` is a step of its own, and `derivation` is read by gates alone. */
export function sourceId(name: string, config: { [option: string]: unknown }): Sha {
  return digestOf({
    fingerprint: fingerprintVersion,
    version,
    shape: 'source',
    name,
    config: without(config, exclusions.source),
  })
}

export function unionId(key: string): Sha {
  return digestOf({ fingerprint: fingerprintVersion, version, shape: 'union', key })
}
