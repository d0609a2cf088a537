import { createHmac } from 'node:crypto'
import { isValidIBAN } from 'ibantools'
import { random } from '../../records/index.ts'
import {
  aadhaar,
  aba,
  base58Check,
  bech32,
  card,
  codiceFiscale,
  deTaxId,
  luhn,
  myNumber,
  nhs,
  nie,
  nif,
  nir,
  npi,
  pesel,
  rrn,
  verhoeff,
} from './checks.ts'
import type { Entity } from './entities.ts'
import { familyNames, givenNames, organisations, streets } from './made-up.ts'

/** Is the bare value sound by its own check digit? Entities without one are not in the table. */
export const sound: { [E in Entity]?: (value: string) => boolean } = {
  'credit-card': card,
  iban: value => isValidIBAN(value),
  'crypto-address': value => base58Check(value) || bech32(value),
  'jp-my-number': myNumber,
  'in-aadhaar': aadhaar,
  'pl-pesel': pesel,
  'kr-rrn': value => rrn(value) !== undefined,
  'fr-nir': nir,
  'de-tax-id': deTaxId,
  'it-codice-fiscale': codiceFiscale,
  'es-nif': nif,
  'es-nie': nie,
  'uk-nhs': nhs,
  'us-npi': npi,
  'us-bank-routing': aba,
  'jp-health-insurance': luhn,
}

type Dice = () => number
const pick = <T>(dice: Dice, from: ArrayLike<T>): T => from[Math.floor(dice() * from.length)]!
const digit = (dice: Dice) => pick(dice, '0123456789')
const letter = (dice: Dice) => pick(dice, 'ABCDEFGHJKLMNPRSTUVWXYZ')
const hex = (dice: Dice, n: number) => Array.from({ length: n }, () => pick(dice, '0123456789abcdef')).join('')
const alike = (value: string, dice: Dice) =>
  value.replace(/[0-9A-Za-z]/g, c =>
    /\d/.test(c) ? digit(dice) : /[A-Z]/.test(c) ? letter(dice) : letter(dice).toLowerCase(),
  )

/** Digits that no issuer gives out stand first, so that the value is nobody's and is known for made up. */
const led = (value: string, lead: string, dice: Dice) => {
  let k = 0
  return value.replace(/[0-9A-Za-z]/g, c => (/\d/.test(c) ? (lead[k++] ?? digit(dice)) : letter(dice)))
}

/**
 * Something of the same type and form that belongs to nobody, the same for the same value and key: check digits are wrong
 * on purpose, addresses come out of ranges for documentation (RFC 2606, 5737, 3849, 7042), telephone numbers out of those
 * for fiction, other numbers begin with digits that are not given out. A date of birth keeps its year: 1 January.
 */
export function surrogate(entity: Entity, value: string, shown: string, key: string): string {
  const seeded = (value: string) =>
    random('surrogate', createHmac('sha256', key).update(`${entity}\0${value}`).digest('hex'))
  if (entity === 'person') return personName(value, seeded)
  const dice = seeded(value)
  const whole = places[entity]?.(value, shown, dice)
  if (whole !== undefined) return whole
  const made = numbers[entity]?.(value, dice) ?? alike(value, dice)
  return dress(shown, sound[entity] ? broken(entity, made, dice) : made)
}

/** Sums that others test without asking for issuers and first digits: these do not fit either. */
const sums: { [E in Entity]?: (value: string) => boolean } = { ...sound, 'credit-card': luhn, 'in-aadhaar': verhoeff }

/** Turns characters, the last one first, until the check digit does not fit. */
function broken(entity: Entity, made: string, dice: Dice): string {
  let value = made
  for (let n = 1; sums[entity]!(value); n++) {
    const kept = value.length - Math.min(n, value.length - 1)
    value = value.slice(0, kept) + alike(value.slice(kept), dice)
  }
  return value
}

/** The letters and digits of `made` in the spaces, dashes and width of what was written. */
function dress(shown: string, made: string): string {
  const signs = [...made].filter(c => /[0-9A-Za-z]/.test(c))
  const seats = [...shown].filter(c => /[0-9A-Za-z\uff10-\uff19\uff21-\uff3a\uff41-\uff5a]/.test(c))
  if (signs.length !== seats.length) return made
  let k = 0
  return shown.replace(/[0-9A-Za-z\uff10-\uff19\uff21-\uff3a\uff41-\uff5a]/g, c => {
    const sign = signs[k++]!
    return c >= '\uff10'
      ? String.fromCharCode(sign.charCodeAt(0) + 0xfee0)
      : c >= 'a' && c <= 'z'
        ? sign.toLowerCase()
        : sign
  })
}

/** What comes out whole. */
const places: { [E in Entity]?: (value: string, shown: string, dice: Dice) => string } = {
  email: (_, __, dice) => `user-${hex(dice, 8)}@example.${pick(dice, ['com', 'net', 'org'])}`,
  url: (_, __, dice) => `https://example.com/${hex(dice, 8)}`,
  'ip-address': (value, _, dice) =>
    value.includes(':')
      ? `2001:db8:${hex(dice, 4)}:${hex(dice, 4)}::${hex(dice, 4)}`
      : `${pick(dice, ['192.0.2', '198.51.100', '203.0.113'])}.${1 + Math.floor(dice() * 254)}`,
  'mac-address': (_, shown, dice) => `00:00:5e:00:53:${hex(dice, 2)}`.replaceAll(':', shown.includes('-') ? '-' : ':'),
  'crypto-address'(value, _, dice) {
    const kept = /^(?:bc|tb|ltc)1.|^./.exec(value)![0]
    const letters =
      kept.length > 1 ? 'qpzry9x8gf2tvdw0s3jn54khce6mua7l' : '23456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz'
    return kept + value.slice(kept.length).replace(/./g, () => pick(dice, letters))
  },
  phone: (_, shown, dice) => telephone(shown, dice),
  'date-of-birth': (_, shown) => firstOfJanuary(shown),
  date: (_, shown) => firstOfJanuary(shown),
  'jp-address': (_, __, dice) => placeInJapan(dice),
  address: (value, _, dice) =>
    eastern.test(value) ? placeInJapan(dice) : `${number(dice, 200)} ${pick(dice, streets)}`,
  organisation: (value, _, dice) => pick(dice, organisations[eastern.test(value) ? 'ja' : 'en']),
}
const eastern = /[\u3040-\u30ff\u4e00-\u9fff]/
const number = (dice: Dice, most: number) => 1 + Math.floor(dice() * most)
const placeInJapan = (dice: Dice) => `東京都架空区見本町${number(dice, 9)}-${number(dice, 30)}-${number(dice, 30)}`

/** What is written in the groups of the original. */
const numbers: { [E in Entity]?: (value: string, dice: Dice) => string } = {
  'credit-card': (value, dice) => value[0]! + alike(value.slice(1), dice),
  // Check digits of an IBAN are 02 to 98.
  iban: (value, dice) => `${value.slice(0, 2)}00${alike(value.slice(4), dice)}`,
  'it-codice-fiscale': (value, dice) => alike(value.slice(0, 8), dice) + value[8]! + alike(value.slice(9), dice),
  'es-nie': (value, dice) => value[0]! + alike(value.slice(1), dice),
  'us-ssn': (value, dice) => led(value, '000', dice),
  'us-itin': (value, dice) => led(value, '9000', dice),
  'us-npi': (value, dice) => `1${alike(value.slice(1), dice)}`,
  'us-mbi': (value, dice) => `0${alike(value.slice(1), dice)}`,
  'us-passport': (value, dice) => led(value, '00', dice),
  'us-driver-licence': (value, dice) => led(value, '00', dice),
  'uk-nino': (value, dice) => `QQ${alike(value.slice(2, 8), dice)}${value.slice(8)}`,
  'in-pan': (value, dice) => `${alike(value.slice(0, 3), dice)}X${alike(value.slice(4), dice)}`,
  'jp-driver-licence': (value, dice) => led(value, '00', dice),
  'jp-passport': (value, dice) => led(value, '00', dice),
  'jp-residence-card': (value, dice) => led(value, '00', dice),
  'jp-pension-number': (value, dice) => led(value, '0000', dice),
  'jp-health-insurance': (value, dice) => led(value, '00', dice),
  'jp-bank-account': (value, dice) => alike(value.slice(0, -7), dice) + led(value.slice(-7), '000', dice),
  'jp-postal-code': (value, dice) => led(value, '000', dice),
}

/** North America and Britain keep numbers for fiction; elsewhere a subscriber of noughts is nobody. */
function telephone(shown: string, dice: Dice): string {
  const bare = shown.replace(/\s*(?:x|ext\.?|extension|内線)\s*:?\s*\d+$/i, '')
  const digits = bare.normalize('NFKC').replace(/\D/g, '')
  const america = /^(?:1|001)?([2-9]\d{2})[2-9]\d{6}$/.test(digits) && !/^\+(?!1)|^0(?!01)/.test(bare)
  const last = digit(dice) + digit(dice) + digit(dice)
  const own = america
    ? `${digits.slice(0, -7)}55501${last.slice(0, 2)}`
    : /^(?:44|0)7[1-9]\d{8}$/.test(digits)
      ? `${digits.slice(0, -9)}700900${last}`
      : `${digits.slice(0, -7)}0000${last}`
  return dress(bare, bare.startsWith('+') ? `+${own}` : own)
}

function firstOfJanuary(shown: string): string {
  const date = shown.replace(/[T ]\d{1,2}:\d{2}.*$/, '')
  const months =
    /jan(?:uary)?|feb(?:ruary)?|mar(?:ch)?|apr(?:il)?|may|june?|july?|aug(?:ust)?|sep(?:t(?:ember)?)?|oct(?:ober)?|nov(?:ember)?|dec(?:ember)?/i
  if (months.test(date)) {
    return date.replace(months, 'January').replace(/(?<!\d)\d{1,2}(?:st|nd|rd|th)?(?!\d)/i, '1')
  }
  if (/月/.test(date)) return date.replace(/[\d\uff10-\uff19]{1,2}(\s?月\s?)[\d\uff10-\uff19]{1,2}/, '1$11')
  const parts = date.match(/[\d\uff10-\uff19]+/g)!
  const yearFirst = parts[0]!.length === 4 || /^[a-z]/i.test(date)
  const year = yearFirst ? 0 : 2
  const first = parts.every((part, i) => i === year || part.length === 2) ? '01' : '1'
  let n = 0
  return date.replace(/[\d\uff10-\uff19]+/g, part => (n++ === year ? part : first))
}

/**
 * A name word by word, so that a family stays one: words come marked as given (`g:`) or family name (`f:`), and as those
 * of one script.
 */
function personName(value: string, seeded: (word: string) => Dice): string {
  const made = value.split(' ').map(word => {
    const names = word.startsWith('f:') ? familyNames : givenNames
    return pick(seeded(word.slice(2).toLowerCase()), names[eastern.test(word) ? 'ja' : 'en'])
  })
  return made.join(eastern.test(value) ? '' : ' ')
}
