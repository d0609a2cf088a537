import type { Message, Rec } from '../../records/index.ts'
import { excerpt } from '../excerpt.ts'

/** Characters of one part of a row that are shown. */
const most = 24_000

/** A part of a row under its name: judges and people see the same ones. */
export type Part = { label: string; text: string }

/** Turns before the last answer: the question alone, or a transcript where there were several. */
function asked(messages: readonly Message[]): Part[] {
  const told = messages.filter(message => message.content)
  const lone = told.length === 1 && told[0]!.role === 'user'
  const text = told.map(({ role, content }) => (lone ? content : `[${role}]\n${content}`)).join('\n\n')
  return text === '' ? [] : [{ label: 'question', text }]
}

const said = (messages: readonly Message[]) =>
  messages
    .map(({ content, tool_calls }) =>
      [content, ...(tool_calls ?? []).map(call => JSON.stringify(call.function))].filter(Boolean).join('\n'),
    )
    .join('\n\n')

/** What a row is judged by: its content in parts, the asked before the answered. Reasoning is left out. */
export function partsOf(record: Rec): Part[] {
  return wholeParts(record).map(({ label, text }) => ({ label, text: excerpt(text, most) }))
}

function wholeParts(record: Rec): Part[] {
  switch (record.kind) {
    case 'document':
      return [
        ...(record.title ? [{ label: 'title', text: record.title }] : []),
        { label: 'text', text: record.text ?? '' },
      ]
    case 'prompt':
      return [
        ...asked(record.messages),
        ...(record.reference ? [{ label: 'reference-answer', text: record.reference }] : []),
      ]
    case 'conversation': {
      const end = record.messages.findLastIndex(message => message.role === 'assistant')
      if (end < 0) return asked(record.messages)
      return [...asked(record.messages.slice(0, end)), { label: 'answer', text: said(record.messages.slice(end)) }]
    }
    case 'preference':
      return [
        ...asked(record.prompt),
        { label: 'preferred-answer', text: said(record.chosen) },
        { label: 'rejected-answer', text: said(record.rejected) },
      ]
    case 'feedback':
      return [
        ...asked(record.prompt),
        { label: 'answer', text: said(record.completion) },
        { label: 'verdict-on-it', text: record.label ? 'good' : 'bad' },
      ]
    case 'exam':
      return [
        ...asked(record.prompt),
        ...(record.choices ? [{ label: 'choices', text: record.choices.join('\n') }] : []),
        { label: 'expected-answer', text: record.target },
      ]
    case 'row':
      return [{ label: 'values', text: JSON.stringify(record.columns, null, 1) }]
  }
}
