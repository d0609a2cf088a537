/** The assistant turns of given conversations, written again. */
export { redistil } from './redistil.ts'
