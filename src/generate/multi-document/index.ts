/** Questions that need several documents. */
export { multiDocument } from './multi-document.ts'
