import type { Units } from '../../kernels/index.ts'
import { enough, type Found, type GramIndex, type Layer, sameUnit, weightOf } from './gram-index.ts'
import { unfolded, whole } from './passage.ts'
import type { Cut } from './profiles.ts'
import { entire, type Ignored, type Stretch } from './shared-runs.ts'

/**
 * The pieces that stay of a document when every match is taken out with a margin on each side, as characters of the text;
 * undefined when none is long enough, or there are more than a document may fall into.
 */
export function keptPieces(
  text: string,
  u: Units,
  found: Found,
  index: GramIndex,
  ignored: Ignored,
  { margin, least, pieces }: Cut,
): Stretch[] | undefined {
  const matches = joined([
    ...(['words', 'characters'] as const).flatMap(name =>
      stretches(u, index[name], found[name], index, head => ignored[name].has(head)),
    ),
    ...entire(u, found, index).flatMap(({ own }) => own),
  ])
  const folded = matches.map(([from, to]): Stretch => [u.starts[from]!, u.ends[to - 1]!])
  const kept: Stretch[] = []
  let from = 0
  for (const [start, end] of [...unfolded(text, folded), [Number.POSITIVE_INFINITY, 0] as Stretch]) {
    const to = Math.max(0, Math.min(text.length, start - (start === Number.POSITIVE_INFINITY ? 0 : margin)))
    const piece: Stretch = [whole(text, from), whole(text, to)]
    if (piece[1] - piece[0] >= least && text.slice(...piece).trim() !== '') kept.push(piece)
    from = Math.min(text.length, Math.max(from, end + margin))
    if (kept.length > pieces) return undefined
  }
  return kept.length > 0 ? kept : undefined
}

/** Everything in a row that is part of an n-gram of a benchmark, where what comes together weighs enough. */
function stretches(
  u: Units,
  layer: Layer,
  heads: Int32Array | undefined,
  index: GramIndex,
  isIgnored: (head: number) => boolean,
): Stretch[] {
  const found: Stretch[] = []
  for (let place = 0; place < (heads?.length ?? 0); place++) {
    const head = heads![place]!
    if (head < 0 || isIgnored(head) || !isSame(u, place, layer, head, index)) continue
    const last = found.at(-1)
    if (last && place <= last[1]) last[1] = place + layer.n
    else found.push([place, place + layer.n])
  }
  return found.filter(([from, to]) => weightOf(u.kinds, from, to, index.length) >= enough(index.length))
}

function isSame(u: Units, place: number, layer: Layer, head: number, index: GramIndex): boolean {
  const text = layer.owners[layer.first[head]!]!
  for (let i = 0; i < layer.n; i++) if (!sameUnit(u, place + i, index, text, layer.at[head]! + i)) return false
  return true
}

function joined(all: Stretch[]): Stretch[] {
  const out: Stretch[] = []
  for (const [from, to] of all.sort((a, b) => a[0] - b[0])) {
    const last = out.at(-1)
    if (last && from <= last[1]) last[1] = Math.max(last[1], to)
    else out.push([from, to])
  }
  return out
}
