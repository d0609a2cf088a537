import { exits, StillroomError } from '../../errors/index.ts'
import { type Check, checkMachine, checkRecipe, checkWorkspace, type Project } from '../../run/index.ts'
import type { Call, Run } from '../commands.ts'
import { doctorTeacher } from '../doctor-teacher.ts'
import { indent, pad, wrap } from '../layout.ts'
import { recipeIfAny, workspaceFolder } from '../open.ts'
import { type Reporter, reporterOf } from '../reporter.ts'

const colours = { ok: 'green', warn: 'yellow', fail: 'red' } as const

export const run: Run = async call => {
  const { io, given, args } = call
  const named = args[0] ?? given.recipe
  const project = await recipeOrError(call, named)
  if (given.teacher !== undefined) return doctorTeacher(call, project, given.teacher)
  if (given.at !== undefined) {
    throw new StillroomError('SR_USAGE', '--at says where a teacher is, and none is named.', {
      hint: 'stillroom doctor --teacher <model> --at <url>',
    })
  }
  const root = workspaceFolder(call, named)
  const groups: [string, Check[]][] = [
    ['This machine', await checkMachine(root, io.env)],
    ['Recipe', await checkRecipe(project, io.env)],
    ['Workspace', checkWorkspace(root)],
  ]
  const reporter = reporterOf(call)
  const all = groups.flatMap(([, checks]) => checks)
  const width = Math.max(...all.map(({ name }) => name.length))
  for (const [i, [title, checks]] of groups.entries()) {
    reporter.say(
      ...(i > 0 ? [''] : []),
      reporter.paint('bold', title),
      ...checks.flatMap(one => lines(one, width, reporter)),
    )
  }
  const count = (is: Check['is']): number => all.filter(one => one.is === is).length
  const [fails, warns] = [count('fail'), count('warn')]
  reporter.say('', fails + warns === 0 ? 'All is well.' : `${fails} failed, ${warns} to be looked at.`)
  reporter.result({ checks: all })
  return fails > 0 ? exits.failed : exits.done
}

/** The recipe, none, or what is wrong with it. */
async function recipeOrError(call: Call, named: string | undefined): Promise<Project | undefined | Error> {
  try {
    return await recipeIfAny(call, named)
  } catch (error) {
    return error as Error
  }
}

function lines({ name, is, said, next }: Check, wide: number, { width, paint }: Reporter): string[] {
  const head = `${paint(colours[is], pad(is, 4))}  ${pad(name, wide)}  `
  const room = Math.max(30, width - wide - 8)
  const text = [...wrap(said, room), ...(next ? wrap(`-> ${next}`, room) : [])]
  return [`${head}${text[0] ?? ''}`.trimEnd(), ...indent(text.slice(1), ' '.repeat(wide + 8))]
}
