/** An index over hashes, as a program keeps it: where each hash stands first, and where the same one stands next. */
export type GramsTwin = { hashes: BigUint64Array; next: Int32Array; first: Map<bigint, number> }

export function openGrams(hashes: BigUint64Array): GramsTwin {
  const first = new Map<bigint, number>()
  const next = new Int32Array(hashes.length).fill(-1)
  for (let i = hashes.length - 1; i >= 0; i--) {
    next[i] = first.get(hashes[i]!) ?? -1
    first.set(hashes[i]!, i)
  }
  return { hashes, next, first }
}

/** Writes for each hash its first position in the index, or -1, and says how many were found. */
export function probe({ first }: GramsTwin, hashes: BigUint64Array, out: Int32Array): number {
  let found = 0
  for (let i = 0; i < hashes.length; i++) {
    out[i] = first.get(hashes[i]!) ?? -1
    if (out[i]! >= 0) found++
  }
  return found
}
