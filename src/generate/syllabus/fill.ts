import { z } from 'zod'
import type { Id, Rec } from '../../records/index.ts'
import {
  type Draft,
  defineGlobal,
  defineMap,
  fence,
  type GlobalStep,
  type Lost,
  loadPrompt,
  type Pass,
  promptNotes,
} from '../../steps/index.ts'
import { normaliseForMatch } from '../../text/index.ts'
import { refersToDocument } from '../ask/index.ts'
import { registerFacet, registerOption, registerWords } from '../register.ts'
import { extractFor, pathOf, topicOf } from './tree.ts'

export const fillOptions = z.strictObject({
  teacher: z.string().describe('Teacher that writes the prompts'),
  count: z.int().min(1).max(50).default(5).describe('Prompts for each leaf: its quota'),
  audience: z.string().min(1).default('a learner').describe('Who asks'),
  register: registerOption,
  prompt: z.string().optional().describe('Prompt file for the prompts of a leaf instead of the built-in one'),
})
const writeOptions = fillOptions.extend({ wave: z.int().min(1) })
type WriteOptions = z.output<typeof writeOptions>

const reply = z.object({ prompts: z.array(z.string()) })
const keyOf = (record: Rec<'prompt'>) => normaliseForMatch(record.messages.at(-1)?.content ?? '')

/** The prompts of one leaf, as many as it lacks. */
export const fill = defineMap<WriteOptions, 'row', 'prompt'>({
  verb: 'syllabus-fill',
  about: 'A teacher writes the prompts that a leaf of the tree lacks, beside a real text about it.',
  version: 1,
  options: writeOptions,
  takes: ['row'],
  gives: ['prompt'],
  reasons: [
    'empty-prompt',
    'duplicate-prompt',
    'refers-to-document',
    'surplus',
    'refused',
    'truncated',
    'unparseable',
    'rejected',
  ],
  needs: { teachers: ['teacher'], files: ['prompt'], ancestors: ['document'] },
  prompts: ({ prompt }) => promptNotes(import.meta.url, 'fill', ['en', 'ja'], prompt),
  async run(record, ctx) {
    const { teacher, audience, register, wave } = ctx.options
    const language = ctx.language.startsWith('ja') ? 'ja' : 'en'
    const prompt = loadPrompt(ctx.options.prompt ?? new URL(`./fill.${language}.md`, import.meta.url))
    const path = pathOf(record)
    const count = Number(record.facets.missing ?? ctx.options.count)
    const extract = extractFor(path, ctx)
    const ask = {
      ...prompt.ask({
        path: fence(topicOf(path), 'subject'),
        count,
        audience,
        extract: extract && fence(extract, 'extract'),
        register: register && language === 'ja' ? `- 文体: ${registerWords.ja[register]}` : '',
      }),
      reply,
      task: { name: 'syllabus-fill', input: { path, count, audience, extract, language: ctx.language } },
    }
    // A leaf that lacks as many as before asks the same: another draw, so that it gets other prompts.
    const answer = await ctx.call(teacher, ask, wave - 1)
    const { bad, call } = answer
    if (bad) return { is: 'dropped', reason: bad.reason, evidence: { call, detail: bad.detail } }
    const made: Draft<'prompt'>[] = []
    const lost: Lost[] = []
    const seen = new Set<string>()
    answer.data!.prompts.forEach((written, index) => {
      const content = written.trim()
      const key = normaliseForMatch(content)
      const reason =
        key === ''
          ? 'empty-prompt'
          : seen.has(key)
            ? 'duplicate-prompt'
            : refersToDocument(content)
              ? 'refers-to-document'
              : made.length === count
                ? 'surplus'
                : undefined
      seen.add(key)
      if (reason) {
        lost.push({ index, reason, evidence: { prompt: content } })
        return
      }
      made.push({
        payload: { kind: 'prompt', messages: [{ role: 'user', content }] },
        index,
        notes: { facets: { audience, missing: undefined, ...registerFacet(content, ctx.language) } },
      })
    })
    return { is: 'made', made, lost }
  },
})

/** Prompts by id, leaf and matching form, and the leaves there are. */
type Seen = { prompts: [id: Id, topic: string, key: string][]; leaves: [id: Id, topic: string][] }

function look(records: Iterable<Rec>): Seen {
  const seen: Seen = { prompts: [], leaves: [] }
  for (const record of records) {
    if (record.kind === 'prompt') seen.prompts.push([record.id, String(record.facets.topic), keyOf(record)])
    if (record.kind === 'row') seen.leaves.push([record.id, topicOf(pathOf(record))])
  }
  return seen
}

/** Of equal prompts, in whatever leaf, the one with the smallest id stays; how many of each leaf do. */
export function covered({ prompts }: Seen): { again: Map<Id, Id>; count: Map<string, number> } {
  const first = new Map<string, Id>()
  for (const [id, , key] of prompts) {
    const known = first.get(key)
    if (known === undefined || id < known) first.set(key, id)
  }
  const again = new Map<Id, Id>()
  const count = new Map<string, number>()
  for (const [id, topic, key] of prompts) {
    const kept = first.get(key)!
    if (kept === id) count.set(topic, (count.get(topic) ?? 0) + 1)
    else again.set(id, kept)
  }
  return { again, count }
}

const survey = {
  survey: (records: Iterable<Rec>) => new Map([[0, look(records)]]),
  merge: (a: Seen, b: Seen): Seen => ({
    prompts: a.prompts.concat(b.prompts),
    leaves: a.leaves.concat(b.leaves),
  }),
  decide: (_: number, seen: Seen) => seen,
}

const quota = z.strictObject({ count: fillOptions.shape.count })
type Quota = z.output<typeof quota>

/** Lets the leaves through that lack prompts, with how many; the others need no more calls. */
export const short: GlobalStep<Quota> = defineGlobal<Quota>({
  verb: 'syllabus-short',
  about: 'Lets those leaves through that are under their quota, with the number they lack.',
  version: 1,
  options: quota,
  takes: ['row'],
  gives: 'same',
  reasons: ['quota-met'],
  passes: [
    {
      ...survey,
      combine([seen]: Seen[], { count }) {
        const there = seen && covered(seen).count
        const missing = (seen?.leaves ?? []).map(([id, topic]) => [id, count - (there?.get(topic) ?? 0)] as const)
        return { each: new Map(missing.filter(([, n]) => n > 0)) }
      },
    } satisfies Pass<Quota, Seen, Seen>,
  ],
  apply: (_, missing) =>
    missing === undefined
      ? { is: 'dropped', reason: 'quota-met' }
      : { is: 'passed', notes: { facets: { missing: Number(missing) } } },
})

/** Leaves under their quota that are named. */
const named = 8

/** Drops what two leaves or waves both made, and tells how far the leaves are filled. */
export const coverage: GlobalStep<Quota> = defineGlobal<Quota>({
  verb: 'syllabus-coverage',
  about: 'Drops prompts that are there already, and tells which leaves are under their quota.',
  version: 1,
  options: quota,
  takes: ['prompt'],
  gives: 'same',
  reasons: ['duplicate-prompt'],
  passes: [
    {
      ...survey,
      combine([seen]: Seen[], { count }) {
        if (!seen) return { each: new Map() }
        const { again, count: there } = covered(seen)
        const lacking = seen.leaves
          .map(([, topic]) => [topic, there.get(topic) ?? 0] as const)
          .filter(([, n]) => n < count)
          .sort(([a, n], [b, m]) => n - m || (a < b ? -1 : 1))
        const few = lacking.slice(0, named).map(([topic, n]) => `${topic} (${n})`)
        const more = lacking.length > named ? ` and ${lacking.length - named} more` : ''
        return {
          each: again,
          notes: [
            `${seen.leaves.length - lacking.length} of ${seen.leaves.length} leaves have their ${count} prompts`,
            ...(few.length > 0 ? [`under quota: ${few.join(', ')}${more}`] : []),
          ],
        }
      },
    } satisfies Pass<Quota, Seen, Seen>,
  ],
  apply: (_, kept) =>
    kept === undefined ? { is: 'passed' } : { is: 'dropped', reason: 'duplicate-prompt', evidence: { kept } },
})
