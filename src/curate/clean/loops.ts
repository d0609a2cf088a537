import { listLine, structural, weight, withoutBlocks } from '../../text/index.ts'

type Counted = { value: number; why: string }
const none: Counted = { value: 0, why: '' }

/** Words below which a sentence may well come again, and the share of a text that repetition must be of. */
const shortest = 5
const least = 0.15
/** Labels, choices, addresses, comments and verse come again in good texts. */
const recurring = /^\s*(?:\p{L}[\p{L} -]{0,24}[:：]|[(（]?[a-eア-オ1-5１-５][.)）]|\/\/|--|#|\*\*)|https?:/iu

const verse =
  /\b(?:songs?|poems?|poetry|lyrics?|raps?|ballads?|chorus|hymns?|chants?|anthems?|verses?|jingles?|rhymes?|carols?)\b|歌|詩|ラップ/iu

/**
 * How often the sentence comes that comes most: again and again in a row, or where repetition is a part of the text that
 * counts. 0 where none does, and in verse.
 */
export function repeats(prompt: string, text: string): Counted {
  if (verse.test(prompt)) return none
  const counts = new Map<string, number>()
  const lines = withoutBlocks(text).split('\n')
  const code = lines.filter(line => structural(line)).length
  if (code * 4 > lines.length) return none
  let best = none
  let all = 0
  let again = 0
  let [before, inRow, row] = ['', 1, none]
  for (const line of lines) {
    if (structural(line) || recurring.test(line)) continue
    for (const sentence of line.replace(listLine, '').split(/(?<=[.!?])\s+|(?<=[。！？])/)) {
      all += sentence.length
      if (sentence.length < 12 || recurring.test(sentence)) continue
      const key = sentence.trim().toLowerCase()
      const count = (counts.get(key) ?? 0) + 1
      counts.set(key, count)
      inRow = key === before ? inRow + 1 : 1
      before = key
      if (count === 1) continue
      again += sentence.length
      if (count <= best.value && inRow <= row.value) continue
      if (weight(key) < shortest) continue
      if (count > best.value) best = { value: count, why: sentence.trim() }
      if (inRow > row.value) row = { value: inRow, why: sentence.trim() }
    }
  }
  return again >= least * all ? best : row.value >= 2 ? row : none
}

/** Words of an end from which on it is a loop, unless the recipe says otherwise; an end that loops is no cut-off one. */
export const looping = 15

/** Characters from the end in which a loop is looked for. */
const tail = 6000

/**
 * Words of the end that are one phrase over and over, at least three times, begun or broken off wherever; 0 where there
 * is no such loop.
 */
export function loop(text: string): Counted {
  const end = text
    .slice(-tail)
    .replace(/[\s.。…]+$/, '')
    .toLowerCase()
  const length = end.length
  if (length < 12) return none
  // Prefix function (Knuth, Morris, Pratt 1977) of the text from its end: the period of each ending is its length less it.
  const border = new Int32Array(length)
  let best = 0
  let period = 0
  for (let i = 1, k = 0; i < length; i++) {
    const character = end.charCodeAt(length - 1 - i)
    while (k > 0 && character !== end.charCodeAt(length - 1 - k)) k = border[k - 1]!
    if (character === end.charCodeAt(length - 1 - k)) k++
    border[i] = k
    if (i + 1 >= 3 * (i + 1 - k)) {
      best = i + 1
      period = i + 1 - k
    }
  }
  if (best === 0) return none
  const unit = end.slice(-period)
  // Rules, dotted lines and zeros are drawn on purpose.
  if (!/\p{L}/u.test(unit)) return none
  return { value: weight(end.slice(-best)) || best, why: unit.trim() }
}
