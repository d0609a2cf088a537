/**
 * What is going on in a run, stage by stage: work that reads, asks or writes, as against work that waits for a shard, a
 * batch or a parked route. A batch is cut when no work is left that could add to it.
 */
export type Activity = {
  /** Work in a stage begins; the function it returns says that it ended or was laid aside. */
  begin(stage: string): () => void
  /** Calls back each time that nothing is going on in any of these stages. */
  whenQuiet(stages: readonly string[], quiet: () => void): void
}

/** Turns of the event loop in which work that is handed from one stage to the next is taken up. */
const handover = 4

export function createActivity(): Activity {
  const going = new Map<string, number>()
  const watchers: { stages: readonly string[]; quiet: () => void }[] = []
  let began = 0
  let looking = false

  /** Looks again until nothing new has begun for a few turns. */
  function look(turnsLeft: number, seen: number): void {
    setImmediate(() => {
      if (began !== seen) look(handover, began)
      else if (turnsLeft > 0) look(turnsLeft - 1, seen)
      else {
        looking = false
        for (const { stages, quiet } of watchers) if (stages.every(stage => !going.get(stage))) quiet()
      }
    })
  }
  return {
    begin(stage) {
      began++
      going.set(stage, (going.get(stage) ?? 0) + 1)
      let ended = false
      return () => {
        if (ended) return
        ended = true
        going.set(stage, going.get(stage)! - 1)
        if (watchers.length === 0 || looking) return
        looking = true
        look(handover, began)
      }
    },
    whenQuiet: (stages, quiet) => void watchers.push({ stages, quiet }),
  }
}
