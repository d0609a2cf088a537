import { readFileSync } from 'node:fs'
import { basename, join, relative, resolve } from 'node:path'
import { StillroomError } from '../../errors/index.ts'
import { sha256 } from '../../records/index.ts'
import {
  type BenchmarkFile,
  type BenchmarkItem,
  type BenchmarkPart,
  benchmarkParts,
  firstRows,
  listFiles,
  packFolder,
  readBenchmark,
  type SourceFile,
  writePack,
} from '../../sources/index.ts'
import type { Run } from '../commands.ts'
import { counted, reasonList, thousands } from '../figures.ts'
import { indent } from '../layout.ts'
import { sectionLines } from '../record-text.ts'
import { type Reporter, reporterOf } from '../reporter.ts'

/** What stands beside the data of a benchmark and is none of its items. */
const beside = /^(?:readme|licen[cs]e|notice|changelog|contributing|manifest|dataset_infos?)\b/i
const examples = 2

export const run: Run = async call => {
  const { io, given } = call
  const [operand] = call.args
  const { name, license } = given
  if (!name || !license) {
    throw new StillroomError('SR_USAGE', `--${name ? 'license' : 'name'} is missing.`, {
      hint: `stillroom import benchmark ${operand} --name gsm8k --license MIT`,
    })
  }
  if (!/^[A-Za-z0-9_][A-Za-z0-9_-]*$/.test(name)) {
    throw new StillroomError('SR_USAGE', `--name ${name} cannot name a folder.`, {
      expected: 'letters, digits, - and _',
      hint: 'recipes will say it in `against`',
    })
  }
  const mapping = columnsOf(given.columns ?? [])
  const files = await filesOf(operand!, io.cwd)
  const read: BenchmarkFile[] = []
  for (const file of files) {
    await expectColumns(file, mapping)
    read.push(await readBenchmark(file, mapping))
  }
  const full = read.filter(({ items }) => items.length > 0)
  if (full.length === 0) throw nothingIn(operand!, read)
  const items = full.length === 1 ? full[0]!.items : full.flatMap(named)
  const folder = join(given.out ?? packFolder, name)
  const manifest = writePack(resolve(io.cwd, folder), items, {
    name,
    license,
    ...(given.version ? { version: given.version } : {}),
    ...(given.uri ? { uri: given.uri } : {}),
    ...(given.date ? { date: given.date } : {}),
    files: full.map(({ path, items, taken }) => {
      const { absolute } = files.find(file => file.path === path)!
      return { path: basename(path), digest: sha256(readFileSync(absolute)), items: items.length, taken }
    }),
  })
  const reporter = reporterOf(call)
  for (const file of read) reporter.say(fileLines(file, reporter))
  const path = given.out === undefined ? name : relative(io.cwd, resolve(io.cwd, folder))
  reporter.say(
    `${counted(items.length, 'item')} of ${name} written to ${folder}. In a recipe beside it:`,
    '',
    `  - decontaminate: { against: [${path}] }`,
  )
  reporter.result({
    folder,
    manifest,
    rejected: Object.fromEntries(read.map(({ path, rejected }) => [path, rejected])),
  })
  return 0
}

/** `part=column`, several times or with commas between. */
function columnsOf(given: readonly string[]): { [part in BenchmarkPart]?: string } {
  const pairs = given.flatMap(text => text.split(','))
  return Object.fromEntries(
    pairs.map(pair => {
      const [part, ...column] = pair.split('=')
      if (benchmarkParts.includes(part as BenchmarkPart) && column.join('=') !== '') return [part, column.join('=')]
      throw new StillroomError('SR_USAGE', `--columns ${pair} names no part and column.`, {
        expected: `one of ${benchmarkParts.join(', ')}, and a column`,
        hint: 'write --columns prompt=question --columns answer=solution',
      })
    }),
  )
}

async function filesOf(operand: string, cwd: string): Promise<SourceFile[]> {
  const found = await listFiles({ files: operand }, cwd)
  const files = found.length === 1 ? found : found.filter(({ path }) => !beside.test(basename(path)))
  if (files.length > 0) return files
  throw new StillroomError('SR_NOT_FOUND', `There is no benchmark at ${operand}.`, {
    expected: 'a file of JSON Lines, JSON, CSV, Parquet or text, or a folder of such files',
  })
}

/** A column that is named must be there: otherwise another one would be taken without a word. */
async function expectColumns(file: SourceFile, mapping: { [part: string]: string }): Promise<void> {
  const wanted = Object.values(mapping)
  if (wanted.length === 0) return
  const columns = [...new Set((await firstRows({} as never, file, 100)).flatMap(row => Object.keys(row)))]
  const missing = wanted.find(column => columns.length > 0 && !columns.includes(column))
  if (missing === undefined) return
  throw new StillroomError('SR_USAGE', `${basename(file.path)} has no column ${missing}.`, {
    received: columns.join(', '),
  })
}

/** Items of several files keep apart by the names of their files. */
function named({ path, items }: BenchmarkFile): BenchmarkItem[] {
  const stem = basename(path).replace(/\.[^.]*(?:\.gz)?$/, '')
  return items.map(item => ({ ...item, id: `${stem}/${item.id}` }))
}

function nothingIn(operand: string, read: readonly BenchmarkFile[]): StillroomError {
  const reasons = read.flatMap(
    ({ path, rejected }) => `${basename(path)}: ${reasonList(rejected as never) || 'no rows'}`,
  )
  return new StillroomError('SR_SOURCE_EMPTY', `Nothing in ${operand} could be read as an item.`, {
    received: reasons.join('; '),
    hint: 'Name the column of the question: --columns prompt=<column>',
  })
}

/** What was taken for what, with two items to look at. */
function fileLines({ path, taken, items, rejected }: BenchmarkFile, { width, paint }: Reporter): string[] {
  const columns = Object.entries(taken).map(([part, from]) => `${part} from ${from.join(', ')}`)
  const left = reasonList(rejected as { [reason: string]: number })
  return [
    paint('bold', `${basename(path)}: ${counted(items.length, 'item')}${left ? `, left out: ${left}` : ''}`),
    ...indent([columns.join('; ')]),
    ...items.slice(0, examples).flatMap(({ id, ...parts }) => {
      const sections = Object.entries(parts).map(([label, text]) => ({
        label,
        text: excerpt([text].flat().join(' | ')),
      }))
      return indent(['', paint('dim', id), ...indent(sectionLines(sections, width - 4, paint))])
    }),
    '',
  ]
}

const excerpt = (text: string): string =>
  text.length > 300 ? `${text.slice(0, 300).trimEnd()} … (${thousands(text.length)} characters)` : text
