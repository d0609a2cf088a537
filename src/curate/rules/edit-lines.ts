import { z } from 'zod'
import { kinds, type Payload } from '../../records/index.ts'
import { defineMap, type MapStep } from '../../steps/index.ts'
import { classOf, is } from './reading/characters.ts'
import { endsLine } from './reading/lines.ts'
import { countPhrases, policyPhrases } from './reading/phrases.ts'

/** Repairs of a line, in the order in which C4 does them, then those of llm-jp. */
const edits = z.discriminatedUnion('edit', [
  z.strictObject({ edit: z.literal('long-word'), most: z.number().int().positive() }),
  z.strictObject({ edit: z.literal('citations') }),
  z.strictObject({ edit: z.literal('no-terminal-mark') }),
  z.strictObject({ edit: z.literal('few-words'), least: z.number().int().positive() }),
  z.strictObject({ edit: z.literal('javascript') }),
  z.strictObject({ edit: z.literal('policy') }),
  z.strictObject({ edit: z.literal('no-kana') }),
  z.strictObject({ edit: z.literal('addresses') }),
  z.strictObject({ edit: z.literal('ascii-runs'), least: z.number().int().positive() }),
])
export type Edit = z.output<typeof edits>

const options = z.strictObject({
  edits: z.array(edits).describe('Repairs of each line in order; a line that one takes out is not seen by the next'),
})

const citation = /\[(?:\d*|edit|citation needed)\]/g
const address = /https?:\/\/[\w/:%#$&?()~.=+-]+/g
const kana = /[\p{Script=Hiragana}\p{Script=Katakana}ー]/u

/** The line as it stays, or undefined where it goes. */
function edited(line: string, edit: Edit): string | undefined {
  switch (edit.edit) {
    case 'long-word':
      return longestWord(line) > edit.most ? undefined : line
    case 'citations':
      return line.includes('[') ? line.replace(citation, '') : line
    case 'no-terminal-mark': {
      const text = line.trimEnd()
      return endsLine(text.charCodeAt(text.length - 1)) && !text.endsWith('...') ? line : undefined
    }
    case 'few-words':
      return wordCount(line) < edit.least ? undefined : line
    case 'javascript':
      return /javascript/i.test(line) ? undefined : line
    case 'policy':
      return countPhrases(line.toLowerCase(), policyPhrases).hits > 0 ? undefined : line
    case 'no-kana':
      return kana.test(line) ? line : undefined
    case 'addresses':
      return line.includes('http') ? line.replace(address, '') : line
    case 'ascii-runs':
      return line.length < edit.least ? line : line.replace(asciiRuns(edit.least), '')
  }
}

const runs = new Map<number, RegExp>()
function asciiRuns(least: number): RegExp {
  if (!runs.has(least)) runs.set(least, new RegExp(`[\\x00-\\x7f]{${least},}`, 'g'))
  return runs.get(least)!
}

function longestWord(line: string): number {
  let longest = 0
  let run = 0
  for (let i = 0; i < line.length; i++) {
    run = classOf(line.charCodeAt(i)) === is.space ? 0 : run + 1
    if (run > longest) longest = run
  }
  return longest
}

/**
 * Words between spaces; in a script without spaces a character is one, since a clause of it would be a single word.
 */
function wordCount(line: string): number {
  let count = 0
  let inside = false
  for (let i = 0; i < line.length; i++) {
    const of = classOf(line.charCodeAt(i))
    if (of === is.space) inside = false
    else if (of === is.hiragana || of === is.katakana || of === is.kanji) {
      count++
      inside = true
    } else if (!inside) {
      count++
      inside = true
    }
  }
  return count
}

/** What became of a text: how many lines each edit took or changed, in the order of the edits. */
export type Edited = { text: string; changes: { edit: Edit['edit']; lines: number }[]; left: number }

/**
 * Edits the lines of a text. Blank lines are left to part paragraphs: where lines between two of them go, one stays. A
 * text in which nothing changes is given back as it was, its line ends included.
 */
export function editLines(text: string, edits: readonly Edit[]): Edited {
  const counts = new Array<number>(edits.length).fill(0)
  const kept: string[] = []
  let changed = false
  let left = 0
  for (const whole of text.split('\n')) {
    let line: string | undefined = whole.endsWith('\r') ? whole.slice(0, -1) : whole
    if (line.trim() === '') {
      if (kept.length > 0 && kept.at(-1) !== '') kept.push('')
      continue
    }
    for (let i = 0; i < edits.length && line !== undefined; i++) {
      const before: string = line
      line = edited(before, edits[i]!)
      if (line === before) continue
      changed = true
      counts[i]!++
      if (line?.trim() === '') line = undefined
    }
    if (line === undefined) continue
    kept.push(line.trimEnd())
    left++
  }
  const changes = edits.flatMap(({ edit }, i) => (counts[i]! > 0 ? [{ edit, lines: counts[i]! }] : []))
  if (!changed) return { text, changes, left }
  while (kept.at(-1) === '') kept.pop()
  return { text: kept.join('\n'), changes, left }
}

/** Repairs lines before anything is measured: what rules see is what is left. */
export const repairLines: MapStep<z.output<typeof options>> = defineMap({
  verb: 'edit-lines',
  about: 'Takes lines out of documents, or parts out of lines, before the rest is measured.',
  version: 1,
  options,
  takes: kinds,
  gives: 'same',
  reasons: [...edits.options.map(({ shape }) => shape.edit.value), 'no-line-left'],
  async run(record, ctx) {
    if (record.kind !== 'document') return { is: 'passed' }
    const { text, changes, left } = editLines(record.text, ctx.options.edits)
    if (changes.length === 0) return { is: 'passed' }
    const told = changes.map(({ edit, lines }) => `${edit} ${lines}`).join(', ')
    if (left === 0) return { is: 'dropped', reason: 'no-line-left', evidence: { edits: told } }
    // The one that touched most lines names the repair; of equals the first.
    const reason = changes.reduce((most, next) => (next.lines > most.lines ? next : most)).edit
    const lines = changes.reduce((sum, change) => sum + change.lines, 0)
    const payload: Payload<'document'> = {
      kind: 'document',
      text,
      ...(record.title === undefined ? {} : { title: record.title }),
      ...(record.uri === undefined ? {} : { uri: record.uri }),
    }
    return {
      is: 'fixed',
      reason,
      payload,
      notes: { scores: { 'edited-lines': { method: 'edits', value: lines, why: told } } },
    }
  },
})
