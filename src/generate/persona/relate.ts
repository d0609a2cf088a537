import { z } from 'zod'
import type { Rec } from '../../records/index.ts'
import { defineMap, fence, loadPrompt, type Pure, promptNotes } from '../../steps/index.ts'
import { personaOf, personaRows } from './find.ts'

/** Relations by which one persona leads to another; the recipe may name its own. */
export const relations = [
  'works with them',
  'is of their family',
  'is helped, taught or served by them',
  'helps, teaches or serves them',
  'competes or disagrees with them',
  'shares a hobby, a street or a club with them',
] as const
const inJapanese: { [relation: string]: string } = {
  'works with them': '一緒に働いている人',
  'is of their family': '家族や親類',
  'is helped, taught or served by them': 'その人に助けられ、教わり、または世話になっている人',
  'helps, teaches or serves them': 'その人を助け、教え、または世話をしている人',
  'competes or disagrees with them': '競争相手や、意見の合わない人',
  'shares a hobby, a street or a club with them': '趣味、近所、サークルなどでつながる人',
}

export const relateOptions = z.strictObject({
  teacher: z.string().describe('Teacher that finds the personas'),
  relations: z
    .array(z.string().min(1))
    .min(1)
    .default([...relations])
    .describe('Relations that one is drawn of'),
  hop: z.int().min(1).describe('Number of the hop'),
})
type RelateOptions = z.output<typeof relateOptions>

const reply = z.object({ personas: z.array(z.string()) })

/** The relation of this hop, from the record's own seed. */
const drawn = ({ options, random }: Pure<RelateOptions>) =>
  options.relations[Math.floor(random() * options.relations.length)]!

/** Persona-to-persona: who stands in a relation to somebody. Such people are found that no text speaks of. */
export const relate = defineMap<RelateOptions, 'row', 'row'>({
  verb: 'persona-relate',
  about: 'A teacher says who stands in a relation, drawn by the record, to a persona.',
  version: 1,
  options: relateOptions,
  takes: ['row'],
  gives: ['row'],
  reasons: ['empty-persona', 'duplicate-persona', 'surplus', 'refused', 'truncated', 'unparseable', 'rejected'],
  needs: { teachers: ['teacher'] },
  prompts: () => promptNotes(import.meta.url, 'relate', ['en', 'ja']),
  source: 'https://arxiv.org/abs/2406.20094',
  async run(record: Rec<'row'>, ctx) {
    const language = ctx.language.startsWith('ja') ? 'ja' : 'en'
    const prompt = loadPrompt(new URL(`./relate.${language}.md`, import.meta.url))
    const relation = drawn(ctx)
    const persona = personaOf(record)
    const answer = await ctx.call(ctx.options.teacher, {
      ...prompt.ask({
        persona: fence(persona, 'persona'),
        relation: language === 'ja' ? (inJapanese[relation] ?? relation) : relation,
      }),
      reply,
      task: { name: 'persona-relate', input: { persona, relation, language: ctx.language } },
    })
    if (answer.bad) {
      const evidence = { call: answer.call, detail: answer.bad.detail }
      return { is: 'dropped', reason: answer.bad.reason, evidence }
    }
    return { is: 'made', ...personaRows(answer.data!.personas, 1, { relation, of: persona, hops: ctx.options.hop }) }
  },
})
