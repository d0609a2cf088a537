import { z } from 'zod'
import type { Id, Rec } from '../../records/index.ts'
import { Components } from '../components.ts'

export const tieShape = {
  together: z
    .array(z.string())
    .default(['conversation', 'user'])
    .describe('Facets whose equal values must stay in one split'),
  context: z.boolean().default(true).describe('Rows that share a few-shot or pool row stay in one split as well'),
}
type Ties = { together: string[]; context: boolean }

/**
 * A row and what ties it to others: names of what they have in common (those that start with a space are no ids), the
 * rows it stands for, and the start of its digest. Equal rows belong together whether or not copies were looked for; 64
 * bits are enough, since rows that merely collide stay together and nothing is lost.
 */
export type Tied = [id: Id, common: string[], members: Id[], content: string]

export function ties(record: Rec, options: Ties): Tied {
  const { id, lineage, facets, digest } = record
  const parents = lineage.parents.filter(p => p.role === 'subject' || (p.role === 'context' && options.context))
  const shared = options.together.flatMap(name => (facets[name] === undefined ? [] : [` ${name}=${facets[name]}`]))
  const whole = typeof facets.root === 'string' ? [facets.root] : []
  return [id, [...parents.map(p => p.id), ...whole, ...shared], lineage.members ?? [], digest.slice(0, 16)]
}

/** A row without what it was made of: only equal content, and facets that are to stay together, tie it to others. */
export function alone({ id, facets, lineage, digest }: Rec, { together }: Ties): Tied {
  const shared = together.flatMap(name => (facets[name] === undefined ? [] : [` ${name}=${facets[name]}`]))
  return [id, shared, lineage.members ?? [], digest.slice(0, 16)]
}

/**
 * The connected group of each row, by a name that lasts: rows come and go, and what they have in common, such as their
 * document, stays. A row that others were dropped for still answers to their ids.
 */
export function groupsOf(rows: readonly Tied[]): Map<Id, string> {
  const components = new Components()
  const first = new Map<string, Id>()
  for (const [id, common, members, content] of rows) {
    for (const name of [...common, ...members]) components.join(id, name)
    const equal = first.get(content)
    if (equal === undefined) first.set(content, id)
    else components.join(id, equal)
  }
  const own = new Set(rows.map(([id]) => id))
  const named = new Map<string, string>()
  for (const [id, common, members] of rows) {
    const at = components.find(id)
    const lasting = common.filter(name => !own.has(name)).map(name => `a${name}`)
    for (const name of [...lasting, ...[id, ...members].map(name => `b${name}`)]) {
      const known = named.get(at)
      if (known === undefined || name < known) named.set(at, name)
    }
  }
  return new Map(rows.map(([id]) => [id, named.get(components.find(id))!]))
}
