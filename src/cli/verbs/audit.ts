import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join, resolve } from 'node:path'
import { StillroomError } from '../../errors/index.ts'
import { clopperPearson } from '../../measure/index.ts'
import { sha256 } from '../../records/index.ts'
import {
  askJudge,
  auditFolder,
  auditOfRelease,
  auditOfStep,
  conclude,
  drawRows,
  type Evidence,
  inPercent,
  type Judge,
  type Judged,
  judgeFor,
  keepEvidence,
  type PeopleSaid,
  run as runPlan,
} from '../../run/index.ts'
import { readFromPeople, writeForPeople } from '../audit-file.ts'
import type { Call, Run } from '../commands.ts'
import { counted, thousands } from '../figures.ts'
import { follow } from '../follow.ts'
import { callTable } from '../funnel.ts'
import { table, wrap } from '../layout.ts'
import { moneyLines } from '../money.ts'
import { here, openRecipe, recipeIfAny, takeWorkspace } from '../open.ts'
import { reporterOf } from '../reporter.ts'
import { modelsOf } from '../summary.ts'

export const run: Run = async call => {
  const { io, given } = call
  const named = call.args[0]
  const dir = named === undefined ? undefined : resolve(io.cwd, named)
  const release = dir !== undefined && existsSync(join(dir, 'manifest.json')) ? dir : undefined
  const project = release ? await recipeIfAny(call) : await openRecipe(call, named ?? given.recipe)
  const target =
    release === undefined ? auditOfStep(project!, given.step) : await auditOfRelease(release, project, given.step)
  if (given.teacher !== undefined && !project) throw noRecipe()
  const draw = { n: given.n ?? 200, seed: given.seed ?? 1 }
  const reporter = reporterOf(call)
  // Rows of a release that no recipe stands beside need no workspace that stays.
  const passing = project ? undefined : mkdtempSync(join(tmpdir(), 'stillroom-audit-'))
  const session = takeWorkspace(call, { workspace: project?.workspace ?? passing! }, 'audit')
  try {
    const drawn = await drawRows(target, session, draw)
    const rows = drawn.rows.map(record => ({ id: target.idOf(record), record }))
    const path = peoplePath(call, target.name, draw.seed)
    if (path !== undefined && !existsSync(path)) {
      const guide = writeForPeople(path, rows, target.recipe.language)
      reporter.say(
        `${counted(rows.length, 'row')} of ${thousands(drawn.size)}, drawn by seed ${draw.seed}, to judge in ${here(io, path)}; ${here(io, guide)} says how.`,
      )
      if (given.teacher === undefined) {
        reporter.say('', 'When verdicts are filled in, run the same command again.')
        reporter.result({ people: here(io, path), guide: here(io, guide), rows: rows.length, size: drawn.size })
        return 0
      }
    }
    const people: PeopleSaid[] =
      path === undefined ? [] : await readFromPeople(path, new Map(rows.map(({ id, record }) => [id, record])))
    let judge: Judge | undefined
    let judged: Judged | undefined
    const gold = given.gold === undefined ? undefined : resolve(io.cwd, given.gold)
    if (given.teacher !== undefined) {
      judge = judgeFor(target.recipe, given.teacher, drawn.writers, given.sameFamily ?? false)
      const asking = { judge, kind: drawn.rows[0]!.kind, ...(gold === undefined ? {} : { gold }) }
      judged = await askJudge(target, session, draw, asking, async plan => {
        const result = await follow(io, reporter, plan, view =>
          runPlan({ plan, session, env: io.env, online: true, ...view }),
        )
        const calls = callTable(result.calls, modelsOf(plan), reporter)
        reporter.say('', calls, moneyLines(result.calls, 0, reporter.width))
        return result
      })
    }
    const evidence = conclude(target, draw, drawn, {
      people,
      ...(judge ? { judge } : {}),
      ...(judged ? { judged } : {}),
      ...(gold === undefined ? {} : { gold: { sha256: sha256(readFileSync(gold)) } }),
    })
    const folder = release ? join(dirname(release), 'audits') : auditFolder(session.paths.root)
    const file = keepEvidence(evidence, folder)
    reporter.say('', sharesOf(evidence, reporter.width), '', wrap(evidence.statement, reporter.width))
    reporter.say('', `The evidence lies in ${here(io, file)}.`, ...(release ? [] : [onTheCard(call)]))
    reporter.result({ ...evidence, file: here(io, file) })
    return 0
  } finally {
    session.close()
    if (passing) rmSync(passing, { recursive: true, force: true })
  }
}

/** The file for people: as named, or one of its own where nobody else judges. */
function peoplePath({ io, given }: Call, name: string, seed: number): string | undefined {
  if (given.people !== undefined) return resolve(io.cwd, given.people)
  if (given.teacher !== undefined) return undefined
  return resolve(io.cwd, `audit-${name.replaceAll(/[^\w.-]/g, '-')}-seed-${seed}.csv`)
}

const noRecipe = () =>
  new StillroomError('SR_USAGE', 'A teacher needs a recipe that names it.', {
    hint: 'name the recipe with --recipe; it also has the purpose, the budget and the terms',
  })

const onTheCard = ({ args }: Call) =>
  `The card of the next release (a new version, if this one is out) states it: stillroom release${args[0] === undefined ? '' : ` ${args[0]}`}.`

const percent = (share: number | undefined) => (share === undefined ? '' : `${(share * 100).toFixed(1)} %`)

/** Both sides of an audit as a table: what each called wrong, and what follows. */
function sharesOf({ result, by }: Evidence, width: number): string[] {
  const line = (who: string, share: Evidence['result']['people']) =>
    share === undefined
      ? []
      : [
          [
            who,
            thousands(share.n),
            thousands(share.wrong),
            thousands(share.unsure),
            percent(share.estimate),
            inPercent(share),
          ],
        ]
  const head = [
    { head: 'judged by', flex: true },
    ...['rows', 'wrong', 'unsure', 'estimate', '95 % interval'].map(name => ({ head: name, right: true })),
  ]
  const judge = `${by.judge?.join(', ')}${result.judge?.corrected ? ', corrected' : ''}`
  const rows = [...line(by.people.join(', ') || 'people', result.people), ...line(judge, result.judge)]
  const lines = table(head, rows, width)
  const said: string[] = []
  if (result.known) {
    const { wrong, found, right, cleared } = result.known
    const range = (part: number, of: number) => `${part} of ${of}, ${inPercent(clopperPearson(part, of))}`
    said.push(
      `Of rows of known truth the judge found the wrong ones (${range(found, wrong)}) and cleared the right ones (${range(cleared, right)}).`,
    )
  }
  if (result.both) said.push(`People and judge on ${counted(result.both.n, 'row')}: ${agreement(result.both.kappa)}.`)
  return said.length > 0 ? [...lines, '', ...said.flatMap(text => wrap(text, width))] : lines
}

const agreement = (kappa: NonNullable<Evidence['result']['both']>['kappa']) =>
  kappa
    ? `kappa ${kappa.kappa.toFixed(2)} (${kappa.low.toFixed(2)} to ${kappa.high.toFixed(2)}), ${percent(kappa.agreed)} alike`
    : 'kappa not defined: all were called the same'
