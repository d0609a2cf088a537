/** Records: the union of kinds, ids, lineage, canonical JSON, and how records lie on disk. */

export { canonical, digestOf, sha256 } from './canonical.ts'
export { declaredRowId, fileId, madeId, payloadDigest, rowId } from './id.ts'
export type { Lineage, Made, Origin, Parent, Place, Review, RobotsNote, SourceNote } from './lineage.ts'
export { type Columns, type ColumnType, parquetWriter, type Row, readParquet } from './parquet.ts'
export { payloadProblem, withMessages } from './payload.ts'
export { placeOf } from './place.ts'
export { random, unit } from './random.ts'
export * from './record.ts'
export { decodeFrame, endsShard, type Frame, type Piece, pieceEncoder, shardTarget } from './shard.ts'
export { withoutSecrets } from './without-secrets.ts'
