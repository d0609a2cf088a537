/** Neighbours on the keyboard that most people who write English type on. */
const rows = ['qwertyuiop', 'asdfghjkl', 'zxcvbnm']
const neighbours = new Map<string, string>(
  rows.flatMap((row, y) =>
    [...row].map((key, x): [string, string] => {
      // Each row stands half a key to the right of the one above.
      const near = [
        row[x - 1],
        row[x + 1],
        rows[y - 1]?.[x],
        rows[y - 1]?.[x + 1],
        rows[y + 1]?.[x - 1],
        rows[y + 1]?.[x],
      ]
      return [key, near.filter(Boolean).join('')]
    }),
  ),
)

/** Words that sound alike and that an input method converts into each other. */
const homophones = [
  ['以外', '意外'],
  ['保証', '保障'],
  ['対象', '対照'],
  ['回答', '解答'],
  ['機能', '昨日'],
  ['以上', '異常'],
  ['変更', '偏向'],
  ['確率', '確立'],
  ['追求', '追及'],
  ['会う', '合う'],
  ['早い', '速い'],
  ['正確', '性格'],
  ['自信', '自身'],
  ['期間', '機関'],
  ['移動', '異動'],
  ['公開', '後悔'],
  ['使用', '仕様'],
  ['構成', '校正'],
  ['添付', '貼付'],
  ['精算', '清算'],
] as const

type Slip = 'neighbour' | 'omission' | 'doubling' | 'transposition' | 'particle' | 'conversion'

const pick = <T>(list: readonly T[], random: () => number): T => list[Math.floor(random() * list.length)]!

/** One slip in a word of four letters or more, never in its first letter, as people slip; undefined where no word is long enough. */
function englishSlip(text: string, random: () => number): { text: string; slip: Slip } | undefined {
  const words = [...text.matchAll(/(?<![\p{L}\p{N}@/.'’-])\p{L}\p{Ll}{3,}(?![\p{L}\p{N}@/'’-])/gu)]
  if (words.length === 0) return undefined
  const { index, 0: word } = pick(words, random)
  const at = 1 + Math.floor(random() * (word.length - 2))
  const [before, letter, next, after] = [word.slice(0, at), word[at]!, word[at + 1]!, word.slice(at + 1)]
  const slip = pick(['neighbour', 'omission', 'doubling', 'transposition'] as const, random)
  const near = neighbours.get(letter)
  const slipped =
    slip === 'neighbour' && near
      ? `${before}${pick([...near], random)}${after}`
      : slip === 'transposition' && letter !== next
        ? `${before}${next}${letter}${after.slice(1)}`
        : slip === 'doubling'
          ? `${before}${letter}${letter}${after}`
          : undefined
  const made = slipped ?? `${before}${after}`
  return {
    text: text.slice(0, index) + made + text.slice(index + word.length),
    slip: slipped === undefined ? 'omission' : slip,
  }
}

const particle =
  /(?<=[\p{Script=Han}\p{Script=Katakana}ー])[をはが](?=[\p{Script=Han}\p{Script=Hiragana}\p{Script=Katakana}])/gu

/** A particle left out, as in a hurry, or a word converted to one that sounds alike. */
function japaneseSlip(text: string, random: () => number): { text: string; slip: Slip } | undefined {
  const particles = [...text.matchAll(particle)].map(({ index }) => index)
  const sounds = homophones.flatMap(([a, b]) => [
    ...(text.includes(a) ? [[a, b]] : []),
    ...(text.includes(b) ? [[b, a]] : []),
  ])
  if (sounds.length > 0 && (particles.length === 0 || random() < 0.5)) {
    const [right, wrong] = pick(sounds, random)
    return { text: text.replace(right!, wrong!), slip: 'conversion' }
  }
  if (particles.length === 0) return undefined
  const at = pick(particles, random)
  return { text: text.slice(0, at) + text.slice(at + 1), slip: 'particle' }
}

/** The text with one slip of writing, chosen by `random`; undefined where the rules find no place for one. */
export function slip(text: string, japanese: boolean, random: () => number): { text: string; slip: Slip } | undefined {
  return japanese ? japaneseSlip(text, random) : englishSlip(text, random)
}

/** Written often enough in a pool to be a word of it, and letters under which most neighbours of a word are words too. */
const common = 4
const shortest = 6

/**
 * Words of English messages that look like slips: seen once, of six letters or more, and one letter away from a word seen
 * four times or more. First and last letters must be the same, so that inflections do not count. What is missed so is more
 * than what is mistaken: of the 10,003 training questions of BANKING77 it finds one in two hundred.
 */
export function suspects(counts: ReadonlyMap<string, number>): string[] {
  const often = new Set([...counts].filter(([, n]) => n >= common).map(([word]) => word))
  return [...counts]
    .filter(([word, n]) => n === 1 && word.length >= shortest && variants(word).some(variant => often.has(variant)))
    .map(([word]) => word)
    .sort()
}

/** What a word might have been before one slip inside it. */
function variants(word: string): string[] {
  const found: string[] = []
  for (let i = 1; i < word.length; i++) {
    const [before, after] = [word.slice(0, i), word.slice(i)]
    for (let c = 97; c <= 122; c++) {
      found.push(before + String.fromCharCode(c) + after)
      if (i < word.length - 1) found.push(before + String.fromCharCode(c) + after.slice(1))
    }
    if (i < word.length - 1) found.push(before + after.slice(1))
    if (i < word.length - 2) found.push(before + after[1] + after[0] + after.slice(2))
  }
  return found
}

/** Lower-case words of letters alone: names and numbers are no slips. */
export const plainWords = (text: string): string[] =>
  text.match(/(?<![\p{L}\p{N}'’-])[a-z]{3,20}(?![\p{L}\p{N}'’-])/gu) ?? []
