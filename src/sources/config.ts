import { z } from 'zod'
import { strengths } from '../govern/index.ts'
import { repoPattern } from '../hub/index.ts'
import { kinds } from '../records/index.ts'
import { chunkOptions } from './chunk.ts'
import { layoutNames } from './exams.ts'
import { formNames, standardLimits } from './forms.ts'
import type { Pinned } from './hub.ts'

const examNames = ['auto', ...layoutNames] as const

/** Fields of payloads and records that a column of the file may fill. */
const fields = [
  ...['text', 'title', 'uri', 'messages', 'prompt', 'completion', 'chosen', 'rejected', 'label', 'tools', 'system'],
  ...['reference', 'verifier', 'target', 'choices', 'rubric'],
  ...['language', 'difficulty', 'topic', 'audience', 'style', 'register', 'domain'],
] as const

/** What a recipe says about one source. */
export const sourceConfig = z
  .strictObject({
    files: z
      .union([z.string().min(1), z.array(z.string().min(1)).min(1)])
      .optional()
      .describe(
        'Paths or patterns, relative to the recipe; a folder stands for all files below it of known endings but databases; folders and patterns leave out what git ignores',
      ),
    sql: z
      .string()
      .min(1)
      .optional()
      .describe(
        'Query whose rows are read: one statement that only reads and gives the same rows each time. SQLite files are asked one by one; Parquet, CSV and JSON Lines together, each a table of its name, by DuckDB',
      ),
    table: z
      .string()
      .min(1)
      .optional()
      .describe(
        'Table or view that is read of a database instead of a query, default the only table; or the sheet of a workbook, default all that are not hidden',
      ),
    attach: z
      .record(
        z.string().regex(/^[a-z_]\w*$/i, 'a name that queries may use'),
        z.string().regex(/^[A-Z_][A-Z0-9_]*$/, 'the name of an environment variable'),
      )
      .optional()
      .describe(
        'Databases to ask by `sql` instead of files, each by name and the environment variable that holds its address: postgres://.. by the extension of DuckDB, or a DuckDB file. The answer stays in the workspace; `run --verify` asks again',
      ),
    urls: z
      .array(z.url({ protocol: /^https?$/ }))
      .min(1)
      .optional()
      .describe(
        'Pages to read instead of files, each once: where robots.txt lets us and nothing is reserved (RFC 9309, TDMRep, noai, AIPREF)',
      ),
    crawl: z
      .strictObject({
        agent: z
          .string()
          .regex(/^[A-Za-z_-]+/, 'a product token first, such as stillroom')
          .default('stillroom')
          .describe('Name that sites know the reader by, its product token first; add an address to ask at'),
        delay: z.number().min(0).max(3600).default(2).describe('Seconds between two requests to one host'),
        bytes: z.int().min(1024).default(5_000_000).describe('Most bytes of a page'),
      })
      .optional()
      .describe('How pages of `urls` are asked for'),
    hub: z
      .string()
      .regex(repoPattern, 'a repository as <owner>/<name>')
      .optional()
      .describe(
        'Dataset of the Hugging Face Hub to read instead of files, as <owner>/<name>: its Parquet, JSON and CSV files come into the workspace once',
      ),
    revision: z
      .string()
      .min(1)
      .optional()
      .describe('Commit, tag or branch of `hub`; default main. The commit that it first named is kept to'),
    config: z.string().min(1).optional().describe('Config of `hub`; default the one that its card calls so'),
    split: z
      .union([z.string().min(1), z.array(z.string().min(1)).min(1)])
      .optional()
      .describe('Split of `hub`, or several; default train, or the only one'),
    license: z
      .string()
      .min(1)
      .describe(
        'SPDX identifier of the license, or `proprietary` or `unknown`; `detect` takes it from the SPDX header of each file, else from the nearest license file or manifest up to the folder that the pattern names',
      ),
    uri: z.string().min(1).optional().describe('Where the files come from; the path of each file is appended'),
    origin: z
      .enum(['real', 'synthetic'])
      .default('real')
      .describe('Whether a person or a model wrote it; a row that says synthetic itself stays so'),
    generation: z
      .int()
      .min(0)
      .optional()
      .describe('Rounds of generation behind the rows; default 0 for real, 1 for synthetic'),
    teacher: z
      .string()
      .regex(/^[^\s/]+(\/\S+)?$/, 'expected <provider>/<model>, or the provider alone where rows name their model')
      .optional()
      .describe(
        'Model that wrote the answers, as <provider>/<model>, or its provider where the rows name the model: they are synthetic, and its terms are checked',
      ),
    kind: z.enum(kinds).optional().describe('Kind of record; default by format, mapped columns and first row'),
    format: z
      .enum(formNames)
      .optional()
      .describe(
        'Format of the files; default by their first bytes, or the ending of each. Bytes that can be nothing else win',
      ),
    exam: z
      .union([
        z.enum(examNames),
        z.strictObject({
          layout: z.enum(examNames).default('auto').describe('Form of the benchmark'),
          shots: z.int().min(0).default(4).describe('Worked examples of the file before each question (llm-jp-eval)'),
        }),
      ])
      .transform(exam => (typeof exam === 'string' ? { layout: exam, shots: 4 } : exam))
      .optional()
      .describe(
        `Reads a benchmark as an exam, by the form its files have: ${examNames.join(', ')}; auto tells it from the columns, also an exam, prompts or conversations with a reference`,
      ),
    limits: z
      .strictObject({
        bytes: z.int().min(1024).optional().describe('Most bytes of one document or row; default 32 MiB'),
        expanded: z.int().min(1024).optional().describe('Most bytes of an archive, unpacked; default 4 GiB'),
        members: z.int().min(1).optional().describe('Most members of an archive; default 100,000'),
        depth: z.int().min(1).optional().describe('Archives inside archives; default 3'),
      })
      .transform(limits => ({ ...standardLimits, ...limits }))
      .optional()
      .describe('What is read at most'),
    id: z.string().min(1).optional().describe('Column that names a row: its id survives edits of the row'),
    columns: z
      .partialRecord(z.enum(fields as unknown as [string, ...string[]]), z.string().min(1))
      .optional()
      .describe('Column of the file for each field of the record, where names differ'),
    robots: z.string().optional().describe('What robots.txt or terms of the site said about this use'),
    derivation: z
      .strictObject({
        strength: z.enum(strengths).describe('How much of the source stands in rows that are made out of it'),
        reason: z.string().min(12, 'a written reason of at least 12 characters').describe('Why; the card repeats it'),
      })
      .optional()
      .describe('How licenses count for rows made out of it; default by overlap with its text, and who wrote them'),
    chunk: z
      .union([z.int().min(16), z.boolean(), chunkOptions])
      .transform(chunk => (typeof chunk === 'number' ? { tokens: chunk, overlap: 0 } : chunk))
      .optional()
      .describe('Cuts documents: a token target, true for 800, or options of the step `chunk`'),
  })
  .refine(
    ({ files, urls, hub, attach }) => [files, urls, hub, attach].filter(one => one !== undefined).length === 1,
    'give one of files, urls, hub and attach',
  )
  .refine(
    ({ hub, revision, config, split }) => hub !== undefined || (revision ?? config ?? split) === undefined,
    'revision, config and split go with hub',
  )
  .refine(({ hub, uri }) => hub === undefined || uri === undefined, 'hub says itself where the files come from')
  .refine(({ sql, table }) => sql === undefined || table === undefined, 'give either sql or table')
  .refine(
    ({ files, attach, sql, table }) => (files ?? attach) !== undefined || (sql ?? table) === undefined,
    'sql and table go with files or attach',
  )
  .refine(({ attach, sql }) => attach === undefined || sql !== undefined, 'attach goes with sql')
  .refine(({ license, files }) => license !== 'detect' || files !== undefined, 'license: detect goes with files')
  .refine(({ exam, urls }) => exam === undefined || urls === undefined, 'exam goes with files')
  .overwrite(config => (config.exam === undefined ? config : { ...config, kind: 'exam' as const }))
  // Questions are the exception: people asked them, whoever answered.
  .overwrite(config =>
    config.teacher !== undefined && config.kind !== 'prompt' ? { ...config, origin: 'synthetic' as const } : config,
  )
export type SourceConfig = z.infer<typeof sourceConfig> & {
  /** Of a source of the Hub: written by the plan, never in a recipe. */
  pinned?: Pinned
  /** Licenses that lie beside the files, with how many files each is for, where `license` is `detect`: written by the plan. */
  detected?: { license: string; files: number }[]
}

/** The license of a source in one expression: as the recipe states it, or all that were found beside its files. */
export function licenseTold({ license, detected = [] }: Pick<SourceConfig, 'license' | 'detected'>): string {
  if (license !== 'detect') return license
  const found = detected.map(one => one.license).sort()
  if (found.length < 2) return found[0] ?? 'unknown'
  return found.map(one => (one.includes(' OR ') ? `(${one})` : one)).join(' AND ')
}

/** The address of one file: the base of its source and the path below the pattern's folder, or its path without a base. */
export function sourceUri(config: Pick<SourceConfig, 'uri'>, file: { path: string; below: string }): string {
  return config.uri === undefined ? file.path : `${config.uri.replace(/\/$/, '')}/${file.below}`
}
