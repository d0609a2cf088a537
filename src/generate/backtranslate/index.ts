/** Instructions to which real texts are the answers. */
export { backtranslate } from './backtranslate.ts'
export { extractOf } from './extract.ts'
