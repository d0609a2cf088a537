import { listLine, openFence, structural, weight, withoutBlocks } from '../../text/index.ts'

const finished = /[.!?…。！？．:：;)\]}）」』】〕》”’"'`*_~>|$%♪^]\s*$|[\p{Extended_Pictographic}]\s*$/u
const dangling =
  /(?:[,、，;]|\b(?:and|or|but|the|a|an|of|to|in|with|for|that|which|because|is|are|was|were|has|will|as|by|from|at|on|if|when|while|until|than|into|its|their|such as|e\.g\.)|[\p{Script=Han}\p{Script=Hiragana}\p{Script=Katakana}ー](?:ので|けれど|して|であり|という|を|(?<!よう)に|は|へ))\s*$/iu

/** Links, tags, labelled values, options, results, cells and enumerations of words need no end. */
const selfContained =
  /https?:\S+$|#[\p{L}\p{N}_]+$|^[^\s:：]+(?: [^\s:：]+){0,3}[:：]\s|^\(?[A-Z][).]\s|=\s*\S+$|\t| \| |^(?:[^\s,.!?]+(?: [^\s,.!?]+){0,6}, ){2,}[^\s,.!?]+(?: [^\s,.!?]+){0,6}$/u

/** The last words of a text that stops in the middle, or undefined. */
export function truncation(text: string): string | undefined {
  const body = text.trimEnd()
  if (openFence(body)) return lastWords(body)
  const withoutCode = withoutBlocks(body, '\u0000')
  const last = withoutCode.slice(withoutCode.lastIndexOf('\n') + 1).trim()
  if (last === '' || last.includes('\u0000') || structural(last)) return undefined
  // Thai, Lao, Khmer and Burmese set no mark at the end of a text.
  if (/[\p{Script=Thai}\p{Script=Lao}\p{Script=Khmer}\p{Script=Myanmar}]$/u.test(last)) return undefined
  if (dangling.test(last) && weight(body) > 4) return lastWords(body)
  if (finished.test(last) || selfContained.test(last)) return undefined
  const lines = withoutCode.split('\n').filter(line => line.trim() !== '')
  if (listLine.test(last)) {
    // Items need no full stop unless the others have one.
    const others = lines.filter(line => listLine.test(line)).slice(0, -1)
    const ended = others.filter(line => /[.!?。！？]\s*$/.test(line)).length
    return others.length >= 2 && ended === others.length ? lastWords(body) : undefined
  }
  // Who begins small and ends no sentence anywhere did not mean to end this one.
  if (/^\p{Ll}/u.test(body) && !/[。！？]|[.!?](?:\s|["'”)]|$)/.test(withoutCode)) return undefined
  // A word, a name or a number is a whole answer; a line of prose without its end is not. In Japanese a phrase is one too.
  const least = /\p{Script=Hiragana}/u.test(last) ? (/[。！？]/.test(withoutCode) ? 5 : 20) : 10
  return weight(last) >= least ? lastWords(body) : undefined
}

export const lastWords = (text: string): string =>
  text
    .slice(-60)
    .replace(/^\S*\s/, '')
    .trim()
