import { type Candidate, certain, faint, likely, weak } from './candidate.ts'
import {
  aadhaar,
  aba,
  card,
  cardIssuer,
  corporateNumber,
  deTaxId,
  ean13,
  jpLicence,
  luhn,
  myNumber,
  nhs,
  nir,
  npi,
  pesel,
  rrn,
} from './checks.ts'
import type { Entity } from './entities.ts'
import type { Marks } from './marks.ts'

/** Sizes of groups as one number, in base 20: 4-4-4-4 is `shape(4, 4, 4, 4)`. */
const shape = (...sizes: number[]) => sizes.reduce((all, size) => all * 20 + size, 0)
type Shapes = ReadonlySet<number>
const shapes = (...all: number[][]): Shapes => new Set(all.map(sizes => shape(...sizes)))

/**
 * A number with digits alone. `score` is asked once the length fits, with the digits, whether they stand in one of the
 * usual groups (undefined: in none at all), and what stands before; nothing means no.
 */
type Rule = {
  entity: Entity | 'public'
  digits: number[]
  groups?: Shapes
  /** The only separator it is written with. */
  by?: number
  score(digits: string, grouped: boolean, before: string): number | undefined
}

const bookGroups: Shapes = shapes(
  [3, 10],
  ...[1, 2, 3, 4, 5].flatMap(group => Array.from({ length: 8 - group }, (_, i) => [3, group, i + 1, 8 - group - i, 1])),
)

const twos = (n: number): number[] => Array.from({ length: n }, () => 2)
const standing = (yes: boolean, score: number) => (yes ? score : undefined)

const rules: Rule[] = [
  {
    entity: 'credit-card',
    digits: [12, 13, 14, 15, 16, 17, 18, 19],
    groups: shapes(
      [4, 4, 4, 4],
      [4, 6, 5],
      [4, 6, 4],
      [4, 4, 4, 4, 3],
      [4, 4, 4],
      [4, 4, 4, 1],
      [4, 4, 4, 2],
      [4, 4, 4, 3],
      [6, 13],
      twos(8),
      twos(7),
      [...twos(7), 1],
    ),
    score: digits => standing(card(digits), cardIssuer(digits) === 'common' ? certain : weak),
  },
  {
    entity: 'jp-my-number',
    digits: [12],
    groups: shapes([4, 4, 4]),
    score: (digits, grouped) => standing(myNumber(digits), grouped ? likely : weak),
  },
  {
    entity: 'in-aadhaar',
    digits: [12],
    groups: shapes([4, 4, 4]),
    by: 32,
    score: (digits, grouped) => standing(aadhaar(digits), grouped ? likely : weak),
  },
  {
    entity: 'jp-driver-licence',
    digits: [12],
    score: digits => standing(!digits.startsWith('00'), jpLicence(digits) ? weak : faint),
  },
  { entity: 'pl-pesel', digits: [11], score: digits => standing(pesel(digits), likely) },
  {
    entity: 'de-tax-id',
    digits: [11],
    groups: shapes([2, 3, 3, 3]),
    score: (digits, grouped) => standing(deTaxId(digits), grouped ? likely : weak),
  },
  {
    entity: 'kr-rrn',
    digits: [13],
    groups: shapes([6, 7]),
    score(digits, grouped) {
      const is = rrn(digits)
      if (is === undefined) return undefined
      return is === 'checked' ? (grouped ? 0.9 : weak) : grouped ? weak : faint
    },
  },
  {
    entity: 'fr-nir',
    digits: [15],
    groups: shapes([1, 2, 2, 2, 3, 3, 2], [13, 2], [1, 2, 2, 2, 3, 3, 2]),
    score: digits => standing(nir(digits), 0.9),
  },
  {
    entity: 'uk-nhs',
    digits: [10],
    groups: shapes([3, 3, 4]),
    score: digits => standing(nhs(digits), weak),
  },
  { entity: 'us-npi', digits: [10], score: digits => standing(npi(digits), weak) },
  { entity: 'us-bank-routing', digits: [9], groups: shapes([4, 4, 1]), score: digits => standing(aba(digits), weak) },
  {
    entity: 'us-ssn',
    digits: [9],
    groups: shapes([3, 2, 4]),
    score: (digits, grouped) =>
      standing(/^(?!000|666|9)\d{3}(?!00)\d\d(?!0000)\d{4}$/.test(digits), grouped ? likely : faint),
  },
  {
    entity: 'us-itin',
    digits: [9],
    groups: shapes([3, 2, 4]),
    score: (digits, grouped) =>
      standing(/^9\d\d(?:5\d|6[0-5]|7\d|8[0-8]|9[0-2]|9[4-9])\d{4}$/.test(digits), grouped ? likely : faint),
  },
  { entity: 'us-passport', digits: [9], score: digits => standing(!digits.startsWith('00'), faint) },
  {
    entity: 'us-driver-licence',
    digits: [7, 8, 9, 10],
    groups: shapes([4, 2, 4], [3, 2, 4], [3, 3, 3], [2, 3, 4]),
    score: digits => standing(!digits.startsWith('00'), faint - 0.04),
  },
  {
    entity: 'jp-pension-number',
    digits: [10],
    groups: shapes([4, 6]),
    score: (digits, grouped) => standing(!digits.startsWith('0000'), grouped ? weak : faint),
  },
  {
    entity: 'jp-health-insurance',
    digits: [6, 8],
    score: digits => standing(!digits.startsWith('00') && luhn(digits), weak),
  },
  {
    entity: 'jp-bank-account',
    digits: [7, 12, 13, 14],
    groups: shapes([5, 7], [5, 8], [4, 3, 7]),
    score: (digits, grouped) => standing(!digits.slice(-7).startsWith('000') && (digits.length === 7 || grouped), weak),
  },
  {
    entity: 'jp-postal-code',
    digits: [7],
    groups: shapes([3, 4]),
    score: (digits, grouped, before) =>
      standing(
        !digits.startsWith('00') && (grouped || before.endsWith('〒')),
        before.trimEnd().endsWith('〒') ? 0.9 : faint,
      ),
  },
  {
    // Book numbers and the numbers of companies.
    entity: 'public',
    digits: [13],
    groups: bookGroups,
    score: (digits, _, before) =>
      standing(
        (/^97[89]/.test(digits) && ean13(digits)) ||
          (corporateNumber(digits) && /法人番号|corporate number|T$/.test(before)),
        certain,
      ),
  },
]
const most = 19
const ofLength = Array.from({ length: most + 1 }, (_, n) => rules.filter(rule => rule.digits.includes(n)))
/** Rules by the groups that a number may stand in, so that other rows of numbers are passed over. */
const ofForm = new Map<number, Rule[]>()
for (const rule of rules) for (const form of rule.groups ?? []) ofForm.set(form, [...(ofForm.get(form) ?? []), rule])

const separators = new Set([32, 45, 46, 47])
/** The only character between two numbers, where it can join the groups of one; else 0. */
const joint = (text: string, end: number, next: number) => {
  if (next - end !== 1) return 0
  const c = text.charCodeAt(end)
  return separators.has(c) ? c : 0
}

/** Numbers by their digits, in any of the groups that they are written in, with one kind of separator throughout. */
export function findNumbers(text: string, { numbers }: Marks, wanted: ReadonlySet<Entity>, into: Candidate[]): void {
  for (let g = 0; g < numbers.length; g += 2) {
    const start = numbers[g]!
    const before = g > 0 ? joint(text, numbers[g - 1]!, start) : 0
    let digits = 0
    let form = 0
    let between = 0
    for (let h = g; h < numbers.length && h < g + 20; h += 2) {
      if (h > g) {
        const kind = joint(text, numbers[h - 1]!, numbers[h]!)
        if (kind === 0 || (between !== 0 && kind !== between)) break
        between = kind
      }
      const size = numbers[h + 1]! - numbers[h]!
      digits += size
      if (digits > most) break
      form = form * 20 + size
      const some = between === 0 ? ofLength[digits]! : ofForm.get(form)
      if (some === undefined || some.length === 0 || between === 47) continue
      const end = numbers[h + 1]!
      const after = h + 2 < numbers.length ? joint(text, end, numbers[h + 2]!) : 0
      // A part of a longer chain, or of a decimal number, is no number of its own. Spaces join whatever stands in a row.
      const chain = between === 0 ? chained(before) || chained(after) : before === between || after === between
      if (chain && between !== 32) continue
      const shown = text.slice(start, end)
      if (between === 32 && /^(?:(?:19|20)\d\d ?)+$/.test(shown)) continue
      const bare = between === 0 ? shown : shown.replace(/\D/g, '')
      const left = text.slice(Math.max(0, start - 20), start)
      for (const rule of some) {
        if (rule.entity !== 'public' && !wanted.has(rule.entity)) continue
        if (between !== 0 && between !== (rule.by ?? between)) continue
        const score = rule.score(bare, between !== 0, left)
        if (score !== undefined && (!chain || score === certain))
          into.push({ entity: rule.entity, start, end, score, value: bare })
      }
    }
  }
}

const chained = (separator: number) => separator === 45 || separator === 46 || separator === 47
