import { existsSync } from 'node:fs'
import { hostname } from 'node:os'
import { join } from 'node:path'
import { StillroomError } from '../../errors/index.ts'
import { acceptCommand, readAcceptances } from '../../govern/index.ts'
import { withoutSecrets } from '../../records/index.ts'
import { isLoopback, modelsAt } from '../../teachers/index.ts'
import { journalHealth, lockHolder, workspacePaths } from '../../workspace/index.ts'
import { bytesBelow } from '../disk-forecast.ts'
import { pendingErasure } from '../erase/erase.ts'
import { leafTeachers, teacherFacts } from '../facts.ts'
import { listRuns, readRun } from '../log.ts'
import type { Project } from '../project.ts'
import { isReplay } from '../replay.ts'
import type { Check } from './check.ts'

const mib = (n: number): string => (n < 2 ** 30 ? `${(n / 2 ** 20).toFixed(1)} MiB` : `${(n / 2 ** 30).toFixed(1)} GiB`)
const plural = (n: number, one: string, many = `${one}s`): string => `${n} ${n === 1 ? one : many}`

/** A recipe, and what its teachers need: keys, terms, servers that answer. `recipe` is the error where it cannot be read. */
export async function checkRecipe(
  recipe: Project | unknown,
  env: Record<string, string | undefined>,
): Promise<Check[]> {
  if (recipe === undefined) return [{ name: 'recipe', is: 'ok', said: 'none here', next: 'stillroom init writes one' }]
  const wrong = (error: unknown): Check[] => {
    const { diagnostics = [], hint } = StillroomError.is(error) ? error : {}
    const said = `${(error as Error).message}${diagnostics.length > 1 ? ` (and ${diagnostics.length - 1} more)` : ''}`
    return [{ name: 'recipe', is: 'fail', said, next: hint ?? 'stillroom plan says where' }]
  }
  if (recipe instanceof Error || StillroomError.is(recipe)) return wrong(recipe)
  const project = recipe as Project
  try {
    const plan = await project.plan()
    const steps = plan.stages.reduce((n, stage) => n + stage.nodes.length, 0)
    const refused = teacherFacts(plan, project.workspace).filter(one => !one.verdict.mayCall)
    return [
      { name: 'recipe', is: 'ok', said: `${project.file}: ${plan.recipe.name}, ${plural(steps, 'step')}` },
      ...(
        await Promise.all(
          leafTeachers(plan).map(async ({ name, config, resolved }): Promise<Check[]> => {
            const { keyName, keyOptional, baseUrl, baseUrlFrom } = resolved
            const what = `teacher ${name}`
            const terms = refused.find(one => one.name === name)
            if (terms)
              return [
                { name: what, is: 'fail', said: `terms: ${terms.verdict.verdict}`, next: acceptCommand(terms.verdict) },
              ]
            if (keyName && !keyOptional && !env[keyName]?.trim())
              return [
                {
                  name: what,
                  is: 'fail',
                  said: `${resolved.id} needs ${keyName}, which is not set`,
                  next: `export ${keyName}=...`,
                },
              ]
            if (baseUrlFrom && !env[baseUrlFrom])
              return [
                {
                  name: what,
                  is: 'fail',
                  said: `${resolved.id} needs ${baseUrlFrom}, which is not set`,
                  next: 'stillroom simulate prints what to set',
                },
              ]
            const url = config.use === undefined ? baseUrl : undefined
            if (url === undefined || !isLoopback(url))
              return [
                {
                  name: what,
                  is: 'ok',
                  said: `${resolved.id}${keyName ? `, key in ${keyName}` : ''}`,
                  next: `stillroom doctor --teacher ${name} asks it`,
                },
              ]
            const key = keyName ? env[keyName]?.trim() : undefined
            const there = await modelsAt(url, { seconds: 2, ...(key ? { key } : {}) }).then(
              () => true,
              () => false,
            )
            if (there) return [{ name: what, is: 'ok', said: `${resolved.id} at ${withoutSecrets(url)}` }]
            return [
              {
                name: what,
                is: 'warn',
                said: `nothing answers at ${withoutSecrets(url)}`,
                next: `start the server of ${resolved.model}, or mend \`at:\``,
              },
            ]
          }),
        )
      ).flat(),
    ]
  } catch (error) {
    return wrong(error)
  }
}

/** A workspace: who has it, whether its journal is whole, what was left unfinished, what it takes of the disk. */
export function checkWorkspace(root: string): Check[] {
  if (!existsSync(root)) return [{ name: 'workspace', is: 'ok', said: 'none yet: the first run makes it' }]
  const paths = workspacePaths(root)
  const checks: Check[] = []
  const holder = lockHolder(paths.lock)
  if (holder) {
    const here = holder.host === hostname()
    checks.push({
      name: 'lock',
      is: 'ok',
      said: `process ${holder.pid}${here ? '' : ` on ${holder.host}`} is at work: ${holder.command}, since ${holder.since}`,
      next: here ? 'stillroom logs -f follows it' : `if that machine is gone, remove ${paths.lock}`,
    })
  } else if (existsSync(paths.lock)) {
    checks.push({ name: 'lock', is: 'ok', said: 'left by a process that is gone; the next one takes it over' })
  } else checks.push({ name: 'lock', is: 'ok', said: 'free' })
  const health = journalHealth(paths.journal)
  if (health === undefined) checks.push({ name: 'journal', is: 'ok', said: 'none yet: nothing was asked' })
  else if (health.damage !== undefined)
    checks.push({
      name: 'journal',
      is: 'fail',
      said: `damaged: ${health.damage}`,
      next: 'put a copy of journal.sqlite back; without one, `sqlite3 journal.sqlite .recover` saves what can be read. Do not remove it: every paid reply is in it',
    })
  else if (health.schema.found !== health.schema.expected && health.schema.found !== '1')
    checks.push({
      name: 'journal',
      is: 'fail',
      said: `schema ${health.schema.found}, this version reads ${health.schema.expected}`,
      next: 'use the version that wrote it',
    })
  else
    checks.push({
      name: 'journal',
      is: 'ok',
      said: `whole, ${plural(health.replies, 'reply', 'replies')}${health.orphans > 0 ? `, ${plural(health.orphans, 'call')} without one, which count in full against a budget` : ''}`,
    })
  if (health && health.openBatches > 0)
    checks.push({
      name: 'batches',
      is: 'warn',
      said: `${plural(health.openBatches, 'batch', 'batches')} under way at a provider`,
      next: 'stillroom batches lists them, and a run collects them',
    })
  if (pendingErasure(root))
    checks.push({
      name: 'erasure',
      is: 'fail',
      said: 'one was begun and did not come to its end',
      next: 'stillroom erase --yes',
    })
  const last = listRuns(paths).findLast(id => !isReplay(paths, id))
  const past = last === undefined || holder ? undefined : readRun(paths, last)
  if (past && past.status !== 'done' && past.status !== 'yield')
    checks.push({
      name: 'last run',
      is: 'warn',
      said: `${past.id}: ${past.status}${past.message ? `, ${past.message}` : ''}`,
      next: 'stillroom status says how it goes on',
    })
  checks.push(termsCheck(root))
  const [tasks, all] = [bytesBelow(paths.tasks), bytesBelow(root)]
  checks.push({
    name: 'size',
    is: 'ok',
    said: `${mib(all)}: journal ${mib(health?.bytes ?? 0)}, tasks ${mib(tasks)}`,
    ...(tasks > 2 ** 30 ? { next: 'stillroom gc shows what no recipe needs' } : {}),
  })
  return checks
}

function termsCheck(root: string): Check {
  try {
    const accepted = readAcceptances(root)
    if (accepted.length === 0 && !existsSync(join(root, 'terms.json')))
      return { name: 'terms', is: 'ok', said: 'nobody has accepted any here' }
    const named = accepted.map(({ provider, version, by }) => `${provider} ${version} by ${by}`)
    return { name: 'terms', is: 'ok', said: `accepted: ${named.join(', ') || 'none'}` }
  } catch (error) {
    return { name: 'terms', is: 'fail', said: (error as Error).message, next: (error as StillroomError).hint ?? '' }
  }
}
