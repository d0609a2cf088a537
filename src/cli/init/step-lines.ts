import { type Draft, feeding, realOnes } from './draft.ts'
import { helpers } from './recipe-text.ts'
import { type Group, languagesOf } from './seen.ts'
import { byRules } from './teachers.ts'
import { flow, names, note, scalar } from './yaml.ts'

const step = (verb: string, options: readonly (readonly [string, string])[] = []): string =>
  options.length === 0 ? `  - ${verb}` : `  - ${verb}: ${flow(options)}`
const say = (text: string): string[] => note(text, '  ')

/** Where a fifth is held out, and a quarter of queries. */
export const share = '20%'
/** Few documents: a share of them is more than poor ones. */
const few = 50

/** The steps of the way that was decided on. */
export function stepLines(draft: Draft): string[] {
  const feeds = feeding(draft)
  const from = names(feeds.map(({ name }) => name))
  switch (draft.decision.way) {
    case 'teach-documents':
      return [...opening(draft, from), ...extracting(feeds), ...asking(draft), ...judging('writer'), ...closing(draft)]
    case 'teach-code':
      return [
        ...opening(draft, from),
        ...say('The code is the answer; an instruction is written for it, and graded from 1 to 5.'),
        step('backtranslate', [
          ['teacher', 'writer'],
          ['min', '4'],
        ]),
        ...closing(draft),
      ]
    case 'teach-queries':
      return [
        ...opening(draft, from),
        ...say('New queries after real ones, as short, hasty and misspelt as people write.'),
        step('from-queries', [
          ['from', 'shown'],
          ['teacher', 'writer'],
          ['variants', '2'],
        ]),
        ...say(
          'Real and new ones are answered alike. What the answers may say comes from the model alone: with documents in the folder they would be grounded.',
        ),
        step('answer', [
          ['from', '[shown, from-queries]'],
          ['teacher', 'writer'],
        ]),
        step('clean'),
        ...judging('writer').slice(-2),
        ...closing(draft),
      ]
    case 'keep-documents':
      return [...opening(draft, from), step('clean'), ...closing(draft)]
    case 'keep-queries':
      return [
        ...opening(draft, from),
        ...say('The built-in teachers answer out of documents alone. With a language model this becomes:'),
        '  #   - from-queries: { teacher: writer, variants: 2 }',
        '  #   - answer: { teacher: writer }',
        ...closing(draft),
      ]
    case 'curate-conversations':
      return [
        ...opening(draft, from),
        ...say('Refusals, cut-off, broken and looping answers go.'),
        step('clean'),
        ...say('With a language model, marks as well: - judge: { teacher: judge, drop: 20% }'),
        ...closing(draft),
      ]
    case 'curate-preferences':
      return [...opening(draft, from), ...bias(), ...closing(draft, '0.9')]
    case 'curate-votes':
      return [...votes(feeds), ...opening(draft, 'thumbs'), ...bias(), ...closing(draft, 'false')]
    case 'exam-documents':
      return [
        ...examOpening(from),
        ...asking(draft, 'examiner'),
        ...judging('examiner'),
        step('dedupe', [['near', '0.8']]),
      ]
    case 'exam-queries':
      return [...examOpening(from), ...examAnswers(), step('dedupe', [['near', '0.8']])]
    case 'exam-items':
      return [
        ...say('The same question twice counts twice.'),
        step('dedupe', [
          ['from', from],
          ['near', '0.9'],
        ]),
      ]
    case 'edge-cases':
      return edgeCases(feeds, from)
    case 'table':
      return table(feeds[0]!)
  }
}

/** Personal data out, then what an exam will be made of. */
function opening({ exam, seen, decision }: Draft, from: string): string[] {
  const single = feeding({ seen, decision }).every(
    group => group.kind === 'document' && group.count === 1 && group.records === 1,
  )
  const apart = [['share', share], ...(single ? [['pieces', 'true']] : [])] as [string, string][]
  const what = decision.from === 'documents' || decision.from === 'code' ? 'documents' : 'rows'
  return [
    ...say('E-mail addresses, numbers and the like become others of their kind; what holds a password or key goes.'),
    step('personal-data', [['from', from]]),
    ...(exam
      ? []
      : [
          '',
          ...say(
            single
              ? 'A fifth of the pieces is kept for an exam, and nothing is made of it.'
              : `A fifth of the ${what} is kept for an exam, and nothing is made of it. Two steps with one share divide alike.`,
          ),
          step('holdout', [...apart, ['as', 'shown']]),
          step('holdout', [['from', 'personal-data'], ...apart, ['give', 'held-out'], ['as', 'unseen']]),
          '',
          ...(['teach-queries'].includes(decision.way) ? [] : []),
        ]),
  ]
}

function extracting(feeds: readonly Group[]): string[] {
  const all = feeds.reduce((sum, { records }) => sum + records, 0)
  const keep = all < few ? '80%' : '50%'
  return [
    ...say(`The best ${keep} by rules: complete, explaining prose without repetition or navigation.`),
    step('extract', [
      ['from', 'shown'],
      ['keep', keep],
    ]),
  ]
}

const japanese = (draft: Draft): boolean => languagesOf(feeding(draft))[0]?.[0] === 'ja'

function asking(draft: Draft, teacher = 'writer'): string[] {
  const queries = realOnes(draft, 'queries', 'conversations')[0]
  const ja = japanese(draft)
  const rules = byRules(draft.answers.teacher)
  return [
    ...say(
      `Questions that this audience would ask about each document${queries ? ', in the manner of real ones' : ''}.`,
    ),
    step('ask', [
      ['teacher', teacher],
      ['questions', rules ? '5' : '10'],
      ['audience', ja ? 'この分野を学び始めた人' : 'a new colleague'],
      ...(ja ? ([['style', '同僚に尋ねるように、です・ます体で']] as const) : []),
      ...(queries ? ([['like', scalar(queries.name)]] as const) : []),
    ]),
    ...(queries ? [] : say('With a log of real queries: like: <its source>. Then they ask as your users do.')),
  ]
}

function judging(teacher: string): string[] {
  return [
    ...say('Answers out of the document. A language model can be asked several times: samples: 5, agreement: 0.6'),
    step('answer', [['teacher', teacher]]),
    ...say('Refusals, cut-off and broken answers go.'),
    step('clean'),
    ...say('Marks for accuracy, clarity and usefulness; the lowest fifth goes.'),
    step('judge', [
      ['teacher', 'judge'],
      ['drop', '20%'],
    ]),
  ]
}

const bias = (): string[] => [
  ...say('Does the better answer win, or the longer one? What the pairs prefer besides is told on the card.'),
  step('preference-bias'),
]

function votes(feeds: readonly Group[]): string[] {
  const [first] = feeds
  const columns = Object.entries(first?.columns ?? {}).filter(([field, column]) => field !== column)
  return [
    ...say('A vote says something of one reply; an edit or a regeneration makes a pair of two.'),
    step('thumbs', [
      ['from', names(feeds.map(({ name }) => name))],
      ...(first?.kind === 'row' && columns.length > 0
        ? [['columns', flow(columns.map(([field, column]) => [field, scalar(column)]))] as const]
        : []),
    ]),
  ]
}

/** Copies out, real rows in, exams out, and splits that share nothing. */
function closing(draft: Draft, near = '0.8'): string[] {
  const real = draft.decision.way.startsWith('teach')
    ? helpers(draft).filter(({ material }) => material === 'conversations')
    : []
  return [
    ...say(near === 'false' ? 'Equal rows once.' : 'Equal and nearly equal rows once.'),
    step('dedupe', [['near', near]]),
    ...(real.length > 0
      ? [
          ...say('A tenth of real rows: a set that only replaces them loses what is rare.'),
          step('mix', [
            ['with', scalar(real[0]!.name)],
            ['real', '10%'],
          ]),
        ]
      : []),
    ...say(
      draft.exam
        ? 'Rows that share ten words in a row with the exam go. Last, so that all rows are compared.'
        : 'Rows that share ten words in a row with what was held out go; what stands in many rows is boilerplate. Name your benchmarks as well: against: [unseen, my-tests.jsonl]',
    ),
    step('decontaminate', [
      ['against', `[${draft.exam ? 'exam' : 'unseen'}]`],
      ...(draft.exam ? [] : [['common', '{ rows: 10 }'] as const]),
    ]),
    ...say('Rows of one document, or of one user, stay in one split.'),
    step('split', [['into', '{ train: 90%, test: 10% }']]),
  ]
}

const examOpening = (from: string): string[] => [
  ...say('Before anybody outside sees them: personal data becomes other data of its kind.'),
  step('personal-data', [['from', from]]),
]

export const examAnswers = (): string[] => [
  ...say('The answer that three of five agree on is the right one.'),
  step('answer', [
    ['teacher', 'examiner'],
    ['samples', '5'],
    ['agreement', '0.6'],
  ]),
  step('clean'),
]

function edgeCases(feeds: readonly Group[], from: string): string[] {
  const known = feeds.every(({ columns }) => columns?.topic)
  const start = known ? 'personal-data' : 'topics'
  return [
    ...say('Before a model sees the queries.'),
    step('personal-data', [['from', from]]),
    ...(known ? [] : [...say('Topics among the queries, so that seldom ones can be told.'), step('topics')]),
    '',
    ...say('A quarter is held out: new cases are checked against it and never shown it.'),
    step('holdout', [
      ['from', start],
      ['share', '25%'],
      ['as', 'shown'],
    ]),
    step('holdout', [
      ['from', start],
      ['share', '25%'],
      ['give', 'held-out'],
      ['as', 'unseen'],
    ]),
    '',
    ...say(
      'Regions are topic and length. One with few queries gets as many as it lacks, the likest of three times as many.',
    ),
    step('edge-cases', [
      ['from', 'shown'],
      ['teacher', 'writer'],
      ['held', 'unseen'],
      ['by', '[topic, length]'],
    ]),
    ...say('Real queries and new ones are answered alike.'),
    step('answer', [['teacher', 'writer']]),
    step('clean'),
    step('dedupe', [['near', '0.8']]),
  ]
}

/** Rows that the check of copies takes, on either side. */
export const enoughRows = 500

function table({ name, people = [], records }: Group): string[] {
  const column = ({ name, holds, missing }: NonNullable<Group['people']>[number]) =>
    holds === 'identifier'
      ? [`          ${scalar(name)}: id`]
      : missing
        ? []
        : [`          ${scalar(name)}: { missing: false }`]
  const columns = people.flatMap(column)
  return [
    ...say('A fifth of the people is set aside: what made rows share with them is true of anybody.'),
    step('holdout', [
      ['from', scalar(name)],
      ['share', share],
      ['as', 'known'],
    ]),
    step('holdout', [
      ['from', scalar(name)],
      ['share', share],
      ['give', 'held-out'],
      ['as', 'unseen'],
    ]),
    '',
    ...say(
      'Rows are drawn from noisy counts. epsilon bounds what one person may change: 1 is strict, 10 is loose. Columns called id name people and are left out. Limits and labels that are known without looking belong here, such as age: { min: 18, max: 100 }; what is read off the rows is outside of the guarantee, and the run says so.',
    ),
    '  - mst:',
    '      from: known',
    '      epsilon: 3',
    ...(columns.length > 0 ? ['      columns:', ...columns.map(line => line.slice(2))] : []),
    '',
    ...say(
      `Are made rows nearer to known people than to unseen ones? A signal of copying blocks the release.${records < enoughRows ? ` It takes about ${enoughRows} rows to tell; ${records} are too few, and the release will say that it cannot be told.` : ''}`,
    ),
    step('privacy', [
      ['training', 'known'],
      ['holdout', 'unseen'],
    ]),
  ]
}
