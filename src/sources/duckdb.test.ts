import { mkdtempSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { DuckDBInstance } from '@duckdb/node-api'
import { expect, test } from 'vitest'
import { StillroomError } from '../errors/index.ts'
import { type Item, listFiles, pullAttached, readSource, sourceConfig, sourceKind } from './index.ts'

type Options = Parameters<typeof sourceConfig.parse>[0] & object

const base = mkdtempSync(join(tmpdir(), 'duckdb-'))
writeFileSync(
  join(base, 'orders.csv'),
  'id,customer,day,amount\n1,7,2024-01-02,10.5\n2,8,2024-01-03,3\n3,7,2024-02-01,4\n',
)
writeFileSync(
  join(base, 'customers.jsonl'),
  '{"id":7,"name":"north","tags":["a"]}\n{"id":8,"name":"south","tags":[]}\n',
)

async function rows(options: Options): Promise<Item[]> {
  const config = sourceConfig.parse({ files: ['*.csv', '*.jsonl'], license: 'CC0-1.0', ...options })
  const files = await listFiles(config, base)
  const kind = await sourceKind(config, files)
  const items: Item[] = []
  for (const file of files) {
    for await (const item of readSource('shop', config, file, { kind, files })) items.push(item)
  }
  return items
}

const refused = (options: Options): Promise<string> =>
  rows(options).then(
    () => 'read',
    error => (StillroomError.is(error) ? [error.code, error.message, error.received, error.hint].join(' | ') : 'threw'),
  )

test('a query joins files of several forms, once, and its rows name them all', async () => {
  const sql =
    'select name, sum(amount) as total, max(day) as last, first(tags) as tags, 9007199254740993::bigint as big from orders join customers on customers.id = customer group by name order by name'
  const items = await rows({ sql })
  expect(items.map(item => (item.is === 'record' ? item.payload : item))).toEqual([
    { kind: 'row', columns: { name: 'north', total: 14.5, last: '2024-02-01', tags: ['a'], big: '9007199254740993' } },
    { kind: 'row', columns: { name: 'south', total: 3, last: '2024-01-03', tags: [], big: '9007199254740993' } },
  ])
  expect(items.map(({ file }) => file?.path)).toEqual(Array(2).fill('customers.jsonl + orders.csv'))
  expect(await rows({ sql: 'select id from files order by id', kind: 'row' })).toHaveLength(5)
  expect(await rows({ files: '*.csv', table: 'ORDERS' })).toHaveLength(3)
})

test('a query sees its files and nothing else, only reads, and gives the same each time', async () => {
  const outside = join(base, '..', 'elsewhere.csv')
  writeFileSync(outside, 'a\n1\n')
  expect(await refused({ sql: `select * from read_csv('${outside}')` })).toContain('SR_SOURCE_SQL')
  expect(await refused({ sql: `copy (select 1) to '${outside}'` })).toContain('SR_SOURCE_SQL')
  expect(await refused({ sql: 'create table t as select 1' })).toContain('only reads')
  expect(await refused({ sql: 'select 1; select 2' })).toContain('one statement')
  expect(await refused({ sql: 'select * from orders where id = $1' })).toContain('parameter')
  expect(await refused({ sql: 'select now() as t from orders' })).toContain('write the date itself')
  expect(await refused({ sql: 'select random() as r from orders' })).toContain('other rows each time')
  expect(await refused({ sql: 'select * from orders using sample 1' })).toContain('other rows each time')
  expect(await refused({ sql: 'select * from order' })).toContain('SR_SOURCE_SQL')
  expect(await refused({ sql: 'select * from ordes' })).toContain('did you mean `orders`')
  expect(readFileSync(outside, 'utf8')).toBe('a\n1\n')
})

test('instants are told in UTC, whatever the time zone of the machine', async () => {
  const zone = process.env.TZ
  process.env.TZ = 'Asia/Tokyo'
  try {
    const sql =
      "select timestamptz '2024-01-02 03:04:05+00' as a, timestamptz '1969-12-31 23:59:59.5+00' as b, date_trunc('day', timestamptz '2024-01-02 23:00:00+00')::varchar as c"
    const [item] = await rows({ sql, kind: 'row' })
    expect(item).toMatchObject({
      payload: {
        columns: { a: '2024-01-02T03:04:05Z', b: '1969-12-31T23:59:59.500000Z', c: '2024-01-02 00:00:00+00' },
      },
    })
  } finally {
    if (zone === undefined) delete process.env.TZ
    else process.env.TZ = zone
  }
})

test('what a database said stays, until it is asked again; its address is told to nobody', async () => {
  const root = mkdtempSync(join(tmpdir(), 'attached-'))
  const address = join(base, 'shop.duckdb')
  const tell = async (statements: string) => {
    const instance = await DuckDBInstance.create(address)
    const connection = await instance.connect()
    await connection.run(statements)
    connection.closeSync()
    instance.closeSync()
  }
  await tell("create table people (name text); insert into people values ('Ada')")
  const config = sourceConfig.parse({
    attach: { shop: 'SHOP_DATABASE' },
    sql: 'select name from shop.people order by name',
    license: 'proprietary',
  })
  const names = async (env?: Record<string, string>, again = false) => {
    const [file] = await pullAttached(config, root, env, again)
    return readFileSync(file!.absolute, 'utf8').trim().split('\n')
  }
  await expect(names()).rejects.toMatchObject({ code: 'SR_SOURCE_READ' })
  await expect(names({})).rejects.toMatchObject({ code: 'SR_KEY_MISSING' })
  expect(await names({ SHOP_DATABASE: address })).toEqual(['{"name":"Ada"}'])
  await tell("insert into people values ('Alan')")
  expect(await names({ SHOP_DATABASE: address })).toHaveLength(1)
  expect(await names({ SHOP_DATABASE: address }, true)).toHaveLength(2)
  expect(await names()).toHaveLength(2)
  expect(readdirSync(join(root, 'databases'))).toHaveLength(1)
  const secret = 'postgres://reader:hunter2@localhost:1/shop'
  const failed = await names({ SHOP_DATABASE: secret }, true).catch(error => error)
  expect(failed.code).toBe('SR_SOURCE_SQL')
  expect(JSON.stringify([failed.message, failed.received, failed.hint, failed.expected])).not.toContain('hunter2')
  const file = { SHOP_DATABASE: join(base, 'secret-place', 'no.duckdb') }
  const none = await names(file, true).catch(error => error)
  expect(JSON.stringify([none.message, none.received, none.hint])).not.toContain('secret-place')
})
