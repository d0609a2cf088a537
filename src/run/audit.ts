import { basename, dirname, join } from 'node:path'
import { auditAsk, auditDraw, placeInDraw } from '../curate/index.ts'
import { StillroomError } from '../errors/index.ts'
import type { Call, Gold } from '../measure/index.ts'
import { type Plan, parseRecipe, planRecipe, type Recipe, type StepUse, type Words } from '../recipe/index.ts'
import { declaredRowId, type Id, type Lineage, type Rec, type Sha, type TeacherId } from '../records/index.ts'
import { descentOf, readRows } from '../release/index.ts'
import { listFiles, readTable } from '../sources/index.ts'
import { familiesOf, isPool, resolveTeacher, teachersBehind } from '../teachers/index.ts'
import { readRun } from './log.ts'
import { type Project, wordsOf } from './project.ts'
import { noteReplay } from './replay.ts'
import { type RunResult, run } from './run.ts'
import type { Session } from './session.ts'
import { inputDigest, readShard } from './shards.ts'
import { ancestorsOf } from './story.ts'

/** What an audit looks at: rows of a step of a recipe, or of a release. */
export type AuditTarget = {
  name: string
  recipe: Recipe
  base: string
  words: Words
  /** Step or source whose rows are drawn; default the output. */
  from?: string
  /** What the rows are called outside of this workspace, by their id in it. */
  idOf(record: Rec): Id
  writersOf(records: readonly Rec[], result: RunResult, session: Session): Promise<TeacherId[]>
}

/** The rows of one step of a recipe; nothing after it takes part. */
export function auditOfStep(project: Project, step: string | undefined): AuditTarget {
  const { recipe, base, words } = project
  const owner = step?.split('.')[0]
  const last = recipe.steps.findLastIndex(use => (use.as ?? use.verb) === owner)
  return {
    name: step ?? 'rows',
    recipe: last < 0 ? recipe : { ...recipe, steps: recipe.steps.slice(0, last + 1) },
    base,
    words,
    ...(step === undefined ? {} : { from: step }),
    idOf: ({ id }) => id,
    async writersOf(records, result, session) {
      const past = readRun(session.paths, result.run)
      return writersIn([...records, ...ancestorsOf(session.store, past, records).values()].map(one => one.lineage))
    },
  }
}

const released = 'release'

/**
 * The rows of a release, of one config where there are several. Teachers, budget and terms are those of the recipe at hand;
 * without one only people can judge. Throws SR_NOT_FOUND for a config that is not there.
 */
export async function auditOfRelease(
  dir: string,
  project: Project | undefined,
  config: string | undefined,
): Promise<AuditTarget> {
  const configs = new Map<string, { [column: string]: unknown }>()
  const ids = new Map<Id, Id>()
  for await (const { config: name, row } of readRows(dir)) {
    if (!configs.has(name)) configs.set(name, row)
    if (typeof row.id === 'string') ids.set(declaredRowId(released, row.id), row.id)
  }
  const chosen = config ?? (configs.has('sft') ? 'sft' : [...configs.keys()].sort()[0])
  const first = chosen === undefined ? undefined : configs.get(chosen)
  if (first === undefined) {
    throw new StillroomError('SR_NOT_FOUND', `The release has no config ${chosen ?? 'at all'}.`, {
      expected: [...configs.keys()].join(', '),
      hint: 'name one with --step',
    })
  }
  const source = {
    files: join(dir, 'data', chosen!, '*'),
    id: 'id',
    license: 'unknown',
    ...(first.language === undefined ? {} : { columns: { language: 'language' } }),
  }
  const words = project?.words ?? wordsOf([])
  const base = project?.base ?? dirname(dir)
  const sources = { [released]: words.source.parse(source) as Recipe['sources'][string] }
  const plain = { name: 'audit', sources: { [released]: source }, steps: [{ [auditDraw.verb]: { n: 1, seed: 0 } }] }
  const recipe = project?.recipe ?? (await parseRecipe(plain, base, withAudit(words)))
  return {
    name: `${basename(dir)}${configs.size > 1 ? `-${chosen}` : ''}`,
    recipe: { ...recipe, sources, steps: [] },
    base,
    words,
    from: released,
    idOf: ({ id }) => ids.get(id) ?? id,
    writersOf: async records => writersIn(await descentOf(dir, new Set(records.map(({ id }) => ids.get(id) ?? id)))),
  }
}

function writersIn(lineages: readonly Lineage[]): TeacherId[] {
  const all = lineages.flatMap(({ made, source }) => [
    ...(made?.teachers ?? []),
    ...(source?.teacher ? [source.teacher] : []),
  ])
  return [...new Set(all)].sort()
}

const withAudit = (words: Words): Words => ({ ...words, verbs: [...words.verbs, auditDraw, auditAsk] })
const use = (verb: string, as: string, from: string | undefined, options: object): StepUse => ({
  verb,
  as,
  ...(from === undefined ? {} : { from: [from] }),
  options: { ...options },
  path: ['audit', as],
})

export type Draw = { n: number; seed: number }
/** Drawn rows in the order of the draw, the number of rows they were drawn from, and the digest of these. */
export type Drawn = { rows: Rec[]; size: number; digest: Sha; writers: TeacherId[] }

const drawKey = 'audit-draw'

function planOf({ recipe, base, words, from }: AuditTarget, draw: Draw, more: StepUse[] = [], sources: object = {}) {
  // What an audit leaves is no yield of the recipe.
  const audited = {
    ...recipe,
    name: `${recipe.name} audit`,
    floor: 0,
    sources: { ...recipe.sources, ...sources },
    steps: [...recipe.steps, use(auditDraw.verb, drawKey, from, draw), ...more],
  }
  return planRecipe(audited, base, withAudit(words))
}

/**
 * Draws rows out of what lies in the workspace: no teacher is asked. Throws SR_NOT_FOUND where the run is not finished, or
 * where there is no row.
 */
export async function drawRows(target: AuditTarget, session: Session, draw: Draw): Promise<Drawn> {
  const plan = await planOf(target, draw)
  const result = await run({ plan, session, env: {}, closed: true, replay: {} })
  if (result.error) throw result.error
  if (result.unpaid.length > 0) {
    throw new StillroomError(
      'SR_NOT_FOUND',
      `The run is not finished: ${result.unpaid.length} roots still need replies.`,
      {
        hint: 'run the recipe first: an audit asks for no row',
      },
    )
  }
  const rows = [...result.rows()].sort((a, b) => placeInDraw(draw.seed, a.id) - placeInDraw(draw.seed, b.id))
  if (rows.length === 0) {
    throw new StillroomError('SR_NOT_FOUND', `There is no row of ${target.name} to audit.`, {
      hint: 'stillroom status says what the last run left',
    })
  }
  const before = plan.stages.find(stage => stage.key === drawKey)!.from[0]!
  return {
    rows,
    size: result.funnel[drawKey]?.in ?? rows.length,
    digest: inputDigest(result.shards.get(before) ?? []),
    writers: await target.writersOf(rows, result, session),
  }
}

/** Who judges, and whether that is fit to judge these rows. `shared` names families of the judge that also wrote. */
export type Judge = { teacher: string; ids: TeacherId[]; shared: string[] }

/**
 * The judge by its name in the recipe. Throws SR_RECIPE_REFERENCE for a name that is none, and SR_RECIPE_CONFLICT for rules
 * that read no question, and for a judge of a family that wrote the rows, unless that is wanted.
 */
export function judgeFor(recipe: Recipe, teacher: string, writers: readonly TeacherId[], sameFamily: boolean): Judge {
  const named = Object.keys(recipe.teachers)
  if (!named.includes(teacher)) {
    throw new StillroomError('SR_RECIPE_REFERENCE', `There is no teacher \`${teacher}\`.`, {
      expected: named.join(', ') || 'a teacher of the recipe',
      hint: 'an audit asks a teacher of the recipe: add it under `teachers:`, of another family than those that wrote',
    })
  }
  const asked = teachersBehind(teacher, recipe.teachers).flatMap(name => {
    const entry = recipe.teachers[name]!
    return isPool(entry) ? [] : [resolveTeacher(name, entry)]
  })
  const ids = [...new Set(asked.map(({ id }) => id))].sort()
  if (asked.some(({ can }) => !can.languageModel)) {
    throw new StillroomError('SR_RECIPE_CONFLICT', `${ids.join(', ')} cannot tell right from wrong.`, {
      expected: 'a language model',
      hint: 'name another teacher, or let people judge: stillroom audit --people audit.csv',
    })
  }
  const wrote = new Set(writers.flatMap(familiesOf))
  const shared = [...new Set(ids.flatMap(familiesOf))].filter(family => wrote.has(family)).sort()
  if (shared.length > 0 && !sameFamily) {
    throw new StillroomError('SR_RECIPE_CONFLICT', `${ids.join(', ')} is of a family that wrote these rows.`, {
      expected: `a judge of another family than ${[...wrote].sort().join(', ')}`,
      received: shared.join(', '),
      hint: 'a model overlooks the mistakes of its own kind: name another teacher, or allow it with --same-family, which the result then says',
    })
  }
  return { teacher, ids, shared }
}

/** What the judge said of the drawn rows, by id, and of rows whose truth a file gives. */
export type Judged = { verdicts: Map<Id, { call: Call; why?: string; reply?: Sha }>; gold: Gold[] }

const goldKey = 'audit-gold'
const goldRows = 'audit-gold-rows'

/**
 * Has the judge look at the drawn rows, and at those of `gold`: a file of rows of the same kind with a column `verdict`.
 * `asked` runs the plan as any run: through the journal, within the budget, under the judge's terms. Throws what ended it,
 * and SR_USAGE for gold rows without a verdict, before anything is asked.
 */
export async function askJudge(
  target: AuditTarget,
  session: Session,
  draw: Draw,
  asking: { judge: Judge; gold?: string; kind: Rec['kind'] },
  asked: (plan: Plan) => Promise<RunResult>,
): Promise<Judged> {
  const { judge, gold, kind } = asking
  const options = { teacher: judge.teacher }
  const more = [use(auditAsk.verb, 'audit', drawKey, options)]
  const sources: { [name: string]: unknown } = {}
  if (gold !== undefined) {
    await checkGold(gold)
    const config = { files: gold, license: 'unknown', kind, columns: { [truthFacet]: 'verdict' } }
    sources[goldRows] = target.words.source.parse(config)
    more.unshift(use(auditAsk.verb, goldKey, goldRows, options))
  }
  const result = await asked(await planOf(target, draw, more, sources))
  noteReplay(session.paths, result.run)
  if (result.error) throw result.error
  const verdicts: Judged['verdicts'] = new Map()
  for (const record of result.rows()) verdicts.set(record.id, verdictOf(record, 'audit'))
  const known = (result.shards.get(goldKey) ?? []).flatMap(shard => [...readShard(session.store, shard)])
  return {
    verdicts,
    gold: known.map(({ record }) => ({
      truth: readCall(String(record.facets[truthFacet])) as 'right' | 'wrong',
      judge: verdictOf(record, goldKey).call,
    })),
  }
}

/** The facet that carries the truth of a gold row past the judge, who is shown no facet. */
const truthFacet = 'style'

async function checkGold(path: string): Promise<void> {
  const files = await listFiles({ files: path }, dirname(path))
  if (files.length === 0)
    throw new StillroomError('SR_NOT_FOUND', `There is no file ${path}.`, { hint: 'name it with --gold' })
  for (const file of files) {
    for await (const row of readTable(file)) {
      if (!('columns' in row)) continue
      const said = String(row.columns.verdict ?? '')
      if (['right', 'wrong'].includes(readCall(said) ?? '')) continue
      throw new StillroomError('SR_USAGE', `Row ${row.row} of the gold rows has no verdict.`, {
        position: { file: path },
        expected: 'right or wrong in the column `verdict`',
        received: said === '' ? 'nothing' : said.slice(0, 40),
        hint: 'gold rows are rows whose truth is known: their content as a source has it, and `verdict`',
      })
    }
  }
}

function verdictOf(record: Rec, step: string): { call: Call; why?: string; reply?: Sha } {
  const score = record.scores[`${step}/wrong`]
  const call = score === undefined || !('value' in score) ? 'unsure' : score.value === 1 ? 'wrong' : 'right'
  return { call, ...(score?.why ? { why: score.why } : {}), ...(score?.call ? { reply: score.call } : {}) }
}

const said: { [call in Call]: readonly string[] } = {
  right: ['right', 'correct', 'true', 'ok', '正', '正しい', '○', '〇'],
  wrong: ['wrong', 'incorrect', 'false', '誤', '誤り', '×'],
  unsure: ['unsure', 'unclear', '?', '不明'],
}

/** A verdict as people write it; undefined for a word that is none. */
export function readCall(text: string): Call | undefined {
  const word = text.normalize('NFKC').trim().toLowerCase()
  return (Object.keys(said) as Call[]).find(call => said[call].includes(word))
}
