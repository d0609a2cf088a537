import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { random } from '../../src/records/index.ts'

const root = join(import.meta.dirname, '../..')
const rows = (path: string) =>
  readFileSync(join(root, path), 'utf8')
    .trim()
    .split('\n')
    .map(line => JSON.parse(line) as { [column: string]: string })

/** An item of a benchmark: what is asked and what is answered. */
export type Asked = { id: string; prompt: string; answer: string }

/** The slices of public benchmarks that come with the repository. */
export const benchmarks: { [set: string]: () => Asked[] } = {
  gsm8k: () =>
    rows('examples/quickstart/tests/gsm8k.jsonl').map(({ question, answer }, i) => ({
      ...{ id: `gsm8k-${i}`, prompt: question!, answer: answer! },
    })),
  mbpp: () =>
    rows('examples/quickstart/tests/mbpp.jsonl').map(({ text, code }, i) => ({
      ...{ id: `mbpp-${i}`, prompt: text!, answer: code! },
    })),
  jcommonsenseqa: () =>
    rows('test/fixtures/benchmarks/jcommonsenseqa.jsonl').map(row => ({
      ...{ id: `jcommonsenseqa-${row.q_id}`, prompt: row.question!, answer: row[`choice${row.label}`]! },
    })),
}

/** Real documents, none of which holds anything of the benchmarks. */
export function cleanDocuments(language?: 'en' | 'ja'): { name: string; text: string }[] {
  const folder = join(root, 'examples/quickstart/documents')
  return readdirSync(folder, { recursive: true, encoding: 'utf8' })
    .filter(name => name.endsWith('.md') && !name.endsWith('README.md'))
    .filter(name => language === undefined || /[/\\]ja[/\\]/.test(name) === (language === 'ja'))
    .sort()
    .map(name => ({ name, text: readFileSync(join(folder, name), 'utf8') }))
}

const isSpaced = (text: string) => !/[\p{Script=Han}\p{Script=Hiragana}\p{Script=Katakana}]/u.test(text)
const wordsOf = (text: string): string[] => text.match(/\S+\s*/g) ?? []

/** How leaks look: the same text, the same words in other dress, parts of it, or with something in between. */
export const disguises: { [kind: string]: (text: string) => string } = {
  verbatim: text => text,
  're-cased': text => text.toUpperCase(),
  're-punctuated': text =>
    isSpaced(text)
      ? text
          .replace(/[.,;:!?'"()’-]+(?=\s|$)/g, '')
          .replace(/\s+/g, ' ')
          .replace(/(\S+ \S+ \S+ \S+) /g, '$1 -- ')
      : text.replace(/[、。「」]/g, '').replace(/(.{6})/gsu, '$1、'),
  half: text => {
    if (!isSpaced(text)) return [...text].slice(0, [...text].length >> 1).join('')
    const words = wordsOf(text)
    return words.slice(0, words.length >> 1).join('')
  },
  'with an insertion': text => {
    if (!isSpaced(text)) {
      const half = [...text].length >> 1
      return `${[...text].slice(0, half).join('')}、ちなみに、${[...text].slice(half).join('')}`
    }
    const words = wordsOf(text)
    return words.toSpliced(words.length >> 1, 0, 'as it turned out ').join('')
  },
  'with a word in every eight': text =>
    isSpaced(text)
      ? wordsOf(text)
          .flatMap((word, i) => (i % 8 === 7 ? ['really ', word] : [word]))
          .join('')
      : [...text].flatMap((c, i) => (i % 12 === 11 ? ['ね', c] : [c])).join(''),
  'in full or half width': text =>
    text
      .replace(/[!-~]/g, c => String.fromCharCode(c.charCodeAt(0) + 0xfee0))
      .replace(/[アイウエオカキクケコサシスセソ]/g, c => half[c]!),
}
const half: { [kana: string]: string } = Object.fromEntries(
  [...'アイウエオカキクケコサシスセソ'].map((kana, i) => [kana, [...'ｱｲｳｴｵｶｷｸｹｺｻｼｽｾｿ'][i]!]),
)

/** A text set into a document, at the end of one of its paragraphs. */
export function planted(document: string, text: string, seed: string): string {
  const paragraphs = document.split('\n\n')
  const at = Math.floor(random('planted', seed)() * paragraphs.length)
  return paragraphs.toSpliced(at, 1, `${paragraphs[at]} ${text}`).join('\n\n')
}
