/** Reasons of steps that divide: what one of them leaves out goes on in the other branch, and is not lost. */
export const divided: ReadonlySet<string> = new Set(['held-out', 'not-held-out'])
