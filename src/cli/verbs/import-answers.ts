import { existsSync, readFileSync, statSync } from 'node:fs'
import { basename, dirname, join, relative, resolve } from 'node:path'
import { StillroomError } from '../../errors/index.ts'
import { normaliseLicense } from '../../govern/index.ts'
import type { Id, Json, Message, Origin, Rec, Tool, Verifier } from '../../records/index.ts'
import { ancestorsOf, recordsById, rootsOf } from '../../run/index.ts'
import { readTable } from '../../sources/index.ts'
import { putWhole } from '../../workspace/index.ts'
import type { Run } from '../commands.ts'
import { counted } from '../figures.ts'
import { look } from '../look.ts'
import { finishedRun } from '../open.ts'
import { unshielded } from '../spreadsheet.ts'

/**
 * What a person answered to a prompt. The answer is real; `generation` is that of the prompt, `prompt_origin` says who asked,
 * and `licenses` are those of what the prompt was made from, with that of the answer.
 */
type Authored = {
  id: Id
  messages: Message[]
  reference?: string
  verifier?: Verifier
  tools?: Tool[]
  origin: 'real'
  generation: number
  prompt_origin: Origin
  licenses?: string[]
  by: string
  note?: string
  at: string
}
type Conflict = { row: number; why: string }

export const run: Run = call =>
  look(call, async ({ archive, project, reporter, root, runs }) => {
    const given = call.args[0]!
    const file = resolve(call.io.cwd, given)
    if (!existsSync(file)) {
      throw new StillroomError('SR_SOURCE_READ', `There is no file ${given}.`, {
        hint: 'stillroom export csv --unanswered <step> writes one',
      })
    }
    const past = finishedRun(runs(), call.io, root, true)
    const { size, mtimeMs } = statSync(file)
    const table = /\.[ct]sv(?:\.gz)?$/i.test(file)
    const conflicts: Conflict[] = []
    const written = new Map<Id, { row: number; completion: string; reasoning?: string; by?: string; note?: string }>()
    let empty = 0
    for await (const read of readTable({ path: given, below: basename(file), absolute: file, size, mtimeMs })) {
      if ('reason' in read) {
        conflicts.push({ row: read.row ?? 0, why: `cannot be read: ${read.reason}` })
        continue
      }
      const { row, columns } = read
      const cell = (name: string) => said(columns[name], table)
      const [id, completion, reasoning] = [cell('id'), cell('completion'), cell('reasoning')]
      if (completion === undefined) empty++
      else if (id === undefined)
        conflicts.push({ row, why: 'has no id: rows of your own go into a source of their own' })
      else if (written.has(id))
        conflicts.push({ row, why: `answers a second time, first in row ${written.get(id)!.row}` })
      else {
        const [by, note] = [cell('by') ?? call.given.by, cell('note')]
        written.set(id, { row, completion, ...(reasoning && { reasoning }), ...(by && { by }), ...(note && { note }) })
      }
    }
    const prompts = recordsById(archive.store, past, written.keys(), 'last')
    const ancestors = ancestorsOf(archive.store, past, [...prompts.values()])
    const answers: Authored[] = []
    for (const [id, { row, completion, reasoning, by, note }] of written) {
      const prompt = prompts.get(id)
      if (prompt?.kind !== 'prompt') {
        conflicts.push({ row, why: `the last run has no prompt ${id.slice(0, 12)}` })
        continue
      }
      if (by === undefined) throw noName()
      const answer: Message = { role: 'assistant', content: completion, ...(reasoning ? { reasoning } : {}) }
      const { messages, reference, verifier, tools, lineage } = prompt
      const licenses = licensesOf(prompt, ancestors, call.given.license)
      answers.push({
        id,
        messages: [...messages, answer],
        ...(reference === undefined ? {} : { reference }),
        ...(verifier ? { verifier } : {}),
        ...(tools ? { tools } : {}),
        origin: 'real',
        generation: lineage.generation,
        prompt_origin: lineage.origin,
        ...(licenses.length > 0 ? { licenses } : {}),
        by,
        ...(note ? { note } : {}),
        at: call.io.now().toISOString(),
      })
    }
    const base = project?.base ?? dirname(root)
    const out = call.given.out
      ? resolve(call.io.cwd, call.given.out)
      : join(base, 'answers', `${basename(file).replace(/\.\w+$/, '')}.jsonl`)
    const kept = merged(out, answers)
    putWhole(out, kept.map(answer => `${JSON.stringify(answer)}\n`).join(''))
    const path = relative(base, out)
    reporter.say(
      `${counted(answers.length, 'answer')} in ${path}, ${empty} left open.`,
      ...(conflicts.length > 0 ? ['', `${counted(conflicts.length, 'conflict')}:`] : []),
      ...conflicts.map(({ row, why }) => `  row ${row} ${why}`),
      '',
      'In the recipe, as a source, and beside the answers of teachers in front of what checks them:',
      '',
      `  authored: { files: ${path}, license: ${call.given.license ?? 'proprietary'}, kind: conversation, id: id }`,
      '  - verify: { from: [answer, authored] }',
    )
    reporter.result({ out: path, answers: answers.length, open: empty, conflicts })
    return 0
  })

/** The text of a cell as it was written; nothing where it is empty. */
function said(cell: Json | undefined, table: boolean): string | undefined {
  if (typeof cell !== 'string' || cell.trim() === '') return undefined
  return (table ? unshielded(cell) : cell).replaceAll(/\r\n?/g, '\n').trim()
}

const noName = () =>
  new StillroomError('SR_USAGE', '--by is missing.', {
    expected: 'the name of who wrote the answers',
    hint: 'stillroom import answers rows.csv --by "<your name>", or fill in the column `by`',
  })

/** Licenses of what a prompt was made from and of the answer; a prompt of a recipe's own words has none. */
function licensesOf(prompt: Rec, ancestors: Map<Id, Rec>, own: string | undefined): string[] {
  const named = rootsOf(prompt, ancestors).flatMap(({ lineage }) => lineage.source?.license ?? [])
  const all = [...named.filter(license => license !== 'not-applicable'), ...(own === undefined ? [] : [own])]
  return [...new Set(all.map(license => normaliseLicense(license).spdx))].sort()
}

/** Answers that were there, with the new ones in their place or behind them. */
function merged(file: string, fresh: Authored[]): Authored[] {
  const lines = existsSync(file) ? readFileSync(file, 'utf8').split('\n') : []
  const known = new Map<Id, Authored>()
  for (const [i, line] of lines.entries()) {
    if (line.trim() === '') continue
    try {
      const answer = JSON.parse(line) as Authored
      known.set(answer.id, answer)
    } catch (cause) {
      throw new StillroomError('SR_SOURCE_READ', `Line ${i + 1} of ${file} is no answer.`, {
        cause,
        hint: 'mend the line, or write to another file with --out',
      })
    }
  }
  for (const answer of fresh) {
    const { at: _, ...now } = answer
    const { at, ...before } = known.get(answer.id) ?? { at: '' }
    // The same file once more says nothing new.
    known.set(answer.id, at && JSON.stringify(now) === JSON.stringify(before) ? { ...answer, at } : answer)
  }
  return [...known.values()]
}
