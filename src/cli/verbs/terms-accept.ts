import { StillroomError } from '../../errors/index.ts'
import { acceptCommand, register, writeAcceptance } from '../../govern/index.ts'
import { didYouMean } from '../../recipe/index.ts'
import { type Project, teacherFacts, writerFacts } from '../../run/index.ts'
import type { Run } from '../commands.ts'
import { here, recipeIfAny, workspaceFolder } from '../open.ts'
import { reporterOf } from '../reporter.ts'

export const run: Run = async call => {
  const { io, given } = call
  const provider = call.args[0]!
  const project = await recipeIfAny(call)
  const root = project?.workspace ?? workspaceFolder(call)
  const known = new Map([
    ...register.entries.map(({ id, version }) => [id, version] as const),
    ...(await routes(project)),
  ])
  if (!known.has(provider)) {
    throw new StillroomError('SR_USAGE', `No terms are filed under ${provider}.`, {
      expected: [...known.keys()].join(', '),
      hint: didYouMean(provider, [...known.keys()]) ?? 'stillroom terms names the key of each teacher',
    })
  }
  const version = known.get(provider)
  for (const option of ['by', 'version'] as const) {
    if (given[option]?.trim()) continue
    throw new StillroomError('SR_USAGE', `--${option} is missing.`, {
      expected: option === 'by' ? 'who read and accepts the terms' : 'version or date of the terms that were read',
      hint: acceptCommand({ key: provider, ...(version === undefined ? {} : { entry: { version } }) }),
    })
  }
  const accepted = {
    provider,
    version: given.version ?? '',
    by: given.by ?? '',
    at: io.now().toISOString().slice(0, 10),
    ...(given.note ? { note: given.note } : {}),
  }
  writeAcceptance(root, accepted)
  const reporter = reporterOf(call)
  reporter.say(
    `${accepted.by} accepts the terms of ${provider}, version ${accepted.version}, on ${accepted.at}; kept in ${here(io, root)}.`,
  )
  const current = known.get(provider)
  if (current !== undefined && current !== accepted.version) {
    reporter.say(
      reporter.paint(
        'yellow',
        `The register knows version ${current}: an acceptance of ${accepted.version} does not count for it.`,
      ),
    )
  }
  reporter.result(accepted)
  return 0
}

/** Keys under which the teachers of the recipe at hand need an acceptance, with the version the register knows. */
async function routes(project: Project | undefined): Promise<[string, string | undefined][]> {
  if (!project) return []
  const plan = await project.plan()
  const teachers = [...teacherFacts(plan, project.workspace), ...writerFacts(plan, project.workspace)]
  return teachers.map(({ verdict }) => [verdict.key, verdict.entry?.version])
}
