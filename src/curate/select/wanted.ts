import { z } from 'zod'

/** How many rows a selection keeps: options of each way to select. */
export const wantedShape = {
  size: z.number().int().min(0).optional().describe('Number of rows to keep'),
  share: z
    .number()
    .min(0)
    .max(1)
    .optional()
    .describe('Share of the rows to keep, rounded down; rows that cannot be chosen do not count'),
}
type Wanted = { size?: number | undefined; share?: number | undefined }

export const eitherOne = (o: Wanted) => (o.size === undefined) !== (o.share === undefined)
export const eitherOneSaid = 'give either size or share'

export const wanted = ({ size, share = 0 }: Wanted, rows: number): number => size ?? Math.floor(share * rows + 1e-9)

/** Sentences for people: what was chosen of what there was, and what is short. */
export function said(kept: number, of: number, options: Wanted): string[] {
  const asked = wanted(options, of)
  return [
    `${kept} of ${of} rows that can be chosen are kept`,
    ...(kept < asked ? [`${asked - kept} rows are missing of the ${asked} that were asked for`] : []),
  ]
}

/** Higher values first, then by a hash of the id, so that equal rows are taken evenly from everywhere. */
export type Ranked = { id: string; value: number; hash: number }
export const byRank = (a: Ranked, b: Ranked): number =>
  (a.value === b.value ? 0 : b.value > a.value ? 1 : -1) || a.hash - b.hash || (a.id < b.id ? -1 : a.id > b.id ? 1 : 0)
