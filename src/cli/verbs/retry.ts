import { StillroomError } from '../../errors/index.ts'
import { isReplay, listRuns, readRun, rejectsOf, retry } from '../../run/index.ts'
import type { Run } from '../commands.ts'
import { counted, dollars } from '../figures.ts'
import { noRun, openRecipe, takeWorkspace } from '../open.ts'
import { reporterOf } from '../reporter.ts'

export const run: Run = async call => {
  const { io, given } = call
  const project = await openRecipe(call, given.recipe)
  const session = takeWorkspace(call, project, 'retry')
  try {
    const id = listRuns(session.paths).findLast(one => !isReplay(session.paths, one))
    if (id === undefined) throw noRun(io, project.workspace, 'run')
    const past = readRun(session.paths, id)
    const { reason, step } = given
    if (reason === undefined) {
      const reasons = new Set([...rejectsOf(session.store, past, step ? { step } : {})].map(reject => reject.reason))
      throw new StillroomError('SR_USAGE', '--reason is missing.', {
        expected: [...reasons].sort().join(', ') || 'a reason',
        hint: 'stillroom show rejects says what each of them is about',
      })
    }
    const done = retry(session, past, { reason, ...(step ? { step } : {}) })
    if (done.rejects === 0) {
      throw new StillroomError('SR_NOT_FOUND', `Run ${id} dropped nothing for ${reason}${step ? ` at ${step}` : ''}.`, {
        hint: 'stillroom show rejects shows what it dropped',
      })
    }
    const reporter = reporterOf(call)
    if (done.calls.length === 0) {
      reporter.say(
        `${counted(done.rejects, 'reject')} for ${reason}, and none of them names a call: another option, not another reply, would change it.`,
      )
    } else {
      const teachers = [...new Set(done.calls.map(one => one.teacher))].sort()
      const total = (of: (one: (typeof done.calls)[number]) => number | null): number | null =>
        done.calls.some(one => of(one) === null) ? null : done.calls.reduce((n, one) => n + (of(one) ?? 0), 0)
      reporter.say(
        `${counted(done.rejects, 'reject')} for ${reason}: ${counted(done.calls.length, 'call')} to ${teachers.join(', ')} will be asked again.`,
        `They cost ${dollars(total(one => one.usd))} before, and can cost ${dollars(total(one => one.atMost))} at most.`,
        `${counted(done.tasks.length, 'task')} will run again; every other reply comes out of the journal.`,
        'Next: stillroom run',
      )
    }
    reporter.result({ run: id, reason, ...done })
    return 0
  } finally {
    session.close()
  }
}
