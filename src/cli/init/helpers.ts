import { type Draft, realOnes } from './draft.ts'
import type { Group } from './seen.ts'

type Real = 'queries' | 'conversations'
const wanted: { readonly [way in Draft['decision']['way']]?: readonly Real[] } = {
  'teach-documents': ['queries', 'conversations'],
  'teach-queries': ['conversations'],
  'exam-documents': ['queries'],
}

/** Sources beside those that rows are made of, which the steps name: of each material the one with most records. */
export const helpers = (draft: Pick<Draft, 'seen' | 'decision'>): Group[] =>
  (wanted[draft.decision.way] ?? []).flatMap(material =>
    realOnes(draft, material)
      .toSorted((a, b) => b.records - a.records || (a.name < b.name ? -1 : 1))
      .slice(0, 1),
  )
