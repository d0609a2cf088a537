import { Fault, type TokenLogprob } from './contract.ts'

/** A token as a server shows it. The first of a text has no log-probability, and some servers do not show it at all. */
export type Shown = { token: string | undefined; logprob: number | null | undefined }

/** What one choice of a completion says of its prompt. All of it doubtful: servers differ. */
export type Probed = {
  text?: string | null
  /** vLLM: for each token of the prompt its candidates by token id; null for the first. */
  prompt_logprobs?: (Record<string, Candidate> | null)[] | null
  /** With `echo`: of the tokens of the prompt and of those written after it. */
  logprobs?: { tokens?: (string | null)[]; token_logprobs?: (number | null)[] } | null
}
type Candidate = { logprob?: number; decoded_token?: string | null }

/**
 * Log-probabilities of the tokens of `prompt` that hold its characters from `from` on. Undefined where the server said
 * nothing of its prompt.
 *
 * A token that begins before `from` and ends after it is counted: the text is then told by exactly the tokens that hold
 * its characters. So is every token of a run that no character can be read from (bytes of one character that were cut
 * apart) and that holds the place. Spaces that a server strips from a token belong to the token after them. The first
 * token of all has no log-probability and is left out where it holds text.
 */
export function promptLogprobs(choice: Probed, prompt: string, from: number): TokenLogprob[] | undefined {
  const seen = shownIn(choice, prompt)
  if (!seen) return undefined
  const places = placesOf(
    seen.text,
    seen.tokens.map(({ token }) => token),
  )
  const found: TokenLogprob[] = []
  for (const [i, { token, logprob }] of seen.tokens.entries()) {
    const [start, end] = places[i]!
    if (end <= from || start >= prompt.length || typeof logprob !== 'number') continue
    found.push({ token: token ?? seen.text.slice(start, end), logprob })
  }
  return found
}

function shownIn(choice: Probed, prompt: string): { text: string; tokens: Shown[] } | undefined {
  const { prompt_logprobs: listed, logprobs, text } = choice
  if (Array.isArray(listed)) {
    const tokens = listed.map(candidates => {
      const [own, other] = Object.values(candidates ?? {})
      // No alternative was asked for, and which of several stands in the prompt cannot be told.
      if (other) throw new Fault('route', 'the server shows other tokens beside those of the prompt')
      return { token: legible(own?.decoded_token), logprob: own?.logprob }
    })
    return { text: prompt, tokens }
  }
  const { tokens, token_logprobs: numbers } = logprobs ?? {}
  if (!Array.isArray(tokens) || !Array.isArray(numbers) || typeof text !== 'string') return undefined
  // Without its prompt it tells of what it wrote alone.
  if (!text.startsWith(prompt)) return undefined
  return { text, tokens: tokens.map((token, i) => ({ token: legible(token), logprob: numbers[i] })) }
}

/** Tokens that a server shows as its vocabulary has them: SentencePiece writes spaces and single bytes in its own way. */
function legible(token: string | null | undefined): string | undefined {
  if (token == null) return undefined
  return /^<0x[\dA-F]{2}>$/.test(token) ? unreadable : token.replaceAll('\u2581', ' ')
}

/** A byte that is no character by itself is shown as this. */
const unreadable = '\uFFFD'
/** Characters that a token may hold which is not shown at all. */
const mostUnseen = 128

/** What tokens that cannot be read, or not whole, may stand for: a text of this pattern, of at most so many characters. */
type Gap = { pattern: RegExp; most: number }

function gapOf(tokens: readonly (string | undefined)[]): Gap {
  let most = 0
  const pattern = tokens.map(token => token ?? '\uFFFE').join('')
  const parts = pattern.match(/\uFFFD+|\uFFFE|[^\uFFFD\uFFFE]+/g) ?? []
  const written = parts.map(part => {
    // Bytes are at least as many as the characters they make up, and a character is one unit or two.
    const room = part[0] === unreadable ? 2 * part.length : part === '\uFFFE' ? mostUnseen : part.length
    most += room
    if (part[0] === unreadable) return `[^]{1,${room}}`
    return part === '\uFFFE' ? `[^]{0,${room}}` : part.replace(/[\\^$.*+?()[\]{}|]/g, '\\$&')
  })
  return { pattern: new RegExp(`^${written.join('')}$`), most }
}

/**
 * Where each token stands in the text. Read from the end, because what a server puts in front (a mark of the beginning)
 * stands in no text. Tokens that cannot be read share the stretch up to the next one that can.
 * @throws Fault when the tokens are those of another text.
 */
export function placesOf(text: string, tokens: readonly (string | undefined)[]): [start: number, end: number][] {
  const places: [number, number][] = Array(tokens.length)
  let end = text.length
  let pending: number[] = []
  for (let i = tokens.length - 1; i >= 0; i--) {
    const token = tokens[i]
    const at = token === undefined || token.includes(unreadable) ? undefined : endOf(text, token, end, tokens, pending)
    if (at === undefined) {
      pending.push(i)
      continue
    }
    for (const one of pending) places[one] = [at, end]
    pending = []
    places[i] = [Math.max(0, at - token!.length), at]
    // What stands between this token and the next is white space that was stripped from the next.
    const next = places[i + 1]
    if (next && at < end) next[0] = at
    end = places[i]![0]
  }
  const left = text.slice(0, end)
  const { pattern } = gapOf(shown(tokens, pending))
  if (left.trim() !== '' && !pattern.test(left) && !pattern.test(left.trimEnd())) {
    throw new Fault('health', `the tokens of a reply are not those of the text: ${end} characters belong to none`)
  }
  for (const one of pending) places[one] = [0, end]
  if (pending.length === 0 && places[0]) places[0][0] = 0
  return places
}

/** The tokens of a stretch in reading order, without marks that stand in no text. */
const shown = (tokens: readonly (string | undefined)[], pending: readonly number[]) =>
  pending.toReversed().flatMap(i => (/^<[^\s<>]+>$/.test(tokens[i] ?? '') ? [] : [tokens[i]]))

/** Where a token that can be read ends, at or before `end`; undefined where it stands nowhere near. */
function endOf(
  text: string,
  token: string,
  end: number,
  tokens: readonly (string | undefined)[],
  pending: readonly number[],
): number | undefined {
  const between = shown(tokens, pending)
  if (!between.some(one => one === undefined || one.includes(unreadable))) {
    // SentencePiece begins every text with a space.
    if (text.endsWith(token, end) || ` ${text.slice(0, end)}` === token) return end
    const before = text.slice(0, end).trimEnd().length
    return token.trim() !== '' && text.endsWith(token, before) ? before : undefined
  }
  const { pattern, most } = gapOf(between)
  for (let at = end; token !== '' && at >= Math.max(token.length, end - most); at--) {
    if (text.endsWith(token, at) && pattern.test(text.slice(at, end))) return at
  }
  return undefined
}
