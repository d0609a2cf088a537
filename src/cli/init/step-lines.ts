import { type Draft, feeding } from './draft.ts'
import { helpers } from './helpers.ts'
import { type Group, languagesOf } from './seen.ts'
import { byRules } from './teachers.ts'
import { flow, names, note, scalar } from './yaml.ts'

/** A step on one line; options that are false are left out. */
export function step(verb: string, ...options: (string | false)[]): string {
  const said = options.filter(option => option !== false)
  return said.length === 0 ? `  - ${verb}` : `  - ${verb}: { ${said.join(', ')} }`
}
export const say = (text: string): string[] => note(text, '  ')

/** The share that is kept for an exam. */
export const share = '20%'
/** Of fewer documents than this a half would be too few. */
const few = 50

/** The steps of the way that was decided on, each with what it is there for. */
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
        step('backtranslate', 'teacher: writer', 'min: 4'),
        ...closing(draft),
      ]
    case 'teach-queries':
      return [
        ...opening(draft, from),
        ...say('New queries after real ones, as short, hasty and misspelt as people write.'),
        step('from-queries', 'teacher: writer', 'variants: 2'),
        ...say(
          'Real and new ones are answered alike, by what the model knows. With documents in the folder answers would rest on them.',
        ),
        step('answer', 'from: [shown, from-queries]', 'teacher: writer'),
        ...cleaning(),
        ...marking(),
        ...closing(draft),
      ]
    case 'keep-documents':
      return [
        ...opening(draft, from),
        ...say(
          draft.decision.from === 'code'
            ? 'The built-in teachers write nothing about code. With a language model as teacher, here:'
            : 'The built-in teachers find nothing to ask in these texts: they need sentences that say what things are, do and are good for. So the rows are the documents themselves. With a language model as teacher, here:',
        ),
        ...(draft.decision.from === 'code'
          ? ['  #   - backtranslate: { teacher: writer, min: 4 }']
          : ['  #   - ask: { teacher: writer, questions: 10 }', '  #   - answer: { teacher: writer }']),
        ...closing(draft),
      ]
    case 'keep-queries':
      return [
        ...opening(draft, from),
        ...say('The built-in teachers answer out of documents alone. With a language model as teacher, here:'),
        '  #   - from-queries: { teacher: writer, variants: 2 }',
        '  #   - answer: { teacher: writer }',
        ...closing(draft),
      ]
    case 'curate-conversations':
      return [
        ...opening(draft, from),
        ...cleaning(),
        ...say('With a language model as teacher, marks as well: - judge: { teacher: judge, drop: 20% }'),
        ...closing(draft),
      ]
    case 'curate-preferences':
      return [...opening(draft, from), ...bias(), ...closing(draft, '0.9')]
    case 'curate-votes':
      return [...votes(feeds), ...opening(draft, 'thumbs'), ...bias(), ...closing(draft, 'false')]
    case 'exam-documents':
      return [...replacing(from), ...asking(draft, 'examiner'), ...judging('examiner'), step('dedupe', 'near: 0.8')]
    case 'exam-queries':
      return [...replacing(from), ...agreeing(), step('dedupe', 'near: 0.8')]
    case 'exam-items':
      if (feeds[0]?.material === 'conversations') {
        return [
          ...replacing(from),
          ...cleaning(),
          ...say('The same question twice would count twice.'),
          step('dedupe', 'near: 0.9'),
        ]
      }
      return [...say('The same question twice would count twice.'), step('dedupe', `from: ${from}`, 'near: 0.9')]
    case 'edge-cases':
      return edgeCases(feeds, from)
    case 'table':
      return table(feeds[0]!)
  }
}

/** A source that is one document, which pieces of are held out. */
export const isSingle = (feeds: readonly Group[]): boolean =>
  feeds.length === 1 && feeds[0]!.kind === 'document' && feeds[0]!.records === 1

const replacing = (from: string): string[] => [
  ...say('E-mail addresses, numbers and the like become others of their kind; what holds a password or key goes.'),
  step('personal-data', `from: ${from}`),
]

/** Personal data out, then what an exam will be made of. */
function opening(draft: Draft, from: string): string[] {
  if (draft.exam) return replacing(from)
  const single = isSingle(feeding(draft))
  const what = single ? 'pieces' : draft.decision.from === 'documents' ? 'documents' : 'rows'
  return [
    ...replacing(from),
    '',
    ...say(
      `A fifth of the ${what} is held out: an exam can be made of it, and no row is. Two steps with one share divide alike.`,
    ),
    step('holdout', `share: ${share}`, single && 'pieces: true', 'give: held-out', 'as: unseen'),
    step('holdout', 'from: personal-data', `share: ${share}`, single && 'pieces: true', 'as: shown'),
    '',
  ]
}

function extracting(feeds: readonly Group[]): string[] {
  const keep = feeds.reduce((sum, { records }) => sum + records, 0) < few ? '80%' : '50%'
  return [
    ...say(`The best ${keep} by rules: complete, explaining prose without repetition or navigation.`),
    step('extract', `keep: ${keep}`),
  ]
}

/** Who asks, in the language of the documents. */
export function audience(feeds: readonly Group[]): string {
  return languagesOf(feeds)[0]?.[0] === 'ja' ? 'この分野を学び始めた人' : 'a new colleague'
}

function asking(draft: Draft, teacher = 'writer'): string[] {
  const queries = helpers(draft)[0]
  const feeds = feeding(draft)
  const japanese = languagesOf(feeds)[0]?.[0] === 'ja'
  return [
    ...say(
      `Questions that this audience would ask about each document${queries ? ', in the manner of real ones' : ''}.`,
    ),
    ...(queries ? [] : say('With a log of real queries, `like: <its source>` has them asked as your users do.')),
    step(
      'ask',
      `teacher: ${teacher}`,
      `questions: ${byRules(draft.answers.teacher) ? 5 : 10}`,
      `audience: ${audience(feeds)}`,
      // Commas of Japanese are none of YAML.
      japanese && 'style: 同僚に尋ねるように、です・ます体で',
      queries !== undefined && `like: ${scalar(queries.name)}`,
    ),
  ]
}

const cleaning = (): string[] => [...say('Refusals, cut-off, looping and broken answers go.'), step('clean')]
const marking = (): string[] => [
  ...say('Marks for accuracy, clarity and usefulness; the lowest fifth goes.'),
  step('judge', 'teacher: judge', 'drop: 20%'),
]

const judging = (teacher: string): string[] => [
  ...say('Answers out of the document. A language model can be asked several times: samples: 5, agreement: 0.6'),
  step('answer', `teacher: ${teacher}`),
  ...cleaning(),
  ...marking(),
]

/** Reference answers without a document to rest on. */
export const agreeing = (): string[] => [
  ...say('The answer that three of five agree on is the right one.'),
  step('answer', 'teacher: examiner', 'samples: 5', 'agreement: 0.6'),
  step('clean'),
]

const bias = (): string[] => [
  ...say('Does the better answer win, or the longer one? What the pairs prefer besides is told on the card.'),
  step('preference-bias'),
]

function votes(feeds: readonly Group[]): string[] {
  const [first] = feeds
  const renamed = Object.entries(first?.columns ?? {}).filter(([field, column]) => field !== column)
  const columns = flow(renamed.map(([field, column]) => [field, scalar(column)]))
  return [
    ...say('A vote says something of one reply; an edit or a regeneration makes a pair of two.'),
    step(
      'thumbs',
      `from: ${names(feeds.map(({ name }) => name))}`,
      first?.kind === 'row' && renamed.length > 0 && `columns: ${columns}`,
    ),
  ]
}

/** Copies out, real rows in, exams out, and splits that share nothing. */
function closing(draft: Draft, near = '0.8'): string[] {
  const real = draft.decision.way.startsWith('teach')
    ? helpers(draft).find(one => one.material === 'conversations')
    : undefined
  return [
    ...say(near === 'false' ? 'Equal rows once.' : 'Equal and nearly equal rows once.'),
    step('dedupe', `near: ${near}`),
    ...(real
      ? [
          ...say('A tenth of real rows: a set that only replaces them loses what is rare.'),
          step('mix', `with: ${scalar(real.name)}`, 'real: 10%'),
        ]
      : []),
    ...apart(draft),
    ...say('Rows of one document, or of one user, stay in one split.'),
    step('split', 'into: { train: 90%, test: 10% }'),
  ]
}

/** The check against exams, last, so that all rows are compared. */
function apart({ exam, decision }: Draft): string[] {
  if (exam) {
    return [
      ...say('Rows that share ten words in a row with the exam go. Last, so that all rows are compared.'),
      step('decontaminate', 'against: [exam]'),
    ]
  }
  const more = 'Add your benchmarks: against: [unseen, my-tests.jsonl]'
  // Rows of one set begin alike; documents share phrases, but seldom half of themselves.
  return decision.from === 'documents'
    ? [
        ...say(
          `Rows that share ten words in a row with what was held out go; what stands in more than ten rows is boilerplate. ${more}`,
        ),
        step('decontaminate', 'against: [unseen]', 'common: { rows: 10 }'),
      ]
    : [
        ...say(`Rows that share half of a row that was held out go, by the rule of Tulu 3. ${more}`),
        step('decontaminate', 'against: [unseen]', 'profile: tulu'),
      ]
}

/** The share of queries that new edge cases are checked against. */
export const quarter = '25%'

function edgeCases(feeds: readonly Group[], from: string): string[] {
  const known = feeds.every(({ columns }) => columns?.topic)
  const start = known ? 'personal-data' : 'topics'
  return [
    ...replacing(from),
    ...(known ? [] : [...say('Topics among the queries, so that seldom ones can be told.'), step('topics')]),
    '',
    ...say('A quarter is held out: new cases are checked against it and never shown it.'),
    step('holdout', `share: ${quarter}`, 'give: held-out', 'as: unseen'),
    step('holdout', `from: ${start}`, `share: ${quarter}`, 'as: shown'),
    '',
    ...say(
      'Regions are topic and length. One with few queries gets as many as it lacks, the likest of three times as many.',
    ),
    step('edge-cases', 'teacher: writer', 'held: unseen', 'by: [topic, length]'),
    ...say('Real queries and new ones are answered alike.'),
    step('answer', 'teacher: writer'),
    ...cleaning(),
    step('dedupe', 'near: 0.8'),
  ]
}

/** Rows of which a fifth, however the hash falls, is the hundred that the check of copies takes. */
const enoughRows = 600

function table({ name, people = [], records }: Group): string[] {
  const columns = people.flatMap(({ name, holds, missing }) => {
    if (holds === 'identifier') return [`        ${scalar(name)}: id`]
    return missing ? [] : [`        ${scalar(name)}: { missing: false }`]
  })
  const scarce =
    records < enoughRows
      ? ` That takes about ${enoughRows} rows; of ${records} the release says that it cannot be told.`
      : ''
  return [
    ...say('A fifth of the people is set aside: what made rows share with them is true of anybody.'),
    step('holdout', `from: ${scalar(name)}`, `share: ${share}`, 'give: held-out', 'as: unseen'),
    step('holdout', `from: ${scalar(name)}`, `share: ${share}`, 'as: known'),
    '',
    ...say(
      'Rows are drawn from noisy counts; epsilon bounds what one person may change: 1 is strict, 10 is loose. Columns called id name people and are left out. Say here what is known without looking, such as age: { min: 18, max: 100, missing: false }: what is read off the rows is outside of the guarantee, and the run tells which.',
    ),
    '  - mst:',
    '      from: known',
    '      epsilon: 3',
    ...(columns.length > 0 ? ['      columns:', ...columns] : []),
    '',
    ...say(`Are made rows nearer to known people than to unseen ones? A sign of copying stops the release.${scarce}`),
    step('privacy', 'training: known', 'holdout: unseen'),
  ]
}
