import { codeEndings } from './code/language.ts'
import type { Budget, Form, Limits } from './form.ts'

const begins = (text: string) => (head: Buffer) => head.subarray(0, text.length).toString('latin1') === text

export const formNames = [
  'markdown',
  'rst',
  'text',
  'html',
  'pdf',
  'docx',
  'epub',
  'notebook',
  'latex',
  'code',
  'jsonl',
  'csv',
  'xlsx',
  'parquet',
  'sqlite',
  'warc',
  'stackexchange',
  'zip',
  'tar',
] as const
export type FormName = (typeof formNames)[number]

/**
 * Every form of files that is read, by the name a recipe gives it (`format:`). A new one is a reader and an entry here:
 * endings, patterns of folders, archives, `init` and the docs follow from it.
 */
const forms: { [name in FormName]: Form } = {
  markdown: prose(['md', 'markdown']),
  rst: prose(['rst']),
  text: prose(['txt']),
  html: {
    endings: ['html', 'htm', 'xhtml', 'mhtml', 'mht'],
    magic: isPage,
    holds: 'document',
    confined: true,
    load: async () => (await import('./pages/read-html.ts')).readHtmlBytes,
  },
  pdf: {
    endings: ['pdf'],
    magic: isPdf,
    holds: 'document',
    confined: true,
    load: async () => (await import('./pdf/pdf.ts')).readPdf,
  },
  docx: {
    endings: ['docx', 'docm'],
    magic: isZip,
    holds: 'document',
    confined: true,
    load: async () => (await import('./docx/read.ts')).readDocx,
  },
  epub: {
    endings: ['epub'],
    magic: isZip,
    holds: 'document',
    confined: true,
    load: async () => (await import('./epub/read.ts')).readEpub,
  },
  notebook: {
    endings: ['ipynb'],
    holds: 'document',
    confined: false,
    load: async () => (await import('./notebook.ts')).readNotebook,
  },
  latex: {
    endings: ['tex', 'ltx'],
    holds: 'document',
    confined: true,
    load: async () => (await import('./latex/read.ts')).readLatex,
  },
  code: {
    endings: codeEndings,
    holds: 'document',
    confined: false,
    load: async () => (await import('./code/read.ts')).readCode,
  },
  jsonl: {
    endings: ['jsonl', 'ndjson', 'json'],
    holds: 'rows',
    load: async () => (await import('./rows.ts')).jsonRowsOf,
  },
  csv: { endings: ['csv', 'tsv'], holds: 'rows', load: async () => (await import('./rows.ts')).csvRowsOf },
  // Those of the last two endings are named as what they are, and not read.
  xlsx: {
    endings: ['xlsx', 'xlsm', 'xlsb', 'xls'],
    magic: isZip,
    seeks: true,
    holds: 'rows',
    load: async () => (await import('./xlsx/rows.ts')).xlsxRows,
  },
  parquet: {
    endings: ['parquet'],
    magic: begins('PAR1'),
    seeks: true,
    holds: 'rows',
    load: async () => (await import('./rows.ts')).parquetRows,
  },
  sqlite: {
    endings: ['sqlite', 'sqlite3', 'db'],
    magic: begins('SQLite format 3\0'),
    seeks: true,
    holds: 'rows',
    load: async () => (await import('./sqlite.ts')).sqliteRows,
  },
  warc: {
    endings: ['warc', 'wet', 'arc'],
    magic: head => begins('WARC/')(head) || begins('filedesc://')(head),
    holds: 'items',
    kinds: ['document'],
    load: async () => (await import('./warc/read.ts')).warcItems,
  },
  stackexchange: {
    endings: ['xml'],
    holds: 'items',
    kinds: ['conversation', 'preference', 'prompt', 'document'],
    told: async file => (await import('./stackexchange/read.ts')).isPosts(file),
    load: async () => (await import('./stackexchange/read.ts')).postItems,
  },
  zip: {
    endings: ['zip'],
    magic: isZip,
    seeks: true,
    holds: 'files',
    load: async () => (await import('./archive/zip.ts')).zipMembers,
  },
  tar: {
    // Those that are packed otherwise are named here to be refused with a reason.
    endings: ['tar', 'tgz', 'tzst', 'tbz', 'tbz2', 'txz'],
    magic: head => head.subarray(257, 262).toString('latin1') === 'ustar',
    holds: 'files',
    load: async () => (await import('./archive/tar.ts')).tarMembers,
  },
}

function prose(endings: readonly string[]): Form {
  return { endings, holds: 'document', confined: false, load: async () => (await import('./text.ts')).readText }
}

/** The first header of a zip, its end where it is empty, or the mark of one that was split (APPNOTE 4.3.7, 4.3.16, 8.5.4). */
export function isZip(head: Buffer): boolean {
  const begin = head.toString('latin1', 0, 8)
  return ['PK\x03\x04', 'PK\x05\x06', 'PK\x07\x08PK', 'PK00PK'].some(magic => begin.startsWith(magic))
}

/** The header stands in the first 1,024 bytes; in what is text before it, it is only spoken of. */
function isPdf(head: Buffer): boolean {
  const at = head.subarray(0, 1024).indexOf('%PDF-')
  return at === 0 || (at > 0 && !/[\x21-\x7e]{4}/.test(head.toString('latin1', 0, at)))
}

/** A page of HTML, behind white space, a mark, comments and a declaration of XML. */
function isPage(head: Buffer): boolean {
  const begin = /^(?:\ufeff|\s|<\?xml[^>]*>|<!--(?:(?!-->)[\s\S])*-->)*<(?:!doctype\s+html|html)[\s>]/i
  return begin.test(head.toString('utf8', 0, 1024))
}

/** Raised whenever a file or a page may be read otherwise than before: it is read again, and what comes out alike is known. */
export const readersVersion = 4

export const formOf = (name: FormName): Form => forms[name]

/** Databases belong to no folder: each has tables of its own, and a `.db` may be anything. */
const alone: FormName[] = ['sqlite']
/** Whether a folder stands for a file of this name among others. */
export function inFolders(path: string): boolean {
  const name = formByEnding(path)
  return name !== undefined && !alone.includes(name)
}

const byEnding = new Map(formNames.flatMap(name => formOf(name).endings.map(ending => [ending, name] as const)))

/** Endings of packed files, around the ending of what is packed. */
const packedEndings = ['gz', 'zst', 'bz2', 'xz'] as const
const packed = new RegExp(`\\.(?:${packedEndings.join('|')})$`, 'i')

/** The form that the ending of a path names, below that of a packing; undefined for any other. */
export function formByEnding(path: string): FormName | undefined {
  const ending = /\.(\w+)$/.exec(path.replace(packed, ''))?.[1]?.toLowerCase() ?? ''
  return byEnding.get(ending)
}

/** Where a recipe says nothing else (`limits:` of a source). */
export const standardLimits: Limits = {
  bytes: 32 * 2 ** 20,
  expanded: 4 * 2 ** 30,
  members: 100_000,
  depth: 3,
}

export const budgetOf = ({ expanded, members, depth }: Limits): Budget => ({ expanded, members, depth })
