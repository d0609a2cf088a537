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
    .normalize('NFKC')
    .trim()
    .replace(/^(?:options?|choices?|answers?|選択肢)[ \t]*:?/i, '')
    .replace(/[*_`"'「」『』【】()[\]{}<>$]|\\text/g, ' ')
    .trim()
    .replace(/[.。]$/, '')
  const parts = bare.split(/[ \t]*(?:[,、，;&/・と]|\band\b|\bor\b)[ \t]*|[ \t]+/i).filter(Boolean)
  const places = parts.map(part => (part.length === 1 ? indexOf(part) : undefined))
  return parts.length > 0 && places.every(place => place !== undefined) ? [...new Set(places as number[])] : undefined
}

/** The mark that a text begins with: `B) Paris`, `(B) Paris`, `B: Paris`, `イ．東京`. */
function leading(text: string): number | undefined {
  const found = /^[\s*_"「([]*([A-Ja-jア-コ1-9])[\s*_]*[).:。、\]]/u.exec(text.normalize('NFKC'))
  return found ? indexOf(found[1]!) : undefined
}

/** The choice that a text is word for word; else in other notation, where that is one alone: `AA` and `aa` differ. */
function textOf(text: string, choices: readonly string[]): number | undefined {
  const bare = text.replace(/^[\s*_]+|[\s*_]+$/g, '')
  const same = choices.findIndex(choice => choice.trim() === bare)
  if (same >= 0) return same
  const said = normaliseFinal(text)
  const alike = choices.flatMap((choice, i) => (normaliseFinal(choice) === said ? [i] : []))
  return alike.length === 1 ? alike[0] : undefined
}

/** Places of the choices that a short text is: by text, by mark, or by both. */
function short(text: string, choices: readonly string[]): number[] | undefined {
  const same = textOf(text, choices)
  if (same !== undefined) return [same]
  const byMark = marked(text)
  if (byMark) return byMark
  const first = leading(text)
  const rest = text.normalize('NFKC').replace(/^[^).:。、\]]*[).:。、\]]+/u, '')
  return first !== undefined && textOf(rest, choices) === first ? [first] : undefined
}

const mark = String.raw`[("'*「<[]*([A-Jア-コ①-⑩])(?![A-Za-z0-9ァ-ヶー一-龠])[)"'*」>\]]*`
/** Sentences that settle on a choice by its mark. */
const settled = [
  String.raw`\b(?:I(?:'d| would| will)? (?:choose|chose|pick|select|go with)|(?:option|choice) is) (?:option |choice )?${mark}`,
  String.raw`(?<![\p{L}\p{N}])${mark} (?:is|would be|must be|seems) (?:(?:the|most|clearly|thus|therefore|also|only|indeed) )*(?:correct|right|best|answer)\b`,
  `(?<![A-Za-z0-9])${mark} ?[がは](?:最も)?(?:正解|正しい|正答|適切)`,
  String.raw`(?:\b(?:[Ss]o|[Tt]herefore|[Tt]hus|[Hh]ence|[Ii]t is|[Ii]t's)|よって|したがって|ゆえに)[,、:]? ?(?:(?:option|choice) |選択肢)?${mark}(?:です|である)?[.!。]?$`,
].map(source => new RegExp(source, 'gu'))
const mentioned = new RegExp(
  `(?:options?|choices?|Options?|Choices?|選択肢)[ ]?${mark.replace('コ', 'コ1-9')}(?! (?:is|are|was) (?:not|wrong|incorrect|false)|[はが](?:誤|不|間違))`,
  'gu',
)

/** The place that sentences settle on, the last where they do so several times; else the only one they name as an option. */
function spoken(text: string): number | undefined {
  const plain = text.normalize('NFKC').trim()
  const said = settled
    .flatMap(pattern => [...plain.matchAll(pattern)])
    .sort((a, b) => a.index - b.index)
    .at(-1)?.[1]
  if (said !== undefined) return indexOf(said)
  const named = new Set([...plain.matchAll(mentioned)].map(([, one]) => indexOf(one!)))
  return named.size === 1 ? [...named][0] : undefined
}

/** Places of the choices that an answer names, by mark or by text. */
export function chosen(text: string, choices: readonly string[]): number[] | undefined {
  const answer = text.slice(0, oneAnswer)
  const byMark = short(answer, choices) ?? leading(answer) ?? spoken(answer)
  if (byMark !== undefined) return Array.isArray(byMark) ? byMark : [byMark]
  const said = normaliseFinal(answer)
  // A choice inside a longer one is not named by it.
  const inside = choices.flatMap((choice, i) =>
    choice.trim() !== '' && said.includes(normaliseFinal(choice)) ? [i] : [],
  )
  const longest = inside.filter(
    i => !inside.some(j => j !== i && normaliseFinal(choices[j]!).includes(normaliseFinal(choices[i]!))),
  )
  return longest.length > 0 ? longest : undefined
}

const spokenAlone = (text: string): number[] | undefined => {
  const place = spoken(text)
  return place === undefined ? undefined : [place]
}

/**
 * What a line of its own says, where all such lines agree: `B. London`, then why. A repeated list of the choices is passed over,
 * and names none where the text ends with it.
 */
function alone(text: string, choices: readonly string[]): number[] | undefined {
  const lines = text.split('\n').filter(line => line.trim() !== '')
  const each = lines.map(line => (line.length > oneAnswer ? undefined : short(line, choices)))
  const list = each.findIndex((_, i) => choices.every((_, k) => each[i + k]?.length === 1 && each[i + k]![0] === k))
  if (list >= 0 && choices.length > 1) {
    each.splice(list, choices.length)
    if (list === each.length) return []
  }
  const said = each.filter(places => places !== undefined)
  const last = each.at(-1)
  if (last) return last
  return new Set(said.map(places => places.join())).size === 1 ? said[0] : undefined
}

/** Right when the answer names the choices that the reference names, all of them and no other. */
export const choice: Grader<Options> = (completion, { reference, verifier }) => {
  if (reference === undefined) return noReference
  const { choices = {} } = verifier
  const texts = Array.isArray(choices) ? choices : byMark(choices)
  if (texts === undefined) return undecided('the choices are not named A, B, C and so on')
  const same = textOf(reference, texts)
  const expected = same === undefined ? chosen(claimedAnswer(reference) ?? reference, texts) : [same]
  if (!expected) return undecided('the reference names no choice')
  const end = endOf(completion).trim()
  const stated = claimedAnswer(end)
  const said =
    (stated === undefined ? undefined : chosen(stated, texts)) ??
    alone(end, texts) ??
    spokenAlone(end) ??
    chosen(end.slice(end.lastIndexOf('\n') + 1), texts)
  if (!said?.length) return silent('no choice is named')
  const agree = said.length === expected.length && said.every(place => expected.includes(place))
  return agree ? right : wrong(`chose ${said.map(place => texts[place] ?? series[0]![place]).join(', ')}`)
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
