import { z } from 'zod'
import type { Id, Rec } from '../../records/index.ts'
import { defineGlobal, type GlobalStep } from '../../steps/index.ts'
import { append, type Lists, listAt, lists, offsets } from './columns.ts'
import { columns, keyOf, matchingForm } from './matching-form.ts'
import { groupEqual } from './meet.ts'
import { bySurvival, openStandings, type Standing, type Standings, shape, sides, standingAt } from './survivors.ts'

/** Options of `paragraphs` and `lines`. */
export const passageShape = {
  action: z
    .enum(['cut', 'flag'])
    .default('cut')
    .describe(
      'Cut them out of all documents but the first one by `prefer`, or store the share of each document that is its own as `<step key>/own-lines` or `<step key>/own-paragraphs`',
    ),
  seen: z.number().int().min(2).default(2).describe('Documents that one must stand in'),
  min: z
    .number()
    .int()
    .positive()
    .default(20)
    .describe(
      'Shorter ones never count: columns without marks and spaces at the ends; a Chinese or Japanese character takes two',
    ),
}
const { prefer, against } = shape
const options = z.strictObject({ prefer, against, ...passageShape })
type Options = z.output<typeof options>
type Unit = 'paragraphs' | 'lines'

const fence = /^ {0,3}(`{3,}|~{3,})/
const heading = /^ {0,3}#{1,6}[ \t]/
/** Headings and rows of tables: without them what they head falls apart. */
const carrying = /^ {0,3}(?:#{1,6}[ \t]|\|)/

/**
 * The lines from `start` to `end` (exclusive) of each passage. A paragraph ends at a blank line outside code, and a
 * heading alone is none. Of a document's lines those of code, tables and headings are left out, because what is left
 * would not stand without them, and so are the fields above a document (front matter).
 */
export function passagesOf(all: readonly string[], unit: Unit): [start: number, end: number][] {
  const found: [number, number][] = []
  let open: string | undefined
  let start = -1
  const fields = all[0]?.trimEnd() === '---' ? all.findIndex((line, i) => i > 0 && line.trimEnd() === '---') : -1
  for (let i = fields + 1; i <= all.length; i++) {
    const line = all[i]
    const mark = line === undefined ? undefined : fence.exec(line)?.[1]
    const inside = open !== undefined || mark !== undefined
    if (mark !== undefined && open === undefined) open = mark
    else if (open !== undefined && mark?.startsWith(open)) open = undefined
    const blank = line === undefined || (!inside && line.trim() === '')
    if (unit === 'lines') {
      if (!blank && !inside && !carrying.test(line!)) found.push([i, i + 1])
    } else if (blank) {
      if (start >= 0 && (i > start + 1 || !heading.test(all[start]!))) found.push([start, i])
      start = -1
    } else if (start < 0) start = i
  }
  return found
}

const spoken = /[\p{L}\p{N}]/u

/** The passages that are long enough, with the key of their matching form: their place in this list names them. */
function counted(all: readonly string[], unit: Unit, min: number): { key: bigint; start: number; end: number }[] {
  const found: { key: bigint; start: number; end: number }[] = []
  for (const [start, end] of passagesOf(all, unit)) {
    const text = end === start + 1 ? all[start]! : all.slice(start, end).join('\n')
    if (!spoken.test(text)) continue
    const form = matchingForm(text)
    if (form.length * 2 >= min && columns(form) >= min) found.push({ key: keyOf(form), start, end })
  }
  return found
}

/** The text without these lines, and without the blank ones that stood between them and the next. */
function without(all: readonly string[], gone: Uint8Array): string {
  const kept: string[] = []
  let cut = false
  for (let i = 0; i < all.length; i++) {
    if (gone[i]) cut = true
    else if (all[i]!.trim() !== '') {
      kept.push(all[i]!)
      cut = false
    } else if (!cut || (kept.length > 0 && kept.at(-1)!.trim() !== '')) kept.push(all[i]!)
  }
  if (cut) while (kept.length > 0 && kept.at(-1)!.trim() === '') kept.pop()
  return kept.join('\n')
}

type Segment = Standings & { keys: Lists<BigUint64Array> }

function dedupePassages(unit: Unit): GlobalStep<Options> {
  const repeated = `repeated-${unit}`
  const aspect = `own-${unit}`
  return defineGlobal<Options>({
    verb: `dedupe-${unit}`,
    about: `Finds ${unit} that stand in several documents, and cuts them out of all but the first.`,
    version: 1,
    options,
    takes: ['document'],
    gives: 'same',
    reasons: [repeated, 'nothing-left'],
    side: sides,
    passes: [
      {
        survey(records, { prefer, min }, { side }): Map<number, Segment[]> {
          const standings = openStandings(side, prefer)
          const keys: BigUint64Array[] = []
          for (const record of records) {
            if (record.kind !== 'document') continue
            const own = counted(record.text.split('\n'), unit, min)
            if (own.length === 0) continue
            standings.add(record)
            keys.push(BigUint64Array.from(own, ({ key }) => key))
          }
          return new Map([[0, [{ ...standings.close(), keys: lists(keys, BigUint64Array) }]]])
        },
        merge: append<Segment>,
        decide(_, segments: Segment[], { seen }) {
          const { starts, rows } = offsets(segments)
          const keys = lists(
            segments.map(({ keys }) => keys.all),
            BigUint64Array,
          )
          /** Of each passage its row and its place in it. */
          const rowOf = new Int32Array(keys.all.length)
          const placeOf = new Int32Array(keys.all.length)
          let at = 0
          for (const [s, { keys, rows }] of segments.entries()) {
            for (let row = 0; row < rows; row++) {
              const { length } = listAt(keys, row)
              for (let place = 0; place < length; place++, at++) {
                rowOf[at] = starts[s]! + row
                placeOf[at] = place
              }
            }
          }
          const standings: Standing[] = new Array(rows)
          const standing = (row: number): Standing => {
            standings[row] ??= standingAt(segments, starts, row)
            return standings[row]
          }
          const gone = new Map<number, number[]>()
          const groups = groupEqual(keys.all)
          let from = 0
          let passages = 0
          for (const end of groups.ends) {
            const group = groups.rows.subarray(from, end)
            from = end
            // Places ascend, so that a passage which a record repeats stands together.
            let [records, first] = [1, rowOf[group[0]!]!]
            for (let i = 1; i < group.length; i++) {
              const row = rowOf[group[i]!]!
              if (row === rowOf[group[i - 1]!]) continue
              records++
              if (bySurvival(standing(row), standing(first)) < 0) first = row
            }
            if (records < seen) continue
            passages++
            for (const at of group) {
              const row = rowOf[at]!
              if (row === first || standing(row).side !== undefined || standing(row).id === standing(first).id) continue
              const places = gone.get(row)
              if (places) places.push(placeOf[at]!)
              else gone.set(row, [placeOf[at]!])
            }
          }
          const each: [Id, number[]][] = []
          for (const [row, places] of gone) each.push([standing(row).id, places.sort((a, b) => a - b)])
          return { each, passages }
        },
        combine(parts: { each: [Id, number[]][]; passages: number }[], { seen }) {
          const each = new Map(parts.flatMap(part => part.each))
          const passages = parts.reduce((sum, part) => sum + part.passages, 0)
          const told = `${unit} that stand in ${seen} documents or more: ${passages}; documents that repeat them: ${each.size}`
          return { each, notes: passages > 0 ? [told] : [] }
        },
      },
    ],
    apply(record: Rec, decided, _, { action, min }) {
      if (record.kind !== 'document') return { is: 'passed' }
      const all = record.text.split('\n')
      const places = decided as number[] | undefined
      const gone = new Uint8Array(all.length)
      if (places) {
        const own = counted(all, unit, min)
        for (const place of places) gone.fill(1, own[place]!.start, own[place]!.end)
      }
      let [cut, whole] = [0, 0]
      for (let i = 0; i < all.length; i++) {
        const { length } = all[i]!.trim()
        whole += length
        if (gone[i]) cut += length
      }
      const value = whole === 0 ? 1 : Math.round((1e4 * (whole - cut)) / whole) / 1e4
      const notes = { scores: { [aspect]: { method: `dedupe-${unit}`, value } } }
      if (action === 'flag') return { is: 'passed', notes }
      if (!places) return { is: 'passed' }
      const text = without(all, gone)
      if (matchingForm(text).length === 0)
        return { is: 'dropped', reason: 'nothing-left', evidence: { [unit]: places.length } }
      const { kind, title, uri } = record
      const payload = { kind, text, ...(title === undefined ? {} : { title }), ...(uri === undefined ? {} : { uri }) }
      return { is: 'fixed', reason: repeated, payload, notes }
    },
  })
}

/** Paragraphs that stand in several documents: notices, footers, introductions. */
export const dedupeParagraphs: GlobalStep<Options> = dedupePassages('paragraphs')
/** Lines that stand in several documents. */
export const dedupeLines: GlobalStep<Options> = dedupePassages('lines')
