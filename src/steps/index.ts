/** The contracts: what a step is, what it may return, and how verbs expand. */

export type { Job, Ran } from '../sandbox/index.ts'
export type * from './contract.ts'
export { cutBelow, cutShare, scoreOf } from './cut.ts'
export {
  defineFilter,
  defineGlobal,
  defineGrid,
  defineGroup,
  defineMap,
  defineVerb,
  type OneCall,
  unusable,
} from './define.ts'
export { fromFile } from './file.ts'
export { fence, loadPrompt, type Prompt, parsePrompt, promptNotes } from './prompt.ts'
