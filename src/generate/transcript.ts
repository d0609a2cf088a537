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
