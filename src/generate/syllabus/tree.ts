import { z } from 'zod'
import type { Id, Rec } from '../../records/index.ts'
import {
  type Ctx,
  type Draft,
  defineGlobal,
  defineGrid,
  defineMap,
  fence,
  type GlobalStep,
  type Lost,
  loadPrompt,
  type Pure,
  promptNotes,
} from '../../steps/index.ts'
import { normaliseForMatch } from '../../text/index.ts'
import { extractOf } from '../backtranslate/index.ts'

/** The way from a root to a subject, the root first. */
export const pathOf = (record: Rec<'row'>): string[] => (record.columns.path as string[] | undefined) ?? []
export const topicOf = (path: readonly string[]): string => path.join(' / ')

const rowOf = (path: string[], index: number, more: Partial<Draft<'row'>> = {}): Draft<'row'> => ({
  payload: { kind: 'row', columns: { path } },
  index,
  notes: { facets: { domain: path[0]!, topic: topicOf(path) } },
  ...more,
})

/** Characters of a real text that are shown, documents that are looked at for one that bears on a subject, and how far. */
const shown = [200, 1500] as const
const among = 32
const looked = 12_000

/** How many words of a subject a text holds, from 0 to 1: the last of a path count most, since they are the most exact. */
export function bearing(path: readonly string[], text: string): number {
  const there = normaliseForMatch(text.slice(0, looked))
  let [found, all] = [0, 0]
  path.forEach((name, i) => {
    for (const word of normaliseForMatch(name).split(' ')) {
      if (word.length < 2) continue
      all += i + 1
      // One or many of a thing.
      if (there.includes(word.length > 4 ? word.replace(/e?s$/, '') : word)) found += i + 1
    }
  })
  return all === 0 ? 0 : found / all
}

/** A real text to begin from: that of the document the subject was found in, else the one of many that bears on it most. */
export function extractFor(path: string[], ctx: Pure<unknown>): string | undefined {
  const by = (record: Rec) => bearing(path, (record as Rec<'document'>).text)
  const document = ctx.ancestor('document') ?? (ctx.draw('extracts', 1, { of: among, by })[0] as Rec<'document'>)
  if (!document) return undefined
  const span = extractOf(document.text, shown, () => ctx.random())
  return (span ? document.text.slice(...span) : document.text.slice(0, shown[1])).trim()
}

const subjects = z.array(z.string().trim().min(1)).min(1)

/** The roots that a recipe names. */
export const givenRoots = defineGrid<{ subjects: string[] }>({
  verb: 'syllabus-given',
  about: 'Lays out one row for every subject that was named.',
  version: 1,
  options: z.strictObject({ subjects }),
  takes: [],
  gives: ['row'],
  reasons: [],
  rows: ({ subjects }) => [...new Set(subjects)].map((subject, i) => rowOf([subject], i, { key: subject })),
})

export const treeOptions = z.strictObject({
  teacher: z.string().describe('Teacher that grows the tree'),
  breadth: z.int().min(2).max(30).default(5).describe('Parts that each subject is divided into'),
})
type TreeOptions = z.output<typeof treeOptions>

const badReplies = ['refused', 'truncated', 'unparseable', 'rejected'] as const
const subjectReply = z.object({ subject: z.string() })
const partsReply = z.object({ subjects: z.array(z.string()) })

const promptFor = (name: string, ctx: Pure<unknown>) =>
  loadPrompt(new URL(`./${name}.${ctx.language.startsWith('ja') ? 'ja' : 'en'}.md`, import.meta.url))

/** What a document belongs to, as wide as a course: roots for which there is real text. */
export const findRoot = defineMap<{ teacher: string }, 'document', 'row', z.infer<typeof subjectReply>>({
  verb: 'syllabus-find',
  about: 'A teacher says of which subject a document is part.',
  version: 1,
  options: z.strictObject({ teacher: treeOptions.shape.teacher }),
  takes: ['document'],
  gives: ['row'],
  reasons: ['empty-subject'],
  needs: { teachers: ['teacher'] },
  prompts: () => promptNotes(import.meta.url, 'root', ['en', 'ja']),
  teacher: ({ teacher }) => teacher,
  prompt(record, ctx) {
    const text = record.text.slice(0, 6000)
    return {
      ...promptFor('root', ctx).ask({
        title: record.title && fence(record.title, 'title'),
        extract: fence(text, 'extract'),
      }),
      reply: subjectReply,
      task: { name: 'syllabus-root', input: { text, title: record.title, language: ctx.language } },
    }
  },
  parse({ data, call }) {
    const subject = data!.subject.trim()
    if (subject === '') return { is: 'dropped', reason: 'empty-subject', evidence: { call } }
    return { is: 'made', made: [rowOf([subject], 0)] }
  },
})

/** Of the subjects of all documents those that most belong to; each of these is one root. */
export const chooseRoots: GlobalStep<{ roots: number }> = defineGlobal<{ roots: number }>({
  verb: 'syllabus-roots',
  about: 'Keeps the subjects that most documents belong to, each once.',
  version: 1,
  options: z.strictObject({ roots: z.int().min(1) }),
  takes: ['row'],
  gives: 'same',
  reasons: ['same-subject', 'beyond-roots'],
  passes: [
    {
      survey: records =>
        new Map([[0, [...records].map(r => [normaliseForMatch(topicOf(pathOf(r as Rec<'row'>))), r.id] as const)]]),
      merge: (a: (readonly [string, Id])[], b: (readonly [string, Id])[]) => a.concat(b),
      decide(_, found: (readonly [string, Id])[], { roots }) {
        const bySubject = [...Map.groupBy(found, ([subject]) => subject).values()].map(all =>
          all.map(([, id]) => id).sort(),
        )
        bySubject.sort((a, b) => b.length - a.length || (a[0]! < b[0]! ? -1 : 1))
        return bySubject.flatMap((ids, rank) =>
          ids.flatMap((id, i): [Id, string][] =>
            rank >= roots ? [[id, 'beyond-roots']] : i > 0 ? [[id, ids[0]!]] : [],
          ),
        )
      },
      combine: (parts: [Id, string][][]) => ({ each: new Map(parts.flat()) }),
    },
  ],
  apply(_, decided) {
    if (decided === undefined) return { is: 'passed' }
    if (decided === 'beyond-roots') return { is: 'dropped', reason: 'beyond-roots' }
    return { is: 'dropped', reason: 'same-subject', evidence: { kept: decided } }
  },
})

/** One level down: a subject becomes its parts. */
export const divide = defineMap<TreeOptions, 'row', 'row'>({
  verb: 'syllabus-divide',
  about: 'A teacher divides each subject into parts, beside a real text about it.',
  version: 1,
  options: treeOptions,
  takes: ['row'],
  gives: ['row'],
  reasons: ['empty-subject', 'duplicate-subject', 'surplus', ...badReplies],
  needs: { teachers: ['teacher'], ancestors: ['document'] },
  prompts: () => promptNotes(import.meta.url, 'divide', ['en', 'ja']),
  async run(record, ctx: Ctx<TreeOptions>) {
    const { teacher, breadth } = ctx.options
    const path = pathOf(record)
    const extract = extractFor(path, ctx)
    const answer = await ctx.call(teacher, {
      ...promptFor('divide', ctx).ask({
        path: fence(topicOf(path), 'subject'),
        breadth,
        extract: extract && fence(extract, 'extract'),
      }),
      reply: partsReply,
      task: { name: 'syllabus-divide', input: { path, breadth, extract, language: ctx.language } },
    })
    const { bad, call } = answer
    if (bad) return { is: 'dropped', reason: bad.reason, evidence: { call, detail: bad.detail } }
    const made: Draft<'row'>[] = []
    const lost: Lost[] = []
    const seen = new Set(path.map(normaliseForMatch))
    answer.data!.subjects.forEach((written, index) => {
      const subject = written.trim().replaceAll(' / ', ', ')
      const key = normaliseForMatch(subject)
      const reason =
        key === ''
          ? 'empty-subject'
          : seen.has(key)
            ? 'duplicate-subject'
            : made.length === breadth
              ? 'surplus'
              : undefined
      seen.add(key)
      if (reason) lost.push({ index, reason, evidence: { subject } })
      else made.push(rowOf([...path, subject], index))
    })
    return { is: 'made', made, lost }
  },
})
