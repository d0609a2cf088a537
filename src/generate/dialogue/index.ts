/** Conversations of several turns between a simulated user and an assistant. */
export { type DialogueOptions, dialogue } from './dialogue.ts'
export { confusesRoles } from './roles.ts'
