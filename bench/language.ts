import { globSync, readFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { identifyLanguage, plainText } from '../src/text/index.ts'
import type { Figure } from './benches.ts'

const root = resolve(import.meta.dirname, '..')
/** A folder with slices of public data sets, where it is at hand; without it only our own documents are read. */
const data = process.env.STILLROOM_DATA ?? join(root, '../shared/data')

function read(path: string): string | undefined {
  try {
    return readFileSync(join(data, path), 'utf8')
  } catch {
    return undefined
  }
}

const prose = (pattern: string, cwd: string): string =>
  globSync(pattern, { cwd })
    .sort()
    .map(file => plainText(readFileSync(join(cwd, file), 'utf8')))
    .join('\n')

type Set = { name: string; language: string; texts: string[] }

/** Pieces of about so many characters, so that length alone changes. */
function pieces(text: string, size: number, most = 1500): string[] {
  const found: string[] = []
  const stride = Math.max(size, Math.floor(text.length / most))
  for (let at = 0; at + size <= text.length; at += stride) found.push(text.slice(at, at + size).replace(/\s+/g, ' '))
  return found
}

function sets(): Set[] {
  const glossary = join(root, 'examples/quickstart/documents/cncf-glossary')
  const english = [
    prose('en/*.md', glossary),
    prose('{rust-book,trl-docs,vitest-docs}/**/*.md', join(data, 'documents')),
  ].join('\n')
  const japanese = prose('ja/*.md', glossary)
  const made = (
    [
      ['en', english, [20, 30, 50, 100, 300, 1000]],
      ['ja', japanese, [5, 10, 20, 50, 300]],
    ] as const
  ).flatMap(([language, text, sizes]) =>
    sizes.map(size => ({ name: `${language} documents, ${size} characters`, language, texts: pieces(text, size) })),
  )
  const lines = (path: string, get: (line: string) => string | undefined) =>
    (read(path) ?? '').split('\n').flatMap(line => {
      const text = line && get(line)
      return text ? [text] : []
    })
  const queries = lines('banking77/train.csv', line =>
    line.startsWith('text,') ? undefined : line.replace(/,[^,]*$/, '').replace(/^"|"$/g, ''),
  )
  const questions = lines(
    'jglue/jcommonsenseqa-valid-v1.3.json',
    line => (JSON.parse(line) as { question: string }).question,
  )
  const passages = read('jglue/jsquad-valid-v1.3.json')
  const paragraphs = passages
    ? (JSON.parse(passages) as { data: { paragraphs: { context: string }[] }[] }).data.flatMap(one =>
        one.paragraphs.map(({ context }) => context),
      )
    : []
  const byLength = (name: string, language: string, texts: string[], bounds: [number, number][]) =>
    bounds.map(([low, high]) => ({
      name: `${name}, ${low} to ${high} characters`,
      language,
      texts: texts.filter(text => text.length >= low && text.length < high),
    }))
  return [
    ...made,
    ...byLength('banking77 queries', 'en', queries, [
      [1, 30],
      [30, 50],
      [50, 100],
      [100, 500],
    ]),
    ...byLength('JCommonsenseQA questions', 'ja', questions, [
      [1, 15],
      [15, 30],
      [30, 100],
    ]),
    ...byLength('JSQuAD paragraphs', 'ja', paragraphs, [[1, 2000]]),
  ].filter(({ texts }) => texts.length >= 20)
}

/** How often the language is right where one is given, and how often none is, by length. */
export async function* language(): AsyncGenerator<Figure> {
  for (const { name, language, texts } of sets()) {
    let told = 0
    let right = 0
    let sure = 0
    let sureRight = 0
    for (const text of texts) {
      const found = identifyLanguage(text)
      if (!found) continue
      told++
      if (found.language === language) right++
      if (found.confidence < 0.65) continue
      sure++
      if (found.language === language) sureRight++
    }
    const n = texts.length
    yield { metric: `${name} (${n}): right of those told`, value: told === 0 ? 1 : right / told, unit: '' }
    yield {
      metric: `${name}: right of those told with 0.65 or more`,
      value: sure === 0 ? 1 : sureRight / sure,
      unit: '',
      target: '>= 0.98',
      holds: sure === 0 || sureRight / sure >= 0.98,
    }
    yield { metric: `${name}: abstained`, value: 1 - told / n, unit: '' }
    yield { metric: `${name}: abstained or under 0.65`, value: 1 - sure / n, unit: '' }
  }
}
