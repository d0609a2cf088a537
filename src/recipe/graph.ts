import { existsSync } from 'node:fs'
import { posix, relative, resolve, sep } from 'node:path'
import { StillroomError } from '../errors/index.ts'
import type { Kind } from '../records/index.ts'
import type { Primitive, Step } from '../steps/index.ts'
import { type CheckedStep, commonPath, isSideFile, sidesOf, takesNothing, teachersOf } from './check.ts'
import { nodeIdentity } from './identity.ts'
import type { Node } from './plan.ts'
import type { Path } from './positions.ts'
import { type Problem, schemaProblems } from './problems.ts'
import type { Recipe, SourceEntry, Words } from './schema.ts'
import { withoutPercents } from './steps.ts'
import { didYouMean } from './suggest.ts'

/** Primitive steps in an order in which each stands behind all it reads, and the sources they begin with. */
export type Graph = {
  nodes: Node[]
  /** Names of the sources in use, files of side inputs among them. */
  sources: string[]
  /** Configurations of those files, and of sources that were settled. */
  files: { [name: string]: SourceEntry }
  output: string
}

export type Scene = { recipe: Recipe; base: string; words: Words; common: { [field: string]: unknown }; icu: string }

/** `kinds` is undefined where a problem upstream hides them. */
type End = { key: string; kinds: Kind[] | undefined }

/** Expands every verb into its primitive steps and joins them. Problems of kinds and references are collected. */
export async function buildGraph(steps: CheckedStep[], scene: Scene): Promise<{ graph: Graph; problems: Problem[] }> {
  const { recipe, base, words } = scene
  const nodes: Node[] = []
  const problems: Problem[] = []
  const files: Graph['files'] = {}
  const sources = new Map<string, End>()
  const made = new Map<string, End>()
  const kindsOf = new Map<string, Kind[] | undefined>()

  async function openSource(name: string, config: SourceEntry, path: Path): Promise<End> {
    const known = sources.get(name)
    if (known) return known
    let end: End = { key: name, kinds: undefined }
    try {
      const settled = (await words.settle?.(name, config, base)) ?? config
      if (settled !== config) files[name] = settled
      end.kinds = [await words.sourceKind(name, settled, base)]
    } catch (error) {
      if (!StillroomError.is(error)) throw error
      const { code, message, hint, expected, received } = error
      // What is wrong with a query stands in the query.
      const option = code === 'SR_SOURCE_SQL' && ['sql', 'table'].find(key => config[key] !== undefined)
      const at = option ? { path: [...path, option], part: 'value' as const } : { path, part: 'key' as const }
      problems.push({ code, message, ...at, ...withoutUndefined({ hint, expected, received }) })
    }
    kindsOf.set(name, end.kinds)
    if (config.chunk !== undefined && config.chunk !== false) end = await chunk(name, config.chunk, end)
    sources.set(name, end)
    return end
  }

  /** `chunk:` of a source stands in for the source wherever it is named. */
  async function chunk(name: string, value: unknown, input: End): Promise<End> {
    const word = words.verbs.find(({ verb }) => verb === 'chunk')
    if (!word) throw new StillroomError('SR_INTERNAL', 'no step is called `chunk`')
    const raw = value === true ? {} : value
    const path = ['sources', name, 'chunk']
    const parsed = word.options.safeParse(withoutPercents(raw))
    if (!parsed.success) {
      problems.push(...schemaProblems(parsed.error.issues, word.options, raw, path))
      return { key: input.key, kinds: undefined }
    }
    const options = parsed.data as { [option: string]: unknown }
    const step = { key: `${name}.chunk`, word, options, files: new Map(), use: { options: {}, path } }
    return expand(step, [input])
  }

  /** What a name means outside of a verb: a source, an earlier step, a primitive of one, or a file. */
  async function lookUp(name: string, path: Path): Promise<End | undefined> {
    if (Object.hasOwn(recipe.sources, name)) return openSource(name, recipe.sources[name]!, ['sources', name])
    const end = made.get(name) ?? (kindsOf.has(name) ? { key: name, kinds: kindsOf.get(name) } : undefined)
    if (end) return end
    if (isSideFile(name) && existsSync(resolve(base, name))) {
      const file = relative(base, resolve(base, name)).split(sep).join(posix.sep)
      files[file] ??= words.source.parse({ files: file, license: 'unknown', origin: 'real' }) as SourceEntry
      return openSource(file, files[file], path)
    }
    const benchmark = words.benchmark?.(name, base)
    if (benchmark) {
      files[name] ??= words.source.parse(benchmark) as SourceEntry
      return openSource(name, files[name], path)
    }
    const hint = didYouMean(name, [...made.keys(), ...Object.keys(recipe.sources), ...nodes.map(({ key }) => key)])
    problems.push({
      code: 'SR_RECIPE_REFERENCE',
      message: `there is no source or earlier step \`${name}\``,
      path,
      part: 'value',
      hint,
    })
    return undefined
  }

  async function lookUpAll(names: readonly string[], path: Path): Promise<End[]> {
    const found: End[] = []
    for (const name of names) {
      const end = await lookUp(name, path)
      if (end) found.push(end)
    }
    return distinct(found)
  }

  async function expand(step: CheckedStep, input: End[]): Promise<End> {
    const { key, word, options, use } = step
    const incoming = kindsOfAll(input)
    const fits = takenKinds(step, incoming, problems)
    const primitives: Primitive[] =
      word.shape === 'verb' ? word.expand(options, key) : [{ as: '', step: word, options }]
    const siblings = new Map<string, End>()
    const mistaken = (what: string) =>
      new StillroomError(step.module ? 'SR_STEP_MODULE' : 'SR_INTERNAL', `\`${word.verb}\` expands wrongly: ${what}`)

    /** Names inside of a verb: its input, siblings, then whatever the recipe names. */
    async function ends(names: readonly string[]): Promise<End[]> {
      const found: End[] = []
      for (const name of names) {
        const sibling = siblings.get(name)
        if (!sibling && primitives.some(({ as }) => as === name))
          throw mistaken(`\`${name}\` is read before it is made`)
        if (name === '$in') found.push(...input)
        else found.push(...(sibling ? [sibling] : await lookUpAll([name], use.path)))
      }
      return distinct(found)
    }

    const { steps: earlier = [], scores = [] } = word.needs ?? {}
    const references = [...earlier, ...scores].flatMap(option =>
      [options[option]].flat().map(value => ({ option, value })),
    )
    for (const { option, value } of references) {
      if (typeof value !== 'string') continue
      const named = scores.includes(option) ? value.split('/')[0]! : value
      if (nodes.some(node => node.key === named || node.owner === named)) continue
      problems.push({
        code: 'SR_RECIPE_REFERENCE',
        message: `there is no earlier step \`${named}\``,
        path: [...use.path, option],
        part: 'value',
        hint: didYouMean(named, [...made.keys()]),
      })
    }
    let last: End | undefined
    for (const [i, primitive] of primitives.entries()) {
      if (siblings.has(primitive.as)) throw mistaken(`two primitives are called \`${primitive.as}\``)
      const own = primitive.step
      const nodeKey = primitive.as === '' ? key : `${key}.${primitive.as}`
      const parsed = word.shape === 'verb' ? parseOptions(own, primitive.options, nodeKey, mistaken) : options
      const names = own.shape === 'grid' ? [] : (primitive.from ?? [i === 0 ? '$in' : primitives[i - 1]!.as])
      const from = await ends(names)
      const side: Node['side'] = {}
      for (const { name, from: target } of sidesOf(own, parsed)) {
        if (!primitive.side?.[name]) side[name] = [...(side[name] ?? []), ...(await ends([target])).map(end => end.key)]
      }
      for (const [name, targets] of Object.entries(primitive.side ?? {})) {
        side[name] = (await ends(targets)).map(end => end.key)
      }
      const takes = kindsOfAll(from)
      if (fits && takes) inOneKind(from, nodeKey, step, problems)
      if (fits && takes && word.shape === 'verb') expectKinds(own, takes, nodeKey, step, problems)
      const gives = own.gives === 'same' ? takes : [...own.gives]
      const teachers = [...new Set(teachersOf(own, parsed).map(({ name }) => name))]
      const stranger = teachers.find(name => !Object.hasOwn(recipe.teachers, name))
      if (stranger !== undefined) throw mistaken(`there is no teacher \`${stranger}\``)
      nodes.push({
        key: nodeKey,
        owner: key,
        step: own,
        ...groupOf(own, parsed, step, from, nodes, problems),
        options: parsed,
        from: from.map(end => end.key),
        side,
        takes: takes ?? [],
        gives: gives ?? [],
        identity: nodeIdentity(own, parsed, {
          ...scene,
          teachers: recipe.teachers,
          files: step.files,
          module: step.module?.digest,
        }),
        teachers,
        prompts: own.prompts?.(parsed) ?? [],
        ...(step.module ? { module: step.module.url, code: step.module.digest } : {}),
        word: { verb: word.verb, key, options, as: primitive.as },
      })
      last = { key: nodeKey, kinds: gives }
      siblings.set(primitive.as, last)
      kindsOf.set(nodeKey, gives)
    }
    if (!last) throw mistaken('it gives no step')
    return last
  }

  let previous: End | undefined
  for (const step of steps) {
    const path = [...commonPath(step.use), 'from']
    const names = step.use.from ?? (previous ? undefined : Object.keys(recipe.sources).slice(0, 1))
    const input = takesNothing(step.word, step.options) ? [] : names ? await lookUpAll(names, path) : [previous!]
    previous = await expand(step, input)
    made.set(step.key, previous)
  }
  return { graph: { nodes, sources: [...sources.keys()], files, output: previous!.key }, problems }
}

/** Nodes that the records of these ends may have come through. */
function upstream(ends: End[], nodes: Node[]): Node[] {
  const keys = new Set(ends.map(end => end.key))
  const found = nodes.toReversed().filter(node => {
    if (!keys.has(node.key)) return false
    for (const key of node.from) keys.add(key)
    return true
  })
  return found.reverse()
}

/**
 * The node that a group step gathers by: a step on its way that makes records (others leave no trail), named by its whole
 * key, among the primitives of the same verb, or by the recipe step it belongs to.
 */
function groupOf(
  own: Step,
  options: { [option: string]: unknown },
  { key: owner, use }: CheckedStep,
  from: End[],
  nodes: Node[],
  problems: Problem[],
): { group?: string } {
  const named = own.shape === 'group' ? own.group?.(options) : undefined
  if (named === undefined) return {}
  const makers = upstream(from, nodes).filter(node => node.step.gives !== 'same')
  const bound =
    makers.find(node => node.key === named) ??
    makers.find(node => node.key === `${owner}.${named}`) ??
    makers.find(node => node.owner === named)
  if (bound) return { group: bound.key }
  const option = Object.keys(use.options).find(name => use.options[name] === named)
  problems.push({
    code: 'SR_RECIPE_REFERENCE',
    message: `\`${named}\` is no step before this one that makes records, so nothing descends from what entered it`,
    path: option === undefined ? use.path : [...use.path, option],
    part: option === undefined ? 'key' : 'value',
    hint: didYouMean(named, [...new Set(makers.flatMap(node => [node.owner, node.key]))]),
  })
  return {}
}

function distinct(ends: End[]): End[] {
  return ends.filter((end, i) => ends.findIndex(({ key }) => key === end.key) === i)
}

/** Kinds that arrive from several ends; undefined as soon as one is unknown. */
function kindsOfAll(ends: End[]): Kind[] | undefined {
  const kinds = new Set<Kind>()
  for (const end of ends) {
    if (!end.kinds) return undefined
    for (const kind of end.kinds) kinds.add(kind)
  }
  return [...kinds]
}

function parseOptions(step: Step, options: unknown, key: string, mistaken: (what: string) => StillroomError) {
  const parsed = step.options.safeParse(options)
  if (parsed.success) return parsed.data as { [option: string]: unknown }
  const issues = parsed.error.issues.map(issue => `${issue.path.join('.') || 'options'}: ${issue.message}`)
  throw mistaken(`\`${key}\` gets wrong options (${issues.join('; ')})`)
}

/** True when nothing was found to be wrong, so that primitives need not repeat it. */
function takenKinds(step: CheckedStep, incoming: Kind[] | undefined, problems: Problem[]): boolean {
  if (!incoming || takesNothing(step.word, step.options)) return true
  const before = problems.length
  expectKinds(step.word, incoming, step.key, step, problems)
  return problems.length === before
}

function expectKinds(
  word: { takes: readonly Kind[] },
  incoming: Kind[],
  key: string,
  step: CheckedStep,
  problems: Problem[],
): void {
  const wrong = incoming.filter(kind => !word.takes.includes(kind))
  if (wrong.length === 0) return
  problems.push({
    code: 'SR_RECIPE_KIND',
    message: `\`${key}\` does not take ${wrong.join(', ')} records`,
    ...whereFrom(step),
    expected: word.takes.join(', ') || 'no input',
    received: incoming.join(', '),
    hint: 'put a step between that makes the right kind, or read from another source or step with `from`',
  })
}

function inOneKind(from: End[], key: string, step: CheckedStep, problems: Problem[]): void {
  const [first, ...rest] = from
  const other = rest.find(end => [...end.kinds!].sort().join() !== [...first!.kinds!].sort().join())
  if (!other) return
  problems.push({
    code: 'SR_RECIPE_KIND',
    message: `\`${key}\` joins different kinds of records`,
    ...whereFrom(step),
    expected: `${first!.kinds!.join(', ')} records, as from \`${first!.key}\``,
    received: `${other.kinds!.join(', ')} records from \`${other.key}\``,
    hint: 'branches that come together must hold the same kind',
  })
}

function whereFrom({ use }: CheckedStep): Pick<Problem, 'path' | 'part'> {
  return use.from ? { path: [...commonPath(use), 'from'], part: 'value' } : { path: use.path, part: 'key' }
}

function withoutUndefined<T extends object>(object: T): { [K in keyof T]?: Exclude<T[K], undefined> } {
  return Object.fromEntries(Object.entries(object).filter(([, value]) => value !== undefined)) as never
}
