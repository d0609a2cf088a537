import { StillroomError } from '../errors/index.ts'
import type { Plan } from '../recipe/index.ts'
import type { Batch, Emit } from '../workspace/index.ts'
import { openBatches } from './batches.ts'
import { openPurse } from './purse.ts'
import type { Session } from './session.ts'
import { createStop } from './stop.ts'
import { openTeachers } from './teachers.ts'

/**
 * Cancels batches that are not over, all or those whose ids begin so. What a provider had done is paid for and kept; the
 * rest is free to be asked again. Returns them as they stand then.
 * @throws StillroomError SR_NOT_FOUND when there is none, or no teacher of the recipe reaches it.
 */
export async function cancelBatches(
  plan: Plan,
  session: Session,
  run: { env: Record<string, string | undefined>; id?: string; emit: Emit },
): Promise<Batch[]> {
  const { journal, clock, reached } = session
  const open = journal.batches({ open: true }).filter(({ id }) => id.startsWith(run.id ?? ''))
  if (open.length === 0) {
    throw new StillroomError(
      'SR_NOT_FOUND',
      run.id ? `No batch under way is called ${run.id}.` : 'No batch is under way.',
      {
        hint: 'stillroom batches lists them',
      },
    )
  }
  const stop = createStop()
  const teachers = await openTeachers(plan, session, { env: run.env, closed: false, emit: run.emit })
  try {
    const purse = openPurse(journal.spent(), {}, stop)
    for (const { id, provider, model, revision } of open) {
      const to = teachers.all.find(
        ({ teacher }) => teacher.provider === provider && teacher.model === model && teacher.revision === revision,
      )
      if (!to?.teacher.batch) {
        throw new StillroomError(
          'SR_NOT_FOUND',
          `No teacher of this recipe reaches ${provider}/${model}, where batch ${id} is.`,
          {
            hint: 'name the recipe that began it',
          },
        )
      }
      const never = (): Promise<void> => Promise.reject(new Error('nothing is asked while batches are cancelled'))
      const batches = openBatches(to, {
        ...{ journal, purse, clock, stop, emit: run.emit, reached },
        // Rows are only read back: no seed goes out.
        ...{ seedOf: () => 0, online: never },
      })
      await batches.cancel(id)
    }
  } finally {
    await teachers.close()
  }
  const ids = new Set(open.map(({ id }) => id))
  return journal.batches().filter(({ id }) => ids.has(id))
}
