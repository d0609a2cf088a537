import { createHash } from 'node:crypto'
import { crc32 } from 'node:zlib'

/*
 * Check digits of identity numbers. All take the bare value, without separators, in the form its issuer writes it; all
 * are pure, and false for anything of another form.
 */

const at = (digits: string, i: number) => digits.charCodeAt(i) - 48
const weighed = (digits: string, weights: readonly number[]) =>
  weights.reduce((sum, weight, i) => sum + weight * at(digits, i), 0)

/** ISO/IEC 7812-1 annex B: payment cards, and as part of other schemes. */
export function luhn(digits: string): boolean {
  let sum = 0
  for (let i = digits.length - 1, twice = false; i >= 0; i--, twice = !twice) {
    const value = twice ? at(digits, i) * 2 : at(digits, i)
    sum += value > 9 ? value - 9 : value
  }
  return sum % 10 === 0
}

/** Issuer by the leading digits. `rare`: lengths and ranges that so many other numbers share that the issuer alone shows little. */
export function cardIssuer(digits: string): 'common' | 'rare' | undefined {
  const n = digits.length
  const two = Number(digits.slice(0, 2))
  const three = Number(digits.slice(0, 3))
  const four = Number(digits.slice(0, 4))
  if (digits[0] === '4') return n === 16 ? 'common' : n === 13 || n === 19 ? 'rare' : undefined
  if ((two >= 51 && two <= 55) || (four >= 2221 && four <= 2720)) return n === 16 ? 'common' : undefined
  if (two === 34 || two === 37) return n === 15 ? 'common' : undefined
  if ((three >= 300 && three <= 305) || four === 3095 || two === 36 || two === 38 || two === 39)
    return n === 14 ? 'common' : n >= 16 && n <= 19 ? 'rare' : undefined
  if (four >= 3528 && four <= 3589) return n === 16 ? 'common' : n > 16 ? 'rare' : undefined
  if (two === 35) return n === 16 ? 'rare' : undefined
  if (four === 2131 || four === 1800) return n === 15 ? 'rare' : undefined
  if (four === 6011 || (three >= 644 && three <= 649) || two === 65)
    return n === 16 ? 'common' : n > 16 ? 'rare' : undefined
  if (two === 62) return n === 16 ? 'common' : n > 16 ? 'rare' : undefined
  if (four >= 2200 && four <= 2204) return n === 16 ? 'common' : undefined
  if (two === 50 || (two >= 56 && two <= 69)) return n >= 12 ? 'rare' : undefined
  return undefined
}

export const card = (digits: string): boolean => cardIssuer(digits) !== undefined && luhn(digits)

const d5 = [
  [0, 1, 2, 3, 4, 5, 6, 7, 8, 9],
  [1, 2, 3, 4, 0, 6, 7, 8, 9, 5],
  [2, 3, 4, 0, 1, 7, 8, 9, 5, 6],
  [3, 4, 0, 1, 2, 8, 9, 5, 6, 7],
  [4, 0, 1, 2, 3, 9, 5, 6, 7, 8],
  [5, 9, 8, 7, 6, 0, 4, 3, 2, 1],
  [6, 5, 9, 8, 7, 1, 0, 4, 3, 2],
  [7, 6, 5, 9, 8, 2, 1, 0, 4, 3],
  [8, 7, 6, 5, 9, 3, 2, 1, 0, 4],
  [9, 8, 7, 6, 5, 4, 3, 2, 1, 0],
]
const turns = [[0, 1, 2, 3, 4, 5, 6, 7, 8, 9]]
for (let i = 1; i < 8; i++) turns.push([1, 5, 7, 6, 2, 8, 3, 0, 9, 4].map(to => turns[i - 1]![to]!))

/** Verhoeff 1969, over the dihedral group D5. */
export function verhoeff(digits: string): boolean {
  let sum = 0
  for (let i = 0; i < digits.length; i++) sum = d5[sum]![turns[i % 8]![at(digits, digits.length - 1 - i)]!]!
  return sum === 0
}

/** India, UIDAI: twelve digits, the first of them 2 to 9, Verhoeff. */
export const aadhaar = (digits: string): boolean => /^[2-9]\d{11}$/.test(digits) && verhoeff(digits)

/** United States, ABA routing number: weights 3 7 1, ranges of the Federal Reserve. */
export const aba = (digits: string): boolean =>
  /^(?:0[1-9]|1[0-2]|2[1-9]|3[0-2]|6[1-9]|7[0-2]|80)\d{7}$/.test(digits) &&
  weighed(digits, [3, 7, 1, 3, 7, 1, 3, 7, 1]) % 10 === 0

/** United States, National Provider Identifier: Luhn with the prefix 80840. */
export const npi = (digits: string): boolean => /^[12]\d{9}$/.test(digits) && luhn(`80840${digits}`)

/** United Kingdom, NHS number: weights 10 to 2, modulus 11; one that leads to 10 is never issued. */
export function nhs(digits: string): boolean {
  if (!/^\d{10}$/.test(digits) || /^(\d)\1{9}$/.test(digits)) return false
  const check = 11 - (weighed(digits, [10, 9, 8, 7, 6, 5, 4, 3, 2]) % 11)
  return check !== 10 && check % 11 === at(digits, 9)
}

const nifLetters = 'TRWAGMYFPDXBNJZSQVHLCKE'
/** Spain, NIF of residents and NIE of foreigners: the letter is the number modulo 23. */
export const nif = (value: string): boolean =>
  /^\d{8}[A-Z]$/.test(value) && nifLetters[Number(value.slice(0, 8)) % 23] === value[8]
export const nie = (value: string): boolean =>
  /^[XYZ]\d{7}[A-Z]$/.test(value) && nif(`${'XYZ'.indexOf(value[0]!)}${value.slice(1)}`)

const odd = [1, 0, 5, 7, 9, 13, 15, 17, 19, 21, 2, 4, 18, 20, 11, 3, 6, 8, 12, 14, 16, 10, 22, 25, 24, 23]
/** Italy, codice fiscale: sixteen characters, the last checks the others; digits may be written as letters (omocodia). */
export function codiceFiscale(value: string): boolean {
  if (!/^[A-Z]{6}[\dLMNP-V]{2}[ABCDEHLMPRST][\dLMNP-V]{2}[A-Z][\dLMNP-V]{3}[A-Z]$/.test(value)) return false
  let sum = 0
  for (let i = 0; i < 15; i++) {
    const c = value.charCodeAt(i)
    const n = c < 65 ? c - 48 : c - 65
    sum += i % 2 === 0 ? odd[n]! : n
  }
  return 65 + (sum % 26) === value.charCodeAt(15)
}

const days = [31, 29, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31]
const dayOf = (month: number, day: number) => month >= 1 && month <= 12 && day >= 1 && day <= days[month - 1]!

/** Poland, PESEL: a date of birth, the century added to its month, and weights 1 3 7 9. */
export function pesel(digits: string): boolean {
  if (!/^\d{11}$/.test(digits)) return false
  const month = Number(digits.slice(2, 4))
  if (!dayOf(month % 20, Number(digits.slice(4, 6)))) return false
  // Born before 1920, or in a century that has not come: it is another number, such as that of a Japanese telephone.
  if ((month <= 12 && digits < '2') || (month > 32 && month < 80)) return false
  return (10 - (weighed(digits, [1, 3, 7, 9, 1, 3, 7, 9, 1, 3]) % 10)) % 10 === at(digits, 10)
}

/** Germany, tax identification number: ISO 7064 MOD 11,10; of the first ten digits exactly one is there two or three times. */
export function deTaxId(digits: string): boolean {
  if (!/^[1-9]\d{10}$/.test(digits)) return false
  const counts = new Array(10).fill(0)
  for (let i = 0; i < 10; i++) counts[at(digits, i)]++
  const repeated = counts.filter(n => n > 1)
  if (repeated.length !== 1 || repeated[0] > 3 || /(\d)\1\1/.test(digits.slice(0, 10))) return false
  let product = 10
  for (let i = 0; i < 10; i++) {
    const sum = (at(digits, i) + product) % 10 || 10
    product = (sum * 2) % 11
  }
  return (11 - product) % 10 === at(digits, 10)
}

/** France, NIR: sex, year, month, place, order, and a key of 97 less the number modulo 97; Corsica is 2A and 2B. */
export function nir(value: string): boolean {
  if (!/^[1-478]\d{2}(?:0[1-9]|1[0-2]|[2-9]\d)\d[\dAB]\d{8}$/.test(value)) return false
  const plain = value.replace('2A', '19').replace('2B', '18')
  if (!/^\d{15}$/.test(plain)) return false
  return 97 - (Number(plain.slice(0, 13)) % 97) === Number(plain.slice(13))
}

/**
 * Republic of Korea, resident registration number: date of birth, sex and century, weights 2 to 9 and 2 to 5. Numbers
 * given since October 2020 have no check digit, so one with a later date of birth is right by its form alone.
 */
export function rrn(digits: string): 'checked' | 'formed' | undefined {
  if (!/^\d{6}[1-8]\d{6}$/.test(digits)) return undefined
  if (!dayOf(Number(digits.slice(2, 4)), Number(digits.slice(4, 6)))) return undefined
  const check = (11 - (weighed(digits, [2, 3, 4, 5, 6, 7, 8, 9, 2, 3, 4, 5]) % 11)) % 10
  if (check === at(digits, 12)) return 'checked'
  return /[3478]/.test(digits[6]!) && digits.slice(0, 4) >= '2010' && digits.slice(0, 2) < '50' ? 'formed' : undefined
}

/** Japan, My Number: ministerial ordinance 85 of 2014, article 5. One in ten strings of twelve digits passes. */
export function myNumber(digits: string): boolean {
  if (!/^\d{12}$/.test(digits) || /^(\d)\1{11}$/.test(digits)) return false
  const rest = weighed(digits, [6, 5, 4, 3, 2, 7, 6, 5, 4, 3, 2]) % 11
  return (rest <= 1 ? 0 : 11 - rest) === at(digits, 11)
}

/** Japan, corporate number: the first digit is 9 less the sum with weights 1 2 from the right, modulo 9. Public. */
export function corporateNumber(digits: string): boolean {
  if (!/^[1-9]\d{12}$/.test(digits)) return false
  let sum = 0
  for (let n = 1; n <= 12; n++) sum += at(digits, 13 - n) * (n % 2 === 1 ? 1 : 2)
  return 9 - (sum % 9) === at(digits, 0)
}

/** Japan, driving licence: the eleventh digit from the first ten. Not published by its issuer: a hint and no proof. */
export function jpLicence(digits: string): boolean {
  if (!/^\d{12}$/.test(digits)) return false
  const rest = weighed(digits, [5, 4, 3, 2, 7, 6, 5, 4, 3, 2]) % 11
  return (rest <= 1 ? 0 : 11 - rest) === at(digits, 10)
}

/** ISBN-13 and other article numbers: weights 1 3. Public. */
export const ean13 = (digits: string): boolean =>
  /^\d{13}$/.test(digits) && weighed(digits, [1, 3, 1, 3, 1, 3, 1, 3, 1, 3, 1, 3, 1]) % 10 === 0

const base58 = '123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz'
const sha = (bytes: Uint8Array) => createHash('sha256').update(bytes).digest()

/** A Base58Check address: version, hash of twenty bytes, the first four bytes of sha256 applied twice. */
export function base58Check(value: string): boolean {
  const bytes = new Uint8Array(25)
  for (const char of value) {
    let carry = base58.indexOf(char)
    if (carry < 0) return false
    for (let i = 24; i >= 0; i--) {
      carry += bytes[i]! * 58
      bytes[i] = carry & 255
      carry >>= 8
    }
    if (carry > 0) return false
  }
  // As many leading ones as there are leading zero bytes, so that a padded number is none.
  const ones = /^1*/.exec(value)![0].length
  const zeros = bytes.findIndex(byte => byte !== 0)
  if (ones !== (zeros < 0 ? 25 : zeros)) return false
  const check = sha(sha(bytes.subarray(0, 21)))
  return check.subarray(0, 4).equals(bytes.subarray(21))
}

const bech32Letters = 'qpzry9x8gf2tvdw0s3jn54khce6mua7l'
/** BIP 173 (Bech32) and BIP 350 (Bech32m). */
export function bech32(value: string): boolean {
  const lower = value.toLowerCase()
  if (lower !== value && value.toUpperCase() !== value) return false
  const split = lower.lastIndexOf('1')
  if (split < 1 || lower.length - split < 7) return false
  let sum = 1
  const feed = (value: number) => {
    const top = sum >>> 25
    sum = ((sum & 0x1ffffff) << 5) ^ value
    for (let i = 0; i < 5; i++)
      if ((top >>> i) & 1) sum ^= [0x3b6a57b2, 0x26508e6d, 0x1ea119fa, 0x3d4233dd, 0x2a1462b3][i]!
  }
  for (let i = 0; i < split; i++) feed(lower.charCodeAt(i) >> 5)
  feed(0)
  for (let i = 0; i < split; i++) feed(lower.charCodeAt(i) & 31)
  for (let i = split + 1; i < lower.length; i++) {
    const letter = bech32Letters.indexOf(lower[i]!)
    if (letter < 0) return false
    feed(letter)
  }
  return sum === 1 || sum === 0x2bc830a3
}

const base62 = '0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz'
/** Tokens of GitHub and npm: thirty characters and their CRC-32 in six of base 62. `body` is what follows the prefix. */
export function crcToken(body: string): boolean {
  if (!/^[0-9A-Za-z]{36}$/.test(body)) return false
  let sum = 0
  for (const char of body.slice(30)) sum = sum * 62 + base62.indexOf(char)
  return crc32(body.slice(0, 30)) === sum
}

/** Shannon entropy in bits a character. */
export function entropy(text: string): number {
  const counts = new Map<string, number>()
  for (const char of text) counts.set(char, (counts.get(char) ?? 0) + 1)
  let bits = 0
  for (const n of counts.values()) bits -= (n / text.length) * Math.log2(n / text.length)
  return bits
}
