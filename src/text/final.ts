/** The final answer in comparable form, for self-consistency; undefined where none is stated. */
export function finalAnswer(text: string): string | undefined {
  const stated = statedAnswer(text)
  return stated === undefined ? undefined : normaliseFinal(stated)
}

/** What stands in the last `\boxed{}`, or after the last `Answer:`, `答え:` or `####`, as it is written. */
export function statedAnswer(text: string): string | undefined {
  const boxed = lastBoxed(text)
  if (boxed !== undefined) return boxed
  return [...text.matchAll(line)]
    .filter(([, before, marker]) => /[:：】]|####/.test(marker!) || /#/.test(before!))
    .at(-1)?.[3]
}

/** A line that states an answer, or a heading of one with the answer on the line below: `Answer: 3`, `### 答え`, `【正解】B`. */
const line =
  /^([ \t>*_#-]*)((?:(?:the |my )?(?:(?:final|correct|right|best) )?answer\b|(?:the )?(?:correct|right|best) (?:option|choice)\b|【?(?:最終(?:的な)?)?(?:答え?|回答|解答|正解|正答)】?|####)[*_]*[ \t]*[:：]?[*_]*)[ \t]*(?:\n\s*)?(\S.*)$/gim

const sentence =
  /(?:\banswer (?:is|was|would be|should be|must be|equals)|\banswer:|\b(?:option|choice) (?:is|would be)|答え?は|正解は|正答は|解答は|(?<!\p{Script=Han})解は)[ \t]*[:：]?[ \t]*(\S.*?)(?:です|となります|である|になります|だ(?=。))?(?:。|[.?!](?=\s|$)|$)/gimu

/** `statedAnswer`, else what the last sentence such as "the answer is 12" says: for graders, who know what they look for. */
export function claimedAnswer(text: string): string | undefined {
  const stated = statedAnswer(text)
  // `Final Answer: The final answer is $x$. I hope it is correct.`, as few-shot prompts of MATH teach it.
  return [...(stated ?? text).matchAll(sentence)].at(-1)?.[1] ?? stated
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
