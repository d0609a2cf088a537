import { acceptCommand, type TeacherFacts } from '../../govern/index.ts'
import { teacherFacts, writerFacts } from '../../run/index.ts'
import type { Run } from '../commands.ts'
import { indent, table, wrap } from '../layout.ts'
import { openRecipe } from '../open.ts'
import { reporterOf } from '../reporter.ts'

export const run: Run = async call => {
  const project = await openRecipe(call, call.args[0])
  const plan = await project.plan()
  const writers = writerFacts(plan, project.workspace)
  const teachers = [...teacherFacts(plan, project.workspace), ...writers]
  const isOpen = (teacher: TeacherFacts) =>
    writers.includes(teacher)
      ? !teacher.verdict.accepted && !teacher.verdict.verdict.startsWith('allowed')
      : !teacher.verdict.mayCall
  const reporter = reporterOf(call)
  const { width, paint } = reporter
  const purpose = Object.entries(plan.recipe.purpose).map(([name, value]) => `${name} ${value}`)
  reporter.say(
    paint(
      'bold',
      `Terms for ${plan.recipe.use}${purpose.length > 0 ? `: ${purpose.join(', ')}` : ' (the recipe states no purpose)'}`,
    ),
    '',
  )
  const rows = teachers.map(teacher => {
    const { name, id, verdict: v } = teacher
    return [
      name,
      id,
      paint(isOpen(teacher) ? 'red' : 'green', v.verdict),
      v.entry?.version ?? '',
      v.accepted ? `${v.accepted.version} by ${v.accepted.by}, ${v.accepted.at}` : '',
    ]
  })
  reporter.say(
    table(
      [
        { head: 'teacher' },
        { head: 'model' },
        { head: 'verdict' },
        { head: 'version' },
        { head: 'accepted', flex: true },
      ],
      rows,
      width,
      text => paint('bold', text),
    ),
  )
  for (const teacher of teachers) {
    const { name, verdict: v } = teacher
    const written = writers.includes(teacher)
    const lines = [
      ...(written ? [`Wrote the answers of the source ${name}.`] : []),
      v.entry ? `${v.entry.title} (${v.entry.sure}${v.entry.url ? `, ${v.entry.url}` : ''}). ${v.why}` : v.why,
      ...v.obligations.map(duty => `Obligation: ${duty}`),
    ]
    if (isOpen(teacher))
      lines.push(
        `No ${written ? 'release goes out' : 'call is made'} until somebody who may decide it runs: ${acceptCommand(v)}`,
      )
    reporter.say('', paint('bold', name), indent(lines.flatMap(line => wrap(line, width - 2))))
  }
  reporter.result({ use: plan.recipe.use, purpose: plan.recipe.purpose, teachers })
  return 0
}
