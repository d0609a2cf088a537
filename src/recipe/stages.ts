import type { Graph } from './graph.ts'
import { sourceId, stageId, unionId } from './identity.ts'
import type { Node, Stage } from './plan.ts'
import type { Recipe } from './schema.ts'

/** Cuts the graph into stages: each is what one task executes. In topological order. */
export function stagesOf({ nodes, sources, output }: Graph, recipe: Recipe): Stage[] {
  const consumers = countConsumers(nodes, output)
  const stages: Stage[] = sources.map(name => {
    const id = sourceId(name, recipe.sources[name]!)
    return { id, shape: 'source', key: name, nodes: [], from: [], side: {} }
  })
  for (const node of nodes) {
    const before = stages.findIndex(stage => stage.key === node.from[0])
    const open = stages[before]
    if (open && canFuse(open, node, consumers)) {
      // Nothing else reads the stage, so it may move behind the side inputs that this node brings.
      stages.splice(before, 1)
      stages.push({ ...open, key: node.key, nodes: [...open.nodes, node], side: { ...open.side, ...node.side } })
      continue
    }
    const from = node.from.length > 1 ? [join(node.from, stages)] : node.from
    stages.push({ id: '', shape: shapeOf(node), key: node.key, nodes: [node], from, side: node.side })
  }
  return stages.map(stage => (stage.id ? stage : { ...stage, id: stageId(stage.shape, stage.nodes, recipe.seed) }))
}

/** Reads of each key, whether as input or as side input; the release reads the output. */
function countConsumers(nodes: Node[], output: string): Map<string, number> {
  const counts = new Map([[output, 1]])
  for (const { from, side } of nodes) {
    for (const key of [...from, ...Object.values(side).flat()]) counts.set(key, (counts.get(key) ?? 0) + 1)
  }
  return counts
}

/** The union of several branches, made once for all that read it. */
function join(from: string[], stages: Stage[]): string {
  const key = from.join('+')
  if (!stages.some(stage => stage.key === key)) {
    stages.push({ id: unionId(key), shape: 'union', key, nodes: [], from, side: {} })
  }
  return key
}

function shapeOf({ step }: Node): Stage['shape'] {
  return step.shape === 'global' || step.shape === 'grid' ? step.shape : 'map'
}

/**
 * A cut is a stage of its own, so that its threshold replays without touching maps; so is a step that makes records, so
 * that the subjects of what it makes lie on disk as the step saw them.
 */
const standsAlone = (node: Node) =>
  node.restricts ||
  node.teachers.length > 0 ||
  node.step.verb.startsWith('cut-') ||
  node.step.gives !== 'same' ||
  shapeOf(node) !== 'map'

function canFuse(stage: Stage, node: Node, consumers: Map<string, number>): boolean {
  if (node.from.length !== 1 || consumers.get(stage.key) !== 1 || standsAlone(node)) return false
  if (stage.nodes.length === 0 || stage.nodes.some(standsAlone)) return false
  // A task hands over whole families only where it begins.
  if (node.step.shape === 'group') return false
  // Side inputs are known by name inside a stage.
  return Object.keys(node.side).every(name => !(name in stage.side))
}
