import { xxhash64 } from '../../kernels/index.ts'
import { normaliseForMatch } from '../../text/index.ts'

/** What a UTF-16 code unit is to the matching form; of those from `comma` on the neighbours decide. */
const is = {
  /** Folds to more than one code unit, or together with its neighbours. */
  tangled: 0,
  letter: 1,
  number: 2,
  mark: 3,
  operator: 4,
  other: 5,
  closing: 6,
  surrogate: 7,
  comma: 8,
  apostrophe: 9,
  pointOrSlash: 10,
  hyphen: 11,
} as const
const special: { [char: string]: number } = {
  ',': is.comma,
  "'": is.apostrophe,
  '\u2019': is.apostrophe,
  '.': is.pointOrSlash,
  '/': is.pointOrSlash,
  '-': is.hyphen,
  ')': is.closing,
  ']': is.closing,
}
const superscripts = /[⁰¹²³⁴-⁹]+/g
const hyphens = /[\u2010-\u2015\u2212\ufe63]/g
const invisible = /\p{Cf}/gu
const space = 0x20
/** Stands behind a text; in a text it separates as any control character does. */
const nothing = 0
/** What joins its neighbours: marks, parts of Korean syllables and half-width kana; a last sigma has its own small form. */
const joins = /[\p{M}\u1100-\u11ff\ua960-\ua97f\ud7b0-\ud7ff\uff9e-\uffdc\u03a3]/u

/** The first steps of `normaliseForMatch`: all that changes letters and numbers. */
const folded = (text: string): string =>
  text
    .replace(superscripts, digits => `^${digits.normalize('NFKC')}`)
    .normalize('NFKC')
    .toLowerCase()
    .replace(invisible, '')
    .replace(/\u2044/g, '/')
    .replace(hyphens, '-')

function kindOf(char: string): number {
  if (special[char] !== undefined) return special[char]
  if (/[+<=>^×÷±]/.test(char)) return is.operator
  if (/\p{L}/u.test(char)) return is.letter
  if (/\p{N}/u.test(char)) return is.number
  return /\p{M}/u.test(char) ? is.mark : is.other
}

/** `steps` are what to write for letters, numbers and marks, a space with bit 16 for what separates, and 0 for all else. */
type Table = { kinds: Uint8Array; folds: Uint16Array; steps: Uint32Array }
let tables: { written: Table; folded: Table } | undefined
/** Kinds and folds of the code units of a text as written, and of one that `folded` went over. */
function tablesOf(): { written: Table; folded: Table } {
  if (tables) return tables
  const make = (): Table => ({
    kinds: new Uint8Array(65536),
    folds: Uint16Array.from({ length: 65536 }, (_, i) => i),
    steps: new Uint32Array(65536),
  })
  tables = { written: make(), folded: make() }
  for (let unit = 0; unit < 65536; unit++) {
    if (unit >= 0xd800 && unit < 0xe000) {
      tables.written.kinds[unit] = is.surrogate
      tables.folded.kinds[unit] = is.surrogate
      continue
    }
    // Ideographs and Korean syllables stand for themselves: half of all, and as many expressions saved.
    if ((unit >= 0x4e00 && unit < 0xa000) || (unit >= 0xac00 && unit < 0xd7a4)) {
      tables.written.kinds[unit] = is.letter
      tables.folded.kinds[unit] = is.letter
      continue
    }
    const char = String.fromCharCode(unit)
    tables.folded.kinds[unit] = kindOf(char)
    const to = folded(char)
    if (to.length !== 1 || joins.test(char + to)) continue
    tables.written.kinds[unit] = kindOf(to)
    tables.written.folds[unit] = to.charCodeAt(0)
  }
  for (const { kinds, folds, steps } of Object.values(tables)) {
    for (let unit = 0; unit < 65536; unit++) {
      const kind = kinds[unit]!
      if (kind >= is.letter && kind <= is.mark) steps[unit] = folds[unit]!
      else if (kind === is.other || kind === is.closing) steps[unit] = 0x10000 + space
    }
    steps[nothing] = 0
  }
  return tables
}

const points = new Map<number, number>()
/** Kind of a code point beyond the basic plane; tangled unless it is a symbol or an ideograph that stays as it is. */
function kindOfPoint(point: number): number {
  let kind = points.get(point)
  if (kind === undefined) {
    const char = String.fromCodePoint(point)
    const letterOrSymbol = /\p{L}/u.test(char) ? is.letter : is.other
    kind = point >= 0x1f000 && folded(char) === char && !/[\p{M}\p{N}]/u.test(char) ? letterOrSymbol : is.tangled
    points.set(point, kind)
  }
  return kind
}

const roomy = 1 << 20
let given = Buffer.alloc(0)
let units = new Uint16Array(0)
let out = new Uint16Array(0)
function makeRoom(length: number): void {
  if (length <= out.length && (out.length <= roomy || length > roomy)) return
  const size = Math.max(1 << 14, length + (length >> 1))
  given = Buffer.allocUnsafeSlow(size * 2)
  units = new Uint16Array(given.buffer, 0, size)
  out = new Uint16Array(size)
}

/** What becomes of a sign among its neighbours; `ask` where they do not tell it all. */
const then = { separates: 0, stays: 1, goes: 2, operates: 3, ask: 4 } as const
/** By the kinds of the unit before, the sign and the unit after, four bits each: where signs stand is hard to guess for a processor. */
const actions = new Uint8Array(4096)
for (let all = 0; all < actions.length; all++) {
  const [before, kind, after] = [all >> 8, (all >> 4) & 15, all & 15]
  const numbers = before === is.number && after === is.number
  const unclear = [before, after].some(kind => kind === is.tangled || kind === is.surrogate)
  const bound = before === is.letter || before === is.number || before === is.mark || before === is.closing
  let action: number = then.separates
  if (kind === is.operator) action = then.operates
  else if (kind === is.tangled || kind === is.surrogate || (kind >= is.comma && unclear)) action = then.ask
  else if (kind === is.apostrophe && before === is.letter && after === is.letter) action = then.goes
  else if (kind === is.pointOrSlash && numbers) action = then.stays
  else if (kind === is.comma && numbers) action = then.ask
  else if (kind === is.hyphen && !bound && after === is.number) action = then.stays
  else if (kind === is.hyphen && !bound && after === is.pointOrSlash) action = then.ask
  actions[all] = action
}

/** Folds a text into `out` and gives the length there; undefined where this table cannot. */
function fold(text: string, { kinds, folds, steps }: Table): number | undefined {
  makeRoom(text.length + 4)
  given.write(text, 'utf16le')
  const length = text.length
  const from = units
  const to = out
  // Behind the text there is nothing, as far as a sign looks; the first of it ends a run of plain units.
  from.fill(space, length, length + 4)
  from[length] = nothing
  let n = 0
  // 1 where a space would be the second one, the first of all, or beside an operator. Without a branch, as ends of words
  // are as hard to guess.
  let spaced = 1
  for (let i = 0; i < length; i++) {
    for (let step = steps[from[i]!]!; step !== 0; step = steps[from[++i]!]!) {
      to[n] = step
      n += 1 - (spaced & (step >>> 16))
      spaced = step >>> 16
    }
    if (i >= length) break
    const before = i === 0 ? is.other : kinds[from[i - 1]!]!
    let action: number = actions[(before << 8) | (kinds[from[i]!]! << 4) | kinds[from[i + 1]!]!]!
    if (action === then.ask) {
      if (kinds[from[i]!] === is.surrogate) {
        const point = text.codePointAt(i)!
        const kind = point < 0x10000 ? is.other : kindOfPoint(point)
        if (kind === is.tangled) return undefined
        if (kind === is.letter) to[n++] = from[i]!
        action = kind === is.letter ? then.stays : then.separates
        if (point > 0xffff) i++
      } else {
        const asked = furtherOn(from, i, kinds, folds)
        if (asked === undefined) return undefined
        action = asked
      }
    }
    if (action === then.separates) {
      to[n] = space
      n += 1 - spaced
      spaced = 1
    } else if (action !== then.goes) {
      if (action === then.operates && n > 0 && to[n - 1] === space) n--
      to[n++] = folds[from[i]!]!
      spaced = action === then.operates ? 1 : 0
    }
  }
  return n > 0 && to[n - 1] === space ? n - 1 : n
}

/** A comma between numbers goes before exactly three of them; a hyphen before a point stays where a number follows. */
function furtherOn(from: Uint16Array, i: number, kinds: Uint8Array, folds: Uint16Array): number | undefined {
  const unclear = (place: number) => kinds[from[place]!] === is.tangled || kinds[from[place]!] === is.surrogate
  const number = (place: number) => kinds[from[place]!] === is.number
  if ((i > 0 && unclear(i - 1)) || unclear(i) || unclear(i + 1)) return undefined
  if (kinds[from[i]!] === is.comma) {
    if (!number(i + 2) || !number(i + 3)) return then.separates
    return unclear(i + 4) ? undefined : number(i + 4) ? then.separates : then.goes
  }
  if (folds[from[i + 1]!] !== 0x2e) return then.separates
  return unclear(i + 2) ? undefined : number(i + 2) ? then.stays : then.separates
}

/** The matching form of a text on memory that the next one reuses. */
export type MatchingForm = { units: Uint16Array; length: number }

/**
 * What `normaliseForMatch` makes of a text, without its chain of expressions: one look-up a code unit. Where a table of
 * single code units cannot tell, the text is folded as a whole first; where a sign stands beside a character beyond the
 * basic plane, the expressions decide. That both agree is a property in the tests.
 */
export function matchingForm(text: string): MatchingForm {
  const { written, folded: after } = tablesOf()
  let length = fold(text, written) ?? fold(folded(text), after)
  if (length === undefined) {
    const form = normaliseForMatch(text)
    makeRoom(form.length)
    given.write(form, 'utf16le')
    out.set(units.subarray(0, form.length))
    length = form.length
  }
  return { units: out, length }
}

/** A 64-bit key of a matching form; `lane` 1 gives another 64 bits, for texts of which many millions meet. */
export const keyOf = ({ units, length }: MatchingForm, lane: 0 | 1 = 0): bigint =>
  xxhash64(new Uint8Array(units.buffer, units.byteOffset, length * 2), BigInt(lane))

/** Width in columns, in which a character of Chinese, Japanese or Korean takes two: about as much as two Latin letters say. */
export function columns({ units, length }: MatchingForm): number {
  let wide = 0
  for (let i = 0; i < length; i++) if (units[i]! >= 0x2e80 && (units[i]! < 0xd800 || units[i]! >= 0xe000)) wide++
  return length + wide
}
