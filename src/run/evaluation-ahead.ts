import { StillroomError } from '../errors/index.ts'
import { type Evaluation, examDigest, isAsked, judgedMetric, verifierFor } from '../evaluate/index.ts'
import type { Node, Plan } from '../recipe/index.ts'
import type { Rec, Sha, Verifier } from '../records/index.ts'
import { listFiles, readSource, type SourceConfig, sourceKind } from '../sources/index.ts'
import { suppression } from './erase/suppression.ts'
import { sealSource } from './source-stage.ts'

/** The steps that ask and those that grade by rule, as the plan of an evaluation has them. */
export type Asking = { sits: readonly Node[]; rules: readonly Node[] }

/** The exam of an evaluation before anybody is asked. `whole`: it is known to the item what will be answered. */
export type Ahead = { exams: Rec<'exam'>[]; whole: boolean }

/** Keys of sources that a step reads as they are, or through a limit; undefined where another step makes what it reads. */
function sourcesOf(plan: Plan, node: Node): string[] | undefined {
  const nodes = plan.stages.flatMap(stage => stage.nodes)
  const keys = node.from.map(key => {
    const above = nodes.find(one => one.key === key)
    if (above === undefined) return Object.hasOwn(plan.recipe.sources, key) ? [key] : undefined
    return above.restricts ? sourcesOf(plan, above) : undefined
  })
  return keys.some(one => one === undefined) ? undefined : [...new Set(keys.flatMap(one => one!))]
}

/**
 * Reads the exam that an evaluation is about to ask, from the files it lies in. Undefined where only a run can tell: a step
 * makes the items, or they come from the network.
 */
export async function examAhead(plan: Plan, { sits, rules }: Asking, root: string): Promise<Ahead | undefined> {
  const read = sits.map(node => sourcesOf(plan, node))
  const names = [...new Set(read.flatMap(one => one ?? []))]
  const configs = names.map(name => plan.recipe.sources[name] as SourceConfig)
  if (read.includes(undefined) || configs.some(({ hub, urls, attach }) => (hub ?? urls ?? attach) !== undefined))
    return undefined
  const kept = suppression(root)
  const exams: Rec<'exam'>[] = []
  for (const [i, name] of names.entries()) {
    const config = configs[i]!
    const files = await listFiles(config, plan.base)
    // The run says what is wrong with such a source.
    if (files.length === 0) return undefined
    const kind = await sourceKind(config, files)
    const ids = new Set<string>()
    for (const file of files) {
      const seen = new Map<string, number>()
      for await (const item of readSource(name, config, file, { kind, files })) {
        if (item.is === 'rejected') continue
        const record = sealSource(name, config, file, item, seen)
        if (record.kind !== 'exam' || ids.has(record.id) || kept?.holds(name, item.file?.path ?? file.path, record))
          continue
        ids.add(record.id)
        if (isAsked(record)) exams.push(record)
      }
    }
  }
  const known = new Set([...sits, ...rules].map(({ owner }) => owner))
  const nodes = plan.stages.flatMap(stage => stage.nodes)
  const whole = nodes.every(({ owner }) => known.has(owner)) && sits.every(({ step }) => step.verb === 'sit')
  return { exams, whole }
}

const named = '--judge <provider>/<model>, or `grade: { judge: .. }` in the recipe'

/**
 * What is to be said of items that a judge must grade while none is named: they would be asked and paid for without a figure.
 * Throws SR_USAGE where that holds for the whole exam.
 */
export function withoutJudge({ exams }: Ahead, { rules }: Asking): string | undefined {
  type Rule = { by?: string | Verifier; judged: boolean; top: 5 | 10 }
  const options = rules.map(node => node.options as Rule)
  const kinds = new Map<string, number>()
  for (const exam of exams) {
    const waits = options.every(
      ({ by, judged, top }) => !judged && judgedMetric(verifierFor(by, exam).kind, top) !== undefined,
    )
    const { kind } = verifierFor(options[0]?.by, exam)
    if (waits && options.length > 0) kinds.set(kind, (kinds.get(kind) ?? 0) + 1)
  }
  const n = [...kinds.values()].reduce((sum, one) => sum + one, 0)
  if (n === 0) return undefined
  const by = [...kinds].map(([kind, of]) => `${of} by ${kind}`).join(', ')
  if (n < exams.length) {
    return `${n} of ${exams.length} items take a judge (${by}) and none is named: they are asked, and left ungraded as \`no-judge\`. Name one with ${named}.`
  }
  throw new StillroomError('SR_USAGE', 'Every item of the exam takes a judge, and none is named.', {
    expected: named,
    received: by,
    hint: 'name a judge, of another family than the student; nobody was asked anything yet',
  })
}

/** Results of another exam are not written over: they could not be had again. Throws SR_EVALUATION_EXISTS. */
export function sameExam(before: Evaluation, now: { [task: string]: Sha }, dir: string): void {
  const names = new Set([...Object.keys(before.tasks), ...Object.keys(now)])
  const other = [...names].filter(task => before.tasks[task]?.exam !== now[task])
  if (other.length === 0) return
  throw new StillroomError('SR_EVALUATION_EXISTS', `${dir} holds results of another exam.`, {
    received: `another ${other.join(', ')}, measured ${before.date}`,
    hint: 'give the recipe another `name`, or name another folder with --out',
  })
}

/** Digest of each task of an exam that is known to the item. */
export function digestsAhead({ exams }: Ahead): { [task: string]: Sha } {
  const byTask = Map.groupBy(exams, ({ lineage }) => lineage.source!.name)
  return Object.fromEntries(
    [...byTask].map(([task, of]) => [
      task,
      examDigest(of.map(({ id, digest }) => ({ task, item: id, digest, rows: [] }))),
    ]),
  )
}
