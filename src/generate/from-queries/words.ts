import type { Register } from '../../text/index.ts'
import { registerWords } from '../register.ts'
import { bounds, type Manner } from './manner.ts'

/** What is asked for, in the words of a prompt. */
export const wants = {
  en: {
    need: {
      same: 'the same need as the message',
      another: 'another need that the same kind of user may have with the same service, a different one each',
    },
    length: ([from, to]: [number, number]) => (to === Infinity ? `${from} words or more` : `${from} to ${to} words`),
    case: { lower: 'all in lower case', upper: 'all in capitals', sentence: 'ordinary capitals', none: '' },
    ending: {
      none: 'no mark at the end',
      question: 'ends with a question mark',
      stop: 'ends with a full stop',
      exclamation: 'ends with an exclamation mark',
    },
    register: {
      informal: 'chatty, as typed on a phone',
      neutral: 'everyday words',
      fragment: 'keywords, no whole sentence',
    },
    politeness: { polite: 'with please, thanks or another courtesy', bare: 'without please or thanks' },
    join: '; ',
  },
  ja: {
    need: {
      same: '元のメッセージと同じ用件',
      another: '同じサービスの同じような利用者が持ちそうな、一つずつ異なる別の用件',
    },
    length: ([from, to]: [number, number]) => (to === Infinity ? `${3 * from}字以上` : `${3 * from}〜${3 * to}字`),
    case: { lower: '', upper: '', sentence: '', none: '' },
    ending: {
      none: '文末に記号を付けない',
      question: '疑問符で終える',
      stop: '句点で終える',
      exclamation: '感嘆符で終える',
    },
    register: { informal: 'くだけた言い方', neutral: '普段の言い方', fragment: '文にせず語を並べる' },
    politeness: { polite: '「お願いします」「すみません」などの一言を添える', bare: 'あいさつやお礼を添えない' },
    join: '、',
  },
}

/** A manner in words, for a prompt. */
export function mannerWords(manner: Manner, language: 'en' | 'ja'): string {
  const say = wants[language]
  const { register } = manner
  return [
    say.length(bounds(manner.length)),
    say.case[manner.case],
    say.ending[manner.ending],
    register in say.register
      ? say.register[register as keyof typeof say.register]
      : registerWords[language][register as Register],
    say.politeness[manner.politeness],
  ]
    .filter(Boolean)
    .join(say.join)
}
