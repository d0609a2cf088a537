/** Questions that a named audience might ask about each document. */
export { type AskOptions, ask, refersToDocument } from './ask.ts'
