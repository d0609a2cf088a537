import { endsShard, fileId } from '../../src/records/index.ts'

/**
 * The same files of a source under names whose records each end a shard: many tasks out of few documents, so that the
 * stages behind one another work at the same time. Their order stays.
 */
export function scattered(source: string, files: { [path: string]: string }): { [path: string]: string } {
  return Object.fromEntries(
    Object.entries(files).map(([path, text]) => {
      const [stem = '', end = ''] = path.split(/(?=\.[a-z]+$)/)
      for (let n = 0; ; n++) {
        const name = `${stem}-${n}${end}`
        if (endsShard(fileId(source, name))) return [name, text]
      }
    }),
  )
}
