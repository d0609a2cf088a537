/** Text: normal forms, language, segmentation, structure and tokens. Pure and synchronous throughout. */
export { type Block, blocks, type Format, parts } from './blocks.ts'
export { injection } from './injection.ts'
export { detectLanguage, type Identified, identifyLanguage } from './language.ts'
export type { BlockType } from './lines.ts'
export { normalise, normaliseForMatch } from './normalise.ts'
export { plainText } from './plain-text.ts'
export { type Span, sentences, words } from './segment.ts'
export { type Tokenizer, tokenizer } from './tokenizer.ts'
