/** Learning material over a matrix of audiences and styles. */
export { loadCells } from './cells.ts'
export { coverage, gate } from './coverage.ts'
export { type TextbookOptions, textbook } from './textbook.ts'
export { passages, textbookWrite } from './write.ts'
