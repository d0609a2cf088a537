import type { Message, Rec } from '../records/index.ts'

export { scoreOf } from '../steps/index.ts'

/** Which part of a record a step looks at. */
export const parts = ['prompt', 'completion', 'all', 'text'] as const
export type Part = (typeof parts)[number]

const said = (messages: Message[], ...roles: Message['role'][]) =>
  messages.flatMap(m => (roles.includes(m.role) && m.content ? [m.content] : [])).join('\n\n')

function strings(value: unknown): string[] {
  if (typeof value === 'string') return [value]
  if (value && typeof value === 'object') return Object.values(value).flatMap(strings)
  return []
}

/**
 * The words of a record that were written for it. System and developer turns are left out: rows that share one would
 * all look alike. `text` and `all` are both sides of a conversation, or the text of a document.
 */
export function contentOf(record: Rec, part: Part): string {
  const [asked, answered] = sides(record)
  if (part === 'prompt') return asked
  if (part === 'completion') return answered
  return [asked, answered].filter(Boolean).join('\n\n')
}

/** What was asked and what was answered; a document or a row is all answer. */
export function sides(record: Rec): [asked: string, answered: string] {
  switch (record.kind) {
    case 'document':
      return ['', record.text]
    case 'row':
      return ['', strings(record.columns).join('\n')]
    case 'prompt':
      return [said(record.messages, 'user', 'assistant', 'tool'), record.reference ?? '']
    case 'conversation':
      return [said(record.messages, 'user', 'tool'), said(record.messages, 'assistant')]
    case 'preference':
      return [
        said(record.prompt, 'user', 'assistant', 'tool'),
        `${said(record.chosen, 'assistant')}\n\n${said(record.rejected, 'assistant')}`,
      ]
    case 'feedback':
      return [said(record.prompt, 'user', 'assistant', 'tool'), said(record.completion, 'assistant')]
    case 'exam':
      return [[said(record.prompt, 'user', 'assistant', 'tool'), ...(record.choices ?? [])].join('\n'), record.target]
  }
}
