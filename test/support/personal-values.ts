import { createHash } from 'node:crypto'

/*
 * Made-up values of personal data for measuring detectors: none is copied from a person. Check digits are computed here
 * from the rules of the issuers, apart from the code that tests them. Addresses use names of example quarters, e-mail the
 * domain `.test`.
 */

/** Numbers in [0, 1). */
export type Dice = () => number
export const pick = <T>(dice: Dice, from: readonly T[]): T => from[Math.floor(dice() * from.length)]!
const digits = (dice: Dice, n: number): string => Array.from({ length: n }, () => Math.floor(dice() * 10)).join('')
const between = (dice: Dice, low: number, high: number): number => low + Math.floor(dice() * (high - low + 1))
const two = (n: number) => String(n).padStart(2, '0')
const letters = (dice: Dice, n: number, from = 'ABCDEFGHIJKLMNOPQRSTUVWXYZ'): string =>
  Array.from({ length: n }, () => pick(dice, [...from])).join('')
const sumOf = (text: string, weight: (i: number) => number) =>
  [...text].reduce((sum, char, i) => sum + Number(char) * weight(i), 0)

/** A value without its check characters, how they are added, and how people write it. `spot`: positions that a typing error may hit. */
type Maker = {
  body(dice: Dice): string
  /** The whole value; nothing when the scheme issues none for this body. */
  close(body: string): string | undefined
  open(value: string): string
  write?(value: string, dice: Dice): string
  spots?(value: string): number[]
}

const luhnDigit = (body: string) => {
  const sum = [...body].reverse().reduce((sum, char, i) => {
    const doubled = Number(char) * (i % 2 === 0 ? 2 : 1)
    return sum + (doubled % 10) + Math.floor(doubled / 10)
  }, 0)
  return String((1000 - sum) % 10)
}
const grouped = (value: string, sizes: number[], by: string) =>
  sizes.map((size, i) => value.slice(sumTo(sizes, i), sumTo(sizes, i) + size)).join(by)
const sumTo = (sizes: number[], i: number) => sizes.slice(0, i).reduce((sum, size) => sum + size, 0)
const lastDigit = (value: string) => value.slice(0, -1)
const birthday = (dice: Dice, from = 1940, to = 2004) => ({
  year: between(dice, from, to),
  month: between(dice, 1, 12),
  day: between(dice, 1, 28),
})

const multiply = (a: number, b: number) =>
  a < 5 ? (b < 5 ? (a + b) % 5 : 5 + ((a + b) % 5)) : b < 5 ? 5 + ((a - b + 5) % 5) : (a - b + 5) % 5
const permuted = (digit: number, times: number) => {
  let now = digit
  for (let i = 0; i < times % 8; i++) now = [1, 5, 7, 6, 2, 8, 3, 0, 9, 4][now]!
  return now
}

const ibanForms: { [country: string]: (dice: Dice) => string } = {
  DE: dice => digits(dice, 18),
  GB: dice => letters(dice, 4) + digits(dice, 14),
  NL: dice => letters(dice, 4) + digits(dice, 10),
  AT: dice => digits(dice, 16),
  IE: dice => letters(dice, 4) + digits(dice, 14),
  CH: dice => digits(dice, 17),
  RO: dice => letters(dice, 4) + digits(dice, 16),
}
const mod97 = (text: string) => BigInt(text.replace(/[A-Z]/g, c => String(c.charCodeAt(0) - 55))) % 97n

const alphabet58 = '123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz'
function base58(bytes: Buffer): string {
  let n = BigInt(`0x${bytes.toString('hex')}`)
  let text = ''
  for (; n > 0n; n /= 58n) text = alphabet58[Number(n % 58n)] + text
  for (const byte of bytes) {
    if (byte !== 0) break
    text = `1${text}`
  }
  return text
}
const sha = (bytes: Uint8Array) => createHash('sha256').update(bytes).digest()

const alphabet32 = 'qpzry9x8gf2tvdw0s3jn54khce6mua7l'
function bech32Check(hrp: string, data: number[], constant: number): number[] {
  const generator = [0x3b6a57b2n, 0x26508e6dn, 0x1ea119fan, 0x3d4233ddn, 0x2a1462b3n]
  let sum = 1n
  const values = [...hrp]
    .map(c => c.charCodeAt(0) >> 5)
    .concat(0, ...[...hrp].map(c => c.charCodeAt(0) & 31), data, [0, 0, 0, 0, 0, 0])
  for (const value of values) {
    const top = sum >> 25n
    sum = ((sum & 0x1ffffffn) << 5n) ^ BigInt(value)
    generator.forEach((part, i) => {
      if ((top >> BigInt(i)) & 1n) sum ^= part
    })
  }
  sum ^= BigInt(constant)
  return [0, 1, 2, 3, 4, 5].map(i => Number((sum >> BigInt(5 * (5 - i))) & 31n))
}

const cfMonths = 'ABCDEHLMPRST'
const cfOdd: { [char: string]: number } = {}
for (const [i, char] of [...'BAKPLCQDREVOSFTGUHMINJWZYX'].entries()) {
  cfOdd[char] = i
  if (char < 'K') cfOdd[String(char.charCodeAt(0) - 65)] = i
}

/** Entities whose values carry a check digit. */
export const checkedMakers: { [entity: string]: Maker } = {
  'credit-card': {
    body: dice =>
      pick(dice, [
        () => `4${digits(dice, 14)}`,
        () => `5${between(dice, 1, 5)}${digits(dice, 13)}`,
        () => `2${between(dice, 300, 699)}${digits(dice, 11)}`,
        () => `3${pick(dice, ['4', '7'])}${digits(dice, 12)}`,
        () => `6011${digits(dice, 11)}`,
        () => `35${between(dice, 30, 88)}${digits(dice, 11)}`,
        () => `36${digits(dice, 11)}`,
      ])(),
    close: body => body + luhnDigit(body),
    open: lastDigit,
    write: (value, dice) =>
      dice() < 0.5
        ? value
        : grouped(
            value,
            value.length === 16 ? [4, 4, 4, 4] : value.length === 15 ? [4, 6, 5] : [4, 6, 4],
            pick(dice, [' ', '-']),
          ),
    // A typing error in the first digits would be another issuer.
    spots: value => Array.from({ length: value.length - 4 }, (_, i) => i + 4),
  },
  iban: {
    body: dice => {
      const country = pick(dice, Object.keys(ibanForms))
      return country + ibanForms[country]!(dice)
    },
    close: body => {
      const check = 98n - mod97(`${body.slice(2)}${body.slice(0, 2)}00`)
      return body.slice(0, 2) + two(Number(check)) + body.slice(2)
    },
    open: value => value.slice(0, 2) + value.slice(4),
    write: (value, dice) => (dice() < 0.5 ? value : value.replace(/.{4}(?=.)/g, '$& ')),
    spots: value => [...value].flatMap((char, i) => (i >= 2 && /\d/.test(char) ? [i] : [])),
  },
  'crypto-address': {
    body: dice =>
      `${pick(dice, ['00', '05', 'bc0', 'bc1'])}:${Array.from({ length: 20 }, () => two(between(dice, 10, 99))).join('')}`,
    close: body => {
      const [kind, payload] = body.split(':') as [string, string]
      if (kind.startsWith('0')) {
        const bytes = Buffer.from(kind + payload, 'hex')
        return base58(Buffer.concat([bytes, sha(sha(bytes)).subarray(0, 4)]))
      }
      const bits = [...Buffer.from(payload, 'hex')].map(byte => byte.toString(2).padStart(8, '0')).join('')
      const program = (kind === 'bc1' ? bits.padEnd(260, '01') : bits).slice(0, kind === 'bc1' ? 260 : 160)
      const version = kind === 'bc1' ? 1 : 0
      const data = [version, ...program.match(/.{5}/g)!.map(five => Number.parseInt(five, 2))]
      const all = [...data, ...bech32Check('bc', data, version === 0 ? 1 : 0x2bc830a3)]
      return `bc1${all.map(n => alphabet32[n]).join('')}`
    },
    // Any change breaks it: there is nothing to compute again.
    open: value => value,
    spots: value => Array.from({ length: value.length - 6 }, (_, i) => i + 5),
  },
  'jp-my-number': {
    body: dice => digits(dice, 11),
    close: body => {
      const rest = sumOf([...body].reverse().join(''), i => (i < 6 ? i + 2 : i - 4)) % 11
      return body + (rest <= 1 ? '0' : String(11 - rest))
    },
    open: lastDigit,
    write: (value, dice) => (dice() < 0.5 ? value : grouped(value, [4, 4, 4], pick(dice, [' ', '-', ' ', 'ー', '－']))),
  },
  'in-aadhaar': {
    body: dice => `${between(dice, 2, 9)}${digits(dice, 10)}`,
    close: body => {
      for (let check = 0; check < 10; check++) {
        const all = [...`${body}${check}`].reverse()
        if (all.reduce((sum, char, i) => multiply(sum, permuted(Number(char), i)), 0) === 0) return `${body}${check}`
      }
      return undefined
    },
    open: lastDigit,
    write: (value, dice) => (dice() < 0.4 ? value : grouped(value, [4, 4, 4], ' ')),
    spots: value => Array.from({ length: value.length - 1 }, (_, i) => i + 1),
  },
  'pl-pesel': {
    body: dice => {
      const { year, month, day } = birthday(dice)
      return two(year % 100) + two(month + (year >= 2000 ? 20 : 0)) + two(day) + digits(dice, 4)
    },
    close: body => body + ((100 - (sumOf(body, i => [1, 3, 7, 9][i % 4]!) % 10)) % 10),
    open: lastDigit,
    spots: () => [6, 7, 8, 9, 10],
  },
  'kr-rrn': {
    body: dice => {
      const { year, month, day } = birthday(dice, 1940, 2003)
      return (
        two(year % 100) +
        two(month) +
        two(day) +
        (year < 2000 ? between(dice, 1, 2) : between(dice, 3, 4)) +
        digits(dice, 5)
      )
    },
    close: body => body + ((11 - (sumOf(body, i => 2 + (i % 8)) % 11)) % 10),
    open: lastDigit,
    write: value => grouped(value, [6, 7], '-'),
    spots: () => [7, 8, 9, 10, 11, 12],
  },
  'fr-nir': {
    body: dice => {
      const { year, month } = birthday(dice)
      const place = dice() < 0.1 ? pick(dice, ['2A', '2B']) : two(between(dice, 1, 95))
      return `${between(dice, 1, 2)}${two(year % 100)}${two(month)}${place}${digits(dice, 6)}`
    },
    close: body => body + two(97 - Number(BigInt(body.replace('2A', '19').replace('2B', '18')) % 97n)),
    open: value => value.slice(0, 13),
    write: (value, dice) => (dice() < 0.4 ? value : grouped(value, [1, 2, 2, 2, 3, 3, 2], ' ')),
    spots: () => [7, 8, 9, 10, 11, 12, 13, 14],
  },
  'de-tax-id': {
    body: dice => {
      const order = [...'0123456789'].sort(() => dice() - 0.5)
      order[between(dice, 1, 9)] = order[0]!
      const body = order.sort(() => dice() - 0.5).join('')
      return body.startsWith('0') ? body.slice(1) + 0 : body
    },
    close: body => {
      let product = 10
      for (const char of body) product = (((Number(char) + product) % 10 || 10) * 2) % 11
      return body + ((11 - product) % 10)
    },
    open: lastDigit,
    write: (value, dice) => (dice() < 0.5 ? value : grouped(value, [2, 3, 3, 3], ' ')),
    spots: () => [10],
  },
  'it-codice-fiscale': {
    body: dice => {
      const { year, month, day } = birthday(dice)
      return `${letters(dice, 6)}${two(year % 100)}${cfMonths[month - 1]}${two(day + (dice() < 0.5 ? 40 : 0))}${letters(dice, 1, 'ABCDEFGHIL')}${digits(dice, 3)}`
    },
    close: body => {
      const sum = [...body].reduce(
        (sum, char, i) => sum + (i % 2 === 0 ? cfOdd[char]! : /\d/.test(char) ? Number(char) : char.charCodeAt(0) - 65),
        0,
      )
      return body + String.fromCharCode(65 + (sum % 26))
    },
    open: lastDigit,
    spots: () => [0, 1, 2, 3, 4, 5, 12, 13, 14],
  },
  'es-nif': {
    body: dice => digits(dice, 8),
    close: body => body + 'TRWAGMYFPDXBNJZSQVHLCKE'[Number(BigInt(body) % 23n)],
    open: lastDigit,
    write: (value, dice) => (dice() < 0.7 ? value : `${value.slice(0, 8)}-${value[8]}`),
    spots: () => [0, 1, 2, 3, 4, 5, 6, 7],
  },
  'es-nie': {
    body: dice => letters(dice, 1, 'XYZ') + digits(dice, 7),
    close: body => body + 'TRWAGMYFPDXBNJZSQVHLCKE'[Number(BigInt('XYZ'.indexOf(body[0]!) + body.slice(1)) % 23n)],
    open: lastDigit,
    write: (value, dice) => (dice() < 0.7 ? value : `${value[0]}-${value.slice(1, 8)}-${value[8]}`),
    spots: () => [1, 2, 3, 4, 5, 6, 7],
  },
  'uk-nhs': {
    body: dice => `${pick(dice, ['4', '6', '7'])}${digits(dice, 8)}`,
    close: body => {
      const check = (11 - (sumOf(body, i => 10 - i) % 11)) % 11
      return check === 10 ? undefined : `${body}${check}`
    },
    open: lastDigit,
    write: (value, dice) => (dice() < 0.4 ? value : grouped(value, [3, 3, 4], pick(dice, [' ', ' ', '-']))),
  },
  'us-npi': {
    body: dice => `1${digits(dice, 8)}`,
    close: body => body + luhnDigit(`80840${body}`),
    open: lastDigit,
    spots: () => [1, 2, 3, 4, 5, 6, 7, 8, 9],
  },
  'us-bank-routing': {
    body: dice =>
      `${pick(dice, ['01', '02', '03', '06', '07', '09', '10', '11', '12', '21', '26', '31', '32'])}${digits(dice, 6)}`,
    close: body => body + ((100 - (sumOf(body, i => [3, 7, 1][i % 3]!) % 10)) % 10),
    open: lastDigit,
    spots: () => [2, 3, 4, 5, 6, 7, 8],
  },
  'jp-health-insurance': {
    body: dice =>
      `${pick(dice, ['01', '02', '06', '31', '33', '34', '39', '63'])}${two(between(dice, 1, 47))}${digits(dice, 3)}`,
    close: body => body + luhnDigit(body),
    open: lastDigit,
    spots: () => [2, 3, 4, 5, 6, 7],
  },
}

/** A value with its check digit, as its issuer writes it. */
export function soundValue(entity: string, dice: Dice): string {
  const { body, close } = checkedMakers[entity]!
  for (;;) {
    const value = close(body(dice))
    if (value !== undefined) return value
  }
}

/** A sound value with one character mistyped, so that its check fails and nothing else does. */
export function nearMiss(entity: string, dice: Dice): string {
  const { close, open, spots } = checkedMakers[entity]!
  for (;;) {
    const value = soundValue(entity, dice)
    const at = pick(dice, spots?.(value) ?? [...value].map((_, i) => i))
    const from =
      /\d/.test(value[at]!) && entity !== 'crypto-address'
        ? '0123456789'
        : /[a-z]/.test(value)
          ? 'acdefghjkmnpqrstuvwxyz'
          : 'ABCDEFGHIJKLMNOPQRSTUVWXYZ'
    const changed = value.slice(0, at) + pick(dice, [...from]) + value.slice(at + 1)
    if (changed !== value && (entity === 'crypto-address' || close(open(changed)) !== changed)) return changed
  }
}

export const written = (entity: string, value: string, dice: Dice): string =>
  checkedMakers[entity]!.write?.(value, dice) ?? value

const names = [
  'ana.lima',
  'j.okafor',
  'mira_holm',
  'tomas-vrba',
  'lee.park88',
  'h.suzuki',
  'noor.aziz',
  'p.dubois',
  'kai1977',
  'office',
]
const hosts = ['orchardmail.test', 'north-quay.test', 'mail.fernhill.test', 'studio7.test', 'kawabe-kikai.test']
const street = ['青葉', '緑ヶ丘', '若松町', '本町', '桜台', '東', '中央', '梅田', '栄町', '松原']
const towns: [string, string][] = [
  ['東京都', '江東区'],
  ['東京都', '八王子市'],
  ['大阪府', '大阪市北区'],
  ['神奈川県', '横浜市青葉区'],
  ['愛知県', '豊田市'],
  ['北海道', '札幌市中央区'],
  ['福岡県', '福岡市博多区'],
  ['長野県', '松本市'],
  ['京都府', '宇治市'],
  ['埼玉県', '入間郡三芳町'],
]
const months = [
  'January',
  'February',
  'March',
  'April',
  'May',
  'June',
  'July',
  'August',
  'September',
  'October',
  'November',
  'December',
]
const kanji = ['一', '二', '三', '四', '五', '六', '七', '八', '九']

/** Values of the other slots of templates. Those in `decoys` are no personal data. */
export const otherMakers: { [slot: string]: (dice: Dice) => string } = {
  email: dice => `${pick(dice, names)}${dice() < 0.3 ? `+${pick(dice, ['news', 'shop'])}` : ''}@${pick(dice, hosts)}`,
  'ip-address': dice =>
    dice() < 0.75
      ? `${pick(dice, [31, 46, 81, 109, 133, 150, 178, 185, 210])}.${between(dice, 0, 255)}.${between(dice, 0, 255)}.${between(dice, 1, 254)}`
      : `2a0${between(dice, 0, 9)}:${between(dice, 1000, 9999)}:${pick(dice, ['', '1:'])}:${between(dice, 1, 9)}${pick(dice, ['a', 'f'])}${between(dice, 10, 99)}`,
  'mac-address': dice =>
    Array.from({ length: 6 }, () => `${pick(dice, [...'0123456789abcdef'])}${pick(dice, [...'02468ace'])}`).join(
      pick(dice, [':', '-']),
    ),
  phone: dice =>
    pick(dice, [
      () => `(${pick(dice, ['415', '212', '617', '303'])}) ${between(dice, 220, 899)}-${digits(dice, 3)}7`,
      () => `${pick(dice, ['415', '212', '617', '303'])}-${between(dice, 220, 899)}-${digits(dice, 3)}3`,
      () => `+1 ${pick(dice, ['415', '212', '617'])} ${between(dice, 220, 899)} ${digits(dice, 3)}9`,
      () => `020 7${digits(dice, 3)} ${digits(dice, 3)}4`,
      () => `07${pick(dice, ['400', '511', '812', '977'])} ${digits(dice, 5)}8`,
      () => `+49 30 ${between(dice, 200000, 899999)}${digits(dice, 1)}1`,
      () => `+33 6 ${[1, 2, 3, 4].map(() => between(dice, 10, 99)).join(' ')}`,
    ])(),
  'phone-ja': dice =>
    pick(dice, [
      () => `0${pick(dice, ['7', '8', '9'])}0-${between(dice, 1000, 9999)}-${digits(dice, 3)}5`,
      () => `0${pick(dice, ['7', '8', '9'])}0${between(dice, 1000, 9999)}${digits(dice, 3)}2`,
      () => `03-${between(dice, 3200, 6900)}-${digits(dice, 3)}6`,
      () =>
        `０６－${[...String(between(dice, 6100, 6900))].map(c => String.fromCharCode(c.charCodeAt(0) + 0xfee0)).join('')}－${[...`${digits(dice, 3)}8`].map(c => String.fromCharCode(c.charCodeAt(0) + 0xfee0)).join('')}`,
      () => `+81 ${pick(dice, ['80', '90'])}-${between(dice, 1000, 9999)}-${digits(dice, 3)}1`,
      () => `0120-${between(dice, 100, 999)}-${digits(dice, 2)}4`,
    ])(),
  'date-of-birth': dice => {
    const { year, month, day } = birthday(dice)
    const born = day === 1 && month === 1 ? 2 : day
    return pick(dice, [
      `${year}-${two(month)}-${two(born)}`,
      `${month}/${born}/${year}`,
      `${born} ${months[month - 1]} ${year}`,
      `${months[month - 1]} ${born}, ${year}`,
      `${two(born)}.${two(month)}.${year}`,
    ])
  },
  'date-of-birth-ja': dice => {
    const { year, month, day } = birthday(dice, 1950, 1988)
    const born = day === 1 && month === 1 ? 2 : day
    return pick(dice, [
      `${year}年${month}月${born}日`,
      `昭和${year - 1925}年${month}月${born}日`,
      `${year}/${two(month)}/${two(born)}`,
      `昭和${[...String(year - 1925)].map(c => String.fromCharCode(c.charCodeAt(0) + 0xfee0)).join('')}年${month}月${born}日`,
    ])
  },
  'us-ssn': dice => `${between(dice, 100, 665)}-${between(dice, 10, 99)}-${between(dice, 1000, 9999)}`,
  // Keys and tokens are put together here: none of them ever opened anything.
  secret: dice => {
    const any = (n: number) => letters(dice, n, 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789')
    const part = (value: object) => Buffer.from(JSON.stringify(value)).toString('base64url')
    return pick(dice, [
      () => `ghp_${any(36)}`,
      () => `AKIA${letters(dice, 16, 'ABCDEFGHIJKLMNOPQRSTUVWXYZ234567')}`,
      () => `sk-proj-${any(48)}`,
      () => `sk_live_${any(24)}`,
      () => `xoxb-${digits(dice, 12)}-${any(24)}`,
      () => `AIza${any(35)}`,
      () => `SG.${any(22)}.${any(43)}`,
      () => `${part({ alg: 'HS256', typ: 'JWT' })}.${part({ sub: digits(dice, 8) })}.${any(43)}`,
      () => `postgres://${pick(dice, ['app', 'svc'])}:${any(12)}@db.${pick(dice, hosts)}`,
    ])()
  },
  'secret-loose': dice =>
    `${letters(dice, 3, 'ghkmnpqr')}${digits(dice, 2)}${letters(dice, 3)}${pick(dice, ['!', '#', '-'])}${letters(dice, 3, 'tvwxyz')}${digits(dice, 2)}`,
  // As people write who do not think of machines.
  'us-ssn-loose': dice =>
    pick(dice, [
      () => `${between(dice, 100, 665)}${between(dice, 10, 99)}${between(dice, 1000, 9999)}`,
      () => `${between(dice, 100, 665)} ${between(dice, 10, 99)} ${between(dice, 1000, 9999)}`,
      () => `${between(dice, 100, 665)}.${between(dice, 10, 99)}.${between(dice, 1000, 9999)}`,
    ])(),
  'email-loose': dice =>
    pick(dice, [
      () => `${pick(dice, names)} (at) ${pick(dice, hosts)}`,
      () => `${pick(dice, names)} @ ${pick(dice, hosts)}`,
      () => `${pick(dice, names).toUpperCase()}@${pick(dice, hosts).toUpperCase()}`,
    ])(),
  'phone-loose': dice =>
    pick(dice, [
      () => `${pick(dice, ['415', '212', '617', '303'])}${between(dice, 220, 899)}${digits(dice, 3)}7`,
      () => `${pick(dice, ['415', '212', '617', '303'])}/${between(dice, 220, 899)}-${digits(dice, 3)}1`,
      () => `${pick(dice, ['415', '212', '617'])} ${between(dice, 220, 899)}${digits(dice, 3)}3`,
      () => `1-800-${letters(dice, 7, 'ABDEFGLMNOPRST')}`,
    ])(),
  'phone-loose-ja': dice =>
    pick(dice, [
      () => `０９０（${between(dice, 1000, 9999)}）${digits(dice, 3)}5`,
      () => `(03)${between(dice, 3200, 6900)}-${digits(dice, 3)}6`,
      () => `〇九〇の${between(dice, 1000, 9999)}の${digits(dice, 3)}1`,
    ])(),
  'credit-card-loose': dice => {
    const value = soundValue('credit-card', dice)
    return pick(dice, [
      () => value.replace(/.{4}(?=.)/g, '$&.'),
      () => value.replace(/.{2}(?=.)/g, '$& '),
      () => value.replace(/.{4}(?=.)/g, '$&\u2009'),
    ])()
  },
  'date-of-birth-loose': dice => {
    const { year, month, day } = birthday(dice)
    return pick(dice, [
      `${day}/${month}/${String(year).slice(2)}`,
      `the ${day}th of ${months[month - 1]} ${year}`,
      `${months[month - 1]!.slice(0, 3)} '${String(year).slice(2)}`,
      `${day} ${months[month - 1]!.slice(0, 3).toUpperCase()} ${year}`,
    ])
  },
  'jp-address-loose': dice => {
    const [prefecture, town] = pick(dice, towns)
    return pick(dice, [
      () => `${prefecture}${town}${pick(dice, street)}`,
      () => `${town}${pick(dice, street)}${between(dice, 1, 9)}の${between(dice, 1, 29)}の${between(dice, 1, 20)}`,
      () => `${prefecture} ${town} ${pick(dice, street)} ${between(dice, 1, 9)}-${between(dice, 1, 29)}`,
    ])()
  },
  'us-itin': dice => `9${two(between(dice, 10, 99))}-${between(dice, 70, 88)}-${between(dice, 1000, 9999)}`,
  'us-mbi': dice => {
    const c = () => letters(dice, 1, 'ACDEFGHJKMNPQRTUVWXY')
    const value = `${between(dice, 1, 9)}${c()}${c()}${digits(dice, 1)}${c()}${digits(dice, 1)}${digits(dice, 1)}${c()}${c()}${digits(dice, 2)}`
    return dice() < 0.5 ? value : grouped(value, [4, 3, 4], '-')
  },
  'us-passport': dice =>
    dice() < 0.5 ? `${between(dice, 20, 69)}${digits(dice, 7)}` : `A${between(dice, 10, 99)}${digits(dice, 6)}`,
  'us-driver-licence': dice =>
    pick(dice, [
      `D${between(dice, 1, 9)}${digits(dice, 6)}`,
      `${between(dice, 1, 9)}${digits(dice, 7)}`,
      `S${between(dice, 100, 999)}-${digits(dice, 4)}-${digits(dice, 4)}`,
    ]),
  'uk-nino': dice => {
    const value = `${pick(dice, ['AB', 'JK', 'PC', 'SX', 'WL'])}${digits(dice, 6)}${letters(dice, 1, 'ABCD')}`
    return dice() < 0.5 ? value : grouped(value, [2, 2, 2, 2, 1], ' ')
  },
  'in-pan': dice => `${letters(dice, 3)}P${letters(dice, 1)}${digits(dice, 4)}${letters(dice, 1)}`,
  'jp-driver-licence': dice => `${between(dice, 10, 97)}${digits(dice, 10)}`,
  'jp-passport': dice => `${pick(dice, ['TK', 'TR', 'TZ', 'MU'])}${between(dice, 1, 9)}${digits(dice, 6)}`,
  'jp-residence-card': dice => `${letters(dice, 2)}${between(dice, 1, 9)}${digits(dice, 7)}${letters(dice, 2)}`,
  'jp-pension-number': dice => `${between(dice, 1000, 9999)}-${digits(dice, 6)}`,
  'jp-bank-account': dice => `${between(dice, 1, 9)}${digits(dice, 6)}`,
  'jp-postal-code': dice => `${between(dice, 100, 999)}-${digits(dice, 4)}`,
  'jp-address': dice => {
    const [prefecture, town] = pick(dice, towns)
    const [a, b, c] = [between(dice, 1, 9), between(dice, 1, 29), between(dice, 1, 20)]
    const number = pick(dice, [
      `${a}-${b}-${c}`,
      `${a}丁目${b}番${c}号`,
      `${a}丁目${b}-${c}`,
      `${kanji[a - 1]}丁目${b}番地`,
      `${b}番地${c}`,
    ])
    const full =
      dice() < 0.4
        ? [...number].map(x => (/[\d-]/.test(x) ? String.fromCharCode(x.charCodeAt(0) + 0xfee0) : x)).join('')
        : number
    return `${dice() < 0.8 ? prefecture : ''}${town}${pick(dice, street)}${full}`
  },
  'jp-corporate': dice => corporate(dice),
  corporate: dice => corporate(dice),
  order: dice => `${pick(dice, ['', '#', 'A-', 'PO'])}${between(dice, 10000, 99999999)}`,
  tracking: dice => `${between(dice, 1000, 9999)}-${digits(dice, 4)}-${digits(dice, 4)}`,
  date: dice => `${between(dice, 2015, 2026)}-${two(between(dice, 1, 12))}-${two(between(dice, 1, 28))}`,
  'date-ja': dice => `${between(dice, 2015, 2026)}年${between(dice, 1, 12)}月${between(dice, 1, 28)}日`,
  time: dice => `${two(between(dice, 0, 23))}:${two(between(dice, 0, 59))}`,
  expiry: dice => `${two(between(dice, 1, 12))}/${between(dice, 26, 31)}`,
  money: dice => `$${between(dice, 1, 900)},${digits(dice, 3)}.${digits(dice, 2)}`,
  'money-ja': dice => `${between(dice, 1, 900)},${digits(dice, 3)}円`,
  count: dice => String(between(dice, 2, 990)),
  'big-count': dice => String(between(dice, 1000, 9_999_999)),
  year: dice => String(between(dice, 1950, 2026)),
  'year-range': dice => `${between(dice, 1950, 1999)}-${between(dice, 2000, 2026)}`,
  isbn: dice => {
    const body = `9784${digits(dice, 8)}`
    const value = body + ((100 - (sumOf(body, i => (i % 2 === 0 ? 1 : 3)) % 10)) % 10)
    return dice() < 0.5 ? value : grouped(value, [3, 1, 4, 4, 1], '-')
  },
  ean: dice => {
    const body = `49${digits(dice, 10)}`
    return body + ((100 - (sumOf(body, i => (i % 2 === 0 ? 1 : 3)) % 10)) % 10)
  },
  version: dice => `${between(dice, 1, 19)}.${between(dice, 0, 30)}.${between(dice, 0, 15)}`,
  'version-b': dice => `${between(dice, 1, 9)}.${between(dice, 0, 30)}.${between(dice, 0, 15)}.${between(dice, 0, 3)}`,
  uuid: dice =>
    createHash('sha256')
      .update(String(dice()))
      .digest('hex')
      .replace(/^(.{8})(.{4})(.{4})(.{4})(.{12}).*$/, '$1-$2-$3-$4-$5'),
  hash: dice =>
    createHash('sha256')
      .update(String(dice()))
      .digest('hex')
      .slice(0, between(dice, 7, 40)),
  port: dice => String(between(dice, 1024, 65535)),
  sku: dice => `${letters(dice, 2)}-${between(dice, 1000, 9999)}-${letters(dice, 1)}`,
  timestamp: dice => String(between(dice, 1_500_000_000, 1_790_000_000)),
}

function corporate(dice: Dice): string {
  const body = `0${between(dice, 1, 9)}00${digits(dice, 8)}`
  const sum = [...body].reverse().reduce((sum, char, i) => sum + Number(char) * (i % 2 === 0 ? 1 : 2), 0)
  return `${9 - (sum % 9)}${body}`
}
