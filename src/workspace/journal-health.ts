import { existsSync, statSync } from 'node:fs'
import { DatabaseSync } from 'node:sqlite'
import { schemaVersion } from './journal.ts'

/** How a journal is: `damage` is what SQLite finds wrong with the file, `schema` the version in it. */
export type JournalHealth = {
  damage?: string
  schema: { found: string; expected: string }
  replies: number
  /** Calls without a reply that no open batch carries: they count in full against the budget. */
  orphans: number
  openBatches: number
  /** Bytes of the file and of the log of its writes. */
  bytes: number
}

/** Looks at a journal without writing to it, also beside a process that does. Undefined where there is none. */
export function journalHealth(file: string): JournalHealth | undefined {
  if (!existsSync(file)) return undefined
  const size = (path: string): number => statSync(path, { throwIfNoEntry: false })?.size ?? 0
  const health: JournalHealth = {
    schema: { found: 'none', expected: String(schemaVersion) },
    ...{ replies: 0, orphans: 0, openBatches: 0 },
    bytes: size(file) + size(`${file}-wal`),
  }
  let db: DatabaseSync | undefined
  try {
    db = new DatabaseSync(file, { readOnly: true })
    const one = (query: string): { [column: string]: unknown } | undefined => db!.prepare(query).get()
    const said = String(Object.values(one('pragma quick_check(1)') ?? {})[0])
    if (said !== 'ok') health.damage = said
    health.schema.found = String(one("select value from meta where name = 'schema'")?.value ?? 'none')
    const open = "select id from batches where state <> 'over'"
    health.replies = Number(one('select count(*) n from replies')?.n)
    health.openBatches = Number(one(`select count(*) n from (${open})`)?.n)
    health.orphans = Number(
      one(
        `select count(*) n from intents i left join replies r on r.n = i.n
         where r.n is null and (i.carrier = 'http' or substr(i.carrier, 7) not in (${open}))`,
      )?.n,
    )
  } catch (error) {
    health.damage ??= (error as Error).message
  } finally {
    db?.close()
  }
  return health
}
