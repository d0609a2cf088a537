import type { Json } from '../records/index.ts'
import { Unreadable, utf8Bytes } from './bytes.ts'
import { type Columns, object } from './columns.ts'
import type { SourceFile } from './files.ts'
import type { SourceReason } from './reasons.ts'

/** The largest file that is read as one JSON value. */
export const wholeBytes = 256 * 2 ** 20

/** A whole file as text; what it cannot be read for is told by its reason. */
export async function textOf(file: SourceFile, reject: (reason: SourceReason) => void): Promise<string | undefined> {
  const chunks: Buffer[] = []
  try {
    for await (const chunk of utf8Bytes(file, true)) chunks.push(chunk)
  } catch (error) {
    if (!(error instanceof Unreadable)) throw error
    reject(error.reason)
    return undefined
  }
  return Buffer.concat(chunks).toString('utf8')
}

/** The value of a JSON text; undefined for any other text, such as JSON Lines. */
export function jsonOf(text: string): Json | undefined {
  try {
    return JSON.parse(text) as Json
  } catch {
    return undefined
  }
}

/**
 * Rows inside of a row: questions below the paragraphs they are about (as in SQuAD), and prompts with worked examples
 * under the name of their subject (as the MMLU prompts are kept). Any other row is itself.
 */
export function* unfolded(row: Columns): Generator<Columns> {
  const articles = Array.isArray(row.data) ? row.data.map(object) : []
  if (articles.some(article => Array.isArray(article?.paragraphs))) {
    for (const article of articles) {
      for (const paragraph of list(article?.paragraphs)) {
        for (const { id, question, answers } of list(paragraph.qas)) {
          yield { ...{ id, question, answers }, context: paragraph.context }
        }
      }
    }
    return
  }
  const blocks = Object.entries(row)
  if (blocks.length === 0 || !blocks.every(([, text]) => typeof text === 'string' && /(?:^|\n)Q: /.test(text))) {
    yield row
    return
  }
  for (const [subject, text] of blocks) {
    for (const [i, one] of (text as string)
      .split(/(?:^|\n)Q: /)
      .slice(1)
      .entries()) {
      const [asked = '', answer] = one.split(/\nA: /)
      const at = asked.search(/\n\(A\) /)
      const choices =
        at < 0
          ? []
          : asked
              .slice(at)
              .split(/\s\([A-J]\) /)
              .slice(1)
      yield {
        id: `${subject}/${i + 1}`,
        question: (at < 0 ? asked : asked.slice(0, at)).trim(),
        choices: choices.map(choice => choice.trim()),
        ...(answer === undefined ? {} : { answer: answer.trim() }),
      }
    }
  }
}

/** The objects of a list. */
export const list = (value: Json | undefined): Columns[] =>
  Array.isArray(value) ? value.map(object).filter(one => one !== undefined) : []
