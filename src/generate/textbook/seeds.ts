import { z } from 'zod'
import { type Rec, unit } from '../../records/index.ts'
import { type Draft, defineGrid, defineMap } from '../../steps/index.ts'
import { type Cell, nameOf } from './cells.ts'

const cell = z.strictObject({ audience: z.string(), style: z.string() })
const seedShape = {
  cells: z.array(cell).min(1).describe('Audiences and styles'),
  pieces: z.int().min(1).optional().describe('Cells that are asked for with each extract; default all'),
  extracts: z.int().min(1).default(1).describe('Extracts of a document, or pieces of a topic in each cell'),
}
const fromDocuments = z.strictObject(seedShape)
const fromTopics = z.strictObject({ ...seedShape, topics: z.array(z.string().min(1)).min(1).describe('Topics') })
type Seeds = z.infer<typeof fromDocuments>

/** What one piece is asked for: the columns of a row. */
export type Seed = { audience: string; style: string; topic: string; n: number }
export const seedOf = (record: Rec<'row'>): Seed => record.columns as Seed

/** As many cells as an extract is to have: those with the largest hash, so that another cell moves few. */
function cellsFor(name: string, { cells, pieces = cells.length }: Seeds): Pick<Cell, 'audience' | 'style'>[] {
  if (pieces >= cells.length) return cells
  const weight = new Map(cells.map(cell => [cell, unit(name, nameOf(cell))]))
  const chosen = new Set([...cells].sort((a, b) => weight.get(b)! - weight.get(a)!).slice(0, pieces))
  return cells.filter(cell => chosen.has(cell))
}

function* seeds(name: string, topic: string, options: Seeds): Generator<Omit<Draft<'row'>, 'index'>> {
  for (let n = 1; n <= options.extracts; n++)
    for (const { audience, style } of cellsFor(`${name} ${n}`, options))
      yield {
        payload: { kind: 'row', columns: { audience, style, topic, n } satisfies Seed },
        key: JSON.stringify([topic, audience, style, n]),
      }
}

/** What a document is about: its facet, title or first heading, else how it begins. */
function topicOf({ facets, title, text }: Rec<'document'>): string {
  const heading = title ?? /^#{1,3} +(.+)$/m.exec(text)?.[1] ?? text.trim().split('\n')[0]!
  return (facets.topic ?? heading).trim().slice(0, 120)
}

/** One row for every cell that a document is to have pieces of. */
export const documentSeeds = defineMap<Seeds, 'document', 'row'>({
  verb: 'textbook-seeds',
  about: 'Lays out one row for every piece that a document is to have: its audience, style and topic.',
  version: 1,
  options: fromDocuments,
  takes: ['document'],
  gives: ['row'],
  reasons: [],
  async run(record, { options }) {
    const drafts = [...seeds(record.id, topicOf(record), options)]
    return { is: 'made', made: drafts.map((draft, index) => ({ ...draft, index })) }
  },
})

/** The same out of topics alone. */
export const topicSeeds = defineGrid<z.infer<typeof fromTopics>>({
  verb: 'textbook-topics',
  about: 'Lays out one row for every piece that a topic is to have: its audience and style.',
  version: 1,
  options: fromTopics,
  takes: [],
  gives: ['row'],
  reasons: [],
  *rows({ topics, ...options }) {
    let index = 0
    for (const topic of topics) for (const draft of seeds(topic, topic, options)) yield { ...draft, index: index++ }
  },
})
