import type { Message } from '../records/index.ts'

/** Turns as one text: a lone user turn as it stands, several with the role before each. Tool calls are shown as JSON. */
export function transcript(messages: readonly Message[]): string {
  const [first] = messages
  if (messages.length === 1 && first!.role === 'user') return first!.content ?? ''
  return messages
    .map(({ role, content, tool_calls }) => {
      const calls = tool_calls?.map(({ function: { name, arguments: given } }) => `${name}(${JSON.stringify(given)})`)
      return `[${role}]\n${[content, ...(calls ?? [])].filter(Boolean).join('\n')}`
    })
    .join('\n\n')
}

/** Case, width, punctuation and white space set aside, for telling whether two texts say the same in other dress. */
export const comparable = (text: string): string =>
  text
    .normalize('NFKC')
    .toLowerCase()
    .replace(/[\p{P}\p{S}\s]+/gu, ' ')
    .trim()
