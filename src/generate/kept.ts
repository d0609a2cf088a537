import { prose, words } from '../text/index.ts'

/** Numbers as they are read, those in names such as `v2` left out: width, thousands separators and trailing zeros set aside. Code is left out. */
export function numbersOf(text: string): Set<string> {
  const found =
    prose(text)
      .normalize('NFKC')
      .match(/(?<![A-Za-z\d_.])\d+(?:,\d{3})*(?:\.\d+)?/g) ?? []
  return new Set(found.map(number => String(Number(number.replaceAll(',', '')))))
}

/**
 * Words that are names by the way they are written: capitals inside of a sentence, mixed or all capitals; in Japanese runs
 * of katakana and Latin words.
 */
export function namesOf(text: string): Set<string> {
  const plain = prose(text).normalize('NFKC')
  const japanese = /[\p{Script=Hiragana}\p{Script=Katakana}]/u.test(plain)
  const found = japanese
    ? plain.match(/[\p{Script=Katakana}ー]{3,}|(?<![A-Za-z\d])[A-Za-z][A-Za-z\d]{2,}/gu)
    : plain.match(
        /(?<=[\p{Ll}\d,;:)] )\p{Lu}[\p{L}\d]{2,}|(?<![\p{L}\d])\p{Lu}(?:\p{L}*\p{Ll}\p{Lu}|\p{Lu}{2,})[\p{L}\d]*/gu,
      )
  return new Set((found ?? []).map(name => name.toLowerCase()))
}

/** Share of what the first set holds that the second holds too; undefined where there is nothing to keep. */
export function shareKept(of: ReadonlySet<string>, there: ReadonlySet<string> | string): number | undefined {
  if (of.size === 0) return undefined
  const has = (one: string) => (typeof there === 'string' ? there.includes(one) : there.has(one))
  return [...of].filter(has).length / of.size
}

/** Words in a row, and characters of a script without spaces, that are copied and not met by chance. */
const run = { words: 8, characters: 20 }

/** Share of a text's words (characters in Japanese) that stand in no run copied from the other text; 1 for an empty one. */
export function ownShare(text: string, other: string): number {
  const japanese = /[\p{Script=Hiragana}\p{Script=Katakana}\p{Script=Han}]/u.test(text)
  const units = (of: string) => {
    const plain = of.normalize('NFKC').toLowerCase()
    return japanese ? [...plain.replace(/[\p{P}\p{S}\s]+/gu, '')] : words(plain)
  }
  const n = japanese ? run.characters : run.words
  const [own, others] = [units(text), units(other)]
  const known = new Set<string>()
  for (let i = 0; i + n <= others.length; i++) known.add(others.slice(i, i + n).join(' '))
  const copied = new Set<number>()
  for (let i = 0; i + n <= own.length; i++)
    if (known.has(own.slice(i, i + n).join(' '))) for (let j = i; j < i + n; j++) copied.add(j)
  return own.length === 0 ? 1 : 1 - copied.size / own.length
}
