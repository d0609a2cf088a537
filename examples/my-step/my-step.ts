import { type Draft, defineMap, fence, type Lost, loadPrompt, promptNotes } from 'stillroom/steps'
import { z } from 'zod'

const options = z.strictObject({
  teacher: z.string().describe('Teacher that writes the conversations'),
  count: z.int().min(1).max(20).default(3).describe('Misconceptions a document'),
  audience: z.string().min(1).default('a beginner').describe('Whose misconceptions they are'),
  prompt: z.string().optional().describe('Prompt file to use instead of the one beside this step'),
})

const reply = z.object({
  misconceptions: z.array(z.object({ question: z.string(), answer: z.string(), evidence: z.string() })),
})

const flat = (text: string): string => text.replace(/\s+/g, ' ').trim()
const pointsAtDocument = /\b(?:the|this) (?:document|text|passage|article)\b/i

/**
 * A conversation in which somebody holds a common misconception about the subject of a document and has it put right.
 * One call a document; what an item must be to become a row stands in `flaw`.
 */
export default defineMap<z.infer<typeof options>, 'document', 'conversation', z.infer<typeof reply>>({
  verb: 'misconceptions',
  about: 'A teacher writes common misconceptions about the subject of each document and puts them right.',
  version: 1,
  options,
  takes: ['document'],
  gives: ['conversation'],
  reasons: ['empty', 'unsupported', 'stated', 'points-at-document', 'surplus'],
  needs: { teachers: ['teacher'], files: ['prompt'] },
  // The digest of the prompt file is part of the step, so that an edited prompt asks again.
  prompts: ({ prompt }) => promptNotes(import.meta.url, 'misconceptions', ['en'], prompt),
  teacher: ({ teacher }) => teacher,
  prompt(record, { options }) {
    const { count, audience } = options
    const title = record.title ?? ''
    const file = options.prompt ?? new URL('./misconceptions.en.md', import.meta.url)
    return {
      ...loadPrompt(file).ask({ document: fence(record.text, 'document'), title, count, audience }),
      reply,
      task: { name: 'misconceptions', input: { document: record.text, title, count, audience } },
    }
  },
  parse({ data }, record, { count, audience }) {
    const text = flat(record.text)
    const made: Draft<'conversation'>[] = []
    const lost: Lost[] = []
    for (const [index, item] of data!.misconceptions.entries()) {
      const question = item.question.trim()
      const answer = item.answer.trim()
      const reason =
        flaw({ question, answer, evidence: flat(item.evidence) }, text) ?? (made.length === count && 'surplus')
      if (reason) {
        lost.push({ index, reason, evidence: { question } })
        continue
      }
      made.push({
        payload: {
          kind: 'conversation',
          messages: [
            { role: 'user', content: question },
            { role: 'assistant', content: answer },
          ],
        },
        index,
        notes: { facets: { audience, topic: record.title }, language: record.language },
      })
    }
    return { is: 'made', made, lost }
  },
})

/** Why an item is no row: there is nothing in it, the document does not say so, or says what it calls a misconception. */
function flaw({ question, answer, evidence }: { [part: string]: string }, document: string): string | undefined {
  if (question === '' || answer === '') return 'empty'
  if (evidence === '' || !document.includes(evidence!)) return 'unsupported'
  const said = flat(question!).split(/(?<=[.!?])\s+/)
  if (said.some(sentence => sentence.length > 20 && document.includes(sentence))) return 'stated'
  if (pointsAtDocument.test(`${question} ${answer}`)) return 'points-at-document'
  return undefined
}
