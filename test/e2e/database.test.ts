import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { expect, test } from 'vitest'
import { stringify } from 'yaml'
import { canonical } from '../../src/records/index.ts'
import type { Event } from '../../src/workspace/index.ts'
import { commandLine } from '../support/command-line.ts'
import { folder, runIn } from '../support/project.ts'

/** A folder with a database of tickets beside its recipe. */
function withTickets(n: number): string {
  const dir = folder()
  const database = new DatabaseSync(join(dir, 'support.sqlite'))
  database.exec('create table tickets (number integer primary key, asked text, said text, solved boolean)')
  const insert = database.prepare('insert into tickets values (?, ?, ?, ?)')
  for (let i = 1; i <= n; i++) insert.run(i, `How is still ${i} cleaned?`, `Still ${i} is cleaned with water.`, i % 2)
  database.close()
  return dir
}

const recipe = (source: object) => ({
  name: 'tickets',
  sources: { tickets: { files: 'support.sqlite', license: 'CC0-1.0', ...source } },
  steps: [{ length: { min: 1, max: 4000 } }],
})
const solved = {
  sql: 'select number, asked, said from tickets where solved order by number desc',
  columns: { prompt: 'asked', completion: 'said' },
  id: 'number',
}

test('rows of a query go through a run; another query or another file is read anew, the same is not', async () => {
  const dir = withTickets(6)
  const first = await runIn(dir, recipe(solved))
  expect(first.error).toBeUndefined()
  const asked = first.all.map(row => row.kind === 'conversation' && row.messages[0]!.content)
  expect(asked.sort()).toEqual([1, 3, 5].map(i => `How is still ${i} cleaned?`))
  expect(first.all.map(row => row.lineage.source?.row).sort()).toEqual([1, 2, 3])
  expect(first.funnel.tickets).toMatchObject({ in: 3, passed: 3 })

  const read = async (source: object) => {
    const cached: boolean[] = []
    const hear = (event: Event) => {
      if (event.event === 'task-done' && event.stage === 'tickets') cached.push(event.cached)
    }
    const ran = await runIn(dir, recipe(source), { renderers: [hear] })
    return { text: ran.all.map(canonical).sort().join('\n'), cached, funnel: ran.funnel.tickets }
  }
  const again = await read(solved)
  expect(again.text).toBe(first.all.map(canonical).sort().join('\n'))
  expect(again.cached).toEqual([true])
  const others = await read({ ...solved, sql: solved.sql.replace('where solved', 'where not solved') })
  expect(others.cached).toEqual([false])
  expect(others.funnel).toMatchObject({ in: 3, passed: 3 })
  expect(others.text).not.toBe(again.text)

  const database = new DatabaseSync(join(dir, 'support.sqlite'))
  database.exec('delete from tickets where number = 3')
  database.close()
  expect((await read(solved)).funnel).toMatchObject({ in: 2, passed: 2 })
})

test('a wrong query is found by plan, at its own place in the recipe', async () => {
  const dir = withTickets(1)
  const text = stringify(recipe({ sql: 'select asked from ticket' }))
  writeFileSync(join(dir, 'recipe.yaml'), text)
  const { code, err } = await commandLine(dir, 'plan')
  const at = text.split('\n').findIndex(line => line.includes('sql:'))
  const column = text.split('\n')[at]!.indexOf('select') + 1
  expect(code).toBe(2)
  expect(err).toContain(`recipe.yaml:${at + 1}:${column}  SR_SOURCE_SQL`)
  expect(err).toMatch(/at\s+sources\.tickets\.sql/)
  expect(err).toMatch(/expected\s+a query of tickets \(number, asked, said, solved\)/)
  expect(err).toMatch(/hint\s+did you mean `tickets`/)
})

test('the only table of a database is read beside a step, by its path alone', async () => {
  const dir = withTickets(2)
  const rows = ['How is still 2 cleaned?', 'Why does a mash ferment for days?'].map(prompt => ({
    prompt,
    completion: 'x',
  }))
  writeFileSync(join(dir, 'rows.jsonl'), rows.map(row => `${JSON.stringify(row)}\n`).join(''))
  const ran = await runIn(dir, {
    ...recipe({ files: 'rows.jsonl' }),
    steps: [{ decontaminate: { against: ['support.sqlite'], ngram: 5 } }],
  })
  expect(ran.error).toBeUndefined()
  expect(ran.funnel.decontaminate?.dropped).toEqual({ contaminated: 1 })
})
