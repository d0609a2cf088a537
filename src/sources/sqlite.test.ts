import { existsSync, mkdtempSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { describe, expect, test } from 'vitest'
import { StillroomError } from '../errors/index.ts'
import { type Item, listFiles, readSource, readTable, sourceConfig, sourceKind } from './index.ts'

type Options = Parameters<typeof sourceConfig.parse>[0] & object

/** A folder with a database in it, made by these statements. */
function made(statements: string, name = 'data.sqlite'): string {
  const base = mkdtempSync(join(tmpdir(), 'database-'))
  const database = new DatabaseSync(join(base, name))
  database.exec(statements)
  database.close()
  return base
}

async function readAll(base: string, options: Options = {}, bound?: number): Promise<Item[]> {
  const config = sourceConfig.parse({ files: 'data.*', license: 'CC0-1.0', ...options })
  const items: Item[] = []
  for (const file of await listFiles(config, base)) {
    for await (const item of readSource('given', config, file, bound === undefined ? {} : { bound })) items.push(item)
  }
  return items
}

const columns = (items: Item[]) =>
  items.map(item => (item.is === 'record' ? item.payload.kind === 'row' && item.payload.columns : item.reason))

/** What reading throws, with its words as one text. */
async function refused(base: string, options: Options): Promise<{ code: string; text: string }> {
  const error = await readAll(base, options).then(
    () => undefined,
    (thrown: unknown) => thrown,
  )
  if (!StillroomError.is(error)) throw error ?? new Error('it was read')
  return { code: error.code, text: [error.message, error.expected, error.received, error.hint].join('\n') }
}

const people = `
  create table people (id integer primary key, name text, age integer);
  insert into people values (3, 'Ada', 36), (1, 'Grace', 85), (2, 'Alan', 41);
  create index name_first on people (name, age, id);
`

describe('what is read', () => {
  test('a query, a table by any spelling, and the only table where nothing is said', async () => {
    const base = made(`${people} create view old as select name from people where age > 40 order by name`)
    const rows = [
      { id: 1, name: 'Grace', age: 85 },
      { id: 2, name: 'Alan', age: 41 },
      { id: 3, name: 'Ada', age: 36 },
    ]
    expect(columns(await readAll(base))).toEqual(rows)
    expect(columns(await readAll(base, { table: 'PEOPLE' }))).toEqual(rows)
    expect(columns(await readAll(base, { table: 'old' }))).toEqual([{ name: 'Alan' }, { name: 'Grace' }])
    const sql =
      "-- the young\nSELECT name AS n, age + 1 FROM people WHERE name <> 'a;b' AND age < 50 ORDER BY age; -- end"
    expect(columns(await readAll(base, { sql }))).toEqual([
      { n: 'Ada', 'age + 1': 37 },
      { n: 'Alan', 'age + 1': 42 },
    ])
    expect(columns(await readAll(base, { sql: 'with x(y) as (values (1), (2)) select y from x' }))).toEqual([
      { y: 1 },
      { y: 2 },
    ])
  })

  test('a table comes in the order of its rowid, also where an index holds all its columns', async () => {
    const base = made(`
      create table t (a text, filler text);
      create index whole on t (a, filler);
      insert into t select 'z' || (1000 - value), 'f' from (with recursive n(value) as
        (select 0 union all select value + 1 from n where value < 99) select value from n);
      analyze;
      -- What has SQLite prefer the index for reading all of it.
      update sqlite_stat1 set stat = stat || ' sz=1' where idx = 'whole';
    `)
    const read = columns(await readAll(base)) as { a: string }[]
    expect(read.map(({ a }) => a)).toEqual(Array.from({ length: 100 }, (_, i) => `z${1000 - i}`))
  })

  test('values: whole numbers past 2^53 as text, bytes in base64, truths by declared type, null kept, names apart', async () => {
    const base = made(`
      create table t (a integer, b blob, c boolean, d real, e date, f);
      insert into t values (9007199254740991, x'00ff', 1, 1.5, '2026-01-31', null);
      insert into t values (9007199254740993, null, 0, 9e999, 1767225600, 'aん');
      insert into t values (-9223372036854775808, x'', 2, -0.5, null, 1);
    `)
    expect(columns(await readAll(base))).toEqual([
      { a: 9007199254740991, b: 'AP8=', c: true, d: 1.5, e: '2026-01-31', f: null },
      { a: '9007199254740993', b: null, c: false, d: null, e: 1767225600, f: 'aん' },
      { a: '-9223372036854775808', b: '', c: 2, d: -0.5, e: null, f: 1 },
    ])
    expect(columns(await readAll(base, { sql: 'select a, f as a from t limit 1' }))).toEqual([
      { a: 9007199254740991, a_2: null },
    ])
  })

  test('other kinds, columns and ids as of any table; a bad row harms no other', async () => {
    const base = made(`
      create table log (ticket text, asked text, said text);
      insert into log values ('t1', 'Why?', 'Because.'), ('t2', 'How?', ''), ('t1', 'Who?', 'Me.'), ('t3', 'When?', 'Now.');
    `)
    const items = await readAll(base, {
      columns: { prompt: 'asked', completion: 'said' },
      id: 'ticket',
      sql: 'select * from log',
    })
    expect(
      items.map(item => (item.is === 'record' ? [item.row, item.rowId, item.payload.kind] : [item.row, item.reason])),
    ).toEqual([
      [1, 't1', 'conversation'],
      [2, 'wrong-shape'],
      [3, 'duplicate-id'],
      [4, 't3', 'conversation'],
    ])
  })

  test('a row over the bound is rejected and the next one read', async () => {
    const base = made("create table t (a text); insert into t values ('short'), (printf('%.200c', 'x')), ('again')")
    expect(columns(await readAll(base, {}, 100))).toEqual([{ a: 'short' }, 'line-too-long', { a: 'again' }])
  })

  test('rows come one by one: those after the last one taken are never computed', async () => {
    // The second row could not be computed: the text would be longer than SQLite allows.
    const base = made('create table t (n integer); insert into t values (1), (2000000000)')
    const config = sourceConfig.parse({
      files: 'data.sqlite',
      license: 'CC0-1.0',
      sql: 'select length(zeroblob(n)) as n, hex(zeroblob(n)) as h from t',
    })
    const [file] = await listFiles(config, base)
    for await (const item of readSource('given', config, file!)) {
      expect(columns([item])).toEqual([{ n: 1, h: '00' }])
      break
    }
    expect((await refused(base, { sql: 'select hex(zeroblob(n)) from t' })).text).toContain('after row 1')
  })

  test('no rows, no tables and no bytes are an empty file', async () => {
    expect(columns(await readAll(made('create table t (a)')))).toEqual(['empty-file'])
    expect(columns(await readAll(made(people), { sql: 'select * from people where age > 200' }))).toEqual([
      'empty-file',
    ])
    const base = mkdtempSync(join(tmpdir(), 'database-'))
    writeFileSync(join(base, 'data.sqlite'), '')
    expect(columns(await readAll(base, { table: 't' }))).toEqual(['empty-file'])
  })

  test('endings and names that a URL would read otherwise; a folder has no databases', async () => {
    for (const name of ['data.db', 'data.sqlite3', 'data.SQLITE', 'data.100% #1?.db']) {
      expect(columns(await readAll(made(people, name), { sql: 'select id from people limit 1' }))).toEqual([{ id: 1 }])
    }
    const base = made(people, 'data.bin')
    expect(columns(await readAll(base, { format: 'sqlite', sql: 'select 1 as one' }))).toEqual([{ one: 1 }])
    expect(await listFiles({ files: '.' }, made(people))).toEqual([])
  })
})

describe('what is refused', () => {
  test('a table or column that is not there: what there is, and what was meant', async () => {
    const base = made(`${people} create table places (city text)`)
    const table = await refused(base, { table: 'poeple' })
    expect(table.code).toBe('SR_SOURCE_SQL')
    expect(table.text).toMatch(/no table `poeple`[\s\S]*one of people, places[\s\S]*did you mean `people`/)
    const query = await refused(base, { sql: 'select * from place' })
    expect(query.text).toMatch(
      /no such table: place[\s\S]*people \(id, name, age\), places \(city\)[\s\S]*did you mean `places`/,
    )
    expect((await refused(base, { sql: 'select agee from people' })).text).toContain('no such column: agee')
    expect((await refused(base, { sql: 'select from people' })).text).toContain('syntax error')
    expect((await refused(base, {})).text).toMatch(/not said which table[\s\S]*people, places/)
  })

  test('it is found before anything is read, by the kind of the source', async () => {
    const base = made(people)
    const config = sourceConfig.parse({
      files: 'data.sqlite',
      license: 'CC0-1.0',
      sql: 'select nme from people',
      kind: 'row',
    })
    await expect(sourceKind(config, await listFiles(config, base))).rejects.toMatchObject({ code: 'SR_SOURCE_SQL' })
    writeFileSync(join(base, 'data.csv'), 'a\n1\n')
    const both = sourceConfig.parse({ files: ['data.csv', 'data.sqlite'], license: 'CC0-1.0', table: 'people' })
    await expect(sourceKind(both, await listFiles(both, base))).rejects.toMatchObject({
      code: 'SR_SOURCE_SQL',
      received: 'csv',
    })
  })

  test('whatever writes, opens another file or is more than one statement: and nothing is written', async () => {
    const base = made(people)
    const other = join(base, 'other.sqlite')
    const before = readFileSync(join(base, 'data.sqlite'))
    const statements = [
      `attach '${other}' as other`,
      `vacuum into '${other}'`,
      `/* read */ vacuum into '${other}'`,
      `-- select\nattach '${other}' as other`,
      `select 1; vacuum into '${other}'`,
      `select ';' ;; attach '${other}' as other`,
      'delete from people',
      "insert into people values (9, 'x', 1) returning id",
      "with x as (select 1) insert into people select 9, 'x', 1 from x returning id",
      'with x as (select 1) delete from people',
      'create temp table t (a)',
      'pragma writable_schema = 1',
      'explain select 1',
      "select load_extension('x')",
      '; select 1',
      '-- nothing',
    ]
    for (const sql of statements) expect([sql, (await refused(base, { sql })).code]).toEqual([sql, 'SR_SOURCE_SQL'])
    expect(existsSync(other)).toBe(false)
    expect(readdirSync(base)).toEqual(['data.sqlite'])
    expect(readFileSync(join(base, 'data.sqlite')).equals(before)).toBe(true)
  })

  test('what differs each time: chance and the clock, also behind a view; values that nobody gives', async () => {
    const base = made(`${people} create view some as select * from people order by random()`)
    const queries = [
      'select * from people order by random()',
      'select * from some',
      'select current_timestamp',
      'select current_date as today from people',
      "select datetime('now')",
      "select * from people where date(age, 'unixepoch') < DATE ( 'NOW', '-1 day')",
      'select unixepoch()',
      "select strftime('%Y')",
    ]
    for (const sql of queries) expect((await refused(base, { sql })).text).toMatch(/other rows each time/)
    for (const sql of [
      'select * from people where id = ?',
      'select * from people where name = :name',
      'select @x',
      'select $x',
    ]) {
      expect((await refused(base, { sql })).text).toMatch(/parameter/)
    }
    const fixed =
      "select date('2026-01-31', '+1 day') as day, strftime('%Y', 0, 'unixepoch') as year, 'now' as w, ':x' as p"
    expect(columns(await readAll(base, { sql: fixed }))).toEqual([
      { day: '2026-02-01', year: '1970', w: 'now', p: ':x' },
    ])
  })

  test('a configuration that says two things', () => {
    const config = (more: object) => sourceConfig.safeParse({ license: 'CC0-1.0', ...more }).success
    expect(config({ files: 'a.db', sql: 'select 1' })).toBe(true)
    expect(config({ files: 'a.db', sql: 'select 1', table: 't' })).toBe(false)
    expect(config({ urls: ['https://example.org/a'], table: 't' })).toBe(false)
  })

  test('a file that is no database, a broken one and a packed one are rejected with the reason', async () => {
    const base = made(people)
    const whole = readFileSync(join(base, 'data.sqlite'))
    writeFileSync(join(base, 'data.db'), 'this is a text and no database, though its name says so. '.repeat(30))
    writeFileSync(join(base, 'data.sqlite.gz'), 'x')
    expect(columns(await readAll(base, { sql: 'select 1 as one' }))).toEqual(['damaged', { one: 1 }, 'damaged'])
    // The page of the table is overwritten, the schema is whole.
    const broken = Buffer.from(whole)
    broken.fill(0xee, 4096, 8192)
    writeFileSync(join(base, 'data.sqlite'), broken)
    expect(columns(await readAll(base, { files: 'data.sqlite' }))).toEqual(['damaged'])
  })

  test('changes that are not in the file yet are not passed over; a clean database in WAL mode leaves nothing beside it', async () => {
    const base = made(`pragma journal_mode = wal; ${people}`)
    expect(await readAll(base, { table: 'people' })).toHaveLength(3)
    expect(readdirSync(base)).toEqual(['data.sqlite'])
    const writer = new DatabaseSync(join(base, 'data.sqlite'))
    try {
      writer.exec("insert into people values (4, 'Edsger', 72)")
      const { code, text } = await refused(base, { files: 'data.sqlite', table: 'people' })
      expect(code).toBe('SR_SOURCE_READ')
      expect(text).toMatch(/not in the file[\s\S]*data.sqlite-wal/)
    } finally {
      writer.close()
    }
    expect(await readAll(base, { table: 'people' })).toHaveLength(4)
  })
})

test('rows as they stand, for looking', async () => {
  const [file] = await listFiles({ files: 'data.sqlite' }, made(people))
  const rows = []
  for await (const row of readTable(file!, { sql: 'select name from people where id = 1' })) rows.push(row)
  expect(rows).toEqual([{ row: 1, columns: { name: 'Grace' } }])
})
