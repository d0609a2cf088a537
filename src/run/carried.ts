import type { Id, Rec, Sha } from '../records/index.ts'

/**
 * The way a record came: for every expanding step it descends from, the node, the subject's id and the shard that holds
 * the subject. It lets a group step find its families and a step find the document behind a prompt, on any machine.
 * It belongs to the engine and never enters a record or a release.
 */
export type Trail = [node: string, subject: Id, shard: Sha][]

/** A record on its way between stages. `line` is its encoding as long as nothing changed. */
export type Carried = { record: Rec; trail: Trail; line?: string }

export function decode(line: string): Carried {
  const { record, trail } = JSON.parse(line) as { record: Rec; trail?: Trail }
  return { record, trail: trail ?? [], line }
}

export function encode(item: Carried): string {
  if (item.line !== undefined) return item.line
  return JSON.stringify(item.trail.length > 0 ? { record: item.record, trail: item.trail } : { record: item.record })
}

/** As which record an item entered the paid part on its own branch: what a limit or a replay lets in or leaves out. */
export function enteredAs({ record, trail }: Carried, paid: ReadonlySet<string>): Id {
  return trail.find(([node]) => paid.has(node))?.[1] ?? record.id
}

/** The root of a family: shards never end inside one, so that group steps see families whole. */
export function rootOf(item: Carried): Id {
  return item.trail[0]?.[1] ?? item.record.id
}
