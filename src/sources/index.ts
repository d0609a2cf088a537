/** Sources: files become records; what cannot be read becomes a rejection with a reason, and the rest goes on. */
export { chunk, chunkOptions } from './chunk.ts'
export type { Completion } from './completion.ts'
export { type SourceConfig, sourceConfig, sourceUri } from './config.ts'
export { type Exported, exported, readExport } from './export.ts'
export { listFiles, type SourceFile } from './files.ts'
export { firstRows, type Item, type ReadOptions, readSource, sourceKind } from './read.ts'
export { sourceReasons } from './reasons.ts'
