/** M7: new prompts from seed examples. */
export { selfInstruct } from './self-instruct.ts'
