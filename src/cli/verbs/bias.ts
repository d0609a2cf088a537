import { existsSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { type BiasReport, biasOfRelease, biasOfRun, biasVerdict, keepMeasured, lastFinished } from '../../run/index.ts'
import type { Run } from '../commands.ts'
import { thousands } from '../figures.ts'
import { table, wrap } from '../layout.ts'
import { here, noRun, openRecipe, takeWorkspace } from '../open.ts'
import { type Reporter, reporterOf } from '../reporter.ts'

export const run: Run = async call => {
  const { io, given } = call
  const reporter = reporterOf(call)
  const named = call.args[0] ?? given.recipe
  const dir = named === undefined ? undefined : resolve(io.cwd, named)
  if (dir !== undefined && existsSync(join(dir, 'manifest.json'))) {
    const report = await biasOfRelease(dir)
    reporter.say(linesOf(report, reporter))
    reporter.result({ release: here(io, dir), ...biasVerdict(report), report })
    return 0
  }
  const project = await openRecipe(call, named)
  const plan = await project.plan()
  const session = takeWorkspace(call, project, 'bias')
  try {
    const past = lastFinished(session.paths, { recipe: plan.recipe.name, restricted: false })
    if (!past) throw noRun(io, project.workspace, 'finished run of this recipe')
    const report = biasOfRun(plan, past, session.store)
    const verdict = biasVerdict(report)
    reporter.say(linesOf(report, reporter))
    const of = past.rows && { name: plan.recipe.name, digest: past.rows }
    const kept = of
      ? keepMeasured(project.workspace, {
          ...{ format: 1, kind: 'bias', ...verdict, of },
          found: JSON.parse(JSON.stringify(report)),
        })
      : undefined
    if (kept) reporter.say('', `Kept in ${here(io, kept)}: the gate \`bias\` finds it when these rows are released.`)
    reporter.result({ run: past.id, ...verdict, ...(kept ? { kept: here(io, kept) } : {}), report })
    return 0
  } finally {
    session.close()
  }
}

const percent = (share: number) => `${(100 * share).toFixed(1)} %`
const between = ({ low, high }: { low: number; high: number }) => `${percent(low)} to ${percent(high)}`
const right = (head: string) => ({ head, right: true })

function linesOf(report: BiasReport, { width, paint }: Pick<Reporter, 'width' | 'paint'>): string[] {
  const bold = (text: string) => paint('bold', text)
  const section = (title: string, lines: string[]) => (lines.length > 0 ? [bold(title), ...lines, ''] : [])
  const groups = report.representation.flatMap(one =>
    one.known === 0
      ? []
      : one.groups.map(({ group, n, share, ratio, ...interval }) => [
          one.attribute,
          group,
          thousands(n),
          one.insufficient ? 'insufficient sample' : percent(share),
          one.insufficient ? '' : between(interval),
          one.insufficient || ratio === undefined ? '' : ratio.toFixed(2),
        ]),
  )
  const words = report.associations.flatMap(one => {
    const pair = `${one.attribute}: ${one.first} (${thousands(one.rows[0])} rows) and ${one.second} (${thousands(one.rows[1])})`
    if ('insufficient' in one) return [`${pair}: insufficient sample`]
    const side = (of: typeof one.words) => of.map(({ word, z }) => `${word} ${z.toFixed(1)}`).join(', ') || 'none'
    return [
      `${pair}, ${thousands(one.compared)} words compared:`,
      ...wrap(`  ${one.first}: ${side(one.words.filter(({ z }) => z > 0).slice(0, 12))}`, width),
      ...wrap(
        `  ${one.second}: ${side(
          one.words
            .filter(({ z }) => z < 0)
            .slice(-12)
            .reverse(),
        )}`,
        width,
      ),
    ]
  })
  const filters = report.filters.flatMap(({ step, attribute, groups, ratio, flagged }) =>
    groups.map((group, i) => [
      ...[step, `${attribute}: ${group.group}`, thousands(group.in), percent(group.rate), between(group)],
      i > 0 ? '' : ratio === undefined ? 'insufficient sample' : `${ratio.toFixed(2)}${flagged ? ', under 0.80' : ''}`,
    ]),
  )
  return [
    ...section(
      `Who is spoken of in ${thousands(report.rows)} rows, among those that name a group`,
      groups.length > 0
        ? table(
            [
              { head: 'attribute' },
              { head: 'group' },
              right('rows'),
              right('share'),
              { head: '95 %' },
              right('against real'),
            ],
            groups,
            width,
            bold,
          )
        : ['No row names a group that the list of words knows.'],
    ),
    ...section('Words that go with one group (z of log-odds; false ones at most 5 %)', words),
    ...section(
      'Who passes the filters',
      filters.length > 0
        ? table(
            [
              { head: 'step' },
              { head: 'group' },
              right('in'),
              right('passed'),
              { head: '95 %' },
              { head: 'lowest / highest' },
            ],
            filters,
            width,
            bold,
          )
        : [],
    ),
    ...section(
      'Scores with the groups exchanged',
      report.swaps.map(
        ({ score, n, distance, interval, difference, flips }) =>
          `${score}: ${thousands(n)} rows, mean distance ${distance.toFixed(2)}${interval ? ` (${interval.low.toFixed(2)} to ${interval.high.toFixed(2)})` : ', insufficient sample for an interval'}, mean difference ${difference.toFixed(2)}${flips ? `, ${flips.n} flips (${between(flips)})` : ''}`,
      ),
    ),
    ...section(
      'Pairs in which one side alone names a group',
      report.preferences.map(
        ({ attribute, group, share, of, ...interval }) =>
          `${attribute}: ${group} is the chosen side in ${percent(share)} (${between(interval)}) of ${thousands(of)}`,
      ),
    ),
    ...report.limits.flatMap(limit => wrap(limit, width)),
  ]
}
