/** New prompts from seed examples. */
export { selfInstruct } from './self-instruct.ts'
