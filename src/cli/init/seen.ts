import type { Material } from '../../govern/index.ts'
import type { Kind } from '../../records/index.ts'
import type { FormName } from '../../sources/index.ts'

/** A column of a table of people: what names one person outright, or says something of a person. */
export type PersonColumn = { name: string; holds: 'identifier' | 'attribute'; missing: boolean }

/** Files that become one source. */
export type Group = {
  name: string
  files: string | string[]
  /** Of a database. */
  table?: string
  /** Forms of the files, most frequent first. */
  forms: FormName[]
  count: number
  bytes: number
  /** Absent where what the rows hold could not be made out. */
  kind?: Kind
  material?: Material
  /** How its rows were told, such as `alpaca`. */
  shape?: string
  /** Columns for `columns:` of the source, by field. */
  columns?: { [field: string]: string }
  /** A column of short texts that may be queries. */
  asked?: string
  synthetic?: true
  /** Documents or rows; `atLeast` where counting stopped. */
  records: number
  atLeast?: true
  /** Estimated from a sample; 0 where it has no text. */
  tokens: number
  /** The longest text of the sample, in tokens. */
  longest: number
  /** Share of each language among the texts of the sample. */
  languages: { [language: string]: number }
  /** Personal data that the sample holds, by entity. */
  personal: { [entity: string]: number }
  people?: PersonColumn[]
  /** Of rows that could not be made out. */
  headers?: string[]
  /** Of documents: pieces of the sample that the built-in teacher finds something to ask of. */
  askable?: number
  /** Files that are byte for byte another one. */
  copies: number
  /** As files beside it say; absent where none does. `id` is `detect` where they say several (`ids`). */
  license?: { id: string; ids: string[]; from: string }
}

/** Files that are left out, and why. */
export type Passed = { files: string[]; why: string }
export type LicenseFile = { file: string; says: string }
/** What `init` saw in a folder. */
export type Seen = { groups: Group[]; passed: Passed[]; licenses: LicenseFile[] }

export const materialsOf = (seen: Seen): Set<Material> =>
  new Set(seen.groups.flatMap(({ material }) => (material ? [material] : [])))

export const of = (seen: Seen, ...wanted: Material[]): Group[] =>
  seen.groups.filter(({ material }) => material !== undefined && wanted.includes(material))

/** Languages of all groups by their share of the tokens, most first; of groups without tokens by records. */
export function languagesOf(groups: readonly Group[]): [language: string, share: number][] {
  const sums = new Map<string, number>()
  let all = 0
  for (const { languages, tokens, records } of groups) {
    for (const [language, share] of Object.entries(languages)) {
      const weight = share * (tokens || records)
      sums.set(language, (sums.get(language) ?? 0) + weight)
      all += weight
    }
  }
  return [...sums]
    .map(([language, sum]): [string, number] => [language, all > 0 ? sum / all : 0])
    .sort(([a, x], [b, y]) => y - x || (a < b ? -1 : 1))
}

/** The built-in teacher finds enough in the documents to make a set of. */
export const rulesCanAsk = (seen: Seen): boolean =>
  of(seen, 'documents').reduce((sum, { askable = 0 }) => sum + askable, 0) >= 3
