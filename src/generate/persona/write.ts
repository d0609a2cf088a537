import { z } from 'zod'
import type { Rec } from '../../records/index.ts'
import {
  type Answer,
  type Ask,
  type Draft,
  defineMap,
  fence,
  type Lost,
  loadPrompt,
  type Pure,
  promptNotes,
} from '../../steps/index.ts'
import { refersToDocument } from '../ask/index.ts'
import { registerFacet, registerOption, registerWords } from '../register.ts'
import { badReplies, personaOf } from './find.ts'

export const writeOptions = z.strictObject({
  teacher: z.string().describe('Teacher that writes the prompts'),
  tasks: z.array(z.string().min(1)).min(1).describe('What is written from the view of a persona'),
  register: registerOption,
})
type WriteOptions = z.output<typeof writeOptions>

const reply = z.object({ prompt: z.string() })

function request(record: Rec<'row'>, task: string, ctx: Pure<WriteOptions>): Ask<z.infer<typeof reply>> {
  const language = ctx.language.startsWith('ja') ? 'ja' : 'en'
  const { register } = ctx.options
  const prompt = loadPrompt(new URL(`./write.${language}.md`, import.meta.url))
  const persona = personaOf(record)
  return {
    ...prompt.ask({
      persona: fence(persona, 'persona'),
      task,
      register: register && language === 'ja' ? `- 文体: ${registerWords.ja[register]}` : '',
    }),
    reply,
    task: { name: 'persona-write', input: { persona, task, language: ctx.language } },
  }
}

/** Wording of a prompt that speaks of the persona instead of speaking as one. */
const speaksOfPersona =
  /\b(?:this|the|my) persona\b|\bas an? (?:persona|character)\b|(?:この|上記の|次の)(?:人物|ペルソナ)/i

/** One prompt a task, each from a call of its own. */
export const write = defineMap<WriteOptions, 'row', 'prompt'>({
  verb: 'persona-write',
  about: 'A teacher writes the prompts that a persona would bring, one for each task.',
  version: 1,
  options: writeOptions,
  takes: ['row'],
  gives: ['prompt'],
  reasons: ['empty-prompt', 'speaks-of-persona', 'refers-to-document', ...badReplies],
  needs: { teachers: ['teacher'] },
  prompts: () => promptNotes(import.meta.url, 'write', ['en', 'ja']),
  source: 'https://arxiv.org/abs/2406.20094',
  async run(record, ctx) {
    const { teacher, tasks } = ctx.options
    const replies = await Promise.all(tasks.map(task => ctx.call(teacher, request(record, task, ctx))))
    const item = ({ bad, call, data }: Answer<z.infer<typeof reply>>, index: number): Draft<'prompt'> | Lost => {
      if (bad) return { index, reason: bad.reason, evidence: { call, detail: bad.detail } }
      const content = data!.prompt.trim()
      const reason =
        content === ''
          ? 'empty-prompt'
          : speaksOfPersona.test(content)
            ? 'speaks-of-persona'
            : refersToDocument(content)
              ? 'refers-to-document'
              : undefined
      if (reason) return { index, reason, evidence: { call, prompt: content } }
      return {
        payload: { kind: 'prompt', messages: [{ role: 'user', content }] },
        index,
        key: tasks[index]!,
        calls: [call],
        notes: { facets: { task: tasks[index]!, ...registerFacet(content, ctx.language) } },
      }
    }
    const items = replies.map(item)
    return {
      is: 'made',
      made: items.filter(one => 'payload' in one),
      lost: items.filter(one => 'reason' in one),
    }
  },
})
