import type { Node, Plan } from '../recipe/index.ts'
import type { Id } from '../records/index.ts'

/**
 * Roots that lack a reply, by the stage that found it out. A stage behind an unfinished one sees a part of its input alone:
 * what it misses, it might not miss of the whole, such as the reply to a prompt of which something newer has come.
 */
export function openUnpaid(plan: Plan) {
  const stageOf = new Map(plan.stages.flatMap(({ key, nodes }) => nodes.map(node => [node.key, key] as const)))
  const found = new Map<string, Set<Id>>()
  const seen = new Set<Id>()
  return {
    /** True for a root that is new. */
    add(root: Id, { key }: Pick<Node, 'key'>): boolean {
      const stage = stageOf.get(key) ?? key
      const roots = found.get(stage) ?? new Set()
      found.set(stage, roots.add(root))
      const known = seen.has(root)
      seen.add(root)
      return !known
    },
    /** The roots of those stages that stand behind no unfinished one: whoever leaves them out learns of the next. */
    first(): Id[] {
      const unfinished = new Set<string>()
      const roots = new Set<Id>()
      for (const { key, from, side } of plan.stages) {
        const behind = [...from, ...Object.values(side).flat()].some(one => unfinished.has(one))
        if (behind || found.has(key)) unfinished.add(key)
        if (!behind) for (const root of found.get(key) ?? []) roots.add(root)
      }
      return [...roots].sort()
    },
  }
}
