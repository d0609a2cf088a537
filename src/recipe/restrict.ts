import type { Graph, Scene } from './graph.ts'
import { nodeIdentity } from './identity.ts'
import type { Node } from './plan.ts'
import type { Restriction } from './schema.ts'

/**
 * Puts the restriction in front of the first paid step of every branch: free steps see everything, and what is behind
 * sees what was let through. Steps that read the same input share it, so that the waves of a self-fed step stay alike.
 */
export function restrictGraph(graph: Graph, restriction: Restriction, scene: Scene): Graph {
  const inserts = scene.words.restrict?.(restriction) ?? []
  if (inserts.length === 0) return graph
  const paid = new Set<string>()
  const ends = new Map<string, string>()
  const nodes: Node[] = []
  for (const node of graph.nodes) {
    const behind = node.from.some(key => paid.has(key))
    if (behind || node.teachers.length > 0) paid.add(node.key)
    if (behind || node.teachers.length === 0 || node.from.length === 0) {
      nodes.push(node)
      continue
    }
    const shared = node.from.join(' ')
    let end = ends.get(shared)
    if (end === undefined) {
      let from = node.from
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
    nodes.push({ ...node, from: [end] })
  }
  return { ...graph, nodes }
}
