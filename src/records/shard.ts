import { createHash, type Hash } from 'node:crypto'
import { constants, zstdCompressSync, zstdDecompressSync } from 'node:zlib'
import type { Id, Sha } from './record.ts'

/** log2 of the mean number of families in a shard; constant, because shard boundaries are part of every task key. */
const boundaryBits = 7
export const shardTarget: number = 2 ** boundaryBits

/** True where a shard ends after the family with this root: the low bits of its hash are zero, whatever stands before. */
export function endsShard(root: Id): boolean {
  return (Number.parseInt(root.slice(-4), 16) & (shardTarget - 1)) === 0
}

/** A zstd frame in a file. Frames stand one after another, so the whole file is valid zstd too. */
export type Frame = [offset: number, bytes: number]
/** A run of lines between two boundaries. `closed` says that a shard ends here. The digest is over the uncompressed lines. */
export type Piece = { digest: Sha; lines: number; frames: Frame[]; closed: boolean }

const frameBytes = 1 << 20
const level = { params: { [constants.ZSTD_c_compressionLevel]: 1 } }

/**
 * Turns lines into compressed frames and pieces. Pure but for its buffer: bytes go out through `write`, in order.
 * A frame holds about one MiB of lines at most, so that a reader's memory is bounded.
 */
export function pieceEncoder(write: (bytes: Uint8Array) => void): {
  line(text: string): void
  cut(): void
  end(): Piece[]
} {
  const pieces: Piece[] = []
  let offset = 0
  let buffered: string[] = []
  let size = 0
  let lines = 0
  let frames: Frame[] = []
  let hash: Hash = createHash('sha256')

  function flush(): void {
    if (buffered.length === 0) return
    const raw = Buffer.from(`${buffered.join('\n')}\n`)
    hash.update(raw)
    const packed = zstdCompressSync(raw, level)
    write(packed)
    frames.push([offset, packed.length])
    offset += packed.length
    buffered = []
    size = 0
  }
  function close(closed: boolean): void {
    flush()
    if (lines === 0) return
    pieces.push({ digest: hash.digest('hex'), lines, frames, closed })
    lines = 0
    frames = []
    hash = createHash('sha256')
  }
  return {
    line(text) {
      buffered.push(text)
      lines++
      size += text.length
      if (size >= frameBytes) flush()
    },
    cut: () => close(true),
    end() {
      close(false)
      return pieces
    },
  }
}

/** The lines of one frame. */
export function decodeFrame(packed: Uint8Array): string[] {
  const text = zstdDecompressSync(packed).toString('utf8')
  const lines = text.split('\n')
  lines.pop()
  return lines
}
