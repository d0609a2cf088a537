import { StillroomError } from '../../errors/index.ts'
import { callsOf, exchanges, gatesOf, type Story, teacherFacts, tellStory } from '../../run/index.ts'
import type { Run } from '../commands.ts'
import { type Look, look } from '../look.ts'
import { storyLines, type Told } from '../story-text.ts'

export const run: Run = call =>
  look(call, async at => {
    const prefix = call.args[0]!.toLowerCase()
    if (!/^[0-9a-f]{4,32}$/.test(prefix)) {
      throw new StillroomError('SR_USAGE', `${call.args[0]} is no record id.`, {
        expected: 'at least 4 hexadecimal digits of an id, or `rows` or `rejects`',
        hint: 'stillroom show rows and stillroom show rejects print ids',
      })
    }
    const told = await tell(at, prefix)
    const { reporter } = at
    reporter.say(storyLines(told, reporter, call.given.full ?? false))
    const { story, run, exchanges: calls, teachers, gates } = told
    reporter.result({ run: run.id, ...story, calls: [...calls.values()], terms: [...teachers.values()], gates })
    return 0
  })

/** The story out of the latest run that knows the record. */
async function tell({ archive, project, runs }: Look, prefix: string): Promise<Told> {
  let missing: unknown
  for (const run of runs()) {
    let story: Story
    try {
      story = tellStory(archive.store, run, prefix)
    } catch (error) {
      if (!StillroomError.is(error) || error.received !== undefined) throw error
      missing ??= error
      continue
    }
    const calls = callsOf(story.record, story.parents).map(({ call }) => call)
    const plan = await project?.plan()
    return {
      run,
      story,
      exchanges: new Map(exchanges(archive.journal, calls).map(one => [one.row.call, one])),
      teachers: new Map(
        plan && project
          ? teacherFacts(plan, project.workspace).map(teacher => [
              `${teacher.route.provider}/${teacher.route.model}`,
              teacher,
            ])
          : [],
      ),
      prompts: new Map(
        plan?.stages.flatMap(s => s.nodes.flatMap(n => n.prompts.map(p => [p.digest, p.name] as const))) ?? [],
      ),
      gates: plan && project ? gatesOf(plan, { funnel: run.funnel, ...run.told }, project.workspace) : [],
    }
  }
  throw missing
}
