import type { Budget, Form, Limits } from './form.ts'

const code = [
  ...['py', 'pyi', 'js', 'mjs', 'cjs', 'jsx', 'ts', 'mts', 'cts', 'tsx', 'java', 'kt', 'kts', 'scala', 'groovy', 'go'],
  ...['rs', 'c', 'h', 'cc', 'cpp', 'cxx', 'hh', 'hpp', 'hxx', 'cs', 'fs', 'swift', 'm', 'mm', 'rb', 'php', 'pl', 'pm'],
  ...['lua', 'r', 'jl', 'hs', 'ml', 'mli', 'ex', 'exs', 'erl', 'clj', 'cljs', 'lisp', 'el', 'dart', 'zig', 'nim', 'sh'],
  ...['bash', 'zsh', 'fish', 'ps1', 'sql', 'vue', 'svelte', 'f90', 'f95', 'pas', 'vb', 'asm', 'proto', 'tf', 'sol'],
]

const begins = (text: string) => (head: Buffer) => head.subarray(0, text.length).toString('latin1') === text

export const formNames = [
  'markdown',
  'rst',
  'text',
  'html',
  'docx',
  'epub',
  'notebook',
  'latex',
  'code',
  'jsonl',
  'csv',
  'parquet',
  'sqlite',
  'pdf',
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
    holds: 'document',
    confined: true,
    load: async () => (await import('./pages/read-html.ts')).readHtmlBytes,
  },
  docx: {
    endings: ['docx', 'docm'],
    holds: 'document',
    confined: true,
    load: async () => (await import('./docx/read.ts')).readDocx,
  },
  epub: {
    endings: ['epub'],
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
    endings: code,
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
  parquet: {
    endings: ['parquet'],
    magic: begins('PAR1'),
    holds: 'rows',
    load: async () => (await import('./rows.ts')).parquetRows,
  },
  sqlite: {
    endings: ['sqlite', 'sqlite3', 'db'],
    magic: begins('SQLite format 3\0'),
    holds: 'rows',
    load: async () => (await import('./sqlite.ts')).sqliteRows,
  },
  pdf: {
    endings: ['pdf'],
    magic: isPdf,
    holds: 'document',
    confined: true,
    load: async () => (await import('./pdf/pdf.ts')).readPdf,
  },
}

function prose(endings: readonly string[]): Form {
  return { endings, holds: 'document', confined: false, load: async () => (await import('./text.ts')).readText }
}

/** The header stands in the first 1,024 bytes; in what is text before it, it is only spoken of. */
function isPdf(head: Buffer): boolean {
  const at = head.subarray(0, 1024).indexOf('%PDF-')
  return at === 0 || (at > 0 && !/[\x21-\x7e]{4}/.test(head.toString('latin1', 0, at)))
}

/** Raised whenever a file or a page may be read otherwise than before: it is read again, and what comes out alike is known. */
export const readersVersion = 2

export const formOf = (name: FormName): Form => forms[name]

/** Databases belong to no folder: each has tables of its own, and a `.db` may be anything. */
const alone: FormName[] = ['sqlite']
/** Endings that a folder stands for. */
export const folderEndings = formNames.filter(name => !alone.includes(name)).flatMap(name => formOf(name).endings)

const byEnding = new Map(formNames.flatMap(name => formOf(name).endings.map(ending => [ending, name] as const)))

/** The form that the ending of a path names, below `.gz`; undefined for any other. */
export function formByEnding(path: string): FormName | undefined {
  const ending = /\.(\w+)$/.exec(path.replace(/\.gz$/i, ''))?.[1]?.toLowerCase() ?? ''
  return byEnding.get(ending)
}

/** Endings of source code. */
export const codeEndings: readonly string[] = code

/** Where a recipe says nothing else (`limits:` of a source). */
export const standardLimits: Limits = {
  bytes: 32 * 2 ** 20,
  expanded: 4 * 2 ** 30,
  members: 100_000,
  depth: 3,
}

export const budgetOf = ({ expanded, members, depth }: Limits): Budget => ({ expanded, members, depth })
