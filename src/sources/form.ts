import type { Facets, Json, Kind, Place, SourceNote } from '../records/index.ts'
import type { SourceConfig } from './config.ts'
import type { SourceFile } from './files.ts'
import type { FormName } from './forms.ts'
import type { Item } from './read.ts'
import type { SourceReason } from './reasons.ts'
import type { Row } from './rows.ts'
import type { Asked } from './sqlite.ts'

/** A document out of the bytes of a file: what `readDocument` of a form gives. */
export type Prose = {
  /** Empty where there is none; the file is then rejected as `empty-file`. */
  text: string
  /** What the text is written in, where that is not what the file is written in. */
  format?: SourceNote['format']
  title?: string
  /** As the file states it; detected from the text where it does not. */
  language?: string
  /** As the file states it, such as a canonical address. */
  uri?: string
  facets?: Facets
  /** What its bytes were encoded in, where that is not UTF-8. */
  encoding?: string
  /** Pages, chapters or cells, in order; names are unique within the document. */
  places?: Place[]
  /** Parts that could not be read, while the others could. */
  lost?: { reason: SourceReason; evidence: Json }[]
}

/** What a reader of documents is told beside the bytes. */
export type About = {
  /** Of the file, or of a member behind it, for its name and ending. */
  path: string
  /** The form it is read as. */
  format: FormName
  /** Most bytes of text, as UTF-8. */
  bound: number
  /** Encoding that a server or archive states. */
  charset?: string
}

/** Pure. Throws `Unreadable` where nothing can be read; any other error counts as damage of the file. */
export type ReadDocument = (bytes: Buffer, about: About) => Prose | Promise<Prose>

/** What may be taken out of one archive, with all archives in it. */
export type Limits = {
  /** Most bytes of one document, row or member as it is read. */
  bytes: number
  /** Most bytes of all members together, unpacked. */
  expanded: number
  members: number
  /** Archives inside archives: 1 for those of the file itself. */
  depth: number
}

/** What is left of the limits, counted down while an archive is read. */
export type Budget = Omit<Limits, 'bytes'>

/** A member of an archive, unpacked to a file that goes when the next one is asked for; or why it is not read. */
export type Member =
  | { is: 'file'; file: SourceFile }
  | { is: 'rejected'; path: string; reason: SourceReason; evidence: Json }

/** One form of files: how they are told, and what reads them. Readers are loaded when the first file needs them. */
export type Form = {
  /** Endings in lower case, without a dot; those of databases are left out where a folder is named. */
  endings: readonly string[]
  /** The first bytes, where they tell the form whatever the ending says. */
  magic?: (head: Buffer) => boolean
} & (
  | {
      holds: 'document'
      /** Read in a process of its own, bounded in memory and time: what parses what anybody may have written. */
      confined: boolean
      load(): Promise<ReadDocument>
    }
  | { holds: 'rows'; load(): Promise<(file: SourceFile, asked: Asked, bound: number) => AsyncGenerator<Row>> }
  | {
      holds: 'items'
      /** Kinds that it can give, the first by default. */
      kinds: readonly Kind[]
      load(): Promise<(file: SourceFile, config: SourceConfig, kind: Kind, limits: Limits) => AsyncGenerator<Item>>
    }
  | { holds: 'files'; load(): Promise<(file: SourceFile, limits: Limits, budget: Budget) => AsyncGenerator<Member>> }
)
