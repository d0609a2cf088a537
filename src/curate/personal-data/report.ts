import { readFileSync } from 'node:fs'
import { chosen, type Entity, type Region, taught } from './entities.ts'

/** What the bench wrote: figures on the labelled set of the repository, by entity, and on generated values. */
export type Accuracy = {
  /** Sentences set apart from those that the rules were made on, and of how many templates. */
  sentences: number
  templates: number
  entities: { [entity: string]: { labelled: number; precision: number; recall: number; f2: number; strict: number } }
  /** Share of the letters and digits of labelled values that no finding covered. */
  leaked: number
  /** Values with a check digit: as many sound ones as ones with a typing error. */
  generated: { values: number; entities: { [entity: string]: { precision: number; recall: number } } }
}

let read: Accuracy | undefined
export function accuracy(): Accuracy {
  read ??= JSON.parse(readFileSync(new URL('./accuracy.json', import.meta.url), 'utf8')) as Accuracy
  return read
}

const figure = (n: number) => n.toFixed(3)

/** What a use of the rules covers and how well they are known to work: a section of the card of a release. */
export function report(options: { entities?: (Entity | Region)[] }): { title: string; text: string } {
  const { sentences, templates, entities, leaked } = accuracy()
  const wanted = [...chosen(options.entities)]
  const rows = wanted
    .filter(name => name in entities)
    .map(name => {
      const { labelled, precision, recall, f2 } = entities[name]!
      return `| ${name} | ${labelled} | ${figure(precision)} | ${figure(recall)} | ${figure(f2)} |`
    })
  return {
    title,
    text: [
      `Looked for by form, check digit and context: ${wanted.join(', ')}. Rows with secrets (keys, tokens, passwords) were dropped. ${listed(taught)}: not covered by rules, and only where a teacher was asked for them, which is said here too.`,
      `How well the rules work was measured on ${sentences} made-up sentences, English and Japanese, of ${templates} templates apart from those that the rules were written on, though some of them were looked at; text unlike them may come out otherwise. A match overlaps by at least a half. ${(100 * leaked).toFixed(1)} % of the letters and digits of the labelled values were left standing.`,
      ['| Entity | Labelled | Precision | Recall | F2 |', '|---|---|---|---|---|', ...rows].join('\n'),
    ].join('\n\n'),
  }
}

const title = 'Personal data'
const listed = (names: readonly string[]) => names.join(', ').replace(/^./, first => first.toUpperCase())

export function namesReport(options: { teacher: string; entities: readonly string[] }): {
  title: string
  text: string
} {
  return {
    title,
    text: `${listed(options.entities)}: the teacher \`${options.teacher}\` was asked to point at them, and what it named was replaced where it stands in the text. What it overlooked is not known.`,
  }
}
