import { type Candidate, likely } from './candidate.ts'
import type { Entity } from './entities.ts'
import type { Marks } from './marks.ts'

const month =
  'jan(?:uary)?|feb(?:ruary)?|mar(?:ch)?|apr(?:il)?|may|june?|july?|aug(?:ust)?|sep(?:t(?:ember)?)?|oct(?:ober)?|nov(?:ember)?|dec(?:ember)?'
const time = '(?:[T ]\\d{1,2}:\\d{2}(?::\\d{2}(?:\\.\\d{1,9})?)?(?:Z|[+-]\\d{2}:?\\d{2})?)?'
/** Days with their year: ISO 8601, numbers, names of months, and Japanese dates, of an era too. */
const day = [
  `(?:1[89]|20)\\d{2}[-/.]\\d{1,2}[-/.]\\d{1,2}${time}`,
  `\\d{1,2}[-/.]\\d{1,2}[-/.](?:1[89]|20)\\d{2}(?!\\d)${time}`,
  '\\d{1,2}[-/]\\d{1,2}[-/]\\d{2}(?!\\d)',
  `(?:${month})\\.? \\d{1,2}(?:st|nd|rd|th)?,? (?:1[89]|20)\\d{2}`,
  `\\d{1,2}(?:st|nd|rd|th)?(?: of)? (?:${month})\\.?,? (?:1[89]|20)\\d{2}`,
  `(?:${month})\\.? '\\d{2}`,
  '(?:1[89]|20)\\d{2} ?年 ?\\d{1,2} ?月 ?\\d{1,2} ?日',
  '(?:明治|大正|昭和|平成|令和) ?(?:元|\\d{1,2}) ?年 ?\\d{1,2} ?月 ?\\d{1,2} ?日',
  '(?<![a-z])[mtshr]\\d{1,2}[./]\\d{1,2}[./]\\d{1,2}(?!\\d)',
]
const days = new RegExp(`(?<![\\d./-]|\\d:)(?:${day.join('|')})(?![\\d/-]|[.:]\\d)`, 'gi')

const births = /(?:born|birth ?(?:day|date)?|dob|d\.o\.b)(?![a-z])|生年月日|誕生日|生まれ/gi
const after = 48
const before = 40

/** Last year of an era, Act on Eras; the present one is open. */
const eras: { [name: string]: number } = { 明治: 45, 大正: 15, 昭和: 64, 平成: 31, 令和: 99 }

/** The first of January stands for a day that is not told: how a date of birth is written without saying it. */
const untold =
  /^(?:\d{4}[-/.]0?1[-/.]0?1|0?1[-/.]0?1[-/.]\d{4}|jan(?:uary)?\.? 1(?:st)?,? \d{4}|1(?:st)?(?: of)? jan(?:uary)?\.?,? \d{4}|.{2,8}年 ?0?1 ?月 ?0?1 ?日|[a-z]\d{1,2}[./]0?1[./]0?1)/i

/** Dates of birth: dates beside a word that says so. All dates, where a recipe asks for them. */
export function findDates(text: string, { numbers }: Marks, wanted: ReadonlySet<Entity>, into: Candidate[]): void {
  if (numbers.length === 0) return
  if (wanted.has('date-of-birth')) {
    let done = 0
    for (const { index, 0: word } of text.matchAll(births)) {
      if (/[a-z]/i.test(text[index - 1] ?? '')) continue
      const found = datesIn(text, Math.max(done, index - before), index + word.length + after)
      // What follows the word is meant, else what comes right before it.
      const best =
        found.find(one => one.start >= index && !/\bdied\b/i.test(text.slice(index, one.start))) ??
        found.findLast(one => one.end <= index + 4)
      if (!best) continue
      done = best.end
      into.push({ ...best, entity: untold.test(best.value) ? 'public' : 'date-of-birth', score: 0.95 })
    }
  }
  if (wanted.has('date')) for (const found of datesIn(text, 0, text.length)) into.push(found)
}

/** Dates that begin in a part of the text; only that part is read. */
function datesIn(text: string, from: number, to: number): Candidate[] {
  const first = Math.max(0, from - 1)
  const found: Candidate[] = []
  for (const { index, 0: value } of text.slice(first, to).matchAll(days)) {
    const start = first + index
    if (start >= from && possible(value))
      found.push({ entity: 'date', start, end: start + value.length, score: likely, value })
  }
  return found
}

function possible(value: string): boolean {
  const era = /^(明治|大正|昭和|平成|令和) ?(元|\d+)/.exec(value)
  if (era && era[2] !== '元' && (Number(era[2]) < 1 || Number(era[2]) > eras[era[1]!]!)) return false
  const parts = value
    .replace(/[T ]\d{1,2}:.*$/, '')
    .match(/\d+/g)!
    .map(Number)
  const small = parts.filter(part => part < 1000)
  if (/^\d{1,2}[-/.]\d{1,2}[-/.]\d{2}$/.test(value) || /^[a-z]\d/i.test(value)) return small.every(part => part <= 99)
  return (
    small.slice(-2).every(part => part >= 1 && part <= 31) && (small.length < 2 || Math.min(...small.slice(-2)) <= 12)
  )
}
