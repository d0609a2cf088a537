import { openTeacher, type TeacherConfig } from '../../teachers/index.ts'
import { detectLanguage } from '../../text/index.ts'
import { writer } from './teachers.ts'

/** Characters of a piece, about as `chunk: true` cuts them. */
const piece = 3200

/** Texts as the teacher would be shown them: whole where they are short, else in pieces at ends of paragraphs. */
function pieces(text: string): string[] {
  if (text.length <= 2.5 * piece) return [text]
  const parts: string[] = []
  for (const paragraph of text.split(/\n{2,}/)) {
    const last = parts.at(-1)
    if (last !== undefined && last.length + paragraph.length < piece)
      parts[parts.length - 1] = `${last}\n\n${paragraph}`
    else parts.push(paragraph)
  }
  return parts
}

/** Of how many pieces of these texts the built-in teacher finds something to ask: it needs sentences that explain. */
export async function askable(texts: readonly string[]): Promise<number> {
  const teacher = openTeacher('writer', writer as TeacherConfig, { env: {} })
  const wire = { seed: 0, cap: 10_000, draw: 0 }
  let found = 0
  for (const document of texts.flatMap(pieces)) {
    const input = { document, questions: 5, language: detectLanguage(document) ?? 'en' }
    const reply = await teacher.doGenerate({ messages: [], task: { name: 'ask', input } }, wire)
    if (/"question"/.test(reply.content ?? '')) found++
  }
  return found
}
