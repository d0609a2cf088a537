import { type Register, registerOf, stylesOf, weight } from '../../text/index.ts'

/** Words of a message (three characters of Japanese count as one), in steps that people notice. */
export const lengths = ['1-4', '5-8', '9-16', '17-32', '33-64', '65-'] as const
/** How a message is written: traits that can be counted, each by rule alone. */
export type Manner = {
  length: (typeof lengths)[number]
  case: 'lower' | 'sentence' | 'upper' | 'none'
  ending: 'none' | 'question' | 'stop' | 'exclamation'
  /** English by its marks of haste; Japanese by the ends of its sentences, a fragment where none shows. */
  register: 'informal' | 'neutral' | 'fragment' | Register
  politeness: 'polite' | 'bare'
}
export const traits = ['length', 'case', 'ending', 'register', 'politeness'] as const

/** Abbreviations, left-out apostrophes, a small i, doubled marks. */
const informal =
  /\b(?:hey|pls|plz|thx|ur?|im|ive|dont|doesnt|didnt|cant|couldnt|wont|isnt|wasnt|havent|whats|gonna|wanna|gotta|lol|yeah|btw|asap|cuz|coz|ya|ppl|idk)\b|[!?]{2,}|\.{3}|:\)/i
const smallI = /(?<![\p{L}\p{N}.'’])i(?![\p{L}\p{N}.])/u
const courtesy = {
  en: /\b(?:please|pls|plz|thank(?:s| you)|thx|(?:could|would|can) you (?:please|kindly)|would you|could you|would it be possible|may i|kindly|sorry|excuse me|appreciate|grateful)\b/i,
  ja: /お願い|ください|下さい|いただけ|頂け|いただき|すみません|恐れ入り|お手数|ありがとう|申し訳/,
}

const endings: { [mark: string]: Manner['ending'] } = {
  '?': 'question',
  '？': 'question',
  '.': 'stop',
  '。': 'stop',
  '!': 'exclamation',
  '！': 'exclamation',
}

/** From and to how many words a length goes. */
export function bounds(length: Manner['length']): [from: number, to: number] {
  const [from, to] = length.split('-')
  return [Number(from), to === '' ? Number.POSITIVE_INFINITY : Number(to)]
}

/** Keywords of Japanese need hold no kana. */
export const isJapanese = (text: string) => /[\p{Script=Hiragana}\p{Script=Katakana}\p{Script=Han}]/u.test(text)

/** Measures one message. */
export function mannerOf(text: string): Manner {
  const japanese = isJapanese(text)
  const words = Math.max(1, Math.round(weight(text)))
  const letters = text.match(/\p{L}/gu)?.join('') ?? ''
  const cased = letters.toLowerCase() !== letters.toUpperCase() && !japanese
  return {
    length: lengths.findLast(length => words >= bounds(length)[0])!,
    case: !cased
      ? 'none'
      : letters === letters.toLowerCase()
        ? 'lower'
        : letters === letters.toUpperCase() && letters.length > 5
          ? 'upper'
          : 'sentence',
    ending: endings[text.trim().at(-1) ?? ''] ?? 'none',
    register: japanese
      ? (registerOf(stylesOf(text), 1) ?? 'fragment')
      : informal.test(text) || smallI.test(text)
        ? 'informal'
        : 'neutral',
    politeness: courtesy[japanese ? 'ja' : 'en'].test(text) ? 'polite' : 'bare',
  }
}

/** A manner in one line, for plans and for counting; `parseManner` reads it back. */
export const codeOf = (manner: Manner): string => traits.map(trait => manner[trait]).join(' ')
export function parseManner(code: string): Manner {
  const values = code.split(' ')
  return Object.fromEntries(traits.map((trait, i) => [trait, values[i]])) as Manner
}

const marks = { none: '', question: ['?', '？'], stop: ['.', '。'], exclamation: ['!', '！'] }

/**
 * The message with case and last mark as asked for: what a rule can do is not left to a model. A question stays one, with
 * or without its mark, and a statement becomes none.
 */
export function dressed(text: string, { case: letters, ending }: Manner): string {
  const whole = text.trim()
  const bare = whole.replace(/[\s.?!。？！]+$/u, '')
  const asks = /[?？]\s*$/.test(whole)
  // A question in か has either mark.
  const either = /か[。？?]?\s*$/.test(whole) && ending !== 'exclamation'
  const fits = ending === 'none' || either || asks === (ending === 'question')
  const marked = fits ? `${bare}${marks[ending][isJapanese(text) ? 1 : 0] ?? ''}` : whole
  if (letters === 'lower') return marked.toLowerCase()
  if (letters === 'upper') return marked.toUpperCase()
  if (letters === 'sentence' && !/\p{Lu}/u.test(marked))
    return marked.replace(/\p{Ll}/u, letter => letter.toUpperCase())
  return marked
}
