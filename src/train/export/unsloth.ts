import { chooseTrl, trlTypes } from './shapes.ts'
import type { Target } from './target.ts'

const { stepwise: _, 'preference-implicit': __, ...types } = trlTypes

/** Unsloth hands what its script loads to TRL, so that the rows are those of TRL. */
export const unsloth: Target = {
  name: 'unsloth',
  about: 'Unsloth: the rows that its script loads and hands to TRL',
  types,
  choose: (kind, seen) => (kind === 'row' ? undefined : chooseTrl(kind, seen)),
  ids: 'column',
}
