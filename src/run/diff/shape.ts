import { readFileSync, statSync } from 'node:fs'
import { basename, isAbsolute, relative, sep } from 'node:path'
import { exclusions, type Plan } from '../../recipe/index.ts'
import { digestOf, type Json, type Sha, sha256, withoutSecrets } from '../../records/index.ts'

/** Settings by their path, such as `balance.difficulty.easy`, with values of one word each. */
export type Flat = { [path: string]: Json }

/** A step of the recipe with what decides what it does. `from` is told where it is not the step before. */
export type StepShape = {
  key: string
  verb: string
  version: number
  options: Flat
  from: string[]
  /** Prompt files by name, with the digest of their text. */
  prompts: { [name: string]: Sha }
  /** Digest of a module of the recipe's own. */
  code?: Sha
}

/**
 * A recipe as data that two of them can be compared by: every setting by its name, small files of
 * steps by what they hold. It names no
 * path of a machine and holds no text of a prompt. Kept with each run, since a recipe is edited between two of them.
 */
export type Shape = {
  name: string
  settings: Flat
  teachers: { [name: string]: Flat }
  sources: { [name: string]: Flat }
  /** In the order of the recipe. */
  steps: StepShape[]
  /** Fingerprints in topological order. */
  stages: { key: string; id: Sha; from: string[]; step?: string }[]
}

/** Settings of an object by path; lists stay whole where they hold plain values, and empty ones are told as they are. */
export function flatten(value: unknown, path = '', into: Flat = {}): Flat {
  const plain = (one: unknown): boolean => typeof one !== 'object' || one === null
  if (value === undefined) return into
  if (plain(value) || (Array.isArray(value) && value.every(plain))) into[path] = (value ?? null) as Json
  else {
    const entries = Object.entries(value as object)
    if (entries.length === 0) into[path] = (Array.isArray(value) ? [] : {}) as Json
    for (const [key, inner] of entries) flatten(inner, path === '' ? key : `${path}.${key}`, into)
  }
  return into
}

/** Bytes up to which a file that an option names is read to tell its digest; a larger one is told by its size. */
const readable = 2 ** 23

/** The beginning of the digest of a file, or its size. Undefined for what is no file, or cannot be read. */
function contentOf(file: string): string | undefined {
  try {
    const found = statSync(file)
    if (!found.isFile()) return undefined
    return found.size > readable ? `${found.size} bytes` : sha256(readFileSync(file)).slice(0, 12)
  } catch {
    return undefined
  }
}

/** Paths are told from the recipe on, or by their last part. With `content`, files stand for what they hold. */
function byContent(value: unknown, base: string, content: boolean): unknown {
  if (typeof value === 'string') {
    // A password in an address is no setting that anybody compares.
    if (!isAbsolute(value)) return withoutSecrets(value)
    const inside = relative(base, value)
    const path = isAbsolute(inside) || inside.split(sep)[0] === '..' ? basename(value) : inside || '.'
    const held = content ? contentOf(value) : undefined
    return held === undefined ? path : `${path} (${held})`
  }
  if (Array.isArray(value)) return value.map(one => byContent(one, base, content))
  if (typeof value !== 'object' || value === null) return value
  return Object.fromEntries(Object.entries(value).map(([key, one]) => [key, byContent(one, base, content)]))
}

/** A list of thousands of ids is told by its length and digest. */
const short = (value: unknown): unknown =>
  Array.isArray(value) && value.length > 64
    ? `${value.length} values (${digestOf(value).slice(0, 12)})`
    : typeof value === 'object' && value !== null && !Array.isArray(value)
      ? Object.fromEntries(Object.entries(value).map(([key, one]) => [key, short(one)]))
      : value

export function shapeOf(plan: Plan): Shape {
  const { teachers, sources, steps: _, ...settings } = plan.recipe
  const told = (value: unknown, content = true): Flat => flatten(short(byContent(value, plan.base, content)))
  const each = (all: { [name: string]: unknown }, content: boolean): { [name: string]: Flat } =>
    Object.fromEntries(Object.entries(all).map(([name, one]) => [name, told(one, content)]))
  const steps = new Map<string, StepShape>()
  let before: string | undefined
  for (const node of plan.stages.flatMap(({ nodes }) => nodes)) {
    const key = node.restricts ? node.key : node.owner
    const known = steps.get(key)
    const prompts = Object.fromEntries(node.prompts.map(({ name, digest }) => [name, digest]))
    if (known) Object.assign(known.prompts, prompts)
    else {
      const owners = node.from.map(from => ownerOf(plan, from))
      steps.set(key, {
        key,
        verb: node.word?.verb ?? node.step.verb,
        version: node.step.version,
        options: told(node.word?.options ?? node.options),
        from: owners.length === 1 && owners[0] === before ? [] : owners,
        prompts,
        ...(node.code ? { code: node.code } : {}),
      })
    }
    before = key
  }
  return {
    name: plan.recipe.name,
    settings: told(settings),
    teachers: each(plan.recipe.teachers, true),
    // Their files may be larger than memory, and their tasks hold digests of them.
    sources: each(plan.recipe.sources, false),
    steps: [...steps.values()],
    stages: plan.stages.map(({ key, id, from, side, nodes }) => ({
      key,
      id,
      from: [...from, ...Object.values(side).flat()],
      ...(nodes[0] ? { step: nodes[0].restricts ? nodes[0].key : nodes[0].owner } : {}),
    })),
  }
}

const ownerOf = (plan: Plan, key: string): string =>
  plan.stages.flatMap(({ nodes }) => nodes).find(node => node.key === key)?.owner ?? key

/** True for a setting that is in no fingerprint: another value of it makes nothing anew. */
export function countsForNothing(part: 'settings' | 'teachers' | 'sources', path: string): boolean {
  const field = path.split('.')[0]!
  const table = { settings: exclusions.recipe, teachers: exclusions.teacher, sources: exclusions.source }[part]
  return (table as readonly string[]).includes(field)
}
