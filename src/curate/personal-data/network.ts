import { type Candidate, certain, likely, weak } from './candidate.ts'
import type { Entity } from './entities.ts'
import { isWordAt, type Marks } from './marks.ts'

const local = /[A-Za-z0-9\u00c0-\u024f!#$%&'*+/=?^_`{|}~.-]/
const domain =
  /@((?:[A-Za-z0-9\u00a1-\u{10ffff}](?:[A-Za-z0-9\u00a1-\u{10ffff}-]{0,62})\.){1,8}[A-Za-z\u00a1-\u{10ffff}]{2,24})/uy
/**
 * Domains that belong to nobody, RFC 2606; what follows a scale or a decorator is no domain. Endings that are countries too
 * (md, py, rs, sh) are files behind a scale or a version only.
 */
const nobody = /(?:^|\.)(?:example(?:\.(?:com|net|org|edu))?|invalid|localhost)$/i
const noDomain =
  /\.(?:png|jpe?g|gif|svg|webp|js|ts|tsx|jsx|rb|go|java|css|html?|json|ya?ml|toml|git)$|^\d+(?:x|(?:\.\d+)+)\.(?:md|py|rs|sh)$/i
const longestLocal = 64
/** Written so that machines shall not read it: `name (at) host.tld`, `name @ host.tld`. */
const spelled =
  /(?<![\w.+-])([a-z0-9_][\w.+-]{0,63})(?: ?[([{]\s?(?:at|@)\s?[)\]}] ?| @ )((?:[a-z0-9][a-z0-9-]{0,62}\.){1,6}[a-z]{2,24})(?![\w-])/gi

/** E-mail addresses, RFC 5321 in the forms in use. */
export function findEmails(text: string, { ats }: Marks, into: Candidate[]): void {
  for (const at of ats) {
    let start = at
    while (start > 0 && at - start <= longestLocal && local.test(text[start - 1]!)) start--
    // Marks of prose and code around an address are no part of it.
    while (start < at && /[^A-Za-z0-9_\u00c0-\u024f]/.test(text[start]!)) start++
    if (start === at || at - start > longestLocal || text[at - 1] === '.') continue
    domain.lastIndex = at
    const name = domain.exec(text)?.[1]
    if (name === undefined) continue
    let end = at + 1 + name.length
    // Words of a script without spaces run on after the domain.
    const plain = /^[A-Za-z0-9.-]+\.[A-Za-z]{2,24}/.exec(name)?.[0]
    if (plain) end = at + 1 + plain.length
    const host = text.slice(at + 1, end)
    if (isWordAt(text, end) || noDomain.test(host)) continue
    const value = text.slice(start, end).toLowerCase()
    into.push({ entity: nobody.test(host) ? 'public' : 'email', start, end, score: certain, value })
  }
}

/** E-mail addresses that are spelled out. */
export function findSpelledEmails(text: string, { ats }: Marks, into: Candidate[]): void {
  if (!ats.some(at => text[at + 1] === ' ' || text[at - 1] === ' ') && !/[([{] ?at ?[)\]}]/i.test(text)) return
  for (const { index, 0: found, 1: name, 2: host } of text.matchAll(spelled)) {
    if (noDomain.test(host!)) continue
    const value = `${name}@${host}`.toLowerCase()
    const entity = nobody.test(host!) ? 'public' : 'email'
    into.push({ entity, start: index, end: index + found.length, score: 0.9, value })
  }
}

const url = /:\/\/[^\s<>"'`()[\]{}|\\^、。」』】）]{3,2000}/y
const trailing = /[.,;:!?*_~]+$/

/** Web addresses; those of nobody are public. */
export function findUrls(text: string, { schemes }: Marks, into: Candidate[]): void {
  for (const at of schemes) {
    const scheme = /(?:https?|ftp)$/i.exec(text.slice(Math.max(0, at - 5), at))?.[0]
    if (!scheme) continue
    url.lastIndex = at
    const rest = url.exec(text)?.[0].replace(trailing, '')
    if (!rest) continue
    const start = at - scheme.length
    const host = /^:\/\/(?:[^/@]*@)?([^/:?#]*)/.exec(rest)![1]!
    const value = text.slice(start, at + rest.length)
    into.push({ entity: nobody.test(host) ? 'public' : 'url', start, end: at + rest.length, score: likely, value })
  }
}

/** Addresses that identify no one: RFC 5737, 6890 and 1112. Private networks need a word near them. */
function kindOf4(octets: number[]): 'public' | 'private' | 'one' {
  const [a, b, c] = octets as [number, number, number]
  if (a === 0 || a === 127 || a >= 224) return 'public'
  if ((a === 192 && b === 0 && c === 2) || (a === 198 && b === 51 && c === 100) || (a === 203 && b === 0 && c === 113))
    return 'public'
  if (a === 10 || (a === 172 && b >= 16 && b < 32) || (a === 192 && b === 168) || (a === 169 && b === 254))
    return 'private'
  return 'one'
}

/** IPv4 addresses: four numbers of which none can be more than 255, not a version and not part of a longer one. */
export function findIpv4(text: string, { numbers }: Marks, into: Candidate[]): void {
  for (let g = 0; g + 7 < numbers.length; g += 2) {
    const start = numbers[g]!
    if (numbers[g + 1]! - start > 3 || text.charCodeAt(numbers[g + 1]!) !== 46) continue
    let fits = true
    for (let k = 0; k < 8 && fits; k += 2) {
      fits =
        numbers[g + k + 1]! - numbers[g + k]! <= 3 &&
        (k === 6 || (text.charCodeAt(numbers[g + k + 1]!) === 46 && numbers[g + k + 2] === numbers[g + k + 1]! + 1))
    }
    const end = numbers[g + 7]!
    if (!fits || /[\w.-]/.test(text[start - 1] ?? '') || /^(?:\.\d|-\d)/.test(text.slice(end, end + 2))) continue
    const value = text.slice(start, end)
    const octets = value.split('.').map(Number)
    if (octets.some((octet, i) => octet > 255 || String(octet) !== value.split('.')[i])) continue
    if (
      /(?:(?<![a-z])(?:version|ver\.?|release|section)|バージョン|第)\s*$/i.test(
        text.slice(Math.max(0, start - 12), start),
      )
    )
      continue
    const kind = kindOf4(octets)
    into.push({
      entity: kind === 'public' ? 'public' : 'ip-address',
      start,
      end,
      score: kind === 'public' ? certain : kind === 'private' ? weak : octets.every(octet => octet < 32) ? weak : 0.9,
      value,
    })
  }
}

const mac = /[0-9A-Fa-f]{2}(?::[0-9A-Fa-f]{2}){5}(?![0-9A-Za-z:])/y
const dashed = /(?<![\w-])[0-9A-Fa-f]{2}(?:-[0-9A-Fa-f]{2}){5}(?![\w-])/g
const ipv6 =
  /(?:(?:[0-9A-Fa-f]{1,4}:){7}[0-9A-Fa-f]{1,4}|(?:[0-9A-Fa-f]{1,4}:){1,7}:(?:[0-9A-Fa-f]{1,4}(?::[0-9A-Fa-f]{1,4}){0,5})?|::[0-9A-Fa-f]{1,4}(?::[0-9A-Fa-f]{1,4}){0,6})(?![0-9A-Za-z:])/y

/** MAC and IPv6 addresses, RFC 4291. Those of documentation, RFC 3849 and 7042, of loopback and of groups are public. */
export function findHex(
  text: string,
  { colons, codes, numbers }: Marks,
  wanted: ReadonlySet<Entity>,
  into: Candidate[],
): void {
  let done = -1
  for (const colon of colons) {
    if (colon < done) continue
    let start = colon
    while (start > 0 && colon - start < 5 && /[0-9A-Fa-f]/.test(text[start - 1]!)) start--
    if (colon - start > 4 || /[0-9A-Za-z_:]/.test(text[start - 1] ?? '')) continue
    mac.lastIndex = start
    const card = mac.exec(text)?.[0]
    if (card) pushMac(card, start, wanted, into)
    ipv6.lastIndex = start
    const address = card ? undefined : ipv6.exec(text)?.[0]
    if (address && wanted.has('ip-address') && halves(address)) {
      const full = address.toLowerCase()
      // `std::fmt` and `a::b` are names of programs.
      const named = /^(?:[a-f]{1,4}::?)+[a-f]{0,4}$/.test(full) || full.length < 6
      const reserved = /^(?:2001:0?db8:|fe80:|ff|::1$|::$)/.test(full)
      if (!named || reserved)
        into.push({
          entity: reserved ? 'public' : 'ip-address',
          start,
          end: start + address.length,
          score: 0.9,
          value: full,
        })
    }
    done = start + (card ?? address ?? '').length
  }
  if (!wanted.has('mac-address') || !(paired(text, codes) || paired(text, numbers))) return
  for (const { index, 0: card } of text.matchAll(dashed)) pushMac(card, index, wanted, into)
}

/** Is there a word of two characters before a dash? */
function paired(text: string, words: number[]): boolean {
  for (let i = 0; i < words.length; i += 2) {
    if (words[i + 1]! - words[i]! === 2 && text.charCodeAt(words[i + 1]!) === 45) return true
  }
  return false
}

function pushMac(found: string, start: number, wanted: ReadonlySet<Entity>, into: Candidate[]): void {
  const value = found.toLowerCase().replaceAll('-', ':')
  const nobodys = value.startsWith('00:00:5e:00:53:') || /^(?:ff:){5}ff$|^(?:00:){5}00$/.test(value)
  if (nobodys || wanted.has('mac-address'))
    into.push({ entity: nobodys ? 'public' : 'mac-address', start, end: start + found.length, score: certain, value })
}

/** At most eight groups, and fewer where `::` stands for some. */
function halves(address: string): boolean {
  const groups = address.split(':').filter(Boolean).length
  return address.includes('::') ? groups <= 7 && address.indexOf('::') === address.lastIndexOf('::') : groups === 8
}
