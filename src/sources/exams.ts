import type { Json, Message, Payload, Verifier } from '../records/index.ts'
import { sha256 } from '../records/index.ts'
import { type Columns, Misshapen, need, needText, object, pick, pickText } from './columns.ts'
import { parsed, user } from './messages.ts'
import { payloadOf } from './shape.ts'
import { list, unfolded } from './unfold.ts'

/** What a row of a benchmark is as an exam, with the name of the row and the part of the benchmark it belongs to. */
export type ExamRow = { payload: Payload<'exam'>; id?: string; part?: string }
/** `shots` is how many worked examples of the file stand before each question, where the file has any. */
export type ExamOptions = { shots: number }

type Layout = {
  /** Columns that tell this layout from the others. */
  fits(columns: Columns): boolean
  read(columns: Columns, options: ExamOptions): ExamRow
}

const text = (value: Json | undefined): string | undefined =>
  typeof value === 'string' || typeof value === 'number' ? String(value) : undefined
/** Texts of a list, or the one that stands there. */
const texts = (value: Json | undefined): string[] => [value ?? []].flat().flatMap(one => text(one as Json) ?? [])
const has = (columns: Columns, ...names: string[]): boolean =>
  names.every(name => columns[name] !== undefined && columns[name] !== null)
const idOf = (columns: Columns, ...names: string[]): { id?: string } => {
  const id = text(pick(columns, names))
  return id === undefined ? {} : { id }
}
const partOf = (columns: Columns, ...names: string[]): { part?: string } => {
  const part = pickText(columns, names)
  return part === undefined ? {} : { part }
}

type Rest = { choices?: string[]; rubric?: string; verifier?: Verifier }
const exam = (prompt: string | Message[], target: string, rest: Rest = {}): Payload<'exam'> => ({
  kind: 'exam',
  prompt: typeof prompt === 'string' ? [user(prompt)] : prompt,
  target,
  ...rest,
})

const signs = 'ABCDEFGHIJ'

/** Place of the right choice: a number from 0, a letter, the text itself, or what the end of a worked answer says. */
function placeIn(choices: readonly string[], answer: Json | undefined): number {
  const said = text(answer)?.trim() ?? ''
  const letter = /^\(?([A-J])\)?[.:)]?$/.exec(said)?.[1] ?? /answer is \(?([A-J])\)?/i.exec(said)?.[1]
  // A number counts the choices, even where they are numbers: `2` of ["0", "1", "2", "3"] and of ["1", "2", "3", "4"].
  if (typeof answer === 'number' && Number.isInteger(answer) && answer >= 0 && answer < choices.length) return answer
  const exact = choices.indexOf(said)
  const place = exact >= 0 ? exact : letter ? signs.indexOf(letter) : /^\d+$/.test(said) ? Number(said) : -1
  if (place >= 0 && place < choices.length) return place
  throw new Misshapen('wrong-shape', { answer: 'names none of the choices' })
}

/** The choices of a question with the right one by its text. */
function chosen(prompt: string, choices: string[], answer: Json | undefined, rest: Rest = {}): Payload<'exam'> {
  if (choices.length < 2) throw new Misshapen('wrong-shape', { choices: `${choices.length} of them` })
  if (new Set(choices).size < choices.length) throw new Misshapen('wrong-shape', { choices: 'one of them twice' })
  return exam(prompt, choices[placeIn(choices, answer)]!, { choices, ...rest })
}

/** The order of choices that have none of their own: by digest, so that the right one is not always the first. */
const scattered = (choices: readonly string[]): string[] =>
  [...choices].sort((a, b) => (sha256(a) < sha256(b) ? -1 : 1))

/** The same question for all pairs of sentences of a set. */
const pairQuestions = {
  likelier: 'Which of the two sentences is likelier?',
  entails:
    '前提と仮説の関係を答えてください。前提から仮説が必ず言えるなら entailment、前提と仮説が両立しないなら contradiction、どちらでもなければ neutral です。',
  alike:
    '二つの文の意味がどれだけ近いかを、0（まったく異なる）から 5（同じ意味）までの小数で答えてください。数だけを答えてください。',
}
const relations = ['entailment', 'contradiction', 'neutral']

/** Benchmarks by the form that their files have. A new one is one entry here. */
export const layouts = {
  'mt-bench': {
    fits: columns => has(columns, 'question_id', 'turns'),
    read(columns) {
      const turns = texts(columns.turns)
      if (turns.length === 0) throw new Misshapen('wrong-shape', { turns: 'no turn' })
      const id = text(need(columns, ['question_id']))
      const category = pickText(columns, ['category']) ?? 'general'
      const references = texts(columns.reference)
      const verifier: Verifier = {
        kind: 'mt-bench',
        question_id: String(id),
        category,
        ...(references.length > 0 ? { references } : {}),
      }
      return { payload: exam(turns.map(user), '', { verifier }), ...idOf(columns, 'question_id'), part: category }
    },
  },
  'elyza-tasks-100': {
    fits: columns => has(columns, 'input', 'output', 'eval_aspect'),
    read: columns => ({
      payload: exam(needText(columns, ['input']), needText(columns, ['output']), {
        ...(pickText(columns, ['eval_aspect']) ? { rubric: pickText(columns, ['eval_aspect'])! } : {}),
        verifier: { kind: 'elyza' },
      }),
      ...idOf(columns, 'id', 'task_id'),
    }),
  },
  'llm-jp-eval': {
    fits: columns => has(columns, 'instruction', 'metrics', 'input', 'output'),
    read(columns, { shots }) {
      const instruction = needText(columns, ['instruction'])
      const examples = list(columns.few_shots).slice(0, shots)
      const asked = [...examples, columns].map(one => needText(one, ['input']))
      const turns = asked.flatMap((input, i): Message[] => {
        const question = user(i === 0 ? `${instruction}\n\n${input}` : input)
        const example = examples[i]
        return example ? [question, { role: 'assistant', content: needText(example, ['output']) }] : [question]
      })
      const metrics = texts(columns.metrics)
      if (metrics.length === 0) throw new Misshapen('wrong-shape', { metrics: 'none' })
      const output = text(need(columns, ['output']))
      if (output === undefined) throw new Misshapen('wrong-shape', { output: 'not a single value' })
      return { payload: exam(turns, output, { verifier: { kind: 'text', metrics } }), ...idOf(columns, 'ID', 'id') }
    },
  },
  bbq: {
    fits: columns => has(columns, 'context_condition', 'ans0', 'ans1', 'ans2', 'label'),
    read(columns) {
      const category = needText(columns, ['category'])
      const choices = ['ans0', 'ans1', 'ans2'].map(name => needText(columns, [name]))
      const info = object(columns.answer_info)
      const metadata = object(columns.additional_metadata)
      const polarity = columns.question_polarity
      if (!info || !metadata || !['neg', 'nonneg'].includes(String(polarity)))
        throw new Misshapen('missing-column', { expected: ['answer_info', 'additional_metadata', 'question_polarity'] })
      const verifier: Verifier = {
        kind: 'bbq',
        category,
        question_polarity: String(polarity),
        context_condition: needText(columns, ['context_condition']),
        answer_info: Object.fromEntries(['ans0', 'ans1', 'ans2'].map(name => [name, texts(info[name])])),
        stereotyped_groups: texts(metadata.stereotyped_groups),
      }
      const label = Number(need(columns, ['label']))
      const question = `${needText(columns, ['context'])}\n\n${needText(columns, ['question'])}`
      const payload = chosen(question, choices, label, { verifier: { ...verifier, label } })
      const id = text(columns.example_id)
      return { payload, ...(id === undefined ? {} : { id: `${category}/${id}` }), part: category }
    },
  },
  'crows-pairs': {
    fits: columns => has(columns, 'sent_more', 'sent_less', 'stereo_antistereo'),
    read(columns) {
      const choices = [needText(columns, ['sent_more']), needText(columns, ['sent_less'])]
      const verifier: Verifier = {
        kind: 'crows-pairs',
        stereo_antistereo: needText(columns, ['stereo_antistereo']),
        bias_type: needText(columns, ['bias_type']),
      }
      const payload = exam(pairQuestions.likelier, '', { choices, verifier })
      return { payload, ...idOf(columns, 'id', 'column_1'), ...partOf(columns, 'bias_type') }
    },
  },
  jcommonsenseqa: {
    fits: columns => has(columns, 'question', 'choice0', 'choice1', 'label'),
    read(columns) {
      const names = Object.keys(columns)
        .filter(name => /^choice\d+$/.test(name))
        .sort()
      const choices = names.map(name => needText(columns, [name]))
      return {
        // Tables without types give the place as text.
        payload: chosen(needText(columns, ['question']), choices, Number(need(columns, ['label']))),
        ...idOf(columns, 'q_id', 'id'),
      }
    },
  },
  jnli: {
    fits: columns => has(columns, 'sentence1', 'sentence2') && relations.includes(String(columns.label)),
    read: columns => ({
      payload: chosen(
        `${pairQuestions.entails}\n\n前提: ${needText(columns, ['sentence1'])}\n仮説: ${needText(columns, ['sentence2'])}`,
        relations,
        columns.label,
      ),
      ...idOf(columns, 'sentence_pair_id', 'id'),
    }),
  },
  jsts: {
    fits: columns => has(columns, 'sentence1', 'sentence2') && Number.isFinite(Number(columns.label)),
    read: columns => ({
      payload: exam(
        `${pairQuestions.alike}\n\n文1: ${needText(columns, ['sentence1'])}\n文2: ${needText(columns, ['sentence2'])}`,
        String(text(need(columns, ['label']))),
        { verifier: { kind: 'text', metrics: ['pearson', 'spearman'] } },
      ),
      ...idOf(columns, 'sentence_pair_id', 'id'),
    }),
  },
  jsquad: {
    fits: columns => has(columns, 'context', 'question', 'answers'),
    read(columns) {
      const answers = object(columns.answers)
      const given = answers ? texts(answers.text) : list(columns.answers).flatMap(({ text: one }) => texts(one))
      const [target, ...accept] = new Set(given)
      if (target === undefined) throw new Misshapen('wrong-shape', { answers: 'none' })
      // JSQuAD puts the title before the passage, and a sign between them.
      const context = needText(columns, ['context']).replace(/^(.{1,100}?) \[SEP\] /, '$1\n')
      const verifier: Verifier = { kind: 'text', metrics: ['exact_match', 'char_f1'], accept }
      const question = needText(columns, ['question'])
      const japanese = /[\p{Script=Hiragana}\p{Script=Katakana}]/u.test(context)
      const wanted = japanese
        ? '文章を読み、質問の答えを文章から抜き出して、それだけを答えてください。'
        : 'Read the passage and answer the question with words of the passage alone.'
      const labels = japanese ? ['文章', '質問'] : ['Passage', 'Question']
      const prompt = `${wanted}\n\n${labels[0]}: ${context}\n\n${labels[1]}: ${question}`
      return { payload: exam(prompt, target, { verifier }), ...idOf(columns, 'id') }
    },
  },
  humaneval: {
    fits: columns => has(columns, 'prompt', 'test', 'entry_point'),
    read(columns) {
      const code = needText(columns, ['prompt'])
      const entry = needText(columns, ['entry_point'])
      const tests = needText(columns, ['test'])
      const asked = `Complete this function. Reply with the whole function in one block of code.\n\n\`\`\`python\n${code.trimEnd()}\n\`\`\``
      const verifier: Verifier = { kind: 'code', language: 'python', tests, entry_point: entry, prompt: code }
      const target = pickText(columns, ['canonical_solution']) ?? ''
      return { payload: exam(asked, target, { verifier }), ...idOf(columns, 'task_id') }
    },
  },
  mbpp: {
    fits: columns => has(columns, 'test_list') && (has(columns, 'text') || has(columns, 'prompt')),
    read(columns) {
      const tests = texts(columns.test_list)
      if (tests.length === 0) throw new Misshapen('wrong-shape', { test_list: 'no test' })
      const setup = [pickText(columns, ['test_setup_code']), ...texts(columns.test_imports)].filter(one => one)
      const asked = `${needText(columns, ['text', 'prompt'])}\n\nReply with Python in one block of code. It must pass this test:\n\n\`\`\`python\n${tests[0]}\n\`\`\``
      const verifier: Verifier = {
        kind: 'code',
        language: 'python',
        tests,
        ...(setup.length > 0 ? { setup: setup.join('\n') } : {}),
      }
      const target = pickText(columns, ['code']) ?? ''
      return { payload: exam(asked, target, { verifier }), ...idOf(columns, 'task_id') }
    },
  },
  truthfulqa: {
    fits: columns => has(columns, 'Question', 'Best Answer', 'Incorrect Answers'),
    read(columns) {
      const right = needText(columns, ['Best Answer'])
      const wrong = needText(columns, ['Incorrect Answers']).split(/;\s*/).filter(Boolean)
      const choices = scattered([...new Set([right, ...wrong])])
      const payload = chosen(needText(columns, ['Question']), choices, right)
      return { payload, ...partOf(columns, 'Category') }
    },
  },
  'multiple-choice': {
    fits: columns => has(columns, 'question') && (has(columns, 'choices') || has(columns, 'options')),
    read(columns) {
      const given = parsed(need(columns, ['choices', 'options']))
      const named = object(given)
      const choices = named ? (named.text ? texts(named.text) : Object.values(named).flatMap(texts)) : texts(given)
      const answer = pick(columns, ['answer', 'answerKey', 'label', 'target', 'answer_index'])
      const labels = named?.label ? texts(named.label) : named && !named.text ? Object.keys(named) : []
      const place = labels.indexOf(text(answer) ?? '')
      const payload = chosen(needText(columns, ['question']), choices, place >= 0 ? place : answer)
      return {
        payload,
        ...idOf(columns, 'id', 'question_id', 'q_id'),
        ...partOf(columns, 'subject', 'category'),
      }
    },
  },
  gsm8k: {
    fits: columns => has(columns, 'question', 'answer') && /####\s*\S/.test(String(columns.answer)),
    read: columns => ({
      payload: exam(needText(columns, ['question']), needText(columns, ['answer']), { verifier: { kind: 'number' } }),
      ...idOf(columns, 'id'),
    }),
  },
} satisfies { [name: string]: Layout }

export type LayoutName = keyof typeof layouts
export const layoutNames = Object.keys(layouts) as LayoutName[]

/** The layout that a row of a benchmark has; undefined for one of none of them, such as an exam in our own columns. */
export const layoutOf = (columns: Columns): LayoutName | undefined =>
  layoutNames.find(name => layouts[name].fits(columns))

/** Samples below the instruction that they share (llm-jp-eval), and what benchmarks nest otherwise; any other row is itself. */
export function* examColumns(row: Columns): Generator<Columns> {
  if (Array.isArray(row.samples) && typeof row.instruction === 'string') {
    const { samples, ...shared } = row
    for (const sample of list(samples)) yield { ...shared, ...sample }
    return
  }
  yield* unfolded(row)
}

/** A row of a benchmark as an exam. Throws `Misshapen`. */
export function examOf(columns: Columns, layout: LayoutName | undefined, options: ExamOptions): ExamRow {
  if (layout !== undefined) return layouts[layout].read(columns, options)
  return { payload: payloadOf('exam', columns) as Payload<'exam'>, ...idOf(columns, 'id'), ...partOf(columns, 'topic') }
}
