import type { Candidate } from './candidate.ts'
import { crcToken, entropy } from './checks.ts'
import type { Marks } from './marks.ts'

/**
 * What opens something to whoever reads it: keys, tokens, passwords. Named by its issuer where its form says so.
 * `lead`: the letters it begins with, looked for in one go; `pattern` is tried there.
 */
type Rule = {
  name: string
  lead: string
  pattern: RegExp
  /** Shannon bits a character that what it found must have, default 3: examples are made of repeats. */
  bits?: number
  holds?(found: string): boolean
}

const rules: Rule[] = [
  {
    name: 'github-token',
    lead: 'gh[pousr]_',
    pattern: /gh[pousr]_([A-Za-z0-9]{36})(?![A-Za-z0-9])/y,
    holds: found => crcToken(found.slice(4)) || entropy(found.slice(4)) >= 4,
  },
  { name: 'github-token', lead: 'github_pat_', pattern: /github_pat_[A-Za-z0-9]{22}_[A-Za-z0-9]{59}/y },
  { name: 'gitlab-token', lead: 'gl(?:pat|ptt|rt|dt|cbt)-', pattern: /gl(?:pat|ptt|rt|dt|cbt)-[\w-]{20,64}/y },
  {
    name: 'npm-token',
    lead: 'npm_',
    pattern: /npm_([A-Za-z0-9]{36})(?![A-Za-z0-9])/y,
    holds: found => crcToken(found.slice(4)) || entropy(found.slice(4)) >= 4,
  },
  { name: 'pypi-token', lead: 'pypi-', pattern: /pypi-AgEIcHlwaS[\w-]{50,512}/y },
  { name: 'huggingface-token', lead: 'hf_', pattern: /hf_[A-Za-z]{34}(?![A-Za-z0-9])/y },
  { name: 'anthropic-key', lead: 'sk-ant-', pattern: /sk-ant-[a-z]{3,8}\d{2}-[\w-]{80,120}/y },
  {
    name: 'openai-key',
    lead: 'sk-',
    pattern: /sk-(?:(?:proj|svcacct|admin)-)?[\w-]{20,160}/y,
    bits: 3.6,
    holds: mixed,
  },
  { name: 'stripe-key', lead: '[rsp]k_(?:live|test)_', pattern: /[rs]k_(?:live|test)_[A-Za-z0-9]{16,247}/y },
  { name: 'stripe-key', lead: 'whsec_', pattern: /whsec_[A-Za-z0-9+/=]{24,88}/y },
  { name: 'slack-token', lead: 'xox[abeoprs]-', pattern: /xox[abeoprs]-(?:\d-)?[A-Za-z0-9-]{10,250}/y, holds: digits },
  { name: 'slack-token', lead: 'xapp-', pattern: /xapp-\d-[A-Z0-9]{6,16}-\d{6,16}-[a-f0-9]{32,128}/y },
  {
    name: 'slack-webhook',
    lead: 'hooks\\.slack\\.com/',
    pattern: /hooks\.slack\.com\/(?:services|workflows)\/T[A-Z0-9]{6,14}\/[A-Z0-9]{6,14}\/[A-Za-z0-9/]{16,64}/y,
  },
  { name: 'sendgrid-key', lead: 'SG\\.', pattern: /SG\.[\w-]{16,32}\.[\w-]{32,64}/y },
  { name: 'aws-key', lead: 'A(?:KIA|SIA|BIA|CCA)', pattern: /A(?:KIA|SIA|BIA|CCA)[A-Z2-7]{16}(?![A-Za-z0-9])/y },
  { name: 'google-key', lead: 'AIza', pattern: /AIza[\w-]{35}(?![\w-])/y },
  { name: 'google-key', lead: 'GOCSPX-', pattern: /GOCSPX-[\w-]{28}/y },
  { name: 'google-token', lead: 'ya29\\.', pattern: /ya29\.[\w-]{30,400}/y },
  { name: 'digitalocean-token', lead: 'do[opr]_v1_', pattern: /do[opr]_v1_[a-f0-9]{64}/y },
  { name: 'shopify-token', lead: 'shp(?:at|ca|pa|ss)_', pattern: /shp(?:at|ca|pa|ss)_[a-fA-F0-9]{32}/y },
  { name: 'age-key', lead: 'AGE-SECRET-KEY-', pattern: /AGE-SECRET-KEY-1[A-Z0-9]{58}/y },
  {
    name: 'jwt',
    lead: 'eyJ',
    pattern: /eyJ[\w-]{10,2000}\.eyJ[\w-]{10,8000}\.[\w-]{16,1000}/y,
    holds: found => /"alg"/.test(Buffer.from(found.slice(0, found.indexOf('.')), 'base64url').toString('latin1')),
  },
  {
    name: 'private-key',
    lead: '-----BEGIN ',
    pattern: /-----BEGIN (?:[A-Z0-9]{2,12} ){0,2}PRIVATE KEY(?: BLOCK)?-----[A-Za-z0-9+/=\s\\:,.-]{40}/y,
  },
]

/** Beginnings alone, so that their first letters are looked for at the speed of the machine. */
const leads = new RegExp([...new Set(rules.map(rule => rule.lead))].join('|'), 'g')
/** The password in the address of a database, a queue or a site. */
const userinfo = /:\/\/[^\s/:@]{0,64}:([^\s/@]{3,128})@[^\s/?#"'<>]{1,128}/y

/** A name that says secret, a sign of assignment, and a value that looks made by chance. */
const names =
  /pass(?:word|wd|phrase)?|pwd|secret|api[_-]?key|access[_-]?key|auth[_-]?token|access[_-]?token|private[_-]?key|client[_-]?secret|credential|(?:パス|合言)(?:ワード|葉)|暗証番号/
const assigned = new RegExp(
  `(?:${names.source})${/["'`]?\s{0,3}(?:[:=：＝]|=>|は|is\s)\s{0,3}["'`「]?((?:(?!["'`<>(){}[\];,])[!-~]){8,128})/.source}`,
  'gi',
)
/** A field that is called so holds the value alone. */
const named = new RegExp(`(?:${names.source})$`, 'i')
/** What a header of HTTP carries, RFC 9110 section 11.6.2. */
const header = /authorization["']?\s{0,3}[:=]\s{0,3}["']?(?:bearer|basic|token)\s{1,3}([\w.~+/-]{16,4096}={0,2})/gi

function digits(found: string): boolean {
  return /\d/.test(found)
}
function mixed(found: string): boolean {
  return /\d/.test(found) && /[A-Z]/.test(found) && /[a-z]/.test(found.slice(3))
}

/** Values that stand where a secret would: words for it, references to where it is kept, repeats. */
export function example(value: string): boolean {
  return (
    /example|sample|change_?me|placeholder|your|dummy|redacted|xxx|\*\*\*|\.\.\.|…|password|passwd|secret|hunter2|foo|bar|1234|abcd|test|todo|none|null|undefined/i.test(
      value,
    ) ||
    /^[$%{<[@&]|^(?:env|os|process|config|settings|vault|var|self|this|ctx|req)\b|^(?:user|pass|pw|pwd|p|token|key|admin|root|postgres|guest|mysql|redis|rabbitmq|docker)$/i.test(
      value,
    )
  )
}

const longestKey = 20_000
/** A key ends with its closing line, or after as many characters as the longest key has. */
function endOfKey(text: string, start: number): number {
  const body = text.slice(start, start + longestKey)
  const close = /-----END [A-Z0-9 ]{0,30}PRIVATE KEY(?: BLOCK)?-----/.exec(body)
  return close ? start + close.index + close[0].length : start + body.length
}

/** Forty of base64, slashes among them: no path has capitals, small letters and digits throughout. */
const awsSecret = (value: string) => /^[A-Za-z0-9+/]{40}$/.test(value) && mixed(value) && entropy(value) >= 4.2

/** Secrets in a text; what is only an example of one is none. `hint` is what the text is called. */
export function findSecrets(text: string, { schemes }: Marks, into: Candidate[], hint = ''): void {
  let done = 0
  for (const { index } of text.matchAll(leads)) {
    if (index < done || /[A-Za-z0-9]/.test(text[index - 1] ?? '')) continue
    for (const rule of rules) {
      rule.pattern.lastIndex = index
      const found = rule.pattern.exec(text)?.[0]
      if (found === undefined) continue
      done = index + found.length
      if (entropy(found) < (rule.bits ?? 3) || /EXAMPLE|xxxxxx|X{6}|\.\.\.|\*\*\*/.test(found)) continue
      if (rule.holds && !rule.holds(found)) continue
      if (rule.name === 'private-key') done = endOfKey(text, index)
      const value = text.slice(index, done)
      into.push({ entity: 'secret', start: index, end: done, score: 1, value, rule: rule.name })
      break
    }
  }
  for (const scheme of schemes) {
    userinfo.lastIndex = scheme
    const found = userinfo.exec(text)
    if (!found || example(found[1]!)) continue
    const start = scheme - /[a-z0-9+]*$/i.exec(text.slice(Math.max(0, scheme - 14), scheme))![0].length
    const end = scheme + found[0].length
    into.push({ entity: 'secret', start, end, score: 1, value: text.slice(start, end), rule: 'url-password' })
  }
  for (const match of text.matchAll(assigned)) {
    const value = match[1]!.replace(/[.,:!?]+$/, '')
    if (!byChance(value)) continue
    const start = match.index + match[0].length - match[1]!.length
    if (/^[([]/.test(text.slice(start + value.length, start + value.length + 1))) continue
    into.push({ entity: 'secret', start, end: start + value.length, score: 0.8, value, rule: 'assigned' })
  }
  for (const { index, 0: found, 1: value } of text.matchAll(header)) {
    if (example(value!) || !/\d/.test(value!) || entropy(value!) < 3) continue
    const end = index + found.length
    into.push({ entity: 'secret', start: end - value!.length, end, score: 0.8, value: value!, rule: 'authorization' })
  }
  if (named.test(hint) && /^(?:(?!["'`<>(){}[\];,])[!-~]){8,128}$/.test(text) && byChance(text))
    into.push({ entity: 'secret', start: 0, end: text.length, score: 0.8, value: text, rule: 'assigned' })
}

function byChance(value: string): boolean {
  if (value.length < 8 || example(value) || !/\d/.test(value) || !/[A-Za-z]/.test(value) || entropy(value) < 3)
    return false
  // Paths, addresses and calls are where a secret is kept, not the secret.
  return awsSecret(value) || !/^(?:https?:|\/|\.\/|~)|::|->|\/.*\/|\.[a-z]+\(/.test(value)
}
