import { existsSync, readFileSync, statSync } from 'node:fs'
import { basename, dirname, join, resolve } from 'node:path'
import { StillroomError } from '../../errors/index.ts'
import {
  type AtHand,
  compareReleases,
  compareRuns,
  compareShapes,
  isReplay,
  isRestricted,
  lastFinished,
  listRuns,
  type PastRun,
  type Project,
  readRun,
  releasedBy,
  runNamed,
  type Shape,
  shapeOf,
} from '../../run/index.ts'
import { openStore, type Store, workspacePaths } from '../../workspace/index.ts'
import type { Call, Run } from '../commands.ts'
import { exampleLines, firstOf, textsOfReleases, textsOfRuns } from '../diff-rows.ts'
import { besideLines, funnelDiff, markTable, rowLines, type Sides, shapeLines } from '../diff-text.ts'
import { dollars, thousands } from '../figures.ts'
import { table, wrap } from '../layout.ts'
import { costOfCalls } from '../money.ts'
import { here, noRun, openRecipe, recipeIfAny, recipeIn, workspaceFolder } from '../open.ts'
import { type Reporter, reporterOf } from '../reporter.ts'

/** What an operand names. */
type Operand = { is: 'recipe'; path: string } | { is: 'run'; id: string } | { is: 'release'; dir: string }

const isRelease = (dir: string): boolean =>
  existsSync(join(dir, 'manifest.json')) || existsSync(join(dir, 'tombstone.json'))

/** A file or folder that is there, else a run by its id, else a release by its name or version. Throws SR_NOT_FOUND. */
function operandOf({ io }: Call, name: string, root: string, project: Project | undefined): Operand {
  const path = resolve(io.cwd, name)
  if (existsSync(path)) {
    if (!statSync(path).isDirectory()) return { is: 'recipe', path }
    if (isRelease(path)) return { is: 'release', dir: path }
    if (recipeIn(path)) return { is: 'recipe', path }
  }
  const ids = listRuns(workspacePaths(root))
  if (/^\d{8}/.test(name) || ids.includes(name)) return { is: 'run', id: runNamed(ids, name) }
  const releases = join(dirname(root), 'releases')
  const known = project?.recipe.name
  for (const dir of [join(releases, name), ...(known ? [join(releases, `${known}-${name}`)] : [])])
    if (isRelease(dir)) return { is: 'release', dir }
  throw new StillroomError('SR_NOT_FOUND', `There is no recipe, run or release ${name}.`, {
    expected: `a recipe file, the id of a run in ${here(io, root)}, a release or its version`,
    hint: 'stillroom status lists runs; releases lie in the folder releases beside the recipe',
  })
}

export const run: Run = async call => {
  const { io, args } = call
  const project = await recipeIfAny(call)
  const root = project?.workspace ?? workspaceFolder(call)
  const [first, second] = args.map(name => operandOf(call, name, root, project))
  const at: At = { call, root, reporter: reporterOf(call), store: openStore(workspacePaths(root), () => {}) }
  if (!first) return diffRuns(at, lastTwo(at, undefined))
  if (second && first.is !== second.is) {
    throw new StillroomError('SR_USAGE', `A ${first.is} and a ${second.is} cannot be compared.`, {
      received: args.join(' '),
      expected: 'two recipes, two runs or two releases',
      hint:
        second.is === 'recipe' || first.is === 'recipe'
          ? 'stillroom diff with the recipe alone compares it with its last run'
          : 'a release names its run in run.json',
    })
  }
  if (first.is === 'run') {
    const runs = second?.is === 'run' ? ([first.id, second.id] as const) : undefined
    const paths = workspacePaths(root)
    return diffRuns(at, runs ? [readRun(paths, runs[0]), readRun(paths, runs[1])] : lastTwo(at, first.id))
  }
  if (first.is === 'release') {
    const dirs: [string, string] =
      second?.is === 'release' ? [first.dir, second.dir] : [previousOf(first.dir, io.cwd), first.dir]
    return diffReleases(at, dirs)
  }
  return diffRecipes(at, first.path, second?.is === 'recipe' ? second.path : undefined)
}

type At = { call: Call; root: string; reporter: Reporter; store: Store }

/** The last run that came to its end, over everything where there is one. */
const lastWhole = (root: string, recipe?: string): PastRun | undefined => {
  const paths = workspacePaths(root)
  const of = recipe === undefined ? {} : { recipe }
  return lastFinished(paths, { ...of, restricted: false }) ?? lastFinished(paths, of)
}

/** The last two runs that came to their end, or a run and the one of its recipe before it; replays apart. */
function lastTwo({ call: { io }, root }: At, id: string | undefined): [PastRun, PastRun] {
  const paths = workspacePaths(root)
  // A preview beside a whole run says nothing: like is compared with like.
  const later = id === undefined ? lastWhole(root) : readRun(paths, id)
  if (!later) throw noRun(io, root, 'finished run')
  const earlier = lastFinished(paths, { before: later.id, recipe: later.recipe, restricted: isRestricted(later) })
  if (earlier) return [earlier, later]
  throw new StillroomError('SR_NOT_FOUND', `No run of ${later.recipe} came to its end before run ${later.id}.`, {
    hint: 'run the recipe again after a change, or see with `stillroom replay --set` what a change would do',
  })
}

/** The release that a release says it replaces. Throws SR_NOT_FOUND. */
function previousOf(dir: string, cwd: string): string {
  const { name, previous } = JSON.parse(
    readFileSync(join(dir, existsSync(join(dir, 'manifest.json')) ? 'manifest.json' : 'tombstone.json'), 'utf8'),
  )
  const found = previous && join(dirname(dir), `${name}-${previous.version}`)
  if (found && isRelease(found)) return found
  throw new StillroomError(
    'SR_NOT_FOUND',
    previous
      ? `The release before it, ${name} ${previous.version}, is not there.`
      : `${basename(dir)} names no release before it.`,
    { position: { file: resolve(cwd, dir) }, hint: 'name two releases: stillroom diff <earlier> <later>' },
  )
}

const labels: Sides = ['before', 'after']

async function diffRecipes({ call, root, reporter }: At, a: string, b: string | undefined): Promise<number> {
  const shape = async (path: string): Promise<Shape> => shapeOf(await (await openRecipe(call, path)).plan())
  const later = await shape(b ?? a)
  let earlier: Shape
  let name = a
  if (b) earlier = await shape(a)
  else {
    const project = await openRecipe(call, a)
    const last = lastWhole(project.workspace, later.name)
    if (!last?.shape) throw noRun(call.io, root, `finished run of ${later.name} that the recipe could be compared with`)
    earlier = last.shape
    name = `run ${last.id}`
  }
  const diff = compareShapes(earlier, later)
  const title = [b || name !== a ? name : a, b ?? a].map(one => (existsSync(one) ? here(call.io, one) : one))
  reporter.say(reporter.paint('bold', `${title[0]} and ${title[1]}`), '', shapeLines(diff, labels, reporter))
  reporter.result({ compared: 'recipes', a: title[0], b: title[1], ...diff })
  return 0
}

async function diffRuns({ call, root, reporter, store }: At, [a, b]: [PastRun, PastRun]): Promise<number> {
  const diff = compareRuns(store, a, b)
  const { width, paint } = reporter
  const paths = workspacePaths(root)
  const what = (run: PastRun): string => `${run.recipe}, ${run.status}${isReplay(paths, run.id) ? ', a replay' : ''}`
  reporter.say(
    table(
      [{ head: '' }, { head: 'run' }, { head: 'what', flex: true }],
      [a, b].map((run, i) => [labels[i]!, run.id, what(run)]),
      width,
      text => paint('bold', text),
    ),
    '',
    diff.recipe
      ? shapeLines(diff.recipe, labels, reporter)
      : 'Recipes were not yet kept with one of these runs: what changed in it cannot be told.',
    '',
    funnelDiff(diff.funnel, labels, reporter),
    '',
    diff.rows ? rowLines(diff.rows, labels, reporter) : wrap(`Rows cannot be compared: ${diff.missing}.`, width),
  )
  const marks = markTable(diff.marks, labels, reporter)
  if (marks.length > 0) reporter.say('', marks)
  const cost = [a, b].map(run => ({
    calls: Object.values(run.calls).reduce((n, { sent }) => n + sent, 0),
    replayed: Object.values(run.calls).reduce((n, { journal }) => n + journal, 0),
    usd: costOfCalls(run.calls),
  }))
  reporter.say(
    '',
    table(
      [
        { head: 'run' },
        { head: 'calls', right: true },
        { head: 'replayed', right: true },
        { head: 'cost', right: true },
      ],
      cost.map((one, i) => [
        labels[i]!,
        thousands(one.calls),
        thousands(one.replayed),
        one.calls === 0 ? '$0' : dollars(one.usd),
      ]),
      width,
      text => paint('bold', text),
    ),
  )
  const n = call.given.n ?? 0
  if (diff.rows && n > 0) {
    const chosen = firstOf(diff.rows, n)
    reporter.say(exampleLines(chosen, textsOfRuns(store, [a, b], chosen), labels, reporter))
  } else if (diff.rows) hint(reporter, diff.rows)
  reporter.result({ compared: 'runs', ...diff, cost })
  return 0
}

/** The run that made a release, where its workspace is at hand: that of this folder, or the one beside the release. */
function madeBy({ root, store }: At, dir: string): AtHand {
  const id = releasedBy(dir)
  if (id === undefined) return undefined
  for (const place of [root, join(dirname(dirname(resolve(dir))), '.stillroom')]) {
    const paths = workspacePaths(place)
    if (!existsSync(join(paths.run(id), 'plan.json'))) continue
    return { run: readRun(paths, id), store: place === root ? store : openStore(paths, () => {}) }
  }
  return undefined
}

async function diffReleases(at: At, dirs: [string, string]): Promise<number> {
  const { call, reporter } = at
  const { width, paint } = reporter
  const diff = await compareReleases(dirs, [madeBy(at, dirs[0]), madeBy(at, dirs[1])])
  const [a, b] = diff.releases
  const sides: Sides = a.name === b.name && a.version !== b.version ? [a.version, b.version] : labels
  reporter.say(
    table(
      [{ head: '' }, { head: 'release' }, { head: 'of' }, { head: 'in', flex: true }],
      [a, b].map(({ name, version, date, dir }, i) => [labels[i]!, `${name} ${version}`, date, here(call.io, dir)]),
      width,
      text => paint('bold', text),
    ),
    '',
    rowLines(diff.rows, sides, reporter),
    '',
    shapeLines(diff.recipe, sides, reporter),
    '',
    funnelDiff(diff.funnel, sides, reporter),
  )
  const beside = besideLines(diff, sides, reporter)
  if (beside.length > 0) reporter.say('', beside)
  const n = call.given.n ?? 0
  if (n > 0) {
    const chosen = firstOf(diff.rows, n)
    reporter.say(exampleLines(chosen, await textsOfReleases(dirs, chosen), sides, reporter))
  } else hint(reporter, diff.rows)
  if (diff.evidence.includes(false) && diff.rows.rows.onlyA + diff.rows.rows.onlyB > 0) {
    const text =
      'The runs behind these releases are not all at hand: where a row was dropped is told by the folders alone.'
    reporter.say('', wrap(text, width))
  }
  reporter.result({ compared: 'releases', ...diff })
  return 0
}

function hint(reporter: Reporter, { rows }: { rows: { changed: number; onlyA: number; onlyB: number } }): void {
  if (rows.changed + rows.onlyA + rows.onlyB > 0)
    reporter.say('', 'With -n 3 the first rows of each sort are shown in full.')
}
