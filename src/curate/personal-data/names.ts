import { z } from 'zod'
import { kinds, type Payload, type Rec } from '../../records/index.ts'
import { type Ctx, defineMap, fence, loadPrompt, type MapStep, promptNotes } from '../../steps/index.ts'
import { type Entity, entityNames, taught } from './entities.ts'
import { rewrite } from './fields.ts'
import { actions, keyIn, type Place, redacted } from './redact.ts'
import { namesReport } from './report.ts'

const action = z.enum(actions)
const options = z.strictObject({
  teacher: z.string().describe('Teacher that points at them'),
  entities: z.array(z.enum(taught)).min(1).describe('What it is asked for'),
  action: z
    .union([action, z.partialRecord(z.enum([...entityNames, 'others']), action)])
    .default('surrogate')
    .describe('What becomes of it, for all or by entity'),
  allow: z.array(z.string().min(1)).optional().describe('Names that stay'),
  key: z.string().optional().describe('File with the key of the project'),
  prompt: z.string().optional().describe('Prompt file to use instead of the built-in one'),
})
type Options = z.output<typeof options>

const reply = z.object({ spans: z.array(z.object({ type: z.enum(taught), text: z.string() })) })
type Named = z.infer<typeof reply>['spans'][number]

/** Characters of one request: a model loses sight of names in longer ones. */
const most = 6000

/** Names and free addresses, which no rule can tell: a teacher points at them, and only what stands in the text counts. */
export const namesStep: MapStep<Options> = defineMap<Options, never, never>({
  report: namesReport,
  verb: 'personal-data-names',
  about: 'A teacher points at names of people, addresses and organisations; what stands in the text is replaced.',
  version: 1,
  options,
  takes: kinds,
  gives: 'same',
  reasons: ['personal-data', 'redacted', 'refused', 'truncated', 'unparseable', 'rejected'],
  needs: { teachers: ['teacher'], files: ['key', 'prompt'] },
  prompts: ({ prompt }) => promptNotes(import.meta.url, 'names', ['en', 'ja'], prompt),
  async run(record, ctx) {
    const named: Named[] = []
    for (const ask of requests(record, ctx)) {
      const answer = await ctx.call(ctx.options.teacher, ask)
      // A text that nobody looked through is not let pass; what the teacher said of it may repeat what it holds.
      if (answer.bad)
        return { is: 'dropped', reason: answer.bad.reason, evidence: { call: answer.call }, conceal: true }
      named.push(...answer.data!.spans)
    }
    const { action, allow = [], entities } = ctx.options
    const asked = named.filter(one => entities.includes(one.type) && !allow.includes(one.text.trim()))
    const found = standing(record, asked)
    return redacted(record, found, action, keyIn(ctx.options.key), 'named by a teacher and found in the text') as never
  },
})

function requests(record: Rec, ctx: Ctx<Options>) {
  const language = ctx.language.startsWith('ja') ? 'ja' : 'en'
  const prompt = loadPrompt(ctx.options.prompt ?? new URL(`./names.${language}.md`, import.meta.url))
  const texts: string[] = []
  rewrite(record, text => {
    if (/\p{L}/u.test(text)) texts.push(text)
    return text
  })
  return pieces(texts).map(text => ({
    ...prompt.ask({ text: fence(text, 'text'), types: ctx.options.entities.join(', ') }),
    reply,
    task: { name: 'names', input: { text, types: [...ctx.options.entities] } },
  }))
}

/** Texts in pieces of a size that a model reads whole, short ones together, long ones cut between lines or words. */
export function pieces(texts: readonly string[]): string[] {
  const out: string[] = []
  let held = ''
  const put = (text: string) => {
    if (held.length + text.length > most && held !== '') {
      out.push(held)
      held = ''
    }
    held = held === '' ? text : `${held}\n\n${text}`
  }
  for (const text of texts) {
    let at = 0
    while (text.length - at > most) {
      const part = text.slice(at, at + most)
      const cut =
        [part.lastIndexOf('\n'), part.lastIndexOf('。') + 1, part.lastIndexOf(' ')].find(end => end > most / 2) ?? most
      put(part.slice(0, cut))
      at += cut
    }
    put(text.slice(at))
  }
  return held === '' ? out : [...out, held]
}

const escaped = (text: string) => text.replace(/[.*+?^${}()|[\]\\]/g, '\\$&')
const eastern = /[\u3040-\u30ff\u4e00-\u9fff]/

/** Where the named texts stand, longest first where they overlap; a name inside of a longer word does not count. */
export function standing(payload: Payload, named: readonly Named[]): Place[] {
  const types = new Map<string, Entity>()
  for (const { type, text } of named) {
    const name = text.trim()
    // What stands in for a name is none; a letter or two may stand anywhere.
    if (name.length > 1 && name.length <= 400 && !/[<>]/.test(name) && /\p{L}/u.test(name))
      types.set(name, types.get(name) ?? type)
  }
  if (types.size === 0) return []
  const names = [...types.keys()].sort((a, b) => b.length - a.length || (a < b ? -1 : 1))
  const any = new RegExp(
    names
      .map(name => (eastern.test(name) ? escaped(name) : `(?<![\\p{L}\\p{N}_])${escaped(name)}(?![\\p{L}\\p{N}_])`))
      .join('|'),
    'gu',
  )
  const parts = partsOf(names.filter(name => types.get(name) === 'person'))
  const found: Place[] = []
  rewrite(payload, (text, at) => {
    for (const { index, 0: name } of text.matchAll(any)) {
      const entity = types.get(name)!
      const value = entity === 'person' ? (parts.get(name) ?? `g:${name}`) : name.toLowerCase()
      found.push({ entity, at, start: index, end: index + name.length, score: 1, value })
    }
    return text
  })
  return found
}

/**
 * Words of names, marked as given (`g:`) or family name (`f:`): a family named alone is the one of the full name. In
 * Japanese a full name without a space is taken apart where another one of the text is its beginning or end.
 */
function partsOf(names: readonly string[]): Map<string, string> {
  const words = new Map<string, string[]>()
  for (const name of names) {
    const split = name.split(/[\s・]+/)
    const inner =
      eastern.test(name) && split.length === 1
        ? names.find(n => n.length < name.length && name.startsWith(n))
        : undefined
    words.set(name, inner ? [inner, name.slice(inner.length)] : split)
  }
  const families = new Set<string>()
  for (const [name, all] of words) if (all.length > 1) families.add(eastern.test(name) ? all[0]! : all.at(-1)!)
  return new Map(
    [...words].map(([name, all]) => {
      const ends = all.length > 2 ? [all[0]!, all.at(-1)!] : all
      return [
        name,
        ends
          .map(word => `${families.has(word) || (eastern.test(name) && ends.length === 1) ? 'f' : 'g'}:${word}`)
          .join(' '),
      ]
    }),
  )
}
