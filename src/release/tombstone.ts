import type { Sha } from '../records/index.ts'
import type { Manifest } from './write.ts'

export const tombstoneFile = 'tombstone.json'

/** What stands in the place of a withdrawn release: that it was, why it is gone, and keyed hashes of what was erased. */
export type Tombstone = {
  format: 1
  name: string
  version: string
  date: string
  license: string
  /** Digest of the manifest it had. */
  manifest: Sha
  rows: Manifest['rows']
  withdrawn: { at: string; request: string; reason: string; replacedBy?: string }
  /** Keyed hashes of the ids of erased records: they say nothing without the key, which can be destroyed. */
  erased: Sha[]
}
