import { z } from 'zod'
import { claimedAnswer, normaliseFinal } from '../../text/index.ts'
import { endOf, type Grader, noReference, oneAnswer, right, silent, undecided, wrong } from './grade.ts'

export const shape = {
  choices: z
    .union([z.array(z.string()).min(2), z.record(z.string(), z.string())])
    .optional()
    .describe('Texts of the choices, in order or by letter; without them letters alone are compared'),
}
type Options = z.output<z.ZodObject<typeof shape>>

const series = ['ABCDEFGHIJ', 'アイウエオカキクケコ', '①②③④⑤⑥⑦⑧⑨⑩', '1234567890']

/** Where a letter, kana or number stands among the choices. */
function indexOf(mark: string): number | undefined {
  for (const letters of series) {
    const at = letters.indexOf(mark.toUpperCase())
    if (at >= 0) return at
  }
  return undefined
}

/** Places of the choices that a short text names by mark: `B`, `(b)`, `A and C`, `イ`, `②`; undefined when it says more. */
function marked(text: string): number[] | undefined {
  const bare = text
    .trim()
    .replace(/^(?:options?|choices?|answers?|選択肢)[ \t]*[:：]?/i, '')
    .replace(/[*_`"'「」『』（）()[\]{}$]|\\text/g, ' ')
    .trim()
    .replace(/[.。]$/, '')
  const parts = bare.split(/[ \t]*(?:[,、，;&/・と]|\band\b|\bor\b)[ \t]*|[ \t]+/i).filter(Boolean)
  const places = parts.map(part => (part.length === 1 ? indexOf(part) : undefined))
  return parts.length > 0 && places.every(place => place !== undefined) ? [...new Set(places as number[])] : undefined
}

/** The mark that a text begins with: `B) Paris`, `(B) Paris`, `B: Paris`, `イ．東京`. */
function leading(text: string): number | undefined {
  const found = /^[\s*_"「(（[]*([A-Ja-jア-コ①-⑩1-9])[\s*_]*[).:：．。、）\]]/u.exec(text)
  return found ? indexOf(found[1]!) : undefined
}

/** Places of the choices that an answer names, by mark or by text. */
export function chosen(text: string, choices: readonly string[]): number[] | undefined {
  const answer = text.slice(0, oneAnswer)
  const said = normaliseFinal(answer)
  const same = choices.findIndex(choice => normaliseFinal(choice) === said)
  if (same >= 0) return [same]
  const byMark = marked(answer) ?? leading(answer)
  if (byMark !== undefined) return Array.isArray(byMark) ? byMark : [byMark]
  const after = /(?:options?|choices?|選択肢)[ \t]*[(（]?([A-Ja-jア-コ①-⑩])(?![\p{L}\p{N}])/iu.exec(answer)
  if (after) return [indexOf(after[1]!)!]
  // A choice inside a longer one is not named by it.
  const inside = choices.flatMap((choice, i) =>
    choice.trim() !== '' && said.includes(normaliseFinal(choice)) ? [i] : [],
  )
  const longest = inside.filter(
    i => !inside.some(j => j !== i && normaliseFinal(choices[j]!).includes(normaliseFinal(choices[i]!))),
  )
  return longest.length > 0 ? longest : undefined
}

/** Right when the answer names the choices that the reference names, all of them and no other. */
export const choice: Grader<Options> = (completion, { reference, verifier }) => {
  if (reference === undefined) return noReference
  const { choices = {} } = verifier
  const texts = Array.isArray(choices) ? choices : byMark(choices)
  if (texts === undefined) return undecided('the choices are not named A, B, C and so on')
  const expected = chosen(claimedAnswer(reference) ?? reference, texts)
  if (!expected) return undecided('the reference names no choice')
  const end = endOf(completion).trim()
  const stated = claimedAnswer(end)
  const said =
    (stated === undefined ? undefined : chosen(stated, texts)) ??
    (end.includes('\n') ? undefined : chosen(end, texts)) ??
    chosen(end.slice(end.lastIndexOf('\n') + 1), texts)
  if (!said) return silent('no choice is named')
  const same = said.length === expected.length && said.every(place => expected.includes(place))
  return same ? right : wrong(`chose ${said.map(place => texts[place] ?? series[0]![place]).join(', ')}`)
}

/** Texts in the order of their letters; undefined where the letters are no series. */
function byMark(choices: { [mark: string]: string }): string[] | undefined {
  const texts: string[] = []
  for (const [mark, text] of Object.entries(choices)) {
    const at = indexOf(mark.trim())
    if (at === undefined) return undefined
    texts[at] = text
  }
  return texts.length === Object.keys(choices).length ? texts : undefined
}
