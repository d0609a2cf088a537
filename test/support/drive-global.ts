import { deserialize, serialize } from 'node:v8'
import type { Id, Json, Rec } from '../../src/records/index.ts'
import type { Applied, Draft, GlobalStep } from '../../src/steps/index.ts'

/** A decision, an artifact or a record as another process would receive it. */
export const carried = <T>(value: T): T => deserialize(serialize(value))

/**
 * Runs a global over arrays as the engine does over shards: survey each shard and each side shard, merge in that order,
 * decide each partition, combine, then apply with the shard's own slice of the decision. Everything that would cross a
 * process boundary is serialised. `vectors` are what earlier steps noted, by record id and step key.
 */
export function driveGlobal<O>(
  step: GlobalStep<O>,
  shards: Rec[][],
  options: unknown,
  more: {
    side?: { [name: string]: Rec[][] }
    seed?: string
    vectors?: { [id: Id]: { [step: string]: Float32Array } }
  } = {},
) {
  const parsed = step.options.parse(options)
  let decision: { shared?: Json; each: Map<Id, Json>; notes?: string[] } = { each: new Map() }
  let earlier: unknown
  const vector = (record: Rec, step: string) => more.vectors?.[record.id]?.[step]
  for (const [n, pass] of step.passes.entries()) {
    const { slice } = step.passes[n - 1] ?? {}
    const merged = new Map<number, unknown>()
    const inputs = [
      ...shards.map(records => ({ records, side: undefined as string | undefined })),
      ...Object.entries(more.side ?? {}).flatMap(([side, all]) => all.map(records => ({ records, side }))),
    ]
    for (const { records, side } of inputs) {
      if (pass.of === 'sides' && side === undefined) continue
      const ids = records.map(r => r.id)
      const needed = slice ? slice(earlier, ids, side) : earlier
      if (slice && needed === undefined) continue
      const at = {
        ...(side === undefined ? {} : { side }),
        earlier: carried(needed),
        seed: more.seed ?? 'seed',
        vector,
      }
      const survey = pass.survey(records, parsed, at)
      for (const [part, artifact] of carried(survey)) {
        merged.set(part, merged.has(part) ? pass.merge(merged.get(part), artifact) : artifact)
      }
    }
    const parts = [...merged.keys()].sort((a, b) => a - b)
    earlier = pass.combine(
      parts.map(part => carried(pass.decide(part, merged.get(part), parsed))),
      parsed,
    )
    decision = earlier as typeof decision
  }
  const verdicts = new Map<Id, Applied>()
  const kept: Rec[] = []
  for (const shard of shards) {
    const slice = carried(
      new Map(shard.flatMap(r => (decision.each.has(r.id) ? [[r.id, decision.each.get(r.id)!]] : []))),
    )
    for (const record of shard) {
      const verdict = step.apply(record, slice.get(record.id), carried(decision.shared), parsed, { vector })
      verdicts.set(record.id, verdict)
      if (verdict.is === 'passed') kept.push(record)
      if (verdict.is === 'fixed') kept.push({ ...record, ...verdict.payload } as Rec)
    }
  }
  const emitted: Draft[] = [...(step.emit?.(decision.shared, parsed) ?? [])]
  return { verdicts, kept, shared: decision.shared, notes: decision.notes ?? [], emitted }
}

/** The dropped ids by reason, sorted, for assertions. */
export function droppedBy(verdicts: Map<Id, Applied>): { [reason: string]: Id[] } {
  const by: { [reason: string]: Id[] } = {}
  for (const [id, v] of verdicts) {
    if (v.is === 'dropped') by[v.reason] = [...(by[v.reason] ?? []), id]
  }
  for (const ids of Object.values(by)) ids.sort()
  return by
}

/** Cuts a list into shards of the given sizes (the rest is the last shard). */
export function shardsOf<T>(items: T[], sizes: number[]): T[][] {
  const shards: T[][] = []
  let at = 0
  for (const size of sizes) {
    if (at >= items.length) break
    shards.push(items.slice(at, at + size))
    at += size
  }
  if (at < items.length || shards.length === 0) shards.push(items.slice(at))
  return shards
}
