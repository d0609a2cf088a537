import type { Entity } from './entities.ts'

/**
 * Something that may be personal data, in the positions of the normalised text. `score` is what its form and check digit
 * say; words near it raise it. `public` is what only looks like it (an article number, a documentation address): it takes
 * the place of what it overlaps and is not reported.
 */
export type Candidate = {
  entity: Entity | 'public'
  start: number
  end: number
  score: number
  /** The same for every way of writing it: what surrogates and counts go by. */
  value: string
  /** Which secret, for the evidence. */
  rule?: string
}

/** Certain: a check digit that few other numbers share, or a form that nothing else has. */
export const certain = 1
/** Likely enough to stand alone. */
export const likely = 0.6
/** Found only with a word near it: `weak` + `raise` is over the threshold, `weak` alone is not. */
export const weak = 0.3
/** As `weak`, and behind it where both have their word. */
export const faint = 0.2
export const raise = 0.35
/** What is under this is no finding. */
export const threshold = 0.5
