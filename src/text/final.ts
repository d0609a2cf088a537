/** The final answer in comparable form, for self-consistency; undefined where none is stated. */
export function finalAnswer(text: string): string | undefined {
  const stated = statedAnswer(text)
  return stated === undefined ? undefined : normaliseFinal(stated)
}

/** What stands in the last `\boxed{}`, or after the last `Answer:`, `答え:` or `####`, as it is written. */
export function statedAnswer(text: string): string | undefined {
  const boxed = lastBoxed(text)
  if (boxed !== undefined) return boxed
  return [
    ...text.matchAll(/^[ \t>*_#-]*(?:(?:final )?answer\b|答え|回答|解答|####)[*_]*[ \t]*[:：]?[*_]*[ \t]*(.+)$/gim),
  ]
    .filter(match => /[:：]|####/.test(match[0].slice(0, match[0].length - match[1]!.length)))
    .at(-1)?.[1]
}

const sentence =
  /(?:\banswer (?:is|would be|equals)|\b(?:option|choice) (?:is|would be)|答え?は|正解は|解は)[ \t]*[:：]?[ \t]*(\S.*?)(?:です|となります|である|になります)?(?:[.。](?=\s|$)|$)/gim

/** `statedAnswer`, else what the last sentence such as "the answer is 12" says: for graders, who know what they look for. */
export function claimedAnswer(text: string): string | undefined {
  return statedAnswer(text) ?? [...text.matchAll(sentence)].at(-1)?.[1]
}

/** Content of the last `\boxed{...}`, braces balanced. */
function lastBoxed(text: string): string | undefined {
  const start = text.lastIndexOf('\\boxed{')
  if (start < 0) return undefined
  let depth = 0
  for (let i = start + 6; i < text.length; i++) {
    if (text[i] === '{') depth++
    if (text[i] === '}' && --depth === 0) return text.slice(start + 7, i)
  }
  return undefined
}

/** The same answer in the same letters: width, case, marks, thousands separators and number notation set aside. */
export function normaliseFinal(answer: string): string {
  const plain = answer
    .normalize('NFKC')
    .replace(/[*_`$]|\\[()[\],;! ]|\\(?:text|mathrm|left|right)\b/g, '')
    .replace(/[−–]/g, '-')
    .replace(/[{}]/g, '')
    .trim()
    .replace(/[.。、,!;]+$/, '')
    .replace(/^["'「『(]+|["'」』)]+$/g, '')
    .replace(/(?<=\d),(?=\d{3}(?:\D|$))/g, '')
    .replace(/\s+/g, ' ')
    .toLowerCase()
    .trim()
  return plain.replace(/(?<![\w.])[+-]?\d+(?:\.\d+)?(?:e[+-]?\d+)?(?![\w.]*\w)/g, number => {
    const value = Number(number)
    return Number.isSafeInteger(Math.trunc(value)) ? String(Object.is(value, -0) ? 0 : value) : number
  })
}
