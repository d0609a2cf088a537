import { createWriteStream, existsSync, mkdirSync, renameSync, rmSync, statSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { StillroomError } from '../errors/index.ts'
import { digestOf } from '../records/index.ts'
import type { SourceConfig } from './config.ts'
import { duckdbRows } from './duckdb.ts'
import type { SourceFile } from './files.ts'

/**
 * The answer of a source's query over databases (`attach:`), as a file of JSON Lines in the workspace. A database changes
 * while one looks: what it once said is kept, and asked again only where `again` says so. Without `env` nobody is asked.
 * Throws SR_KEY_MISSING for a variable that is not set; SR_SOURCE_READ for an answer that is not there where nobody may be
 * asked; SR_SOURCE_SQL as `duckdbRows` does. No error and no file holds an address.
 */
export async function pullAttached(
  config: SourceConfig,
  root: string,
  env: Record<string, string | undefined> | undefined,
  again = false,
): Promise<SourceFile[]> {
  const { attach = {}, sql, table } = config
  const asked = { attach, sql: sql ?? null, table: table ?? null }
  const absolute = join(root, 'databases', `${digestOf(asked).slice(0, 32)}.jsonl`)
  const path = `databases/${Object.keys(attach).join('+')}.jsonl`
  if (env && (again || !existsSync(absolute))) {
    const databases = Object.entries(attach).map(([name, variable]) => ({ name, address: addressOf(env, variable) }))
    const draft = `${absolute}.tmp-${process.pid}`
    mkdirSync(dirname(absolute), { recursive: true })
    try {
      await pipeline(Readable.from(linesOf(config, databases)), createWriteStream(draft))
      renameSync(draft, absolute)
    } finally {
      rmSync(draft, { force: true })
    }
  }
  const info = statSync(absolute, { throwIfNoEntry: false })
  if (!info) {
    throw new StillroomError(
      'SR_SOURCE_READ',
      `What ${Object.keys(attach).join(', ')} holds is not in the workspace.`,
      {
        hint: 'stillroom run brings it there; this command asks nobody',
      },
    )
  }
  return [{ path, below: path, absolute, size: info.size, mtimeMs: info.mtimeMs }]
}

function addressOf(env: Record<string, string | undefined>, variable: string): string {
  const address = env[variable]
  if (address) return address
  throw new StillroomError(
    'SR_KEY_MISSING',
    `The address of a database is looked for in ${variable}, which is not set.`,
    {
      expected: 'postgres://<user>:<password>@<host>/<database>, or the path of a DuckDB file',
      hint: `export ${variable}=...`,
    },
  )
}

async function* linesOf(config: SourceConfig, databases: { name: string; address: string }[]): AsyncGenerator<string> {
  for await (const row of duckdbRows([], config, Number.POSITIVE_INFINITY, databases)) {
    if ('value' in row) yield `${JSON.stringify(row.value)}\n`
  }
}
