import { existsSync, mkdirSync, readdirSync, readFileSync } from 'node:fs'
import { join, posix } from 'node:path'
import { StillroomError } from '../errors/index.ts'
import { blocking } from '../govern/index.ts'
import {
  type Bounds,
  drifted,
  type Signals,
  signalsOf,
  type Trip,
  vocabularyOf,
  type Written,
} from '../measure/index.ts'
import {
  earlierRounds,
  listedStudent,
  type Node,
  type Plan,
  planRecipe,
  type RoundGround,
  recipeOfRound,
  roundVersion,
  type ServedStudent,
} from '../recipe/index.ts'
import { type Message, type Rec, type Sha, sha256 } from '../records/index.ts'
import { configNames } from '../release/index.ts'
import { type Emit, putWhole } from '../workspace/index.ts'
import { type Around, runCommand, studentSaid, waitForStudent } from './between-rounds.ts'
import type { Project } from './project.ts'
import { gatesOf, releaseRun } from './release.ts'
import { type RunResult, run } from './run.ts'
import { type Clock, type Session, systemClock } from './session.ts'

/** A finished round, as it is kept: who wrote, what was released, and what the signals of drift say of the new rows. */
export type Round = {
  round: number
  student: ServedStudent
  run: string
  /** Folder of the release below the recipe's, and the digest of its manifest. */
  release: { dir: string; manifest: Sha }
  rows: number
  real: number
  /** Written rows by their generation. */
  generations: { [depth: number]: number }
  signals: Signals
}

type View = { renderers: Emit[]; signal?: AbortSignal }
export type RoundsOptions = {
  /** Takes the workspace, once for each round: between rounds it is free. */
  open(): Session
  env: Record<string, string | undefined>
  /** Time while a student is waited for. */
  clock?: Clock
  /** Shows a run while it goes. */
  follow?<T>(plan: Plan, work: (view: View) => Promise<T>): Promise<T>
  /** Hears of interrupts while a command runs. */
  guard?<T>(work: (signal?: AbortSignal) => Promise<T>): Promise<T>
  /** What happens, as it happens. */
  told?(event: { is: 'round'; round: Round; found: boolean } | { is: 'between'; after: number; log: string }): void
}

/** `error` says why the rounds ended early: SR_DRIFT where signals tripped, or what ended a run. */
export type RoundsResult = { rounds: Round[]; trips: Trip[]; error?: StillroomError }

const put = (file: string, value: unknown): void => putWhole(file, `${JSON.stringify(value, null, 1)}\n`)
const read = <T>(file: string): T | undefined =>
  existsSync(file) ? (JSON.parse(readFileSync(file, 'utf8')) as T) : undefined

/**
 * Runs the recipe once for each of its rounds, one release after the other; each round stands on the release before it.
 * What is finished is written down, so that the same call goes on where it was stopped, also by `kill -9`: rounds that were
 * released stay as they are, and a run that was broken off goes on as any other. Ends early when a signal trips.
 * @throws StillroomError SR_RECIPE_* before anything is asked, SR_GATE, SR_BETWEEN_ROUNDS, SR_INTERRUPTED.
 */
export async function runRounds(project: Project, options: RoundsOptions): Promise<RoundsResult> {
  const { recipe, workspace } = project
  const { rounds: wanted, release } = recipe
  if (!wanted || !release) {
    throw new StillroomError('SR_USAGE', 'The recipe has no `rounds`.', {
      position: { file: project.file },
      hint: 'add rounds: { n: 3, student: <teacher>, revisions: [...] }, or run it with: stillroom run',
    })
  }
  const folder = join(workspace, 'rounds', `${recipe.name}-${release.version}`)
  const done: Round[] = []
  for (let round = 1; round <= wanted.n; round++) {
    const found = read<Round>(join(folder, `${round}.json`))
    if (found) {
      known(found, project)
      done.push(found)
    } else {
      const ground = await groundOf(round, done.at(-1), folder, project, options)
      const made = await oneRound(ground, folder, project, options)
      if ('error' in made) return { rounds: done, trips: [], error: made.error }
      done.push(made)
    }
    const last = done.at(-1)!
    options.told?.({ is: 'round', round: last, found: found !== undefined })
    const trips = drifted(done[0]!.signals, last.signals, wanted.stop as Bounds)
    if (trips.length > 0) return { rounds: done, trips, error: driftError(last, trips) }
  }
  return { rounds: done, trips: [] }
}

/** A round that is finished must be the one the recipe lists, and its release as it was written: the next one stands on it. */
function known({ round, release, student }: Round, { base, recipe }: Project): void {
  const listed = listedStudent(recipe, round)
  if (listed && listed.revision !== student.revision) {
    throw new StillroomError(
      'SR_RECIPE_CONFLICT',
      `Round ${round} was written by another student than the recipe lists.`,
      {
        expected: student.revision,
        received: listed.revision,
        hint: 'put the revision back, or give `release.version` a new number and begin anew',
      },
    )
  }
  const manifest = join(base, release.dir, 'manifest.json')
  if (existsSync(manifest) && sha256(readFileSync(manifest)) === release.manifest) return
  throw new StillroomError('SR_NOT_FOUND', `The release of round ${round} is gone, or is another one.`, {
    received: release.dir,
    hint: 'put it back, or give `release.version` a new number and begin anew: paid replies come out of the journal',
  })
}

/** The student of a round, and what it was trained on. What is done between rounds is done here, once. */
async function groundOf(
  round: number,
  before: Round | undefined,
  folder: string,
  project: Project,
  options: RoundsOptions,
): Promise<RoundGround> {
  const { recipe } = project
  const listed = listedStudent(recipe, round)
  if (!before) return { round, student: listed! }
  const file = join(folder, `${round}.student.json`)
  const student = read<ServedStudent>(file) ?? (await between(before, listed, folder, project, options))
  put(file, student)
  const generation = Math.max(0, ...Object.keys(before.generations).map(Number))
  const { kind } = meetingOf(await planOf(project, { round: 1, student }))
  const config = recipe.release!.configs?.[kind] ?? configNames[kind]
  // Rows of other splits are held out: no later student is trained on them.
  const dir = posix.join(before.release.dir, 'data', config)
  const names = readdirSync(join(project.base, dir)).filter(name => name.startsWith('train-'))
  return { round, student, earlier: { files: names.sort().map(name => `${dir}/${name}`), generation, kind } }
}

async function between(
  { round, release, student }: Round,
  listed: ServedStudent | undefined,
  folder: string,
  project: Project,
  { env, clock = systemClock, told, guard = work => work() }: RoundsOptions,
): Promise<ServedStudent> {
  const { between: what, student: name } = project.recipe.rounds!
  if (!what) return listed!
  const log = join(folder, `after-${round}.log`)
  told?.({ is: 'between', after: round, log })
  return guard(async signal => {
    const around: Around = {
      cwd: project.base,
      env: {
        ...env,
        STILLROOM_ROUND: String(round),
        STILLROOM_RELEASE: join(project.base, release.dir),
        STILLROOM_STUDENT: name,
        STILLROOM_REVISION: student.revision,
        ...(listed ? { STILLROOM_NEXT_REVISION: listed.revision } : {}),
      },
      log,
      ...(signal ? { signal } : {}),
    }
    const line = what.run === undefined ? undefined : await runCommand(what.run, what.timeout, around)
    const next = listed ?? studentSaid(line!)
    if (next.revision === student.revision) {
      throw new StillroomError('SR_BETWEEN_ROUNDS', `The student after round ${round} is the one before it.`, {
        received: next.revision,
        hint: 'each revision is another name: replies of two revisions are told apart by it',
      })
    }
    if (what.wait !== undefined) {
      await waitForStudent(what.wait, next, what, { clock, ...(signal ? { signal } : {}) })
    }
    return next
  })
}

const planOf = ({ recipe, base, words, positions }: Project, ground: RoundGround): Promise<Plan> =>
  planRecipe(recipeOfRound(recipe, ground, words), base, words, { positions })

/** The step where the rows of all rounds meet, and the kind they have. Throws SR_RECIPE_KIND, SR_RECIPE_CONFLICT. */
function meetingOf(plan: Plan): { node: Node; kind: Rec['kind'] } {
  const nodes = plan.stages.flatMap(stage => stage.nodes)
  const at = nodes.findIndex(node => node.step.verb === 'accumulate')
  const node = nodes[at]!
  const after = new Set([node.key])
  for (const stage of plan.stages) {
    for (const one of stage.nodes) if (one.from.some(key => after.has(key))) after.add(one.key)
  }
  const divides = nodes.find(one => after.has(one.key) && one.step.verb === 'assign-split')
  if (divides) {
    throw new StillroomError('SR_RECIPE_CONFLICT', `Step ${divides.owner} divides the rows of earlier rounds anew.`, {
      hint: 'put `split` before `accumulate`: rows that a student was trained on must not become test rows of a later round',
    })
  }
  const released = nodes.find(one => one.key === plan.output) ?? node
  if (node.gives.length === 1 && released.gives.length === 1 && node.gives[0] === released.gives[0])
    return { node, kind: node.gives[0]! }
  throw new StillroomError('SR_RECIPE_KIND', 'Rows change their kind after `accumulate`.', {
    expected: node.gives.join(', '),
    received: released.gives.join(', '),
    hint: 'put `accumulate` behind the step that makes the rows of the release',
  })
}

/** Runs and releases one round. What ends its run is returned; it goes on the next time. */
async function oneRound(
  ground: RoundGround,
  folder: string,
  project: Project,
  { open, env, follow = (_, work) => work({ renderers: [] }) }: RoundsOptions,
): Promise<Round | { error: StillroomError }> {
  const plan = await planOf(project, ground)
  const { node } = meetingOf(plan)
  const refused = blocking(gatesOf(plan, undefined, project.workspace)).find(({ id }) => id === 'accumulated')
  if (refused) {
    throw new StillroomError('SR_GATE', `${refused.why} No call was made.`, { hint: refused.wayOut! })
  }
  const session = open()
  try {
    mkdirSync(folder, { recursive: true })
    const result = await follow(plan, view => run({ plan, session, env, ...view }))
    if (result.error) return { error: result.error }
    session.reached('round.ran')
    const figures = figuresOf(result)
    const floor = node.options as { real?: number; replace?: boolean }
    const share = figures.real / Math.max(figures.rows, 1)
    if (!floor.replace && share < (floor.real ?? 0)) {
      const error = new StillroomError('SR_YIELD', `Too few rows of round ${ground.round} are real.`, {
        expected: `${percent(floor.real!)} at least`,
        received: `${percent(share)} of ${figures.rows} rows`,
        hint: 'a step behind `accumulate` drops real rows: put it before, or give more real rows',
      })
      return { error }
    }
    const { dir } = await releaseRun(project, session, result, { plan })
    session.reached('round.released')
    const name = `${plan.recipe.name}-${roundVersion(project.recipe.release!.version, ground.round)}`
    const made: Round = {
      round: ground.round,
      student: ground.student,
      run: result.run,
      release: { dir: `releases/${name}`, manifest: sha256(readFileSync(join(dir, 'manifest.json'))) },
      ...figures,
    }
    put(join(folder, `${ground.round}.json`), made)
    session.reached('round.written')
    return made
  } finally {
    session.close()
  }
}

const percent = (share: number): string => `${(100 * share).toFixed(1)} %`

/** What the rows of a round are, and the signals of those that were written in it. */
function figuresOf(result: RunResult): Pick<Round, 'rows' | 'real' | 'generations' | 'signals'> {
  const generations: Round['generations'] = {}
  let [rows, real] = [0, 0]
  for (const { lineage } of result.rows()) {
    rows++
    if (lineage.origin === 'real') real++
    else generations[lineage.generation] = (generations[lineage.generation] ?? 0) + 1
  }
  function* texts(which: (record: Rec) => boolean): Generator<Written> {
    for (const record of result.rows()) {
      if (which(record)) yield { text: writtenIn(record), language: record.language }
    }
  }
  const reference = vocabularyOf(texts(({ lineage }) => lineage.origin === 'real'))
  const isNew = ({ lineage }: Rec): boolean => lineage.origin !== 'real' && lineage.source?.name !== earlierRounds
  return { rows, real, generations, signals: signalsOf(texts(isNew), reference) }
}

/** What a model wrote, or would have, of a record: its answers, or the text where there is no answer. */
function writtenIn(record: Rec): string {
  const said = (messages: Message[]): string =>
    messages.flatMap(({ role, content }) => (role === 'assistant' && content ? [content] : [])).join('\n\n')
  switch (record.kind) {
    case 'conversation':
      return said(record.messages)
    case 'preference':
      return said(record.chosen)
    case 'feedback':
      return said(record.completion)
    case 'document':
      return record.text
    case 'prompt':
      return record.messages.map(({ content }) => content ?? '').join('\n\n')
    case 'exam':
      return record.prompt.map(({ content }) => content ?? '').join('\n\n')
    case 'row':
      return Object.values(record.columns)
        .filter(value => typeof value === 'string')
        .join('\n')
  }
}

const figure = (value: number): string => (value < 1 ? value.toFixed(3) : value.toFixed(1))

function driftError({ round }: Round, trips: readonly Trip[]): StillroomError {
  const told = trips.map(
    ({ signal, first, now, bound }) => `${signal} ${figure(now)} (first ${figure(first)}, bound ${figure(bound)})`,
  )
  return new StillroomError(
    'SR_DRIFT',
    `Round ${round} drifts from the first: ${told.join('; ')}. No further round began.`,
    {
      hint: 'read rows of its release; then train on what the round before left, or change a bound under `rounds.stop`',
    },
  )
}
