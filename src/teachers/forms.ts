import { Fault, type Request } from './contract.ts'

/** The text of messages as it stands, one after the other: where a chat template would stand, the asker has put it. */
export const textOf = ({ messages }: Request): string => messages.map(({ content }) => content ?? '').join('')

/** What is asked, in words for people. */
const asking = {
  continue: 'continues no text without a chat template',
  score: 'gives no log-probabilities of a text',
  reward: 'has no head that scores conversations',
}

/**
 * Stops what is no chat at a teacher that knows nothing else.
 * @throws Fault of the route: no request of that kind can ever succeed.
 */
export function chatsOnly({ form }: Request, id: string, way: string): void {
  if (form) throw new Fault('route', `${id} ${asking[form]}: ${way} knows chats alone`)
}
