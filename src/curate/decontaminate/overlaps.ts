import { split, type Units } from '../../kernels/index.ts'
import type { Rec } from '../../records/index.ts'
import { blockShare } from './blocks.ts'
import { keptPieces } from './cut.ts'
import { fuzzyMatches } from './fuzzy.ts'
import { type Found, type GramIndex, lengthOf, lookUp } from './gram-index.ts'
import { foldedLength, type Passage, passageOf, unfolded } from './passage.ts'
import type { Settings } from './profiles.ts'
import { entire, type Ignored, type Shared, type Stretch, sharedRuns } from './shared-runs.ts'
import { fieldsOf } from './texts.ts'

/**
 * A text of a benchmark that a row holds. `where` is the part of the row it was found in; `coverage` the measured share
 * of the benchmark's text, `ofRow` the share of that part of the row; `run` units of the longest run they share.
 */
export type Overlap = {
  set: string
  item: string
  field: string
  where: string
  coverage: number
  ofRow: number
  run: number
}
/**
 * The worst overlap, with both texts around the match, and the next ones. `items` counts all items that overlap, and
 * `sets` those of each set beside how many it has.
 */
export type Evidence = Overlap & {
  items: number
  sets: { [set: string]: { items: number; of: number } }
  others: Overlap[]
  row: Passage
  test: Passage
}
/** What is decided on a row: `keep` are the pieces that stay of a document that is cut. */
export type Decided = { evidence: Evidence; keep?: Stretch[] }

/** Overlaps that evidence lists beside the worst. */
const listed = 20

/** An overlap with what evidence needs of it: the exact measure, the benchmark's text, and the match in both folded texts. */
type Hit = { overlap: Overlap; exact: number; text: number; part: Part; row: Stretch; test: Stretch }
/** A stretch of a row that is looked at in one go: one field, or all of them under each other. */
type Part = { text: string; fields: [name: string, text: string][] }

/** Looks for a row's overlaps; undefined for a clean one. `items` are the numbers of the items it overlaps with, by set. */
export function lookAt(
  record: Rec,
  index: GramIndex,
  settings: Settings,
  ignored: Ignored,
): { decided: Decided; items: [set: string, item: number][] } | undefined {
  const hits: Hit[] = []
  let keep: Stretch[] | undefined
  for (const part of partsOf(record, settings)) {
    const u = split(part.text, 'match')
    const found = lookUp(u, index)
    if (!found) continue
    const shared = measured(u, found, index, settings, ignored)
    // A row that stands in the set itself, because it is also its source, is no copy of itself.
    const others = shared.filter(([{ text }]) => index.texts.all[text]![1] !== record.id)
    for (const [one, exact] of others) hits.push(hitOf(one, exact, part, u, index))
    if (settings.cut && record.kind === 'document' && others.length > 0)
      keep = keptPieces(part.text, u, found, index, ignored, settings.cut)
  }
  if (hits.length === 0) return undefined
  const name = ({ overlap: o }: Hit) => `${o.set}\u0000${o.item}\u0000${o.field}\u0000${o.where}`
  hits.sort((a, b) => b.exact - a.exact || b.overlap.run - a.overlap.run || (name(a) < name(b) ? -1 : 1))
  const items = new Map(hits.map(({ text, overlap }) => [index.item[text]!, overlap.set]))
  const [worst, ...rest] = hits as [Hit, ...Hit[]]
  const evidence: Evidence = {
    ...worst.overlap,
    items: items.size,
    sets: setsOf(items.values(), index),
    others: rest.slice(0, listed).map(({ overlap }) => overlap),
    row: passageOf(worst.part.text, unfolded(worst.part.text, [worst.row])[0]!),
    test: passageIn(worst, index),
  }
  return { decided: { evidence, ...(keep ? { keep } : {}) }, items: [...items].map(([item, set]) => [set, item]) }
}

function setsOf(sets: Iterable<string>, index: GramIndex): Evidence['sets'] {
  const found = new Map<string, Evidence['sets'][string]>()
  for (const set of [...sets].sort()) {
    found.set(set, { items: (found.get(set)?.items ?? 0) + 1, of: index.sizes.get(set)! })
  }
  return Object.fromEntries(found)
}

/** An answer may stand in another field than its question: a fuzzy match looks at the row as a whole. */
function partsOf(record: Rec, { measure }: Settings): Part[] {
  const fields = fieldsOf(record).filter(([, text]) => text !== '')
  if (measure !== 'fuzzy' || fields.length < 2) return fields.map(field => ({ text: field[1], fields: [field] }))
  return [{ text: fields.map(([, text]) => text).join('\n'), fields }]
}

/** What the row shares with each text of the benchmarks by more than is allowed, and how much of that text. */
function measured(u: Units, found: Found, index: GramIndex, settings: Settings, ignored: Ignored): [Shared, number][] {
  const { measure, coverage, gaps } = settings
  if (measure === 'fuzzy') {
    const whole = entire(u, found, index).map((shared): [Shared, number] => [shared, 1])
    return [...fuzzyMatches(u, found, index, ignored, coverage, gaps), ...whole]
  }
  const share = (shared: Shared): number =>
    measure === 'blocks' ? blockShare(u, shared, index) : shared.covered / lengthOf(index, shared.text)
  return sharedRuns(u, found, index, ignored)
    .map((shared): [Shared, number] => [shared, share(shared)])
    .filter(([, part]) => part > coverage || part >= 1)
}

function hitOf({ text, run, own }: Shared, exact: number, part: Part, u: Units, index: GramIndex): Hit {
  const [set, , item, field] = index.texts.all[text]!
  const row: Stretch = [u.starts[run.row[0]]!, u.ends[run.row[1] - 1]!]
  const base = index.from[text]!
  const test: Stretch = [index.starts[base + run.item[0]]!, index.ends[base + run.item[1] - 1]!]
  const overlap: Overlap = {
    ...{ set, item, field, where: whereOf(part, row[0]) },
    ...{ coverage: round(exact), ofRow: round(lengthOfAll(own) / u.count), run: run.row[1] - run.row[0] },
  }
  return { overlap, exact, text, part, row, test }
}

const round = (share: number) => Math.round(share * 1e4) / 1e4

function passageIn({ text, test }: Hit, index: GramIndex): Passage {
  const written = index.texts.all[text]![4]
  return passageOf(written, unfolded(written, [test])[0]!)
}

function whereOf({ fields }: Part, at: number): string {
  let end = -1
  for (const [name, text] of fields) {
    if (fields.length === 1) return name
    end += foldedLength(text) + 1
    if (at < end) return name
  }
  return fields.at(-1)![0]
}

/** Units in any of the stretches. */
function lengthOfAll(stretches: readonly Stretch[]): number {
  let [sum, reached] = [0, 0]
  for (const [from, to] of [...stretches].sort((a, b) => a[0] - b[0])) {
    sum += Math.max(0, to - Math.max(from, reached))
    reached = Math.max(reached, to)
  }
  return sum
}
