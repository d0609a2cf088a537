/** A span with its type, as labelled or as found. */
export type Span = { entity: string; start: number; end: number }
/** What one entity got: spans labelled and found, those of them that match by overlap and exactly. */
export type SpanScore = { gold: number; found: number; matched: number; exact: number }

const overlap = (a: Span, b: Span) => {
  const both = Math.min(a.end, b.end) - Math.max(a.start, b.start)
  return both <= 0 ? 0 : both / (Math.max(a.end, b.end) - Math.min(a.start, b.start))
}

/** Counts of one text: same type, one to one, intersection over union of at least a half. */
export function scoreSpans(gold: readonly Span[], found: readonly Span[], into: Map<string, SpanScore>): void {
  const of = (entity: string) => {
    const known = into.get(entity) ?? { gold: 0, found: 0, matched: 0, exact: 0 }
    into.set(entity, known)
    return known
  }
  for (const { entity } of gold) of(entity).gold++
  for (const { entity } of found) of(entity).found++
  const pairs = gold
    .flatMap((a, i) =>
      found.map((b, j) => ({ i, j, entity: a.entity, iou: a.entity === b.entity ? overlap(a, b) : 0 })),
    )
    .filter(pair => pair.iou >= 0.5)
    .sort((a, b) => b.iou - a.iou)
  const used = [new Set<number>(), new Set<number>()] as const
  for (const { i, j, entity, iou } of pairs) {
    if (used[0].has(i) || used[1].has(j)) continue
    used[0].add(i)
    used[1].add(j)
    of(entity).matched++
    if (iou === 1) of(entity).exact++
  }
}

/** Precision, recall and F-beta with beta 2, which weighs recall four times: (1+b^2)PR / (b^2 P+R). */
export function figuresOf({ gold, found, matched }: Omit<SpanScore, 'exact'>): {
  precision: number
  recall: number
  f2: number
} {
  const precision = found === 0 ? 1 : matched / found
  const recall = gold === 0 ? 1 : matched / gold
  return { precision, recall, f2: precision + recall === 0 ? 0 : (5 * precision * recall) / (4 * precision + recall) }
}

/** Characters of labelled spans, letters and digits alone, that no found span covers, whatever its type. */
export function leaked(text: string, gold: readonly Span[], found: readonly Span[]): { left: number; of: number } {
  let left = 0
  let of = 0
  for (const { start, end } of gold) {
    for (let i = start; i < end; i++) {
      if (!/[\p{L}\p{N}]/u.test(text[i]!)) continue
      of++
      if (!found.some(span => span.start <= i && i < span.end)) left++
    }
  }
  return { left, of }
}
