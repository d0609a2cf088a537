/** A process that reads broken files, one after the other, and tells what became of each. */
import { readdirSync, readFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { basename, dirname } from 'node:path'
import { StillroomError } from '../../../src/errors/index.ts'
import { listFiles, readSource, type SourceConfig, sourceReasons } from '../../../src/sources/index.ts'

export type Told = {
  records: number
  rejected: { [reason: string]: number }
  /** Milliseconds of processor time of this process. */
  cpu: number
  /** What must not happen. */
  wrong: string[]
  /** Highest resident memory of this process so far, in MB. */
  peak: number
}

async function read(absolute: string): Promise<Told> {
  const began = process.cpuUsage()
  const wrong: string[] = []
  const rejected: Told['rejected'] = {}
  let records = 0
  const config = { files: basename(absolute) } as SourceConfig
  try {
    for (const file of await listFiles(config, dirname(absolute))) {
      for await (const item of readSource('given', config, file)) {
        // A view that never ends is one of rows that never end: whoever reads them says when it is enough.
        if (item.is === 'record' && ++records >= rows) break
        if (item.is !== 'rejected') continue
        rejected[item.reason] = (rejected[item.reason] ?? 0) + 1
        if (!(item.reason in sourceReasons)) wrong.push(`reason ${item.reason}`)
        if (JSON.stringify(item.evidence).length > 5000) wrong.push('long evidence')
      }
    }
  } catch (error) {
    if (StillroomError.is(error)) rejected[error.code] = 1
    if (!StillroomError.is(error) || !allowed.includes(error.code))
      wrong.push(`throws ${String((error as Error)?.stack ?? error).slice(0, 400)}`)
  }
  const { user, system } = process.cpuUsage(began)
  const left = readdirSync(tmpdir()).filter(name => name.startsWith('stillroom-'))
  if (left.length > 0) wrong.push(`left ${left.join(', ')}`)
  return { records, rejected, cpu: (user + system) / 1000, wrong, peak: peak() }
}

/** Of this program alone: what `resourceUsage` tells begins with the memory of the process that it was forked from. */
function peak(): number {
  try {
    return Number(/VmHWM:\s+(\d+)/.exec(readFileSync('/proc/self/status', 'utf8'))![1]) / 1024
  } catch {
    return process.resourceUsage().maxRSS / 1024
  }
}

/** A database that is broken in its list of tables may seem to have none, or several: that is said before anything is read. */
const allowed = ['SR_SOURCE_SQL']
/** Records after which it is enough. */
const rows = Number(process.argv[2])

process.on('unhandledRejection', error => process.send!({ unhandled: String((error as Error)?.stack ?? error) }))
process.on('message', async (absolute: string) => process.send!(await read(absolute)))
process.on('disconnect', () => process.exit(0))
