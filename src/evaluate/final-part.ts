import { claimedAnswer } from '../text/index.ts'

/**
 * The part of an answer where its final answer stands, in one line of at most `most` characters: the end, unless what it
 * claims stands before that. What is cut off shows as `…`.
 */
export function finalPart(answer: string, most: number): string {
  const line = [...oneLine(answer)]
  if (line.length <= most) return line.join('')
  const claim = claimedAnswer(answer)
  const at = claim === undefined ? -1 : oneLine(answer).lastIndexOf(oneLine(claim))
  const place = at < 0 ? line.length : [...oneLine(answer).slice(0, at)].length
  const end = line.length - most + 1
  // A little before the claim says what it is the answer to.
  const from = place >= end ? end : Math.max(0, place - Math.floor(most / 3))
  const before = from > 0 ? '…' : ''
  const whole = line.length - from <= most - before.length
  const part = line.slice(from, whole ? undefined : from + most - before.length - 1)
  return `${before}${part.join('').trim()}${whole ? '' : '…'}`
}

const oneLine = (text: string): string => text.replace(/[\s\p{Cc}]+/gu, ' ').trim()
