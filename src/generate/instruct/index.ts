/** Domain x task type x difficulty. */
export { instruct, instructGrid, instructWrite, taskTypes } from './instruct.ts'
