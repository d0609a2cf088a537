import {
  type Acceptance,
  acceptCommand,
  decide,
  type Material,
  materials,
  matrix,
  paces,
  retrieveInstead,
  strategies,
  type TermsVerdict,
  type Use,
  useFor,
} from '../../govern/index.ts'
import type { Io } from '../io.ts'
import { indent, wrap } from '../layout.ts'
import type { Reporter } from '../reporter.ts'
import type { Answers } from './answers.ts'
import { licenseOf } from './draft.ts'
import { materialsOf, type Seen } from './seen.ts'
import { byRules, costs, judgeFor, proposed, type Teacher, verdictOf } from './teachers.ts'

const uses = Object.keys(strategies) as Use[]

type World = {
  io: Io
  reporter: Reporter
  seen: Seen
  accepted: readonly Acceptance[]
  /** What options have answered already. */
  given: ReadonlySet<keyof Answers>
  /** Rejects where a path is no exam. */
  exam(named: string): Promise<unknown>
}

/**
 * Asks what the options leave open, one question a decision, each with the answer that an empty line gives. Undefined where
 * the person stops.
 */
export async function ask(standing: Answers, world: World): Promise<Answers | undefined> {
  const { io, reporter, seen, given } = world
  const say = (text: string) => reporter.say(wrap(text, reporter.width))
  const put = async (question: string, standard: string): Promise<string> =>
    (await io.question!(`${question} [${standard}] `)).trim() || standard
  const choose: Choose = async (question, options, standard, shown = `(${options.join(', ')})`) => {
    for (;;) {
      const said = (await put(`${question} ${shown}`, standard)).toLowerCase()
      const found = options[Number(said) - 1] ?? options.find(option => option.startsWith(said))
      if (found) return found
      say(`Please say one of: ${options.join(', ')}.`)
    }
  }
  const answers: Answers = { ...standing, purpose: { ...standing.purpose } }
  const has = materialsOf(seen)
  const open = (name: keyof Answers) => !given.has(name)

  reporter.say('', 'An empty line takes the answer in brackets.', '')
  if (open('use')) {
    for (const [i, use] of uses.entries()) {
      const goal = doable(use, has) ? strategies[use].goal : 'nothing here for it'
      reporter.say(`  ${i + 1} ${use.padEnd(12)} ${goal}`)
    }
    answers.use = await choose('What is the data for?', uses, answers.use ?? useFor(has), '(1 to 4)')
  }
  if (open('changes')) answers.changes = await pace(answers, has, choose)
  const first = decide(has, { ...question(answers), languageModel: true })
  if (first.is === 'retrieve') {
    reporter.say('', reporter.paint('bold', retrieveInstead.answer))
    say(`${retrieveInstead.why} (${retrieveInstead.sources.join('; ')})`)
    say(retrieveInstead.still)
    const next = await choose(
      'Write that, train all the same, or stop?',
      ['evaluate', 'train', 'stop'] as const,
      'evaluate',
    )
    if (next === 'stop') return undefined
    if (next === 'train') answers.force = true
    else answers.use = 'eval-set'
  }
  if (open('name')) {
    const name = await put('Name of the dataset?', answers.name)
    if (/^[A-Za-z0-9][A-Za-z0-9._-]*$/.test(name)) answers.name = name
    else say(`A name has letters, digits, dots, - and _; it stays ${answers.name}.`)
  }
  if (answers.use === 'fine-tuning' || answers.use === 'edge-cases') await examOf(answers, world, put, say)
  await purposeOf(answers, world, put, choose)
  if (open('license')) {
    const found = [...new Set(seen.groups.map(group => licenseOf(group, {})))]
    const said = await put(
      'License of the sources, as SPDX id, proprietary or unknown?',
      found.length === 1 ? found[0]! : 'as found',
    )
    if (said !== 'as found' && !(found.length === 1 && said === found[0])) answers.license = said
  }
  if (answers.use !== 'privacy') await teacherOf(answers, world, put, say)
  return answers
}

type Put = (question: string, standard: string) => Promise<string>
type Choose = <T extends string>(question: string, options: readonly T[], standard: T, shown?: string) => Promise<T>

const question = ({ use, changes, force }: Answers) => ({ ...(use ? { use } : {}), changes, force })

/** Something of the folder fits the use. */
const doable = (use: Use, has: ReadonlySet<Material>): boolean =>
  materials.some(name => has.has(name) && 'way' in matrix[use][name])

/** Only where what is trained in would grow old. */
async function pace(answers: Answers, has: ReadonlySet<Material>, choose: Choose) {
  const would = decide(has, { ...question(answers), changes: 'weekly', force: false, languageModel: true })
  if (would.is !== 'retrieve') return answers.changes
  return choose('How often does what they say change?', paces, answers.changes)
}

async function examOf(answers: Answers, world: World, put: Put, say: (text: string) => void): Promise<void> {
  const { given, reporter } = world
  if (!given.has('exam')) {
    for (;;) {
      const said = await put('An exam that the model will be judged by: its path, or none?', answers.exam ?? 'none')
      const wrong =
        said === 'none'
          ? undefined
          : await world.exam(said).then(
              () => undefined,
              (error: Error) => error.message,
            )
      if (!wrong && said !== 'none') answers.exam = said
      if (!wrong) break
      say(wrong)
    }
  }
  if (answers.exam === undefined) {
    say(
      'Then an exam comes first: exam.yaml is written beside the recipe where one can be made of what is held out, and tells how to measure the base model on it.',
    )
    return
  }
  if (given.has('baseline')) return
  const said = await put(
    'What the base model scored on it: folder of its evaluation, or none?',
    answers.baseline ?? 'none',
  )
  if (said !== 'none') answers.baseline = said
  else reporter.say(`  Measure it before you train: stillroom evaluate ${answers.exam} --model <base model>`)
}

async function purposeOf(answers: Answers, { given }: Pick<World, 'given'>, put: Put, choose: Choose): Promise<void> {
  if (given.has('purpose')) return
  const { purpose } = answers
  if (answers.use === 'fine-tuning' || answers.use === 'edge-cases') {
    const base = await put('Which model will be trained, as on the Hub, or open?', purpose.base ?? 'open')
    if (base !== 'open') purpose.base = base
  }
  purpose.product = await put('What is it to be: domain, assistant, classifier, ..?', purpose.product ?? 'domain')
  const commercial = await choose('Will money be made with it?', ['yes', 'no', 'open'] as const, 'open')
  if (commercial !== 'open') purpose.commercial = commercial === 'yes'
  purpose.distribute = await choose('Who gets it?', ['private', 'public'] as const, purpose.distribute ?? 'private')
}

async function teacherOf(
  answers: Answers,
  { io, reporter, accepted, given }: World,
  put: Put,
  say: (text: string) => void,
) {
  if (!given.has('teacher')) {
    const found = proposed(io.env)
    reporter.say('', '  builtin/extractive: rules, no key, no cost; in the words of the documents')
    for (const { model, key } of found) reporter.say(`  ${model}: ${key} is set`)
    if (found.length === 0)
      reporter.say('  <provider>/<model>: with its key in the environment, such as DEEPSEEK_API_KEY')
    reporter.say('  <model> http://localhost:8000/v1: a server of your own', '')
    for (;;) {
      const said = await put('Which teacher writes?', answers.teacher.model)
      const [model = '', at] = said.split(/\s+/)
      const teacher: Teacher = { model, ...(at ? { at } : {}) }
      const wrong = objection(teacher)
      if (!wrong) {
        answers.teacher = teacher
        break
      }
      say(wrong)
    }
  }
  if (byRules(answers.teacher)) return
  reporter.say('', ...termsLines(answers.teacher, verdictOf(answers.teacher, answers.purpose, accepted), reporter))
  const paid = [answers.teacher, judgeFor(answers.teacher, io.env)].some(costs)
  if (!given.has('budget') && paid) {
    const said = Number(await put('Budget in dollars, never exceeded?', String(answers.budget)))
    if (said > 0) answers.budget = said
  }
}

/** Why a teacher cannot be named so; undefined where it can. */
export function objection(teacher: Teacher): string | undefined {
  if (teacher.at !== undefined && !/^https?:\/\//.test(teacher.at))
    return `${teacher.at} is no address: http://localhost:8000/v1, say.`
  try {
    costs(teacher)
    return teacher.model === 'builtin/extractive' || !teacher.model.startsWith('builtin/')
      ? undefined
      : `${teacher.model} does not write; builtin/extractive does.`
  } catch {
    return `${teacher.model} names no known provider: write <provider>/<model>, or the address of your server behind the model.`
  }
}

/** What the terms of a teacher say of the purpose, and how they are accepted. Nothing is accepted here. */
export function termsLines({ model }: Teacher, verdict: TermsVerdict, { width, paint }: Reporter): string[] {
  const { entry, why, obligations, accepted, mayCall } = verdict
  const word = accepted ? `accepted by ${accepted.by}` : verdict.verdict
  return [
    `${paint('bold', `Terms of ${model}`)}: ${paint(mayCall ? 'green' : 'red', word)}`,
    ...indent(wrap(`${entry ? `${entry.title} (${entry.version}). ` : ''}${why}`, width - 2)),
    ...obligations.flatMap(duty => indent(wrap(`Obligation: ${duty}`, width - 2))),
    ...(mayCall
      ? []
      : indent([
          ...wrap('No call is made until somebody who may decide it has read them and runs:', width - 2),
          `  ${acceptCommand(verdict)}`,
        ])),
  ]
}
