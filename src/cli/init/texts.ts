import type { Message, Payload } from '../../records/index.ts'

const said = (messages: readonly Message[]): string[] => messages.flatMap(({ content }) => content ?? [])

/** All words of a record, for telling its language and length. */
export function textOfRecord(payload: Payload): string {
  switch (payload.kind) {
    case 'document':
      return payload.text
    case 'prompt':
    case 'conversation':
      return said(payload.messages).join('\n')
    case 'preference':
      return said([...payload.prompt, ...payload.chosen, ...payload.rejected]).join('\n')
    case 'feedback':
      return said([...payload.prompt, ...payload.completion]).join('\n')
    case 'exam':
      return [...said(payload.prompt), payload.target].join('\n')
    case 'row':
      return Object.values(payload.columns)
        .filter(value => typeof value === 'string')
        .join('\n')
  }
}
