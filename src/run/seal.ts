import { StillroomError } from '../errors/index.ts'
import type { Node } from '../recipe/index.ts'
import {
  type Facets,
  type Id,
  madeId,
  type Notes,
  type Parent,
  type Payload,
  payloadDigest,
  type Rec,
  type Score,
  type Sha,
} from '../records/index.ts'
import type { Draft } from '../steps/index.ts'

/** What a record's processing used: the engine's own notes, out of which lineage is written. */
export type Used = { calls: Sha[]; teachers: string[]; prompts: Sha[]; context: Id[] }
export const nothingUsed = (): Used => ({ calls: [], teachers: [], prompts: [], context: [] })

/** Facets that describe the content itself and so never pass to a record made from it. */
const ownFacets = ['tokens', 'tokenizer', 'split', 'injection']

function inherited(facets: Facets): Facets {
  return Object.fromEntries(Object.entries(facets).filter(([name]) => !ownFacets.includes(name)))
}

function keyed(scores: { [aspect: string]: Score } | undefined, owner: string, used: Used): { [name: string]: Score } {
  return Object.fromEntries(
    Object.entries(scores ?? {}).map(([aspect, score]) => [
      `${owner}/${aspect}`,
      // The engine knows who was asked; a step may name a judge by its name in the recipe only.
      score.judge !== undefined && used.teachers.length > 0 ? { ...score, judge: used.teachers[0]! } : score,
    ]),
  )
}

/** A record with what a step noted about it: the content, and so the digest, stays. */
export function annotate(record: Rec, notes: Notes | undefined, owner: string, used: Used = nothingUsed()): Rec {
  if (!notes) return record
  return {
    ...record,
    ...(notes.language === undefined ? {} : { language: notes.language }),
    facets: { ...record.facets, ...notes.facets },
    scores: { ...record.scores, ...keyed(notes.scores, owner, used) },
    lineage: notes.members
      ? { ...record.lineage, members: [...new Set([...(record.lineage.members ?? []), ...notes.members])].sort() }
      : record.lineage,
  }
}

/** A repaired record: same id, new payload and digest. A model's hand raises the generation, a rule's does not. */
export function repair(record: Rec, payload: Payload, node: Node, used: Used): Rec {
  const { language, facets, scores, id, lineage } = record
  const model = used.calls.length > 0
  return {
    ...payload,
    id,
    digest: payloadDigest(payload),
    ...(language ? { language } : {}),
    facets: inherited(facets),
    scores,
    lineage: model
      ? { ...lineage, origin: 'synthetic', generation: lineage.generation + 1, made: madeBy(node, used) }
      : lineage,
  } as Rec
}

function madeBy(node: Node, used: Used, draft?: Draft): NonNullable<Rec['lineage']['made']> {
  for (const call of draft?.calls ?? []) {
    if (!used.calls.includes(call)) {
      throw new StillroomError('SR_STEP_OUTCOME', `Step ${node.key} names a call that it did not make.`, {
        received: call,
      })
    }
  }
  return {
    step: node.key,
    version: `${node.step.verb}@${node.step.version}`,
    teachers: used.teachers,
    prompts: used.prompts,
    calls: draft?.calls ?? used.calls,
    ...(draft?.span ? { span: draft.span } : {}),
  }
}

/**
 * Turns a draft into a record: id from the subjects, the step key and the draft's own name; digest; lineage with every
 * record whose text was used. What no model touched keeps origin and generation of its subject.
 */
export function sealMade(draft: Draft, subjects: Rec[], node: Node, used: Used, contextRecords: Map<Id, Rec>): Rec {
  const model = used.calls.length > 0
  const first = subjects[0]!
  const parents: Parent[] = [
    ...subjects.map(s => ({ id: s.id, role: 'subject' as const })),
    ...used.context.filter(id => !subjects.some(s => s.id === id)).map(id => ({ id, role: 'context' as const })),
  ]
  const generations = [...subjects, ...used.context.map(id => contextRecords.get(id))].map(
    r => r?.lineage.generation ?? 0,
  )
  const oldest = Math.max(0, ...generations)
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
    scores: keyed(draft.notes?.scores, node.owner, used),
    lineage: {
      origin: model ? 'synthetic' : first.lineage.origin,
      generation: model ? oldest + 1 : oldest,
      parents,
      made: madeBy(node, used, draft),
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
