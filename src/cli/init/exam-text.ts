import { type Draft, feeding } from './draft.ts'
import { endLines, examName, gateLines, helpers, lines, purposeLines, sourceLine, teacherText } from './recipe-text.ts'
import { languagesOf } from './seen.ts'
import { share } from './step-lines.ts'
import { byRules, judgeFor } from './teachers.ts'
import { flow, names, note } from './yaml.ts'

const step = (verb: string, options: readonly (readonly [string, string])[]): string => `  - ${verb}: ${flow(options)}`

/** The exam that goes with a training recipe: made of what that one holds out, by another family, and released before it. */
export function examText(draft: Draft, recipe: string): string {
  const feeds = feeding(draft)
  const { decision, examiner } = draft
  const written = decision.way !== 'curate-conversations'
  const documents = decision.way === 'teach-documents'
  const language = languagesOf(feeds)[0]?.[0] ?? 'en'
  const held = decision.way === 'edge-cases' ? '25%' : share
  const single = documents && feeds.every(group => group.count === 1 && group.records === 1)
  const exam: Draft = {
    ...draft,
    answers: { ...draft.answers, teacher: examiner },
    decision: {
      ...decision,
      use: 'eval-set',
      way: documents ? 'exam-documents' : written ? 'exam-queries' : 'exam-items',
    },
  }
  const judge = judgeFor(examiner, {})
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
    step('personal-data', [['from', names(feeds.map(({ name }) => name))]]),
    ...note('The same share as there, so that the same part is held out.', '  '),
    step('holdout', [['share', held], ...(single ? ([['pieces', 'true']] as const) : []), ['give', 'held-out']]),
    ...questions(draft, exam),
    step('dedupe', [['near', '0.8']]),
    '',
    ...gateLines(exam, 'eval-set'),
    '',
    ...endLines(exam, feeds),
  ])
}

function questions({ decision }: Draft, exam: Draft): string[] {
  const ja = languagesOf(feeding(exam))[0]?.[0] === 'ja'
  const queries = helpers(exam)[0]
  if (decision.way === 'curate-conversations') return ['  - clean']
  if (decision.way !== 'teach-documents') {
    return [
      ...note('The answer that three of five agree on is the right one.', '  '),
      step('answer', [
        ['teacher', 'examiner'],
        ['samples', '5'],
        ['agreement', '0.6'],
      ]),
      '  - clean',
    ]
  }
  return [
    step('ask', [
      ['teacher', 'examiner'],
      ['questions', '5'],
      ['audience', ja ? 'この分野を学び始めた人' : 'a new colleague'],
      ...(queries ? ([['like', names([queries.name])]] as const) : []),
    ]),
    step('answer', [['teacher', 'examiner']]),
    '  - clean',
    ...note('Only what is surely right may be asked.', '  '),
    step('judge', [
      ['teacher', 'judge'],
      ['drop', '20%'],
    ]),
  ]
}
