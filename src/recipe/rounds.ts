import { isPool, type TeacherEntry } from '../teachers/index.ts'
import type { Problem } from './problems.ts'
import type { Rounds, ServedStudent } from './rounds-config.ts'
import type { Recipe, StepUse, Words } from './schema.ts'
import { didYouMean } from './suggest.ts'

/** The source that holds what earlier rounds made, in the recipe of every round but the first. */
export const earlierRounds = 'earlier-rounds'
/** The step at which the rows of a round meet the real ones and those of earlier rounds. */
const meeting = 'accumulate'

/** What is wrong with the rounds of a recipe whose fields are right by themselves. */
export function roundsProblems(recipe: Omit<Recipe, 'steps'>, steps: readonly StepUse[]): Problem[] {
  const { rounds, teachers } = recipe
  if (!rounds) return []
  const problems: Problem[] = []
  const found = (code: Problem['code'], message: string, path: Problem['path'], hint: string, part: 'key' | 'value') =>
    problems.push({ code, message, path, part, hint })
  problems.push(...studentProblems(rounds, teachers))
  const { n, revisions, between } = rounds
  if (revisions && revisions.length < n) {
    const message = `${n} rounds need ${n} revisions, and there are ${revisions.length}`
    found('SR_RECIPE_VALUE', message, ['rounds', 'revisions'], 'name the revision of each round, in order', 'value')
  }
  const names = (revisions ?? []).map(one => (typeof one === 'string' ? one : one.revision))
  const twice = names.findIndex((name, i) => names.indexOf(name) !== i)
  if (twice >= 0) {
    const hint = 'a student that was not trained in between writes the same rows again'
    found(
      'SR_RECIPE_CONFLICT',
      `two rounds have the revision ${names[twice]}`,
      ['rounds', 'revisions', twice],
      hint,
      'value',
    )
  }
  if (n > 1 && !revisions && between?.run === undefined) {
    const hint = 'list `revisions`, or give `between: { run: <command> }` whose last line is {"revision": "..."}'
    found('SR_RECIPE_VALUE', 'nothing names the student of the second round', ['rounds'], hint, 'key')
  }
  const places = steps.filter(step => step.verb === meeting)
  if (places.length !== 1) {
    const message = places.length === 0 ? `rounds need a step \`${meeting}\`` : `rounds need one step \`${meeting}\``
    const hint = `add \`- ${meeting}: { with: <source of real rows> }\` where the rows of all rounds meet`
    found('SR_RECIPE_CONFLICT', message, ['rounds'], hint, 'key')
  }
  if (!recipe.release) {
    const hint = 'add a `release`: each round is one, its version with -r1, -r2 behind it'
    found('SR_RECIPE_VALUE', 'rounds need a `release`', ['rounds'], hint, 'key')
  }
  if (recipe.sources[earlierRounds]) {
    const hint = 'rename the source: rounds read under this name what earlier ones made'
    found('SR_RECIPE_CONFLICT', `\`${earlierRounds}\` is taken`, ['sources', earlierRounds], hint, 'key')
  }
  return problems
}

function studentProblems({ student, revisions }: Rounds, teachers: Recipe['teachers']): Problem[] {
  const path = ['rounds', 'student']
  const entry = teachers[student]
  if (!entry) {
    const hint = didYouMean(student, Object.keys(teachers))
    return [{ code: 'SR_RECIPE_REFERENCE', message: `there is no teacher \`${student}\``, path, part: 'value', hint }]
  }
  if (isPool(entry)) {
    const hint = 'name one model: it is the one that is trained'
    return [{ code: 'SR_RECIPE_CONFLICT', message: `the student \`${student}\` is a pool`, path, part: 'value', hint }]
  }
  if (entry.revision === undefined && revisions === undefined) {
    const message = `the student \`${student}\` needs a revision`
    const hint =
      'write `revision:` beside its model, or list `revisions` under `rounds`: without one, replies of two rounds could not be told apart'
    return [{ code: 'SR_RECIPE_VALUE', message, path: ['teachers', student], part: 'key', hint }]
  }
  return []
}

/** Who writes in a round: as the recipe lists it, or, in the first, as the teacher stands there. */
export function listedStudent({ rounds, teachers }: Recipe, round: number): ServedStudent | undefined {
  const listed = rounds?.revisions?.[round - 1]
  if (listed !== undefined) return typeof listed === 'string' ? { revision: listed } : listed
  const entry = rounds && teachers[rounds.student]
  return round === 1 && entry && 'revision' in entry && entry.revision ? { revision: entry.revision } : undefined
}

/** Version of the release of one round. */
export const roundVersion = (version: string, round: number): string => `${version}-r${round}`

/** What a round stands on: its student, and what the rounds before it left. */
export type RoundGround = {
  round: number
  student: ServedStudent
  /** Files with the rows of the rounds before it, relative to the recipe; their deepest generation. */
  earlier?: { files: string[]; generation: number; kind: string }
}

/**
 * The recipe of one round: an ordinary recipe, run like any other. The student has its revision, and the generation of the
 * rows it was trained on; what earlier rounds made is a source that `accumulate` reads; the version names the round.
 *
 * The seed stays: under another one `split` would move a prompt's rows from test to train between rounds, and a student
 * would be tested on what it was trained on. What tells rounds apart is the revision, which is in every call and step.
 */
export function recipeOfRound(recipe: Recipe, { round, student, earlier }: RoundGround, words: Words): Recipe {
  const { rounds } = recipe
  const { license, version } = recipe.release!
  const entry = recipe.teachers[rounds!.student] as TeacherEntry
  const replace = rounds!.keep === 'replace'
  const trained = { ...entry, ...student, ...(earlier ? { generation: earlier.generation } : {}) }
  const kept = replace ? undefined : earlier
  const before = kept && {
    [earlierRounds]: words.source.parse({
      // Rows of a release say themselves which of them are real.
      ...{ files: kept.files, kind: kept.kind, license, id: 'id' },
    }) as Recipe['sources'][string],
  }
  const reads = { ...(kept ? { earlier: earlierRounds } : {}), ...(replace ? { replace } : {}) }
  return {
    ...recipe,
    rounds: undefined,
    teachers: { ...recipe.teachers, [rounds!.student]: trained as TeacherEntry },
    sources: { ...recipe.sources, ...before },
    steps: recipe.steps.map(use => (use.verb === meeting ? { ...use, options: { ...use.options, ...reads } } : use)),
    release: {
      ...recipe.release!,
      version: roundVersion(version, round),
      previous: round > 1 ? roundVersion(version, round - 1) : recipe.release!.previous,
    },
  }
}
