/** A tree of subjects whose leaves are filled with prompts. */
export { syllabus } from './syllabus.ts'
