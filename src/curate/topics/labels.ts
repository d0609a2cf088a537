/** Words as they can stand in a label: of scripts without spaces runs of one script, of others words of three letters on. */
const word =
  /[\p{Script=Han}々〆]{2,8}|[\p{Script=Katakana}ー]{2,20}|(?:(?![\p{Script=Han}\p{Script=Hiragana}\p{Script=Katakana}ー々〆])[\p{L}\p{M}]){3,30}/gu
const address = /https?:\/\/\S+|www\.\S+/g
/** Characters from the start of a text: a label needs no more. */
const enough = 8000

/** The distinct words of a text that a label may be made of. */
export function wordsOf(text: string): string[] {
  const plain = text
    .slice(0, enough)
    .normalize('NFKC')
    .toLowerCase()
    .replace(address, ' ')
    .replace(/['\u2019]\p{L}+/gu, '')
  return [...new Set(plain.match(word))]
}

/** A class of texts: how many there are, and the words of those that stand for them. */
export type Class = { size: number; texts: string[][] }

/**
 * Names each class by the words that set it apart: how many of its texts hold a word, times the logarithm of how much more
 * that is than among all texts. Words that are forms of one another stand once, and no two names are the same.
 */
export function labels(classes: readonly Class[], terms: number): string[] {
  const shares = classes.map(({ texts }) => {
    const found = new Map<string, number>()
    for (const words of texts) for (const word of words) found.set(word, (found.get(word) ?? 0) + 1)
    for (const [word, n] of found) found.set(word, n / texts.length)
    return found
  })
  const all = classes.reduce((sum, { size }) => sum + size, 0)
  const overall = new Map<string, number>()
  for (const [i, found] of shares.entries()) {
    for (const [word, share] of found) overall.set(word, (overall.get(word) ?? 0) + (share * classes[i]!.size) / all)
  }
  const taken = new Set<string>()
  return shares.map((found, i) => {
    // One text says little of what a class is about.
    const least = Math.min(2, classes[i]!.texts.length) / Math.max(classes[i]!.texts.length, 1)
    const ranked = [...found]
      .filter(([, share]) => share >= least)
      .map(([word, share]) => ({ word, weight: share * Math.max(Math.log(share / overall.get(word)!), 1e-3) ** 2 }))
      .sort((a, b) => b.weight - a.weight || (a.word < b.word ? -1 : 1))
    const chosen: string[] = []
    let label = ''
    for (const { word } of ranked) {
      if (chosen.some(one => one.startsWith(word.slice(0, 4)) && word.startsWith(one.slice(0, 4)))) continue
      chosen.push(word)
      label = chosen.join(', ')
      if (chosen.length >= terms && !taken.has(label)) break
    }
    for (let n = 2; label === '' || taken.has(label); n++) label = `${chosen.join(', ') || 'topic'} ${n}`
    taken.add(label)
    return label
  })
}
