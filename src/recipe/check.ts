import { randomBytes } from 'node:crypto'
import { mkdir, readFile, stat, writeFile } from 'node:fs/promises'
import { dirname, join, resolve } from 'node:path'
import { StillroomError } from '../errors/index.ts'
import { type Sha, sha256 } from '../records/index.ts'
import type { Needs, Side, Step, Verb } from '../steps/index.ts'
import {
  type Form,
  isPool,
  resolveTeacher,
  type TeacherEntry,
  teacherEntry,
  teachersBehind,
} from '../teachers/index.ts'
import { loadStep, moduleFile } from './module.ts'
import type { Path } from './positions.ts'
import { type Problem, schemaProblems, shown } from './problems.ts'
import type { StepUse, Words } from './schema.ts'
import { withoutPercents } from './steps.ts'
import { didYouMean } from './suggest.ts'

/** A step of the recipe with its word found and its options validated. */
export type CheckedStep = {
  /** Step key: `as` or the verb. */
  key: string
  use: StepUse
  word: Verb | Step
  /** After zod; paths of `needs.files` absolute. */
  options: { [option: string]: unknown }
  /** Digests of the files that options name, by absolute path. */
  files: Map<string, Sha>
  /** URL and digest of a user's own module. */
  module?: { url: string; digest: Sha }
}

/** What the steps of a recipe may refer to. Values may be unchecked: what is wrong in itself is left to its schema. */
export type Around = { sources: readonly string[]; teachers: { [name: string]: unknown }; base: string; words: Words }

/** True for text that means a file read as a side input. */
export const isSideFile = (name: string) => /\.(jsonl|json|md|txt|csv|tsv|parquet|sqlite3?|db)(\.gz)?$/i.test(name)

/** Where the keys `as` and `from` of a step stand. */
export const commonPath = (use: StepUse): Path => (use.use === undefined ? use.path : use.path.slice(0, -1))

/** Keys of all steps as far as they can be known without loading modules, for references to what comes later. */
const plannedKey = (use: StepUse) => use.as ?? use.verb

/**
 * Checks everything about steps that needs no look into sources: words, options, keys, references, teachers and files.
 * A step with problems of its own options is left out of the result.
 */
export async function checkSteps(
  uses: StepUse[],
  around: Around,
): Promise<{ steps: CheckedStep[]; problems: Problem[] }> {
  const problems = [...entryProblems(around.teachers), ...(await useProblems(around))]
  const steps: CheckedStep[] = []
  const keys: string[] = []
  const later = uses.map(plannedKey)
  for (const [index, use] of uses.entries()) {
    const found = await findWord(use, around, problems)
    const key = use.as ?? found?.word.verb ?? use.verb
    if (key !== undefined) problems.push(...keyProblems(key, use, keys, around.sources))
    const known: Known = { keys, later: later.slice(index) as string[], around }
    for (const [i, name] of (use.from ?? []).entries()) {
      problems.push(...fromProblems(name, i, use, known))
    }
    if (found && key !== undefined) {
      const step = await checkOptions({ ...found, key, use }, known, problems)
      if (step) steps.push(step)
    }
    if (index === 0) problems.push(...startProblems(use, found?.word, around.sources))
    if (key !== undefined) keys.push(key)
  }
  return { steps, problems }
}

type Found = { word: Verb | Step; module?: { url: string; digest: Sha } }
type Known = { keys: readonly string[]; later: readonly string[]; around: Around }

async function findWord(use: StepUse, { base, words }: Around, problems: Problem[]): Promise<Found | undefined> {
  if (use.use !== undefined) {
    try {
      const { word, url, digest } = await loadStep(use.use, base)
      return { word, module: { url, digest } }
    } catch (error) {
      problems.push(moduleProblem(error, [...commonPath(use), 'use']))
      return undefined
    }
  }
  const word = words.verbs.find(({ verb }) => verb === use.verb)
  if (word) return { word }
  const hint = didYouMean(
    use.verb!,
    words.verbs.map(({ verb }) => verb),
  )
  problems.push({ code: 'SR_RECIPE_KEY', message: `unknown step \`${use.verb}\``, path: use.path, part: 'key', hint })
  return undefined
}

function moduleProblem(error: unknown, path: Path): Problem {
  if (!StillroomError.is(error)) throw error
  const { code, message, hint } = error
  return { code, message, path, part: 'value', ...(hint === undefined ? {} : { hint }) }
}

function keyProblems(key: string, use: StepUse, keys: readonly string[], sources: readonly string[]): Problem[] {
  const path = use.as === undefined ? use.path : [...commonPath(use), 'as']
  const part = use.as === undefined ? 'key' : 'value'
  if (keys.includes(key)) {
    const message =
      use.as === undefined ? `a second \`${key}\` needs a name of its own` : `two steps are called \`${key}\``
    return [{ code: 'SR_RECIPE_CONFLICT', message, path, part, hint: `add another name: \`as: ${key}-2\`` }]
  }
  if (sources.includes(key)) {
    const message = `\`${key}\` is a source and a step`
    return [{ code: 'SR_RECIPE_CONFLICT', message, path, part, hint: 'rename the source, or name the step with `as`' }]
  }
  return []
}

function fromProblems(name: string, index: number, use: StepUse, known: Known): Problem[] {
  const from = use.from!
  const path = [...commonPath(use), 'from', ...(from.length > 1 ? [index] : [])]
  if (from.indexOf(name) !== index) {
    return [{ code: 'SR_RECIPE_CONFLICT', message: `\`from\` names \`${name}\` twice`, path, part: 'value' }]
  }
  const problem = referenceProblem(name, known)
  return problem ? [{ ...problem, path, part: 'value' }] : []
}

/** Dotted keys (`answer.draw`) name a primitive step of an earlier verb; whether it exists shows when verbs expand. */
function referenceProblem(
  name: string,
  { keys, later, around }: Known,
): Pick<Problem, 'code' | 'message' | 'hint'> | undefined {
  const owner = name.split('.')[0]!
  if (around.sources.includes(owner) || keys.includes(owner)) return undefined
  if (later.includes(owner)) {
    const message = `\`${name}\` is not made before this step`
    return { code: 'SR_RECIPE_REFERENCE', message, hint: 'a step reads sources and earlier steps: change the order' }
  }
  const message = `there is no source or earlier step \`${name}\``
  return { code: 'SR_RECIPE_REFERENCE', message, hint: didYouMean(name, [...keys, ...around.sources]) }
}

/** A step or verb that makes its rows out of its options alone, or does so with these. */
export const takesNothing = (word: Verb | Step, options: unknown) =>
  word.shape === 'grid' || word.takes.length === 0 || (word.shape === 'verb' && word.alone?.(options) === true)

function startProblems(use: StepUse, word: Verb | Step | undefined, sources: readonly string[]): Problem[] {
  if (!word || use.from || takesNothing(word, use.options ?? {}) || sources.length === 1) return []
  const message = sources.length ? 'the first step must say which source it reads' : 'there is no source to begin with'
  const hint = sources.length ? `add \`from:\` with one of ${sources.join(', ')}` : 'declare one under `sources:`'
  return [{ code: 'SR_RECIPE_REFERENCE', message, path: use.path, part: 'key', hint }]
}

async function checkOptions(
  step: Found & { key: string; use: StepUse },
  known: Known,
  problems: Problem[],
): Promise<CheckedStep | undefined> {
  const { word, use } = step
  const parsed = word.options.safeParse(withoutPercents(use.options))
  if (!parsed.success) {
    problems.push(...schemaProblems(parsed.error.issues, word.options, use.options, use.path))
    return undefined
  }
  if (use.from && takesNothing(word, parsed.data)) {
    const path = [...commonPath(use), 'from']
    problems.push({
      code: 'SR_RECIPE_CONFLICT',
      message: `\`${step.key}\` takes no input`,
      path,
      part: 'key',
      hint: 'remove `from`',
    })
  }
  const options = parsed.data as { [option: string]: unknown }
  problems.push(...teacherProblems(word, options, use, known.around.teachers))
  const files = await resolveFiles(word, options, use, known.around.base, problems)
  for (const side of sidesOf(word, files.options)) {
    const problem = await sideProblem(side, word.verb, known)
    if (problem) problems.push({ ...problem, path: [...use.path, ...pathOf(side.from, use.options)], part: 'value' })
  }
  return { ...step, options: files.options, files: files.digests }
}

/** Names that an option holds: one, a list of them, or none. */
function namesIn(value: unknown): { name: string; at: Path }[] {
  if (typeof value === 'string') return [{ name: value, at: [] }]
  if (!Array.isArray(value)) return []
  return value.flatMap((name, i) => (typeof name === 'string' ? [{ name, at: [i] }] : []))
}

const needsOf = (word: Verb | Step) => (word.needs ?? {}) as Needs<{ [option: string]: unknown }>

/** Teachers that the options of a step name, by option. */
export function teachersOf(
  word: Verb | Step,
  options: { [option: string]: unknown },
): { option: string; name: string }[] {
  return (needsOf(word).teachers ?? []).flatMap(option =>
    namesIn(options[option]).map(({ name }) => ({ option, name })),
  )
}

export function sidesOf(word: Verb | Step, options: { [option: string]: unknown }): Side[] {
  return word.side?.(options) ?? []
}

function teacherProblems(
  word: Verb | Step,
  options: { [option: string]: unknown },
  use: StepUse,
  teachers: { [name: string]: unknown },
): Problem[] {
  const main = needsOf(word).teachers?.find(option => options[option] !== undefined)
  return teachersOf(word, options).flatMap(({ option, name }): Problem[] => {
    const path = [...use.path, option]
    if (!Object.hasOwn(teachers, name)) {
      const hint = didYouMean(name, Object.keys(teachers))
      return [{ code: 'SR_RECIPE_REFERENCE', message: `there is no teacher \`${name}\``, path, part: 'value', hint }]
    }
    const unable = formProblem(needsOf(word).forms?.[option], name, teachers)
    if (unable) return [{ ...unable, path, part: 'value' }]
    // The first teacher a step names is the one it draws samples from; a referee may well be asked at temperature 0.
    const { of, by, n } = needsOf(word).draws?.(options) ?? { of: main, by: 'samples', n: Number(options.samples) }
    if (option !== of || !(n > 1)) return []
    const sound = soundEntries(teachers)
    const cold = teachersBehind(name, sound).find(one => (sound[one] as { temperature?: number }).temperature === 0)
    if (cold === undefined) return []
    const whose = cold === name ? `\`${name}\`` : `\`${name}\` from \`${cold}\``
    const message = `\`${by}: ${n}\` of ${whose} at temperature 0 would all be the same`
    const hint = `raise the temperature of \`${cold}\`, or ask for one: \`${by}: 1\``
    return [{ code: 'SR_RECIPE_CONFLICT', message, path: [...use.path, by], part: 'value', hint }]
  })
}

/** What a step asks that is no chat, of a teacher that is known not to be able. What a module gives shows in the run. */
function formProblem(
  form: Form | undefined,
  name: string,
  teachers: Around['teachers'],
): Pick<Problem, 'code' | 'message' | 'hint'> | undefined {
  if (form === undefined) return undefined
  const sound = soundEntries(teachers)
  const unable = teachersBehind(name, sound).find(one => {
    const entry = sound[one]!
    if (isPool(entry) || entry.use !== undefined) return false
    return !resolveTeacher(one, entry).can.forms?.includes(form)
  })
  if (unable === undefined) return undefined
  const whose = unable === name ? `\`${name}\`` : `\`${unable}\`, which \`${name}\` leads to,`
  const { wants, hint } = formWords[form]
  return { code: 'SR_RECIPE_CONFLICT', message: `${whose} ${wants}`, hint }
}

const served = 'serve an open-weight model with vLLM and name it by `model:` and `at:`'
const formWords: { [form in Form]: { wants: string; hint: string } } = {
  continue: { wants: 'continues no text without a chat template', hint: served },
  score: {
    wants: 'tells no log-probabilities of a text',
    hint: `${served}, or leave the teacher out where the step has a model of its own`,
  },
  reward: {
    wants: 'has no head that scores conversations',
    hint: 'serve a reward model with vLLM or text-embeddings-inference and name it by `model:` and `at:`',
  },
}

function soundEntries(teachers: Around['teachers']): { [name: string]: TeacherEntry } {
  const read = Object.entries(teachers).map(([name, entry]) => [name, teacherEntry.safeParse(entry).data] as const)
  return Object.fromEntries(read.filter((pair): pair is [string, TeacherEntry] => pair[1] !== undefined))
}

/** Where an entry names other teachers. */
function namedBy(entry: TeacherEntry): { name: string; at: Path }[] {
  const members = isPool(entry) ? Object.keys(entry['any-of']).map(name => ({ name, at: ['any-of', name] })) : []
  const fallbacks = Object.entries(entry.then ?? {}).map(([when, name]) => ({ name, at: ['then', when] }))
  return [...members, ...fallbacks]
}

/** What teachers say of each other, and whether a batch can be had where one is asked for. */
function entryProblems(teachers: Around['teachers']): Problem[] {
  const sound = soundEntries(teachers)
  return Object.entries(sound).flatMap(([name, entry]): Problem[] => {
    const here: Path = ['teachers', name]
    const unknown = namedBy(entry).flatMap(({ name: other, at }): Problem[] => {
      if (Object.hasOwn(teachers, other)) return []
      const part = at[0] === 'any-of' ? 'key' : 'value'
      const hint = didYouMean(other, Object.keys(teachers))
      const message = `there is no teacher \`${other}\``
      return [{ code: 'SR_RECIPE_REFERENCE', message, path: [...here, ...at], part, hint }]
    })
    const circle = circleOf(name, sound)
    if (circle) {
      const message = `\`${name}\` leads back to itself: ${[name, ...circle.names].join(' -> ')}`
      const hint = 'a pool or a fallback must end at teachers that name no other'
      unknown.push({ code: 'SR_RECIPE_CONFLICT', message, path: [...here, ...circle.at], part: 'key', hint })
    }
    if (isPool(entry) || entry.mode !== 'batch' || resolveTeacher(name, entry).batch) return unknown
    const message = `\`${name}\` cannot be asked in batches: ${entry.use ? 'a module of your own' : entry.model.split('/')[0]} takes none`
    const hint = 'leave out `mode: batch`, or name a teacher of openai or anthropic, or of a server of your own'
    return [...unknown, { code: 'SR_RECIPE_CONFLICT', message, path: [...here, 'mode'], part: 'value', hint }]
  })
}

/** Modules of teachers are there. What they give shows when a run opens them, since that may need keys. */
async function useProblems({ teachers, base }: Around): Promise<Problem[]> {
  const problems: Problem[] = []
  for (const [name, entry] of Object.entries(soundEntries(teachers))) {
    if (isPool(entry) || entry.use === undefined) continue
    try {
      await moduleFile(entry.use, base, 'SR_TEACHER_MODULE')
    } catch (error) {
      problems.push(moduleProblem(error, ['teachers', name, 'use']))
    }
  }
  return problems
}

/** The way from a teacher back to itself, found once for each circle: at the first name of it in the recipe. */
function circleOf(start: string, entries: { [name: string]: TeacherEntry }): { names: string[]; at: Path } | undefined {
  const order = Object.keys(entries)
  const seen = new Set<string>()
  function way(from: string): { names: string[]; at: Path } | undefined {
    for (const { name, at } of namedBy(entries[from]!)) {
      if (name === start) return { names: [name], at }
      if (!entries[name] || seen.has(name) || order.indexOf(name) < order.indexOf(start)) continue
      seen.add(name)
      const rest = way(name)
      if (rest) return { names: [name, ...rest.names], at }
    }
    return undefined
  }
  return way(start)
}

async function isFile(path: string): Promise<boolean> {
  return stat(path).then(
    found => found.isFile(),
    () => false,
  )
}

/**
 * Makes the paths of `needs.files` absolute and digests what they hold. A value that is no file stays as it is when it
 * can be a name of something built in; what looks like a path must exist.
 */
async function resolveFiles(
  word: Verb | Step,
  options: { [option: string]: unknown },
  use: StepUse,
  base: string,
  problems: Problem[],
): Promise<{ options: { [option: string]: unknown }; digests: Map<string, Sha> }> {
  const digests = new Map<string, Sha>()
  const resolved = { ...options }
  const { files = [], keys = [] } = needsOf(word)
  for (const option of files) {
    const absolute: string[] = []
    for (const { name, at } of namesIn(options[option])) {
      const path = resolve(base, name)
      if (keys.includes(option)) await makeKey(path)
      const found = await isFile(path)
      if (found) digests.set(path, sha256(await readFile(path)))
      else if (/[/\\]|\.[a-z0-9]{1,8}$/i.test(name)) problems.push(noFile(name, [...use.path, option, ...at]))
      absolute.push(found ? path : name)
    }
    if (typeof options[option] === 'string') resolved[option] = absolute[0]
    else if (Array.isArray(options[option])) resolved[option] = absolute
  }
  return { options: resolved, digests }
}

/** A key of the project where there is none yet: for its owner alone, and kept out of version control. */
async function makeKey(path: string): Promise<void> {
  if (await isFile(path)) return
  await mkdir(dirname(path), { recursive: true, mode: 0o700 })
  await writeFile(join(dirname(path), '.gitignore'), '*\n')
  await writeFile(path, `${randomBytes(32).toString('hex')}\n`, { mode: 0o600, flag: 'wx' }).catch(error => {
    // Another process was first.
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error
  })
}

function noFile(name: string, path: Path): Problem {
  const hint = 'paths are relative to the recipe'
  return { code: 'SR_RECIPE_REFERENCE', message: `there is no file ${shown(name)}`, path, part: 'value', hint }
}

async function sideProblem(
  { from }: Side,
  verb: string,
  known: Known,
): Promise<Pick<Problem, 'code' | 'message' | 'hint'> | undefined> {
  const problem = referenceProblem(from, known)
  if (!problem || known.around.words.benchmark?.(from, known.around.base)) return undefined
  if (!isSideFile(from)) {
    if (verb !== 'decontaminate') return problem
    return {
      ...problem,
      hint: `${problem.hint}; a benchmark comes in with: stillroom import benchmark <file> --name ${from}`,
    }
  }
  if (await isFile(resolve(known.around.base, from))) return undefined
  return {
    code: 'SR_RECIPE_REFERENCE',
    message: `there is no file ${shown(from)}`,
    hint: 'paths are relative to the recipe',
  }
}

/** Where a name stands among options; nowhere gives the options themselves. */
function pathOf(name: string, options: unknown): Path {
  if (typeof options !== 'object' || options === null) return []
  for (const [key, value] of Object.entries(options)) {
    const at = Array.isArray(options) ? Number(key) : key
    if (value === name) return [at]
    const inner = pathOf(name, value)
    if (inner.length) return [at, ...inner]
  }
  return []
}
