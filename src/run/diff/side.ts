import type { Id, Json, Rec, Sha, Slug } from '../../records/index.ts'

/** What was noted of a row: facets by name and scores by `<step>/<aspect>`; a judge's silence is `unscored: <why>`. */
export type Notes = { [name: string]: number | string | boolean }

/** A row as far as a comparison needs it. Its text stays on disk. */
export type Row = {
  digest: Sha
  /** Where it stands: `<config>/<split>` of a release, the split of a run. */
  place: string
  notes: Notes
}

/** A record that rows come from, or a row, without its text: what it is made of. */
export type Known = {
  digest: Sha
  /** Subjects, in order. */
  parents: Id[]
  /** The other records that were seen when it was made, by role and id. */
  context?: string
  /** `named` by what it says, as chunks are, and so by no place in a reply. */
  made?: { step: string; version: string; teachers: string; prompts: string; calls: string; named?: true }
  source?: { name: string; uri: string }
}

/** A drop or a loss: where, why, and on what evidence. */
export type Drop = { step: string; reason: Slug; evidence?: Json }

/**
 * One side of a comparison of rows.
 *
 * `records` holds rows and all they come from. A record that both sides have alike may be left out of both: what a side
 * names as a parent and does not hold is one of those.
 */
export type Side = {
  rows: Map<Id, Row>
  records: Map<Id, Known>
  /** Other records that are known to have been there, though no row comes from them. */
  seen: ReadonlySet<Id>
  /** A record that is not named here was not there. A release alone tells of nothing but what its rows come from. */
  complete: boolean
  dropped: Map<Id, Drop>
  /** Items lost in replies, by `<subject> <step>`. */
  lost: Map<string, Drop>
  /** What a source could not take, by `<source> <address>`. */
  rejected: Map<string, Drop>
  /** What identifies each step, by its key: equal when nothing about it changed. */
  steps: Map<string, string>
  /** Sources that are read, and the addresses that something was read of. */
  sources: ReadonlySet<string>
  addresses: ReadonlySet<string>
}

export const lostKey = (subject: Id, step: string): string => `${subject} ${step}`
export const addressKey = ({ name, uri }: { name: string; uri: string }): string => `${name} ${uri}`

/** A side of which nothing is known. */
export const emptySide = (): Side => ({
  rows: new Map(),
  records: new Map(),
  seen: new Set(),
  complete: false,
  dropped: new Map(),
  lost: new Map(),
  rejected: new Map(),
  steps: new Map(),
  sources: new Set(),
  addresses: new Set(),
})

type Told = Pick<Rec, 'digest' | 'lineage'>

export function knownOf({ digest, lineage }: Told): Known {
  const { parents, made, source } = lineage
  const others = parents.filter(({ role }) => role !== 'subject').map(({ id, role }) => `${role} ${id}`)
  return {
    digest,
    parents: parents.filter(({ role }) => role === 'subject').map(({ id }) => id),
    ...(others.length > 0 ? { context: others.join(' ') } : {}),
    ...(made
      ? {
          made: {
            step: made.step,
            version: made.version,
            teachers: made.teachers.join(' '),
            prompts: made.prompts.join(' '),
            calls: made.calls.join(' '),
            ...(made.span ? { named: true as const } : {}),
          },
        }
      : {}),
    ...(source ? { source: { name: source.name, uri: source.uri } } : {}),
  }
}

/** Facets and scores of a row; how it is told apart from others of its family is no facet of what it says. */
export function notesOf({ facets, scores, language }: Pick<Rec, 'facets' | 'scores' | 'language'>): Notes {
  const notes: Notes = {}
  for (const [name, value] of Object.entries(facets)) if (value !== undefined && name !== 'split') notes[name] = value
  if (language) notes.language = language
  for (const [name, score] of Object.entries(scores)) {
    notes[name] = 'value' in score ? score.value : `unscored: ${score.unscored}`
  }
  return notes
}
