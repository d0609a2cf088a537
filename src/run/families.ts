import type { Node } from '../recipe/index.ts'
import { type Carried, rootOf } from './carried.ts'

/** What a stage processes at once: a family where it begins with a group step, else one record. */
export function inItems(first: Node, items: Iterable<Carried>): Generator<Carried[]> {
  return first.step.shape === 'group' ? families(items, first.group) : alone(items)
}

/**
 * Records that descend from the same subject, together: of the node `at`, or of whichever step made each of them, so that
 * the answers of two teachers to one prompt are a family although two steps asked. The descendants of one root follow one
 * another, but not those of each subject below it: a union has them branch by branch.
 */
function* families(items: Iterable<Carried>, at: string | undefined): Generator<Carried[]> {
  let root: string | undefined
  let gathered = new Map<string, Carried[]>()
  for (const item of items) {
    if (rootOf(item) !== root) {
      yield* gathered.values()
      gathered = new Map()
      root = rootOf(item)
    }
    const entry = at === undefined ? item.trail.at(-1) : item.trail.find(([node]) => node === at)
    const key = entry ? entry[1] : `alone ${item.record.id}`
    const family = gathered.get(key)
    if (family) family.push(item)
    else gathered.set(key, [item])
  }
  yield* gathered.values()
}

function* alone(items: Iterable<Carried>): Generator<Carried[]> {
  for (const item of items) yield [item]
}
