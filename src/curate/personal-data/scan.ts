import { type Candidate, raise, threshold } from './candidate.ts'
import { findCodes } from './codes.ts'
import { findDates } from './dates.ts'
import { type Entity, entities, entityNames, priority, wordsNear } from './entities.ts'
import { findJapanese } from './japan.ts'
import { marks } from './marks.ts'
import { findEmails, findHex, findIpv4, findSpelledEmails, findUrls } from './network.ts'
import { normal } from './normal.ts'
import { findNumbers } from './numbers.ts'
import { findPhones } from './phone.ts'
import { findSecrets } from './secrets.ts'

/** Personal data found in a text, in positions of that text (UTF-16 units). `value` is the same however it is written. */
export type Finding = { entity: Entity; start: number; end: number; score: number; value: string; rule?: string }

export type Scan = {
  /** What is looked for; see `chosen`. */
  wanted: ReadonlySet<Entity>
  /** Words of one's own that make an entity more likely when they stand near. */
  near?: { [E in Entity]?: readonly string[] }
  /** What the text is called, such as the name of its column: counts as standing near all of it. */
  hint?: string
}

const windowBefore = 60
const windowAfter = 32
/** A label of something else counts right before a value alone. */
const labelBefore = 40

type Words = { [E in Entity]?: RegExp }
const words = (kind: 'near' | 'far'): Words =>
  Object.fromEntries(
    entityNames.flatMap(name => (entities[name][kind] ? [[name, wordsNear(entities[name][kind])]] : [])),
  )
const known = words('near')
const against = words('far')
const escaped = (text: string) => text.replace(/[.*+?^${}()|[\]\\]/g, '\\$&')

/** Texts over `piece` are read in pieces with a margin on both sides, longer than anything that is found, so that memory stays bounded. */
const piece = 1 << 20
const margin = 1 << 15

/** Finds personal data and secrets by rules: form, check digit, and the words around. Time is linear in the text. */
export function scan(text: string, options: Scan): Finding[] {
  if (text.length <= piece) return scanPiece(text, options)
  const found: Finding[] = []
  let last = 0
  for (let at = 0; at < text.length; at += piece) {
    const from = Math.max(0, at - margin)
    for (const one of scanPiece(text.slice(from, at + piece + margin), options)) {
      const start = from + one.start
      // What begins before or after this piece is found in the one beside it.
      if (start < Math.max(at, last) || start >= at + piece) continue
      last = from + one.end
      found.push({ ...one, start, end: last })
    }
  }
  return found
}

function scanPiece(source: string, { wanted, near, hint }: Scan): Finding[] {
  const { text, original } = normal(source)
  const found = marks(text)
  const candidates: Candidate[] = []
  const own = new Map(
    Object.entries(near ?? {}).map(([name, words]) => [
      name,
      wordsNear(words.map(w => escaped(w.toLowerCase())).join('|')),
    ]),
  )
  const called = hint === undefined ? '' : `${hint.replace(/(?<=[a-z])(?=[A-Z])|[_-]+/g, ' ').toLowerCase()} `
  const around = (start: number, end: number) =>
    `${called}${text.slice(Math.max(0, start - windowBefore), start)} ${text.slice(end, end + windowAfter)}`.toLowerCase()
  const isNear = (entity: Entity, start: number, end: number) => {
    if (!known[entity] && !own.has(entity)) return false
    const words = around(start, end)
    return known[entity]?.test(words) || own.get(entity)?.test(words) || false
  }
  if (found.numbers.length > 0) {
    findNumbers(text, found, wanted, candidates)
    if (wanted.has('ip-address')) findIpv4(text, found, candidates)
    if (wanted.has('phone')) findPhones(text, found, (start, end) => isNear('phone', start, end), candidates)
  }
  if (found.codes.length > 0 || found.numbers.length > 0) findCodes(text, found, wanted, candidates)
  if (found.colons.length > 0 || wanted.has('mac-address')) findHex(text, found, wanted, candidates)
  if (found.ats.length > 0 && wanted.has('email')) findEmails(text, found, candidates)
  if (wanted.has('email')) findSpelledEmails(text, found, candidates)
  if (found.schemes.length > 0 && wanted.has('url')) findUrls(text, found, candidates)
  if (wanted.has('date') || wanted.has('date-of-birth')) findDates(text, found, wanted, candidates)
  findJapanese(text, found, wanted, candidates)
  if (wanted.has('secret')) findSecrets(text, found, candidates, hint)
  const likely = candidates.flatMap(candidate => {
    const { entity, score, start, end } = candidate
    if (entity === 'public' || score >= 1) return [candidate]
    const near = isNear(entity, start, end)
    if (!near && against[entity]?.test(text.slice(Math.max(0, start - labelBefore), start).toLowerCase())) return []
    const raised = near ? Math.min(1, score + (entities[entity].checked ? 2 : 1) * raise) : score
    return raised >= threshold ? [{ ...candidate, score: raised }] : []
  })
  return apart(likely).flatMap(({ entity, start, end, ...rest }) => {
    if (entity === 'public') return []
    const [from, to] = original(start, end)
    return [{ ...rest, entity, start: from, end: to }]
  })
}

const rank = ({ entity }: Candidate) => (entity === 'public' ? -1 : priority[entity])

/** Of candidates that overlap the most certain stays, then the longest, then the first in the table; in order of the text. */
export function apart(candidates: Candidate[]): Candidate[] {
  const kept: Candidate[] = []
  const sorted = candidates.sort((a, b) => a.start - b.start)
  for (let i = 0; i < sorted.length; ) {
    // Candidates that hang together by overlap are settled among themselves.
    let reach = sorted[i]!.end
    let j = i + 1
    while (j < sorted.length && sorted[j]!.start < reach) reach = Math.max(reach, sorted[j++]!.end)
    if (j === i + 1) kept.push(sorted[i]!)
    else {
      const base = sorted[i]!.start
      const taken = new Uint8Array(reach - base)
      const some = sorted.slice(i, j)
      some.sort((a, b) => b.score - a.score || b.end - b.start - (a.end - a.start) || rank(a) - rank(b))
      const stay = some.filter(({ start, end }) => {
        if (taken.subarray(start - base, end - base).includes(1)) return false
        taken.fill(1, start - base, end - base)
        return true
      })
      kept.push(...stay.sort((a, b) => a.start - b.start))
    }
    i = j
  }
  return kept
}
