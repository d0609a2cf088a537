import type { Rec } from '../../records/index.ts'
import { recordsOf } from '../../run/index.ts'
import type { Run } from '../commands.ts'
import { look } from '../look.ts'
import { finishedRun } from '../open.ts'
import { pick, rowLines } from '../rows.ts'

export const run: Run = call =>
  look(call, ({ archive, reporter, root, runs }) => {
    const { n = 5, seed = 1 } = call.given
    const past = finishedRun(runs(), call.io, root)
    const rows: Rec[] = pick(recordsOf(archive.store, past), n, seed)
    reporter.say(rowLines(archive.store, past, rows, reporter))
    reporter.result({ run: past.id, seed, rows })
    return 0
  })
