import { type Draft, feeding } from './draft.ts'
import { helpers } from './helpers.ts'
import { endLines, examName, gateLines, lines, purposeLines, sourceLine, teacherText } from './recipe-text.ts'
import { languagesOf } from './seen.ts'
import { agreeing, audience, isSingle, quarter, say, share, step } from './step-lines.ts'
import { byRules, judgeFor } from './teachers.ts'
import { names, note } from './yaml.ts'

/** The exam that goes with a training recipe: made of what that one holds out, by another family, and released before it. */
export function examText(draft: Draft, recipe: string): string {
  const feeds = feeding(draft)
  const { decision, examiner } = draft
  const written = decision.way !== 'curate-conversations'
  const documents = decision.way === 'teach-documents'
  const language = languagesOf(feeds)[0]?.[0] ?? 'en'
  const held = decision.way === 'edge-cases' ? quarter : share
  const single = documents && isSingle(feeds)
  const judge = judgeFor(examiner, {})
  const exam: Draft = {
    ...draft,
    judge,
    answers: { ...draft.answers, teacher: examiner },
    decision: {
      ...decision,
      use: 'eval-set',
      way: documents ? 'exam-documents' : written ? 'exam-queries' : 'exam-items',
    },
  }
  return lines([
    ...note(
      `An exam for the model that ${recipe} trains: made of what that recipe holds out. Run it first, and have the base model take it.`,
    ),
    '',
    `name: ${examName(draft)}`,
    'use: eval-set',
    `language: ${language}`,
    'seed: 1',
    '',
    ...purposeLines(draft),
    '',
    ...(written
      ? [
          ...note(
            byRules(examiner)
              ? 'Rules, as in the other recipe. Once a model writes there, take one of another maker here: an exam by the teacher itself asks for what it taught.'
              : 'Another maker than the writer of the training data: an exam by the teacher itself asks for what it taught.',
          ),
          'teachers:',
          `  examiner: ${teacherText(examiner)}`,
          ...(documents ? [`  judge: ${teacherText(judge, byRules(examiner) ? '' : ', temperature: 0')}`] : []),
          '',
        ]
      : []),
    'sources:',
    ...feeds.map(group => sourceLine(group, draft)),
    ...helpers({ ...exam, seen: draft.seen }).map(group => sourceLine(group, draft)),
    '',
    `evaluation: { training: ${recipe} }`,
    '',
    'steps:',
    step('personal-data', `from: ${names(feeds.map(({ name }) => name))}`),
    ...say('The same share as there, so that the same part is held out.'),
    step('holdout', `share: ${held}`, single && 'pieces: true', 'give: held-out'),
    ...questions(draft, exam),
    step('dedupe', 'near: 0.8'),
    '',
    ...gateLines(exam, 'eval-set'),
    '',
    ...endLines(exam, feeds),
  ])
}

function questions({ decision }: Draft, exam: Draft): string[] {
  if (decision.way === 'curate-conversations') return [step('clean')]
  if (decision.way !== 'teach-documents') return agreeing()
  const [queries] = helpers(exam)
  return [
    step(
      'ask',
      'teacher: examiner',
      'questions: 5',
      `audience: ${audience(feeding(exam))}`,
      queries !== undefined && `like: ${names([queries.name])}`,
    ),
    step('answer', 'teacher: examiner'),
    step('clean'),
    ...say('Only what is surely right may be asked.'),
    step('judge', 'teacher: judge', 'drop: 20%'),
  ]
}
