import { readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { parse } from 'csv-parse/sync'
import { expect, test } from 'vitest'
import { stringify } from 'yaml'
import { parquetWriter, type Rec, readParquet } from '../../src/records/index.ts'
import { commandLine } from '../support/command-line.ts'
import { folder, runIn, write } from '../support/project.ts'

const teachers = { writer: { model: 'builtin/extractive' }, judge: { model: 'builtin/heuristic' } }
const recipe = (...more: object[]) => ({
  name: 'tutor',
  seed: 3,
  teachers,
  sources: { docs: { files: 'docs/*.md', license: 'cc0-1.0' } },
  steps: [
    { ask: { from: 'docs', teacher: 'writer', questions: 2 } },
    { answer: { teacher: 'writer' } },
    { judge: { teacher: 'judge' } },
    ...more,
  ],
  release: { version: '0.1.0', license: 'cc0-1.0', date: '2026-11-20' },
})
const answerOf = (record: Rec) => (record.kind === 'conversation' ? record.messages.at(-1)!.content : '')
type Cells = { [column: string]: string }

const glossary = join(import.meta.dirname, '../../examples/quickstart/documents/cncf-glossary/en')

async function made() {
  const names = readdirSync(glossary).sort().slice(0, 8)
  const dir = folder(Object.fromEntries(names.map(name => [`docs/${name}`, readFileSync(join(glossary, name))])))
  const before = await runIn(dir, recipe())
  expect(before.error).toBeUndefined()
  const told = async (line: string) => {
    const { code, out, err } = await commandLine(dir, line)
    expect([code, err]).toEqual([0, ''])
    return out
  }
  return { dir, before, told }
}

/** The file as another program would leave it: rows taken out, texts and verdicts changed. */
async function changed(path: string, format: string, change: (rows: Cells[]) => Cells[]): Promise<void> {
  if (format === 'parquet') {
    const rows: Cells[] = []
    for await (const row of readParquet(path)) rows.push(row as Cells)
    const columns = Object.fromEntries(Object.keys(rows[0]!).map(name => [name, 'string' as const]))
    rmSync(path)
    const writer = parquetWriter(path, columns)
    for (const row of change(rows)) writer.row(row)
    writer.end()
    return
  }
  if (format === 'jsonl') {
    const rows = readFileSync(path, 'utf8').trimEnd().split('\n')
    const parsed = rows.map(line => JSON.parse(line) as Cells)
    writeFileSync(
      path,
      change(parsed)
        .map(row => `${JSON.stringify(row)}\n`)
        .join(''),
    )
    return
  }
  const rows = parse(readFileSync(path), { columns: true, bom: true }) as Cells[]
  const names = Object.keys(rows[0]!)
  const cell = (text: string) => `"${text.replaceAll('"', '""').replaceAll('\n', '\r\n')}"`
  const out = [names, ...change(rows).map(row => names.map(name => row[name]!))]
  writeFileSync(path, out.map(cells => cells.map(cell).join(',')).join('\r\n'))
}

test.each(['jsonl', 'csv', 'parquet'])('%s goes out and comes back: edits, rejections and deletions', async format => {
  const { dir, before, told } = await made()
  await told(`export ${format} --step judge --out out.${format}`)
  const untouched = await told(`import edits out.${format} --by Ada --out none.jsonl`)
  expect(untouched).toContain(`${before.all.length} rows read: 0 accepted, 0 edited, 0 rejected`)

  const [first, second, third, fourth] = before.all
  await changed(join(dir, `out.${format}`), format, rows =>
    rows.flatMap(row => {
      if (row.id === first!.id) return [{ ...row, completion: 'Shorter, and right.' }]
      if (row.id === second!.id) return [{ ...row, verdict: 'reject', note: 'circular' }]
      if (row.id === third!.id) return []
      return row.id === fourth!.id ? [{ ...row, verdict: 'Accept', by: 'Grace' }] : [row]
    }),
  )
  const out = await told(`import edits out.${format} --by Ada`)
  expect(out).toContain('1 accepted, 1 edited, 2 rejected')
  expect(out).toContain('- review: { reviews: reviews/out.jsonl }')

  const after = await runIn(dir, recipe({ review: { reviews: 'reviews/out.jsonl' } }))
  expect(after.error).toBeUndefined()
  expect(after.funnel.review).toMatchObject({ fixed: 1, dropped: { 'rejected-by-review': 2 }, repairs: { edited: 1 } })
  expect(Object.values(after.calls).every(({ sent }) => sent === 0)).toBe(true)
  const byId = new Map(after.all.map(record => [record.id, record]))
  expect(answerOf(byId.get(first!.id)!)).toBe('Shorter, and right.')
  expect(byId.get(first!.id)!.lineage.reviews).toEqual([{ by: 'Ada', verdict: 'edit' }])
  expect(byId.get(fourth!.id)!.lineage.reviews).toEqual([{ by: 'Grace', verdict: 'accept' }])
  expect(byId.has(second!.id) || byId.has(third!.id)).toBe(false)
  expect(after.all).toHaveLength(before.all.length - 2)
})

test('conflicts are listed, and nothing is applied to a text that nobody looked at', async () => {
  const { dir, before, told } = await made()
  await told('export jsonl --step judge --out out.jsonl -n 3')
  const [row, other] = readFileSync(join(dir, 'out.jsonl'), 'utf8').trimEnd().split('\n')
  const edit = (line: string, more: object) => JSON.stringify({ ...JSON.parse(line), ...more })
  const strange = edit(row!, { id: '0'.repeat(32) })
  const odd = edit(other!, { verdict: 'maybe' })
  writeFileSync(join(dir, 'out.jsonl'), [edit(row!, { completion: 'New.' }), row, strange, odd, '{"broken'].join('\n'))
  const out = await told('import edits out.jsonl --by Ada')
  expect(out).toContain('5 conflicts')
  for (const why of [
    'stands twice',
    'has no record 0000',
    '`maybe` is no verdict',
    'cannot be read',
    'not taken out',
  ]) {
    expect(out).toContain(why)
  }
  const lines = readFileSync(join(dir, 'reviews/out.jsonl'), 'utf8').trimEnd().split('\n')
  const { review } = JSON.parse(lines[0]!)
  // The pipeline changes below the review: the edit was of another text.
  const reviews = join(dir, 'reviews/out.jsonl')
  writeFileSync(reviews, readFileSync(reviews, 'utf8').replace(/"digest":"[0-9a-f]{8}/, '"digest":"00000000'))
  const after = await runIn(dir, recipe({ review: { reviews: 'reviews/out.jsonl' } }))
  const kept = after.all.find(record => record.id === review)
  expect(kept && answerOf(kept)).toBe(answerOf(before.all.find(record => record.id === review)!))
  expect(after.notes.map(({ message }) => message).join()).toContain('1 reviews are of another content')
})

const talk = (completion: string, prompt = 'Why?') => ({
  messages: [
    { role: 'user', content: prompt },
    { role: 'assistant', content: completion },
  ],
})
const flat = (source: object, ...more: object[]) => ({
  name: 'flat',
  sources: { rows: { files: 'rows.jsonl', license: 'cc0-1.0', ...source } },
  steps: [{ length: { from: 'rows', min: 0 } }, ...more],
  floor: 0,
})
const excel = (cell: string) => `"${cell.replaceAll('"', '""').replaceAll(/\r?\n/g, '\r\n')}"`

/** Exports rows, changes the file, imports it; `change` gets the cells of a CSV as a spreadsheet would save them. */
async function trip(rows: object[], format: string, change: (rows: Cells[]) => Cells[], source = {}) {
  const dir = folder({ 'rows.jsonl': rows.map(row => JSON.stringify(row)).join('\n') })
  expect((await runIn(dir, flat(source))).error).toBeUndefined()
  await commandLine(dir, `export ${format} --out out.${format}`)
  const file = join(dir, `out.${format}`)
  const text = readFileSync(file, 'utf8')
  if (format === 'csv') {
    const cells = parse(text, { columns: true, bom: true }) as Cells[]
    const changed = change(cells)
    const names = Object.keys(changed[0]!)
    const lines = [names, ...changed.map(row => names.map(name => row[name]!))]
    writeFileSync(file, lines.map(line => line.map(excel).join(',')).join('\r\n'))
  } else {
    const cells = text
      .trimEnd()
      .split('\n')
      .map(line => JSON.parse(line))
    writeFileSync(
      file,
      change(cells)
        .map(row => (typeof row === 'string' ? row : JSON.stringify(row)))
        .join('\n'),
    )
  }
  const { code, out, err } = await commandLine(dir, `import edits out.${format} --by Ada --json`)
  expect([code, err]).toEqual([0, ''])
  const told = JSON.parse(out) as { [count: string]: number } & { conflicts: { why: string }[] }
  return { dir, told, text, conflicts: told.conflicts.map(({ why }) => why).join('; ') }
}

test('what a spreadsheet does to cells by itself is no edit, or a conflict', async () => {
  const texts = ['- a\n- b', '=1+1', "'=1+1", 'a\r\nb', '$\\rho$\nis right', ' x ', '@home', 'half \ud83d']
  const { told, text } = await trip(
    texts.map(one => talk(one)),
    'csv',
    rows => rows,
  )
  expect(told).toMatchObject({ rows: 8, untouched: 8, conflicts: [] })
  // A formula in a text runs in nobody's spreadsheet.
  expect(text).not.toMatch(/[,"][-=@]/)

  const becomes: { [text: string]: string } = {
    '007': '7',
    '3/4': '04. Mrz',
    '123456789012345678': '1.23457E+17',
    true: 'WAHR',
    'a, b': '#NAME?',
    [`so${' so'.repeat(13_000)}`]: `so${' so'.repeat(13_000)}`.slice(0, 32_767),
    '72': '73',
  }
  const made = await trip(
    Object.keys(becomes).map(one => talk(one)),
    'csv',
    rows => rows.map(row => ({ ...row, completion: becomes[row.completion!]! })),
  )
  expect(made.told).toMatchObject({ edit: 1, accept: 0, reject: 0 })
  expect(made.told.conflicts).toHaveLength(6)
  expect(made.conflicts).toMatch(/as a spreadsheet changes it.*write edit under `verdict`/)

  const liked = { prompt: 'Why?', completion: 'So.', label: true }
  const label = await trip([liked], 'csv', rows => rows.map(row => ({ ...row, label: 'WAHR' })), { kind: 'feedback' })
  expect(label.told).toMatchObject({ edit: 0, conflicts: [{ why: expect.stringContaining('label') }] })
})

test('what is missing from a file by mistake takes nothing out', async () => {
  const rows = ['One.', 'Two.', 'Three.'].map(text => talk(text))
  const broken = await trip(rows, 'jsonl', ([a, b]) => [a!, b!, '{"id": "brok' as never])
  expect(broken.told).toMatchObject({ reject: 0, untouched: 2 })
  expect(broken.conflicts).toMatch(/cannot be read.*1 row is missing.*not taken out/)
  const renamed = await trip(rows, 'csv', ([a, ...more]) => [{ ...a!, id: '1.2E+31' }, ...more])
  expect(renamed.told).toMatchObject({ reject: 0 })
  expect(renamed.conflicts).toContain('not taken out')
  const emptied = await trip(rows, 'csv', ([a, ...more]) => [{ ...a!, completion: '' }, ...more])
  expect(emptied.told).toMatchObject({
    edit: 0,
    conflicts: [{ why: expect.stringContaining('`completion` is empty') }],
  })
  const without = await trip(
    [talk('So.'), { messages: [{ role: 'system', content: 'Be terse.' }, ...talk('X.').messages] }],
    'csv',
    all => all.map(({ system: _, ...row }) => row),
  )
  expect(without.told).toMatchObject({ edit: 0, conflicts: [{ why: expect.stringContaining('no column `system`') }] })
})

test('a row that changed since it was exported is not taken out, and that is said', async () => {
  const rows = (first: string) =>
    [
      { ...talk(first), n: 'a' },
      { ...talk('Two.'), n: 'b' },
    ].map(row => JSON.stringify(row))
  const dir = folder({ 'rows.jsonl': rows('One.').join('\n') })
  await runIn(dir, flat({ id: 'n' }))
  await commandLine(dir, 'export jsonl --out out.jsonl')
  writeFileSync(join(dir, 'rows.jsonl'), rows('Another.').join('\n'))
  await runIn(dir, flat({ id: 'n' }))
  const file = join(dir, 'out.jsonl')
  writeFileSync(
    file,
    readFileSync(file, 'utf8')
      .split('\n')
      .filter(line => line.includes('Two.'))
      .join('\n'),
  )
  const { out } = await commandLine(dir, 'import edits out.jsonl --by Ada')
  expect(out).toContain('0 rejected')
  expect(out).toMatch(/1 conflict:\n.* was taken out of the file, and its content has changed/)
})

test('reviews of what reviews made count too, and lines that are none are told', async () => {
  const dir = folder({ 'rows.jsonl': [talk('One.'), talk('Two.')].map(row => JSON.stringify(row)).join('\n') })
  const reviewed = flat({}, { review: { reviews: 'reviews/out.jsonl' } })
  const edit = async (from: string, to: string) => {
    await commandLine(dir, 'export jsonl --out out.jsonl')
    const file = join(dir, 'out.jsonl')
    writeFileSync(file, readFileSync(file, 'utf8').replace(`"${from}"`, `"${to}"`))
    await commandLine(dir, 'import edits out.jsonl --by Ada')
    const ran = await runIn(dir, reviewed)
    expect(ran.error).toBeUndefined()
    return ran.all.map(answerOf).sort()
  }
  await runIn(dir, flat({}))
  expect(await edit('One.', 'First.')).toEqual(['First.', 'Two.'])
  expect(await edit('First.', 'At first.')).toEqual(['At first.', 'Two.'])
  // And back again.
  expect(await edit('At first.', 'One.')).toEqual(['One.', 'Two.'])

  const file = join(dir, 'reviews/out.jsonl')
  const [line] = readFileSync(file, 'utf8').split('\n')
  const { payload: _, ...bare } = JSON.parse(line!)
  const wrong = [{ ...bare, verdict: 'Edit' }, bare, { ...bare, payload: { kind: 'document', text: 'x' } }]
  writeFileSync(file, wrong.map(one => JSON.stringify(one)).join('\n'))
  const ran = await runIn(dir, reviewed)
  expect(ran.error).toBeUndefined()
  expect(ran.all.map(answerOf).sort()).toEqual(['One.', 'Two.'])
  expect(ran.notes.map(({ message }) => message).join()).toMatch(/2 lines are no reviews.*/)
})

test('a review on one branch is still there where the branches join', async () => {
  const row = talk('One.')
  const dir = folder({ 'rows.jsonl': JSON.stringify(row) })
  const before = await runIn(dir, flat({}))
  const [{ id, digest }] = before.all as [Rec]
  write(dir, { 'r.jsonl': JSON.stringify({ review: id, digest, verdict: 'accept', by: 'Ada' }) })
  const branches = [
    { length: { as: 'plain', from: 'rows', min: 0 } },
    { review: { from: 'rows', reviews: 'r.jsonl' } },
    { length: { as: 'both', from: ['plain', 'review'], min: 0 } },
  ]
  const ran = await runIn(dir, { ...flat({}), steps: branches })
  expect(ran.error).toBeUndefined()
  expect(ran.all.map(record => record.lineage.reviews)).toEqual([[{ by: 'Ada', verdict: 'accept' }]])
})

test('a step that leaves no records on disk is named with those that do', async () => {
  const { dir } = await made()
  writeFileSync(join(dir, 'recipe.yaml'), stringify(recipe()))
  const { code, err } = await commandLine(dir, 'export csv --step nothing')
  expect(code).toBe(1)
  expect(err).toMatch(/keeps no records of a step nothing[\s\S]*judge/)
})
