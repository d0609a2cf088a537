import { split } from '../../../kernels/index.ts'

/**
 * Eight words of each language that hardly a text in it does without. English: those of Rae et al. 2021. A language that
 * is not here has no list, and a rule over stop words does not apply to it: so for scripts without spaces.
 */
const lists: { [language: string]: string } = {
  en: 'the be to of and that have with',
  de: 'der die und in den von zu mit',
  fr: 'de la le et les des en que',
  es: 'de la que el en y los del',
  it: 'di e il la che in per un',
  pt: 'de a o que e do da em',
  nl: 'de het een van en in dat te',
  sv: 'och i att det som en på är',
  da: 'og i at det som en på er',
  no: 'og i at det som en på er',
  fi: 'ja on ei että se oli hän mutta',
  pl: 'w i na z się nie do to',
  cs: 'a v na je se s že do',
  sk: 'a v na je sa s že do',
  ro: 'de și în a la cu pe că',
  hu: 'a az és hogy nem is egy meg',
  ru: 'и в не на что с он как',
  uk: 'і в не на що з як до',
  bg: 'и на да се в за не от',
  el: 'και το να του η της με που',
  tr: 've bir bu da de için ile çok',
  ca: 'de la i que el en les per',
  id: 'yang dan di dengan untuk ini dari itu',
  vi: 'và của là có cho không được các',
}

export type StopWords = {
  longest: number
  /** Place of the word with this hash in its list, or -1. */
  find(low: number, high: number): number
}

const loaded = new Map<string, StopWords | undefined>()

/**
 * The list of a language, found by the hashes of `split`; also as a sentence begins and in capitals. The first call for a
 * language splits its list and so ends the life of other units: call it before the text is split.
 */
export function stopWords(language: string): StopWords | undefined {
  const code = language.split('-', 1)[0]!
  if (!loaded.has(code)) loaded.set(code, Object.hasOwn(lists, code) ? hashed(lists[code]!.split(' ')) : undefined)
  return loaded.get(code)
}

function hashed(words: string[]): StopWords {
  const forms = words.flatMap(word => [word, word[0]!.toUpperCase() + word.slice(1), word.toUpperCase()])
  const table = new Int8Array(256).fill(-1)
  const [low, high, place] = [new Uint32Array(64), new Uint32Array(64), new Int8Array(64)]
  const u = split(forms.join(' '), 'words')
  for (let i = 0; i < u.count; i++) {
    low[i] = u.low[i]!
    high[i] = u.high[i]!
    place[i] = Math.floor(i / 3)
    let slot = low[i]! & 255
    while (table[slot]! >= 0) slot = (slot + 1) & 255
    table[slot] = i
  }
  return {
    longest: Math.max(...forms.map(form => form.length)),
    find(l, h) {
      for (let slot = l & 255; table[slot]! >= 0; slot = (slot + 1) & 255) {
        const i = table[slot]!
        if (low[i] === l && high[i] === h) return place[i]!
      }
      return -1
    },
  }
}
