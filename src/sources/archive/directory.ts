import { type Entry, openPromise } from 'yauzl'

/** One entry of the central directory of a zip. Sizes are what it says. */
export type Listed = {
  raw: Buffer
  flags: number
  method: number
  crc: number
  packed: number
  bytes: number
  /** Of the local header, from the beginning of the file. */
  offset: number
  /** Type bits of a Unix mode, where there are any. */
  mode: number
  extra: { id: number; data: Buffer }[]
}

/** At most `most` entries of the central directory of a zip, and what went wrong with it. Throws what the file system says. */
export async function listed(absolute: string, most: number): Promise<{ entries: Listed[]; error?: string }> {
  const entries: Listed[] = []
  let zip: Awaited<ReturnType<typeof openPromise>> | undefined
  try {
    zip = await openPromise(absolute, { decodeStrings: false, validateEntrySizes: false, autoClose: false })
    for await (const entry of zip.eachEntry()) {
      entries.push(asListed(entry))
      if (entries.length >= most) break
    }
    return { entries }
  } catch (error) {
    if (/^E[A-Z]+$/.test((error as NodeJS.ErrnoException).code ?? '')) throw error
    return { entries, error: (error as Error).message }
  } finally {
    zip?.close()
  }
}

function asListed(entry: Entry): Listed {
  const host = entry.versionMadeBy >> 8
  const unix = host === 3 || host === 19
  return {
    raw: Buffer.from(entry.fileNameRaw),
    flags: entry.generalPurposeBitFlag,
    method: entry.compressionMethod,
    crc: entry.crc32,
    packed: entry.compressedSize,
    bytes: entry.uncompressedSize,
    offset: entry.relativeOffsetOfLocalHeader,
    mode: unix ? (entry.externalFileAttributes >>> 16) & 0o170000 : 0,
    extra: entry.extraFields.filter(({ id }) => id === 0x7075).map(({ id, data }) => ({ id, data: Buffer.from(data) })),
  }
}
