import { isValidIBAN } from 'ibantools'
import { type Candidate, certain, faint, likely, weak } from './candidate.ts'
import { base58Check, bech32, codiceFiscale, nie, nif, nir } from './checks.ts'
import type { Entity } from './entities.ts'
import { isWordAt, type Marks } from './marks.ts'

/** A value of letters and digits. `pattern` is tried where a word begins; `score` sees it in capitals without separators. */
type Rule = { entity: Entity; pattern: RegExp; score(value: string, found: string): number | undefined }
const standing = (yes: boolean, score: number) => (yes ? score : undefined)

const rules: Rule[] = [
  {
    entity: 'iban',
    pattern: /[A-Z]{2}\d{2}(?:[A-Z0-9]{11,30}|(?:[ -][A-Z0-9]{4}){2,7}(?:[ -][A-Z0-9]{1,3})?)/iy,
    score: value => standing(isValidIBAN(value), certain),
  },
  {
    entity: 'crypto-address',
    pattern: /(?:bc|tb|ltc)1[02-9ac-hj-np-z]{8,87}|[13LMD][1-9A-HJ-NP-Za-km-z]{25,34}/y,
    score: (_, found) => standing(/^(?:bc|tb|ltc)1/.test(found) ? bech32(found) : base58Check(found), certain),
  },
  {
    entity: 'it-codice-fiscale',
    pattern: /[A-Z]{6}[ -]?[\dLMNP-V]{2}[ABCDEHLMPRST][\dLMNP-V]{2}[ -]?[A-Z][\dLMNP-V]{3}[A-Z]/iy,
    score: value => standing(codiceFiscale(value), certain),
  },
  { entity: 'es-nif', pattern: /\d{8}[ -]?[A-Z]/iy, score: value => standing(nif(value), 0.7) },
  { entity: 'es-nie', pattern: /[XYZ][ -]?\d{7}[ -]?[A-Z]/iy, score: value => standing(nie(value), 0.9) },
  {
    entity: 'fr-nir',
    pattern: /[1-478](?:\d{4}| \d\d \d\d )2[AB](?:\d{8}| \d{3} \d{3} \d\d)/y,
    score: value => standing(nir(value), certain),
  },
  {
    entity: 'uk-nino',
    pattern:
      /(?!BG|GB|NK|KN|TN|NT|ZZ)[A-CEGHJ-PR-TW-Z][A-CEGHJ-NPR-TW-Z](?:\d{6}|[ -]?\d\d[ -]?\d\d[ -]?\d\d[ -]?)[A-D]/iy,
    score: (_, found) => (/^[A-Z]{2}/.test(found) ? likely : weak),
  },
  {
    entity: 'us-mbi',
    pattern:
      /[1-9][AC-HJKMNP-RT-Y][AC-HJKMNP-RT-Y\d]\d-?[AC-HJKMNP-RT-Y][AC-HJKMNP-RT-Y\d]\d-?[AC-HJKMNP-RT-Y]{2}\d\d/y,
    score: () => likely,
  },
  {
    entity: 'in-pan',
    pattern: /[A-Z]{3}[ABCFGHLJPT][A-Z]\d{4}[A-Z]/y,
    score: () => likely,
  },
  {
    entity: 'jp-residence-card',
    pattern: /[A-Z]{2}\d{8}[A-Z]{2}/y,
    score: value => standing(value.slice(2, 4) !== '00', likely),
  },
  {
    entity: 'jp-passport',
    pattern: /[A-Z]{2}\d{7}/y,
    score: value => standing(value.slice(2, 4) !== '00', faint + 0.01),
  },
  { entity: 'us-passport', pattern: /[A-Z]\d{8}/y, score: value => standing(value.slice(1, 3) !== '00', faint) },
  {
    entity: 'us-driver-licence',
    pattern: /(?:[A-Z]{1,2}-?\d{3,4}-?\d{3,4}-?\d{1,5}|[A-Z]{1,3}\d{4,14}|\d{2}[A-Z]{3}\d{5})(?!\w)/y,
    score: value => standing(!/^[A-Z]{1,3}00|^00/.test(value) && /\d{4}/.test(value), faint - 0.04),
  },
]

/** Longest form of all rules with room for separators: what is longer is another thing. */
const longest = 96

/** Values of letters and digits, at the beginning of the words that may hold them. */
export function findCodes(
  text: string,
  { codes, numbers }: Marks,
  wanted: ReadonlySet<Entity>,
  into: Candidate[],
): void {
  const some = rules.filter(rule => wanted.has(rule.entity))
  for (let i = 0; i < codes.length; i += 2) {
    if (codes[i + 1]! - codes[i]! <= longest) tryAt(text, codes[i]!, some, into)
  }
  // `12345678-Z` and `1 85 05 2A ...` begin with digits alone.
  const led = some.filter(rule => rule.entity === 'es-nif' || rule.entity === 'fr-nir')
  if (led.length === 0) return
  for (let i = 0; i < numbers.length; i += 2) {
    const size = numbers[i + 1]! - numbers[i]!
    if (size === 8 || size === 1) tryAt(text, numbers[i]!, led, into)
  }
}

function tryAt(text: string, start: number, some: Rule[], into: Candidate[]): void {
  for (const { entity, pattern, score } of some) {
    pattern.lastIndex = start
    let found = pattern.exec(text)?.[0]
    if (found === undefined) continue
    // An IBAN in groups of four may run on into the next word.
    for (;;) {
      const value = found.replace(/[ -]/g, '').toUpperCase()
      const end = start + found.length
      const is = isWordAt(text, end) || text.charCodeAt(end) === 64 ? undefined : score(value, found)
      if (is !== undefined) {
        const own = entity === 'crypto-address' ? found : value
        into.push({ entity, start, end, score: is, value: own })
        break
      }
      const shorter: number = found.lastIndexOf(' ')
      if (entity !== 'iban' || shorter < 15) break
      found = found.slice(0, shorter)
    }
  }
}
