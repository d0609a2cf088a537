import type { Id, Sha, TeacherId } from './record.ts'

export type Origin = 'real' | 'synthetic'
export type Parent = { id: Id; role: 'subject' | 'context' | 'corpus' }
/**
 * Whether a program may read a page, for text and data mining: the decision, the rule it rests on, and the signals as they
 * were sent. When that was lies beside the page in the workspace; no clock is in a record.
 */
export type RobotsNote = {
  decision: 'allow' | 'deny'
  /** Line of robots.txt, or the field that reserves. */
  rule?: string
  signals: { [where: string]: string }
  /** Version of the rules by which it was decided. */
  version: string
}
/** A part of a document that has a name where it came from, such as `page 3`: it begins at this character of the text. */
export type Place = [at: number, name: string]
/**
 * Where a record read from outside comes from. `uri` names a member of an archive behind its file: `docs.zip!/guide.md`;
 * `row` counts from 1.
 */
export type SourceNote = {
  name: string
  uri: string
  license: string
  /** What its text is written in, where the ending of the file does not tell: what was read of a PDF is Markdown. */
  format?: 'markdown' | 'rst' | 'text' | 'code'
  /** What the file is encoded in, where that is not UTF-8, by its name in the Encoding Standard. */
  encoding?: string
  /** The part of the file that the row lies in, such as a sheet. */
  part?: string
  /** Pages, chapters or cells of a document, in order. */
  places?: Place[]
  /** What the recipe says of the site, or what the site itself said when the page was fetched. */
  robots?: string | RobotsNote
  row?: number
  /** The model that wrote it, where it is an answer from elsewhere. */
  teacher?: TeacherId
}
/** How a record was made: step, prompts and the calls in the journal that hold cost, date and served model. */
export type Made = {
  step: string
  version: string
  teachers: TeacherId[]
  prompts: Sha[]
  calls: Sha[]
  /** Characters of the subject's text that became this record (chunks). */
  span?: [number, number]
  /** Where that is in the file the subject was read from: `page 3`, or `pages` between which it lies. */
  place?: string
}
/** What a person made of a record: `accept`, `edit` or `reject`. No date: the file of reviews has it. */
export type Review = { by: string; verdict: string; note?: string }

/**
 * Where a record comes from. `parents` names every record whose text entered a prompt. `generation` is 0 for real
 * rows and 1 + the largest generation among the parents for what a model wrote.
 */
export type Lineage = {
  origin: Origin
  generation: number
  parents: Parent[]
  source?: SourceNote
  made?: Made
  members?: Id[]
  reviews?: Review[]
}
