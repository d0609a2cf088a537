/** How a set of texts is written, as far as it can be counted: rows by their number of words, and rows with each trait. */
export type Manner = {
  rows: number
  words: number
  lengths: Float64Array
  questions: number
  japanese: number
  polite: number
}

/** Lengths are counted in steps of an eighth of a doubling: a middle is off by 4 % at most. */
const steps = 8
const lengths = 27 * steps

const asks = /(?:[?？]|か。?)["'」』）)]*\s*$/
const kana = /[\p{Script=Hiragana}\p{Script=Katakana}]/u
/** The ends of polite sentences, teineigo. */
const polite = /(?:です|ます|ました|ません|でした|でしょう|ください)(?:か|ね|よ)?[。！？!?」』）)]*\s*$/m
/** Characters from the end of a text that tell how it is written. */
const end = 2000

const stepOf = (words: number) => Math.min(lengths - 1, Math.round(steps * Math.log2(1 + words)))

export const openManner = (): Manner => ({
  rows: 0,
  words: 0,
  lengths: new Float64Array(lengths),
  questions: 0,
  japanese: 0,
  polite: 0,
})

export function addText(to: Manner, text: string, words: number): void {
  const last = text.slice(-end)
  to.rows++
  to.words += words
  to.lengths[stepOf(words)]!++
  if (asks.test(last)) to.questions++
  if (!kana.test(last)) return
  to.japanese++
  if (polite.test(last)) to.polite++
}

export function addManner(to: Manner, more: Manner): void {
  for (const [i, n] of more.lengths.entries()) to.lengths[i]! += n
  to.rows += more.rows
  to.words += more.words
  to.questions += more.questions
  to.japanese += more.japanese
  to.polite += more.polite
}

/** The length of a row in doublings of its number of words, and how many rows of a set have each. */
export const doublings = (words: number): number => Math.round(stepOf(words) / steps)
export function byDoublings({ lengths }: Manner): Map<number, number> {
  const found = new Map<number, number>()
  for (const [i, n] of lengths.entries()) {
    const length = Math.round(i / steps)
    if (n > 0) found.set(length, (found.get(length) ?? 0) + n)
  }
  return found
}

function median({ rows, lengths }: Manner): number {
  let before = 0
  for (const [i, n] of lengths.entries()) {
    before += n
    if (2 * before >= rows) return Math.round(2 ** (i / steps) - 1)
  }
  return 0
}

const percent = (part: number, of: number) => `${of > 0 ? ((100 * part) / of).toFixed(0) : 0} %`

/** Sentences for people: how the rows were written, how those that are kept are, and how the target is. */
export function shift(before: Manner, after: Manner, target: Manner): string[] {
  const said = (what: string, of: (manner: Manner) => string) =>
    `${what}: ${of(before)} before, ${of(after)} after, ${of(target)} in the target`
  return [
    said('words of the middle row', manner => String(median(manner))),
    ...(before.questions + target.questions > 0
      ? [said('rows that end with a question', ({ questions, rows }) => percent(questions, rows))]
      : []),
    ...(before.japanese > 0 && target.japanese > 0
      ? [said('polite endings (です・ます) among Japanese rows', ({ polite, japanese }) => percent(polite, japanese))]
      : []),
  ]
}
