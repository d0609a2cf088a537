import { type Draft, realOnes } from './draft.ts'
import type { Group } from './seen.ts'

type Real = 'queries' | 'conversations'
const wanted: { readonly [way in Draft['decision']['way']]?: readonly Real[] } = {
  'teach-documents': ['queries', 'conversations'],
  'teach-queries': ['conversations'],
  'exam-documents': ['queries'],
}

/** Sources beside those that rows are made of, which the steps name. */
export const helpers = (draft: Pick<Draft, 'seen' | 'decision'>): Group[] =>
  realOnes(draft, ...(wanted[draft.decision.way] ?? []))
