import { existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join, resolve } from 'node:path'
import { builtinSteps } from '../../builtin-steps.ts'
import { type ContentPart, contentParts } from '../../curate/index.ts'
import { StillroomError } from '../../errors/index.ts'
import { parseRecipe, type Recipe, type Words } from '../../recipe/index.ts'
import type { Rec } from '../../records/index.ts'
import {
  driftVerdict,
  isReplay,
  keepMeasured,
  listRuns,
  type PastRun,
  type Project,
  type ReportSide,
  readRun,
  recordsOf,
  reportOn,
  rowsOfFiles,
  run as runPlan,
  type Session,
  wordsOf,
} from '../../run/index.ts'
import type { Call, Run } from '../commands.ts'
import { follow } from '../follow.ts'
import { table } from '../layout.ts'
import { finishedRun, here, openRecipe, recipeIfAny, takeWorkspace } from '../open.ts'
import { figureText, reportPage } from '../report-page.ts'
import { reporterOf } from '../reporter.ts'

export const run: Run = async call => {
  const { io, given } = call
  const named = call.args[0]
  const dir = named === undefined ? undefined : resolve(io.cwd, named)
  const rows =
    dir !== undefined && (existsSync(join(dir, 'manifest.json')) || /\.\w+$/.test(dir)) && !/\.(ya?ml|ts)$/.test(dir)
  const project = rows ? await recipeIfAny(call) : await openRecipe(call, named ?? given.recipe)
  const passing = project ? undefined : mkdtempSync(join(tmpdir(), 'stillroom-report-'))
  const session = takeWorkspace(call, { workspace: project?.workspace ?? passing! }, 'report')
  const reporter = reporterOf(call)
  try {
    const words = project?.words ?? wordsOf(builtinSteps)
    const past = rows ? undefined : lastRun(call, project!, session)
    const other: ReportSide = past
      ? ofRun(past, project!, session, given.step)
      : { name: here(io, dir!), rows: await rowsOfFiles(dir!) }
    const real = await realSide(call, project, session)
    const of = partOf(given.of, real.rows, other.rows)
    const recipe = project?.recipe ?? (await plainRecipe(words))
    const report = await reportOn(
      { real, other },
      { of, seed: String(given.seed ?? 1), ...(given.teacher === undefined ? {} : { teacher: given.teacher }) },
      { recipe, words, session },
      plan => follow(io, reporter, plan, view => runPlan({ plan, session, env: io.env, ...view })),
    )
    const page = resolve(
      io.cwd,
      given.out ?? join(project ? join(session.paths.root, 'reports') : io.cwd, `report-${of}.html`),
    )
    mkdirSync(dirname(page), { recursive: true })
    writeFileSync(page, reportPage(report))
    writeFileSync(page.replace(/(\.html?)?$/, '.json'), `${JSON.stringify(report, undefined, 2)}\n`)
    // Rows that a release would hold: the gate `drift` asks what was found of exactly these.
    const kept =
      past?.rows && given.step === undefined
        ? keepMeasured(session.paths.root, {
            ...{ format: 1, kind: 'drift', ...driftVerdict(report) },
            of: { name: past.recipe, digest: past.rows },
            found: JSON.parse(JSON.stringify(report)),
          })
        : undefined
    const lines = report.figures.map(({ measure, value, baseline, n, grade, why }) => [
      measure,
      figureText(value),
      figureText(baseline?.value),
      String(n),
      grade,
      why,
    ])
    const right = true
    const heads = [{ head: 'Value', right }, { head: 'Real', right }, { head: 'n', right }, { head: 'Grade' }]
    reporter.say(
      `${other.name} beside ${real.name}, by their ${of === 'all' ? 'text' : of}: ${report.other.n} rows beside ${report.real.n}.`,
      '',
      table([{ head: 'Measure' }, ...heads, { head: 'Why', flex: true }], lines, reporter.width),
      '',
      ...(report.topics
        ? [`${Math.round(100 * report.topics.covered)} % of ${report.topics.topics.length} real topics have a row.`]
        : []),
      `The page with pictures lies in ${here(io, page)}.`,
      ...(kept ? [`Kept in ${here(io, kept)}: the gate \`drift\` finds it when these rows are released.`] : []),
    )
    reporter.result({ page: here(io, page), ...(kept ? { kept: here(io, kept) } : {}), ...report })
    return 0
  } finally {
    session.close()
    if (passing) rmSync(passing, { recursive: true, force: true })
  }
}

function lastRun({ io }: Call, project: Project, session: Session): PastRun {
  const runs = listRuns(session.paths)
    .reverse()
    .filter(id => !isReplay(session.paths, id))
    .map(id => readRun(session.paths, id))
  return finishedRun(runs, io, project.workspace)
}

/** Rows of a step of a run; default what it put out. */
function ofRun(past: PastRun, project: Project, session: Session, step: string | undefined): ReportSide {
  return { name: step ?? `the rows of ${project.recipe.name}`, rows: [...recordsOf(session.store, past, step)] }
}

/** Real rows: those of a source of the recipe, or of files. */
async function realSide(call: Call, project: Project | undefined, session: Session): Promise<ReportSide> {
  const { io, given } = call
  const sources = Object.entries(project?.recipe.sources ?? {}).filter(([, { origin }]) => origin !== 'synthetic')
  const named = given.real ?? (sources.length === 1 ? sources[0]![0] : undefined)
  if (named !== undefined && sources.some(([name]) => name === named))
    return ofRun(lastRun(call, project!, session), project!, session, named)
  const path = named === undefined ? undefined : resolve(io.cwd, named)
  if (path !== undefined && existsSync(path)) return { name: here(io, path), rows: await rowsOfFiles(path) }
  throw new StillroomError(
    'SR_USAGE',
    named === undefined ? 'It takes real rows to compare with.' : `There are no real rows ${named}.`,
    {
      expected: [...sources.map(([name]) => name), 'a file, a folder or a release'].join(', '),
      hint: 'name them with --real',
    },
  )
}

/** Which part is compared: what was named, else the prompts where one side is nothing else, else all. */
function partOf(given: string | undefined, real: Iterable<Rec>, other: Iterable<Rec>): ContentPart {
  if (given !== undefined) {
    if ((contentParts as readonly string[]).includes(given)) return given as ContentPart
    throw new StillroomError('SR_USAGE', `There is no part ${given}.`, { expected: contentParts.join(', ') })
  }
  const kinds = new Set([...real, ...other].map(({ kind }) => kind))
  return kinds.has('prompt') ? 'prompt' : kinds.size > 1 && kinds.has('document') ? 'completion' : 'all'
}

const plainRecipe = async (words: Words): Promise<Recipe> =>
  await parseRecipe(
    { name: 'rows', sources: { rows: { files: '*', license: 'unknown' } }, steps: ['vectors'] },
    '.',
    words,
  )
