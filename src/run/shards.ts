import { endsShard, type Piece, type Sha, sha256, shardTarget } from '../records/index.ts'
import type { Store, TaskWriter } from '../workspace/index.ts'
import { type Carried, decode, encode, rootOf } from './carried.ts'

/** A shard: pieces of finished tasks that follow one another. It is read where it lies and never copied together. */
export type ShardRef = { digest: Sha; lines: number; pieces: { task: Sha; piece: Piece }[] }

function refOf(pieces: ShardRef['pieces']): ShardRef {
  const digest = pieces.length === 1 ? pieces[0]!.piece.digest : sha256(pieces.map(p => p.piece.digest).join('\n'))
  return { digest, lines: pieces.reduce((sum, p) => sum + p.piece.lines, 0), pieces }
}

/** A map keeps its input's shards: everything one task wrote is one shard. */
export function wholeShard(task: Sha, output: Piece[]): ShardRef | undefined {
  return output.length === 0 ? undefined : refOf(output.map(piece => ({ task, piece })))
}

/** Globals write new shards: pieces are joined, in order, up to the next boundary. */
export function joinShards(outputs: { task: Sha; output: Piece[] }[]): ShardRef[] {
  const shards: ShardRef[] = []
  let open: ShardRef['pieces'] = []
  for (const { task, output } of outputs) {
    for (const piece of output) {
      open.push({ task, piece })
      if (!piece.closed) continue
      shards.push(refOf(open))
      open = []
    }
  }
  if (open.length > 0) shards.push(refOf(open))
  return shards
}

/** Records of a shard in order; at most one frame is decoded at a time. */
export function* readShard(store: Store, shard: ShardRef): Generator<Carried> {
  for (const { task, piece } of shard.pieces) {
    for (const lines of store.lines(task, piece)) for (const line of lines) yield decode(line)
  }
}

/**
 * Writes records and cuts by the boundary rule: after a family whose root says so, or at four times the target. The end
 * of a task is the end of its last family: without that cut the output of a global would be one shard.
 */
export function cuttingWriter(writer: TaskWriter): { write(item: Carried): void; end(): void } {
  let root: string | undefined
  let families = 0
  function endFamily(): void {
    families++
    if (endsShard(root!) || families >= 4 * shardTarget) {
      writer.cut()
      families = 0
    }
  }
  return {
    write(item) {
      const next = rootOf(item)
      if (root !== undefined && next !== root) endFamily()
      root = next
      writer.output(encode(item))
    },
    end() {
      if (root !== undefined) endFamily()
    },
  }
}

/** Digest of a whole input: what a side input, a corpus parent or a stage's input is known by. */
export function inputDigest(shards: ShardRef[]): Sha {
  return sha256(shards.map(s => s.digest).join('\n'))
}

/** What every stage of a past run put out, as its tasks left it. */
export function shardsOf(
  store: Store,
  past: { tasks: readonly { stage: string; task: Sha }[] },
): Map<string, ShardRef[]> {
  const byStage = Map.groupBy(past.tasks, ({ stage }) => stage)
  return new Map(
    [...byStage].map(([stage, tasks]) => [
      stage,
      joinShards(tasks.map(({ task }) => ({ task, output: store.done(task)?.output ?? [] }))),
    ]),
  )
}
