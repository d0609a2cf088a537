/**
 * The split of a kind of rows that a trainer looks at while it trains: the first of these that has any. What was cut off for
 * the end stays unseen where there is another.
 */
export const heldOutOf = (has: (split: string) => boolean): string | undefined =>
  ['validation', 'dev', 'test'].find(has)
