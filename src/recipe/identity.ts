import { readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { resolve } from 'node:path'
import { digestOf, type Sha, sha256 } from '../records/index.ts'
import type { Step } from '../steps/index.ts'
import { resolveTeacher, type TeacherConfig } from '../teachers/index.ts'
import { teachersOf } from './check.ts'
import { exclusions, fingerprintVersion, without } from './exclusions.ts'
import type { Node, Stage } from './plan.ts'
import type { Recipe } from './schema.ts'

/** The package's own version: another one may compute otherwise, and repays nothing. */
const { version } = createRequire(import.meta.url)('../../package.json') as { version: string }

/**
 * What identifies a teacher: everything of its configuration that can change a reply. Its name in the recipe, endpoint,
 * key, price and pace are not in it (`exclusions.ts`).
 */
export function teacherIdentity(config: TeacherConfig): { [field: string]: unknown } {
  const { provider, model, revision } = resolveTeacher('', config)
  return { ...without(config, exclusions.teacher), provider, model, revision }
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
    teachers[option] = [...(teachers[option] ?? []), teacherIdentity(around.teachers[name]!)]
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

/** Fingerprint of reading a source: its whole configuration. `chunk` is a step of its own. */
export function sourceId(name: string, config: { [option: string]: unknown }): Sha {
  return digestOf({
    fingerprint: fingerprintVersion,
    version,
    shape: 'source',
    name,
    config: without(config, ['chunk']),
  })
}

export function unionId(key: string): Sha {
  return digestOf({ fingerprint: fingerprintVersion, version, shape: 'union', key })
}
