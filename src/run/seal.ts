import { StillroomError } from '../errors/index.ts'
import type { Node } from '../recipe/index.ts'
import {
  type Facets,
  madeId,
  type Notes,
  type Parent,
  type Payload,
  payloadDigest,
  placeOf,
  type Rec,
  type Score,
  type Sha,
  type TeacherId,
} from '../records/index.ts'
import type { Draft } from '../steps/index.ts'

/**
 * One question to a teacher, in the order in which the step asked: replies come back in any order. `generation` is that of
 * what the teacher was trained on.
 */
export type Asked = { teacher: TeacherId; generation: number; calls: Sha[]; prompts: Sha[] }
/** What a record's processing used: the engine's own notes, out of which lineage is written. */
export type Used = { asked: Asked[]; context: Rec[] }
export const nothingUsed = (): Used => ({ asked: [], context: [] })

const unique = <T>(values: T[]): T[] => [...new Set(values)]
/** The questions that were answered. */
const answered = (used: Used): Asked[] => used.asked.filter(a => a.calls.length > 0)
const byModel = (used: Used): boolean => answered(used).length > 0
/** The deepest generation of what went into a reply: the records that were seen, and what its teachers were trained on. */
const deepest = (seen: Rec[], used: Used): number =>
  Math.max(...[...seen, ...used.context].map(r => r.lineage.generation), ...answered(used).map(a => a.generation))

/** Facets that describe the content itself and so never pass to a record made from it. */
const ownFacets = ['tokens', 'tokenizer', 'split', 'injection', 'cluster', 'memberLicenses']

function inherited(facets: Facets): Facets {
  return Object.fromEntries(Object.entries(facets).filter(([name]) => !ownFacets.includes(name)))
}

/**
 * Scores under the step's key. Who judged, in which call, the engine knows; a step may name one of several calls. Of a record
 * that was `written` by calls a score that names none was counted by rule: whoever wrote has not judged.
 */
function keyed(
  scores: { [aspect: string]: Score } | undefined,
  owner: string,
  used: Used,
  written = false,
): { [name: string]: Score } {
  const asks = answered(used)
  return Object.fromEntries(
    Object.entries(scores ?? {}).map(([aspect, score]) => {
      const named = asks.find(a => score.call !== undefined && a.calls.includes(score.call))
      const asked = named ?? (written ? undefined : asks.at(-1))
      if (!asked) return [`${owner}/${aspect}`, score]
      const call = score.call ?? asked.calls.at(-1)
      return [`${owner}/${aspect}`, { ...score, judge: asked.teacher, ...(call ? { call } : {}) }]
    }),
  )
}

/** Parents with the records that were handed out beside the subjects. */
function withContext(parents: Parent[], used: Used): Parent[] {
  const known = new Set(parents.map(p => p.id))
  const added = used.context.filter(r => !known.has(r.id)).map(r => ({ id: r.id, role: 'context' as const }))
  return added.length > 0 ? [...parents, ...added] : parents
}

/** A record with what a step noted about it: the content, and so the digest, stays. */
export function annotate(record: Rec, notes: Notes | undefined, owner: string, used: Used = nothingUsed()): Rec {
  if (!notes) return record
  const { lineage } = record
  const parents = byModel(used) ? withContext(lineage.parents, used) : lineage.parents
  return {
    ...record,
    ...(notes.language === undefined ? {} : { language: notes.language }),
    facets: { ...record.facets, ...notes.facets },
    scores: { ...record.scores, ...keyed(notes.scores, owner, used) },
    lineage: {
      ...lineage,
      parents,
      ...(notes.members ? { members: unique([...(lineage.members ?? []), ...notes.members]).sort() } : {}),
      ...(notes.reviews ? { reviews: [...(lineage.reviews ?? []), ...notes.reviews] } : {}),
    },
  }
}

/**
 * A repaired record: same id, new payload and digest. What a model repaired is a generation deeper than all it saw, and
 * keeps who wrote it first; a rule changes neither.
 */
export function repair(record: Rec, payload: Payload, node: Node, used: Used): Rec {
  const { language, facets, scores, id, lineage } = record
  const repaired = {
    ...payload,
    id,
    digest: payloadDigest(payload),
    ...(language ? { language } : {}),
    facets: inherited(facets),
    scores,
  }
  if (!byModel(used)) return { ...repaired, lineage } as Rec
  const before = lineage.made
  const made = madeBy(node, used)
  return {
    ...repaired,
    lineage: {
      ...lineage,
      origin: 'synthetic',
      generation: 1 + deepest([record], used),
      parents: withContext(lineage.parents, used),
      made: {
        ...made,
        teachers: unique([...(before?.teachers ?? []), ...made.teachers]),
        prompts: unique([...(before?.prompts ?? []), ...made.prompts]),
        calls: unique([...(before?.calls ?? []), ...made.calls]),
      },
    },
  } as Rec
}

function madeBy(node: Node, used: Used, draft?: Draft, subject?: Rec): NonNullable<Rec['lineage']['made']> {
  const all = answered(used)
  for (const call of draft?.calls ?? []) {
    if (!all.some(({ calls }) => calls.includes(call))) {
      throw new StillroomError('SR_STEP_OUTCOME', `Step ${node.key} names a call that it did not make.`, {
        received: call,
      })
    }
  }
  // A question that was put again, or to somebody else, took several calls.
  const asked = draft?.calls ? all.filter(({ calls }) => draft.calls!.some(call => calls.includes(call))) : all
  const { source, made } = subject?.lineage ?? {}
  const place = draft?.span && (placeOf(source?.places, draft.span) ?? made?.place)
  return {
    step: node.key,
    version: `${node.step.verb}@${node.step.version}`,
    teachers: unique(asked.map(a => a.teacher)),
    prompts: unique(asked.flatMap(a => a.prompts)),
    calls: unique(asked.flatMap(a => a.calls)),
    ...(draft?.span ? { span: draft.span } : {}),
    ...(place === undefined ? {} : { place }),
  }
}

/**
 * Turns a draft into a record: id from the subjects, the step key and the draft's own name; digest; lineage with every
 * record whose text was used. What no model touched keeps origin and generation of its subjects; with a synthetic one among
 * them it is synthetic.
 */
export function sealMade(draft: Draft, subjects: Rec[], node: Node, used: Used): Rec {
  const model = draft.calls?.length === 0 ? false : byModel(used)
  const first = subjects[0]!
  const parents = withContext(
    subjects.map(({ id }) => ({ id, role: 'subject' as const })),
    used,
  )
  const oldest = deepest(subjects, used)
  const language = draft.notes?.language ?? first.language
  const record = {
    ...draft.payload,
    id: madeId(
      subjects.map(s => s.id),
      node.key,
      draft.key ?? draft.index,
    ),
    digest: payloadDigest(draft.payload),
    ...(language ? { language } : {}),
    facets: { ...inherited(first.facets), ...draft.notes?.facets },
    scores: keyed(draft.notes?.scores, node.owner, used, true),
    lineage: {
      origin: model || subjects.some(({ lineage }) => lineage.origin === 'synthetic') ? 'synthetic' : 'real',
      generation: model ? oldest + 1 : oldest,
      parents,
      made: madeBy(node, used, draft, first),
      ...(draft.notes?.members ? { members: draft.notes.members } : {}),
    },
  }
  return record as Rec
}

/** A record that a global fitted on its whole input: one parent of role `corpus`. */
export function sealEmitted(draft: Draft, corpus: Sha, generation: number, node: Node): Rec {
  return {
    ...draft.payload,
    id: madeId([corpus], node.key, draft.key ?? draft.index),
    digest: payloadDigest(draft.payload),
    ...(draft.notes?.language ? { language: draft.notes.language } : {}),
    facets: { ...draft.notes?.facets },
    scores: keyed(draft.notes?.scores, node.owner, nothingUsed()),
    lineage: {
      origin: 'synthetic',
      generation: generation + 1,
      parents: [{ id: corpus, role: 'corpus' }],
      made: madeBy(node, nothingUsed()),
    },
  } as Rec
}

/** A row of a grid: written by the recipe's author, so generation 0, and synthetic, since it is no sample of anything. */
export function sealGrid(draft: Draft, node: Node): Rec {
  return {
    ...draft.payload,
    id: madeId([], node.key, draft.key ?? draft.index),
    digest: payloadDigest(draft.payload),
    ...(draft.notes?.language ? { language: draft.notes.language } : {}),
    facets: { ...draft.notes?.facets },
    scores: {},
    lineage: {
      origin: 'synthetic',
      generation: 0,
      parents: [],
      source: { name: node.key, uri: 'recipe', license: 'not-applicable' },
      made: madeBy(node, nothingUsed()),
    },
  } as Rec
}
