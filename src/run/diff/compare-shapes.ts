import { canonical, type Json, type Sha } from '../../records/index.ts'
import { countsForNothing, type Flat, type Shape, type StepShape } from './shape.ts'

/** A setting with another value: `undefined` is one that is not there. `idle` changes no row and makes nothing anew. */
export type Change = { path: string; was?: Json; is?: Json; idle?: true }

/**
 * Why a stage of the later recipe is done again: its own fingerprint is another one, or it was not there. `after` names
 * the first stages before it that are done again: what did not change itself works only where what arrives did.
 */
export type Rerun = { stage: string; is: 'new' | 'changed' | 'after'; after?: string[] }

export type ShapeDiff = {
  names: [string, string]
  /** Steps by key; `moved` stand in another order among those that both have. */
  steps: { added: string[]; removed: string[]; moved: string[] }
  /** Everything else in its words: `judge.drop`, `teachers.writer.model`, `sources.docs.files`, `budget.usd`. */
  changes: Change[]
  reruns: Rerun[]
  /** Stages of the later one that are as they were, and come to the same as far as their input does. */
  same: string[]
}

const equal = (a: unknown, b: unknown): boolean =>
  canonical(a ?? null) === canonical(b ?? null) && (a === undefined) === (b === undefined)

function changesOf(was: Flat, is: Flat, prefix: string, idle: (path: string) => boolean = () => false): Change[] {
  return [...new Set([...Object.keys(was), ...Object.keys(is)])].flatMap(path => {
    if (equal(was[path], is[path])) return []
    return [
      {
        path: path === '' ? prefix : `${prefix}${prefix === '' ? '' : '.'}${path}`,
        ...(was[path] === undefined ? {} : { was: was[path] }),
        ...(is[path] === undefined ? {} : { is: is[path] }),
        ...(idle(path) ? { idle: true as const } : {}),
      },
    ]
  })
}

/** The longest sequence that two lists have in common, by their own order: what is not in it moved. */
function commonOrder(a: readonly string[], b: readonly string[]): Set<string> {
  const longest = Array.from({ length: a.length + 1 }, () => new Array<number>(b.length + 1).fill(0))
  for (let i = a.length - 1; i >= 0; i--) {
    for (let j = b.length - 1; j >= 0; j--) {
      longest[i]![j] = a[i] === b[j] ? 1 + longest[i + 1]![j + 1]! : Math.max(longest[i + 1]![j]!, longest[i]![j + 1]!)
    }
  }
  const kept = new Set<string>()
  for (let [i, j] = [0, 0]; i < a.length && j < b.length; ) {
    if (a[i] === b[j]) {
      kept.add(a[i]!)
      i++
      j++
    } else if (longest[i + 1]![j]! >= longest[i]![j + 1]!) i++
    else j++
  }
  return kept
}

/** Digests show their beginning: enough to tell two of them apart. */
const brief = (digest: Sha): string => digest.slice(0, 12)
const briefly = (prompts: { [name: string]: Sha }): Flat =>
  Object.fromEntries(Object.entries(prompts).map(([name, digest]) => [name, brief(digest)]))

function stepChanges(was: StepShape, is: StepShape): Change[] {
  const own = (step: StepShape): Flat => ({
    verb: step.verb,
    version: step.version,
    from: step.from,
    ...(step.code ? { 'its module': brief(step.code) } : {}),
  })
  return [
    ...changesOf(own(was), own(is), is.key),
    ...changesOf(was.options, is.options, is.key),
    ...changesOf(briefly(was.prompts), briefly(is.prompts), `${is.key} prompt`),
  ]
}

/** What is there on one side only is told in one line, not field by field. */
function partChanges(
  part: 'teachers' | 'sources',
  was: { [name: string]: Flat },
  is: { [name: string]: Flat },
): Change[] {
  const shown = (flat: Flat): Json => flat.model ?? flat.files ?? flat.hub ?? flat.urls ?? 'there'
  return [...new Set([...Object.keys(was), ...Object.keys(is)])].flatMap(name => {
    const [a, b] = [was[name], is[name]]
    if (a && b) return changesOf(a, b, `${part}.${name}`, path => countsForNothing(part, path))
    return [{ path: `${part}.${name}`, ...(a ? { was: shown(a) } : {}), ...(b ? { is: shown(b) } : {}) }]
  })
}

/**
 * What differs between two recipes, and what that makes anew. A stage runs again when its fingerprint is another one; one
 * behind it only where what arrives is: a global or a share of all rows mostly is, a map of single rows is not where they
 * are the same.
 */
export function compareShapes(a: Shape, b: Shape): ShapeDiff {
  const keys = (shape: Shape): string[] => shape.steps.map(({ key }) => key)
  const [was, is] = [keys(a), keys(b)]
  const both = is.filter(key => was.includes(key))
  const earlier = was.filter(key => is.includes(key))
  // Of two steps that changed places either one may stay: both moved then, whichever way one looks.
  const kept = commonOrder(earlier, both).intersection(commonOrder(both, earlier))
  const stepOf = (shape: Shape, key: string): StepShape => shape.steps.find(step => step.key === key)!
  const fingerprints = new Map(a.stages.map(({ key, id }) => [key, id]))
  const own = new Set<string>()
  const reruns: Rerun[] = []
  const causes = new Map<string, string[]>()
  for (const { key, id, from } of b.stages) {
    const before = fingerprints.get(key)
    const behind = [...new Set(from.flatMap(one => (own.has(one) ? [one] : (causes.get(one) ?? []))))]
    if (before !== id) {
      own.add(key)
      reruns.push({ stage: key, is: before === undefined ? 'new' : 'changed' })
    } else if (behind.length > 0) reruns.push({ stage: key, is: 'after', after: behind })
    if (behind.length > 0) causes.set(key, behind)
  }
  const again = new Set(reruns.map(({ stage }) => stage))
  return {
    names: [a.name, b.name],
    steps: {
      added: is.filter(key => !was.includes(key)),
      removed: was.filter(key => !is.includes(key)),
      moved: both.filter(key => !kept.has(key)),
    },
    changes: [
      ...both.flatMap(key => stepChanges(stepOf(a, key), stepOf(b, key))),
      ...partChanges('teachers', a.teachers, b.teachers),
      ...partChanges('sources', a.sources, b.sources),
      ...changesOf(a.settings, b.settings, '', path => countsForNothing('settings', path)),
    ],
    reruns,
    same: b.stages.flatMap(({ key }) => (again.has(key) ? [] : [key])),
  }
}
