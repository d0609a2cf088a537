/**
 * Final answers, for self-consistency: what stands after the last `Answer:`, `答え:`, `####` or in the last `\boxed{}`.
 */
export function finalAnswer(text: string): string | undefined {
  const boxed = lastBoxed(text)
  if (boxed !== undefined) return normaliseFinal(boxed)
  const marked = [
    ...text.matchAll(/^[ \t>*_#-]*(?:(?:final )?answer\b|答え|回答|解答|####)[*_]*[ \t]*[:：]?[*_]*[ \t]*(.+)$/gim),
  ]
    .filter(match => /[:：]|####/.test(match[0].slice(0, match[0].length - match[1]!.length)))
    .at(-1)?.[1]
  return marked === undefined ? undefined : normaliseFinal(marked)
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
