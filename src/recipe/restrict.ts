import type { Graph, Scene } from './graph.ts'
import { nodeIdentity } from './identity.ts'
import type { Node } from './plan.ts'
import type { Restriction } from './schema.ts'

/** Keys of the nodes that call teachers or stand behind one that does: a restriction stands where records enter them. */
export function paidPart(nodes: readonly Pick<Node, 'key' | 'teachers' | 'from'>[]): Set<string> {
  const paid = new Set<string>()
  for (const { key, teachers, from } of nodes) {
    if (teachers.length > 0 || from.some(one => paid.has(one))) paid.add(key)
  }
  return paid
}

/** Keys of the nodes that call teachers or whose records go on to one that does. */
function beforePaid(nodes: Node[]): Set<string> {
  const before = new Set<string>()
  for (const { key, teachers, from } of nodes.toReversed()) {
    if (teachers.length === 0 && !before.has(key)) continue
    for (const one of [key, ...from]) before.add(one)
  }
  return before
}

/**
 * Puts the restriction where records enter the paid part: before the first paid step of every branch, and where a branch
 * that nobody paid for joins one behind a paid step and goes on to another. So every record meets it once, free steps see
 * everything, and what is behind sees what was let through. The free branches of one step are restricted together; steps
 * that read the same ones share it, so that the waves of a self-fed step stay alike.
 */
export function restrictGraph(graph: Graph, restriction: Restriction, scene: Scene): Graph {
  const inserts = scene.words.restrict?.(restriction) ?? []
  if (inserts.length === 0) return graph
  const paid = paidPart(graph.nodes)
  const before = beforePaid(graph.nodes)
  const ends = new Map<string, string>()
  const nodes: Node[] = []
  for (const node of graph.nodes) {
    const free = node.from.filter(key => !paid.has(key))
    if (!paid.has(node.key) || !before.has(node.key) || free.length === 0) {
      nodes.push(node)
      continue
    }
    const shared = free.join(' ')
    let end = ends.get(shared)
    if (end === undefined) {
      let from = free
      for (const { step, options } of inserts) {
        const parsed = step.options.parse(options) as Node['options']
        const around = { ...scene, teachers: scene.recipe.teachers, files: new Map(), module: undefined }
        const identity = nodeIdentity(step, parsed, around)
        const key = `${node.key}.${step.verb}`
        const kinds = node.takes
        nodes.push({
          key,
          owner: node.owner,
          step,
          options: parsed,
          from,
          side: {},
          takes: kinds,
          gives: kinds,
          identity,
          teachers: [],
          prompts: [],
          restricts: true,
        })
        from = [key]
      }
      end = from[0]!
      ends.set(shared, end)
    }
    // It takes the place of the first free branch: the order of a union is that of its branches.
    const restricted = node.from.flatMap(key => (key === free[0] ? [end] : free.includes(key) ? [] : [key]))
    nodes.push({ ...node, from: restricted })
  }
  return { ...graph, nodes }
}
