import { jensenShannon } from '../divergence.ts'
import { type Interval, wilson } from '../share.ts'

/** Rows of a sample by group; `of` counts the rows that name any group of the attribute, `rows` all of them. */
export type GroupCounts = { rows: number; of: number; groups: { [group: string]: number } }
/** A group among the rows that name one of its attribute. `ratio` is its share against that of the reference. */
export type GroupShare = { group: string; n: number; share: number; ratio?: number } & Interval
export type Representation = {
  attribute: string
  rows: number
  /** Rows that name a group: of the others nothing is known, and nothing is guessed. */
  known: number
  coverage: number
  groups: GroupShare[]
  /** exp of the entropy of the shares: as many groups as there would be if all were as frequent. Hill 1973, Ecology 54. */
  effective?: number
  /** Divergence from the reference, 0 to 1. */
  divergence?: number
  /** Too few rows name a group for anything to be graded. */
  insufficient?: true
}

/** Fewest rows that name a group of an attribute; cells below are told as such. */
const enough = 30

/** Adds a text to counts, by the groups that it names. */
export function countGroups(counts: GroupCounts, groups: readonly string[] | undefined): void {
  counts.rows++
  if (!groups || groups.length === 0) return
  counts.of++
  for (const group of groups) counts.groups[group] = (counts.groups[group] ?? 0) + 1
}

export const noGroups = (): GroupCounts => ({ rows: 0, of: 0, groups: {} })

/**
 * Who is spoken of: the share of rows that name each group, among those that name one of the attribute, with its 95 %
 * interval (Wilson), and against a reference such as the real rows that the set was made from.
 */
export function representation(
  attribute: string,
  names: readonly string[],
  counts: GroupCounts,
  reference?: GroupCounts,
): Representation {
  const share = ({ groups, of }: GroupCounts, group: string) => (of > 0 ? (groups[group] ?? 0) / of : 0)
  const groups = names.map(group => {
    const n = counts.groups[group] ?? 0
    const before = reference && reference.of >= enough ? share(reference, group) : 0
    return {
      ...{ group, n, share: share(counts, group), ...wilson(n, counts.of) },
      ...(before > 0 ? { ratio: share(counts, group) / before } : {}),
    }
  })
  const total = groups.reduce((sum, { n }) => sum + n, 0)
  const entropy = groups.reduce((sum, { n }) => (n > 0 ? sum - (n / total) * Math.log(n / total) : sum), 0)
  const both = reference !== undefined && reference.of >= enough && counts.of >= enough
  const of = (one: GroupCounts) => Uint32Array.from(names, group => one.groups[group] ?? 0)
  return {
    ...{
      attribute,
      rows: counts.rows,
      known: counts.of,
      coverage: counts.rows > 0 ? counts.of / counts.rows : 0,
      groups,
    },
    ...(total > 0 ? { effective: Math.exp(entropy) } : {}),
    ...(both ? { divergence: jensenShannon(of(reference), of(counts)) } : {}),
    ...(counts.of < enough ? { insufficient: true as const } : {}),
  }
}
