/** Sources: files become records; what cannot be read becomes a rejection with a reason, and the rest goes on. */
export { pullAttached } from './attached.ts'
export {
  type BenchmarkFile,
  type BenchmarkItem,
  type Part as BenchmarkPart,
  parts as benchmarkParts,
  readBenchmark,
} from './benchmark.ts'
export { Unreadable } from './bytes.ts'
export { chunk, chunkOptions } from './chunk.ts'
export type { Completion } from './completion.ts'
export { licenseTold, type SourceConfig, sourceConfig, sourceUri } from './config.ts'
export { proseOf } from './document.ts'
export { type Exported, exported, readExport } from './export.ts'
export { idFile, listFiles, type SourceFile } from './files.ts'
export type { Prose } from './form.ts'
export { type FormName, formByEnding, formOf, readersVersion } from './forms.ts'
export { type Found, filesBelow } from './found.ts'
export { hubFiles, type Pinned, pullHub, settleHub } from './hub.ts'
export { type Leaf, leavesOf } from './leaves.ts'
export {
  foldersWithLicenses,
  type LicensedFolder,
  type Licenses,
  licenseCounts,
  licensesOf,
} from './licenses/folders.ts'
export { findPack, type PackManifest, packFolder, writePack } from './pack.ts'
export { type FetchOptions, fetchPages, type Page } from './pages/fetch.ts'
export {
  firstRows,
  type Item,
  limitsOf,
  type ReadOptions,
  readLeaf,
  readSource,
  readTable,
  sourceKind,
  type TableRow,
} from './read.ts'
export { sourceReasons } from './reasons.ts'
export { cellsOf, contentCells, payloadOfCells } from './sheet.ts'
export { type DatabaseTable, databaseTables } from './sqlite.ts'
