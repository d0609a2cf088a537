import { z } from 'zod'
import { claimedAnswer } from '../../text/index.ts'
import { endOf, type Grade, type Grader, noReference, right, undecided, wrong } from './grade.ts'
import { type Unit, unitOf } from './units.ts'

export const shape = {
  tolerance: z.number().min(0).default(0).describe('How far the answer may be off, in the unit of the reference'),
  relative: z.number().min(0).max(1).default(0).describe('How far it may be off, as a share of the reference'),
}
type Options = z.output<z.ZodObject<typeof shape>>

/** A number with what stands around it. */
type Quantity = { value: number; percent: boolean; unit?: Unit }

const digits = String.raw`(?:\d{1,3}(?:,\d{3})+(?!\d)|\d+)(?:\.\d+)?|\.\d+`
const scales: { [word: string]: number } = { hundred: 1e2, thousand: 1e3, million: 1e6, billion: 1e9, trillion: 1e12 }
const currency = '[$€£¥]|US\\$'
const pattern = new RegExp(
  `(?:(?<currency>${currency})[ ]?)?(?:(?<sign>[+-](?=[ ]?(?:${currency})?[ ]?[\\d.]))[ ]?)?(?:(?<later>${currency})[ ]?)?(?:(?<whole>\\d+)[ ](?=\\d+/\\d))?(?<head>${digits})(?:e(?<exponent>[+-]?\\d{1,3})(?!\\d)|[ ]?(?:x|×|\\*|\\\\times|\\\\cdot)[ ]?10\\^?[{(]?(?<power>[+-]?\\d{1,3})[)}]?)?(?:[ ]?/[ ]?(?<under>${digits}))?(?:[ ](?<scale>hundred|thousand|million|billion|trillion)\\b)?[ ]?(?<percent>%|パーセント|percent\\b)?`,
  'giu',
)

const places: { [sign: string]: number } = { 百: 1e2, 千: 1e3, 万: 1e4, 億: 1e8, 兆: 1e12 }

/** `3億2000万` as `320000000`: each digit group counts by the sign behind it, and 百 and 千 within the next larger one. */
function inDigits(written: string): string {
  let [all, group] = [0, 0]
  for (const [, number, sign] of written.matchAll(/(\d[\d,]*(?:\.\d+)?)?([百千万億兆]|$)/g)) {
    if (number === undefined && sign === '') continue
    const value = number === undefined ? 1 : Number(number.replaceAll(',', ''))
    const place = places[sign!] ?? 1
    if (place < 1e4) group += value * place
    else {
      all += (number === undefined ? group || 1 : group + value) * place
      group = 0
    }
  }
  return String(all + group)
}

/** One form for all the ways in which numbers are written: width, marks of LaTeX and Markdown, minus signs, spaces between thousands. */
function plain(text: string): string {
  return text
    .replace(/(?<=\d)[\u2009\u202f\u00a0'](?=\d{3}(?!\d))/g, '')
    .normalize('NFKC')
    .replace(/\d[\d,.]*[百千万億兆][\d,.百千万億兆]*/g, inDigits)
    .replace(/\\\$/g, '$')
    .replace(/\\[dt]?frac\{(-?[\d.]+)\}\{([\d.]+)\}/g, ' $1/$2')
    .replace(/\\%/g, '%')
    .replace(/\\[,;:! ]|\\(?:text|mathrm|mathbf|left|right|displaystyle)\b|[*_`]{1,3}/g, '')
    .replace(/(?<=\d)\{,\}(?=\d{3})/g, ',')
    .replace(/[−–‐－]/g, '-')
}

/** All numbers of a text, in order. */
export function numbersIn(text: string): Quantity[] {
  const read = plain(text)
  const found: Quantity[] = []
  for (const match of read.matchAll(pattern)) {
    const { sign, whole, head, exponent, power, under, scale, percent, currency, later } = match.groups!
    // Behind a letter it belongs to a name, such as `B12`; scripts without spaces have letters everywhere.
    if (!sign && !currency && /[\p{Script=Latin}\d]/u.test(read[match.index - 1] ?? '')) continue
    let value = Number(head!.replaceAll(',', ''))
    if (exponent !== undefined) value *= 10 ** Number(exponent)
    if (power !== undefined) value *= 10 ** Number(power)
    if (under !== undefined) value /= Number(under.replaceAll(',', ''))
    if (whole !== undefined) value += Number(whole)
    if (scale !== undefined) value *= scales[scale.toLowerCase()]!
    // `5-3`: a sign between two numbers takes the second away from the first, and says nothing of it alone.
    const minus = sign === '-' && !/[\d)][ ]?$/.test(read.slice(Math.max(0, match.index - 2), match.index))
    const after = read.slice(match.index + match[0].length)
    const unit = unitOf(currency ?? later ?? '') ?? unitBehind(after)
    if (Number.isFinite(value))
      found.push({ value: minus ? -value : value, percent: percent !== undefined, ...(unit ? { unit } : {}) })
  }
  return found
}

function unitBehind(text: string): Unit | undefined {
  const behind = /^[ $-]{0,2}\{?((?:square |US)?[\p{L}°¢$€£¥]+(?:\/[a-z]+|\^?\{?[23]\}?)?)/iu
    .exec(text)?.[1]
    ?.replace(/[{}]/g, '')
  if (behind === undefined) return undefined
  return unitOf(behind) ?? unitOf(/^(?:時間|日間|週間|センチ|平方メートル|円|ドル|度|分|秒|日)/.exec(behind)?.[0] ?? '')
}

/** The number that a text gives as its answer: of what it claims the first, or the one behind the last `=`; else its last. */
function answerIn(text: string): Quantity | undefined {
  const claimed = claimedAnswer(text)
  if (claimed !== undefined) {
    const result = claimed.slice(claimed.lastIndexOf('=') + 1)
    const [first] = numbersIn(result)
    if (first) return first
  }
  return numbersIn(text).at(-1)
}

/** Whether a claim leaves open which of two numbers it means. */
const either = (text: string): boolean => {
  const found = /^[^\p{L}\d]*(-?[\d.,]*\d)[ %]*(?:\bor\b|または|もしくは)[^\p{L}\d]*(-?[\d.,]*\d)/iu.exec(
    plain(claimedAnswer(text) ?? ''),
  )
  return found !== null && Number(found[1]!.replaceAll(',', '')) !== Number(found[2]!.replaceAll(',', ''))
}

/** Whether two numbers are the same, by a symmetric rule; `why` says what is not. */
export function sameNumber(a: Quantity, b: Quantity, tolerance = 0, relative = 0): Grade {
  if (a.unit && b.unit && a.unit.of !== b.unit.of) return wrong(`${a.unit.of} instead of ${b.unit.of}`)
  const both = a.unit !== undefined && b.unit !== undefined
  const pairs = [[both ? (a.value * a.unit!.times) / b.unit!.times : a.value, b.value] as const]
  // A percentage may be given as such or as a share of one.
  if (a.percent && !b.percent) pairs.push([a.value / 100, b.value])
  if (b.percent && !a.percent) pairs.push([a.value, b.value / 100])
  const near = ([x, y]: readonly [number, number]) => {
    const size = Math.max(Math.abs(x), Math.abs(y))
    return Math.abs(x - y) <= Math.max(1e-9 * size, tolerance + 1e-12 * size, relative * Math.abs(y))
  }
  return pairs.some(near) ? right : wrong(`${a.value} instead of ${b.value}`)
}

/** Right when the final number of the answer is that of the reference. Units of one dimension are converted. */
export const number: Grader<Options> = (completion, { reference, verifier }) => {
  if (reference === undefined) return noReference
  const expected = answerIn(endOf(reference))
  if (!expected) return undecided('the reference holds no number')
  const said = answerIn(endOf(completion))
  if (!said) return wrong('no number')
  if (either(endOf(completion)) && !either(endOf(reference))) return wrong('two numbers to choose from')
  return sameNumber(said, expected, verifier.tolerance, verifier.relative)
}
