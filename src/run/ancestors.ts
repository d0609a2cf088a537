import type { Id, Rec, Sha } from '../records/index.ts'
import type { Store } from '../workspace/index.ts'
import { readShard, type ShardRef } from './shards.ts'

/** Shards of ancestors held at once. Records come in the order of their ancestors, so a few are enough. */
const held = 24

/** Looks up records that trails point to; the shards they lie in are kept for the neighbours that come next. */
export function ancestorLookup(store: Store, shards: Map<Sha, ShardRef>): (id: Id, shard: Sha) => Rec | undefined {
  const cache = new Map<Sha, Map<Id, Rec>>()
  return (id, digest) => {
    let records = cache.get(digest)
    if (!records) {
      const shard = shards.get(digest)
      if (!shard) return undefined
      records = new Map()
      for (const { record } of readShard(store, shard)) records.set(record.id, record)
      if (cache.size >= held) cache.delete(cache.keys().next().value!)
    }
    cache.delete(digest)
    cache.set(digest, records)
    return records.get(id)
  }
}
