import type { Message, Rec } from '../../records/index.ts'

export type Exam = Rec<'exam'>
/** Sets of marks for choices, as `A. Paris`; longer lists of choices have none, and are answered by their text. */
export const marks = { letters: 'ABCDEFGHIJ', kana: 'アイウエオカキクケコ', numbers: '1234567890' } as const
export type Marks = keyof typeof marks

/**
 * Places of the turns that are answered, in order: a user's turn with no assistant's behind it. What has an answer is an
 * example; two turns of a user in a row are asked one after the other, as in MT-Bench.
 */
export function openTurns(prompt: readonly Message[]): number[] {
  return prompt.flatMap(({ role }, i) =>
    (role === 'user' || role === 'tool') && prompt[i + 1]?.role !== 'assistant' ? [i] : [],
  )
}

/** False for an exam without a question that waits for an answer: `sit` drops it. */
export const isAsked = ({ prompt }: Pick<Exam, 'prompt'>): boolean => openTurns(prompt).length > 0

/** Verifiers whose answer is a number or a formula. */
const calculated = new Set(['number', 'numeric', 'maths', 'math'])

/** Characters of a right answer from which it is prose, where nothing says how it is graded. */
const longestExact = 100

/** Whether an answer is held word for word against the right one: a text around it must say where it stands. */
export function isExact({
  verifier,
  choices,
  rubric,
  target,
}: Pick<Exam, 'verifier' | 'choices' | 'rubric' | 'target'>): boolean {
  if (verifier) return verifier.kind === 'exact' || verifier.kind === 'exact_match'
  return choices === undefined && rubric === undefined && target !== '' && target.length <= longestExact
}

const phrases = {
  en: {
    mark: (mark: string) =>
      `End with the mark of the right choice on a line of its own, such as "Answer: ${mark}". Give one answer only.`,
    text: 'End with the right choice, word for word, on a line of its own that begins with "Answer:".',
    result: 'End with the result on a line of its own that begins with "Answer:".',
    exact: 'End with the answer alone, as short as it can be, on a line of its own that begins with "Answer:".',
    answer: 'Answer: ',
    in: { en: 'Answer in English.', ja: 'Answer in Japanese.' },
  },
  ja: {
    mark: (mark: string) =>
      `最後に「答え: ${mark}」のように、正しい選択肢の記号を一つだけ、独立した行に書いてください。`,
    text: '最後に「答え:」で始まる独立した行に、正しい選択肢をそのまま書いてください。',
    result: '最後に「答え:」で始まる独立した行に、結果を書いてください。',
    exact: '最後に「答え:」で始まる独立した行に、答えだけをできるだけ短く書いてください。',
    answer: '答え: ',
    in: { en: '英語で答えてください。', ja: '日本語で答えてください。' },
  },
}
type AnswerLanguage = 'en' | 'ja'
/** Of the languages that questions and judges' prompts are put in, the one for rows of this language. */
export const languageOf = (language: string): AnswerLanguage => (language.startsWith('ja') ? 'ja' : 'en')

/** How a question is put. `form` says in which form its answer is wanted, such as the letter of a choice. */
export type Manner = { choices: Marks; form: boolean; answerIn?: AnswerLanguage | undefined; language: string }

/** The marks of an exam's choices; undefined where there are too many of them for one sign each. */
const marksFor = ({ choices }: Manner, n: number): string | undefined =>
  n <= marks[choices].length ? marks[choices] : undefined

/** What stands below the question: its choices, the form of the answer, and the language it is wanted in. */
function below(exam: Exam, manner: Manner): string {
  const say = phrases[languageOf(manner.language)]
  const { choices, verifier } = exam
  const signs = choices && marksFor(manner, choices.length)
  const list = choices?.map((choice, i) => (signs ? `${signs[i]}. ${choice}` : `- ${choice}`)).join('\n')
  const form = choices
    ? signs
      ? say.mark(signs[0]!)
      : say.text
    : calculated.has(verifier?.kind ?? '')
      ? say.result
      : isExact(exam)
        ? say.exact
        : ''
  const parts = [list, manner.form ? form : '', manner.answerIn ? say.in[manner.answerIn] : '']
  return parts.filter(Boolean).join('\n\n')
}

/** The turns of an exam as they are asked: choices and form stand below the last question of each answer. */
export function turnsOf(exam: Exam, manner: Manner): Message[] {
  const open = openTurns(exam.prompt)
  const more = below(exam, manner)
  return exam.prompt.map((turn, i) =>
    more !== '' && turn.role === 'user' && open.includes(i) ? { ...turn, content: `${turn.content}\n\n${more}` } : turn,
  )
}

/** An exam with its answer, as an example before the question. */
export function exampleOf(exam: Exam, manner: Manner): Message[] {
  const say = phrases[languageOf(manner.language)]
  const signs = exam.choices && marksFor(manner, exam.choices.length)
  const place = placeOf(exam)
  const answer =
    place === undefined
      ? `${isExact(exam) ? say.answer : ''}${exam.target}`
      : signs
        ? `${say.answer}${signs[place]}`
        : `${say.answer}${exam.target}`
  return [...turnsOf(exam, manner), { role: 'assistant', content: answer }]
}

/** Where the right one stands among the choices: the target is its text, or its mark. */
export function placeOf({ choices, target }: Pick<Exam, 'choices' | 'target'>): number | undefined {
  if (!choices) return undefined
  const text = choices.indexOf(target)
  if (text >= 0) return text
  const said = target.trim().toUpperCase()
  const place = Object.values(marks)
    .map(signs => (said.length === 1 ? signs.indexOf(said) : -1))
    .find(at => at >= 0)
  return place !== undefined && place < choices.length ? place : undefined
}

/** What was asked, as judges and people read it: without examples, the choices in a list. */
export function questionsOf(exam: Exam): string[] {
  const list = exam.choices ? `\n\n${exam.choices.map(choice => `- ${choice}`).join('\n')}` : ''
  return openTurns(exam.prompt).map(at => `${exam.prompt[at]!.content ?? ''}${list}`)
}

/** What the student said itself: as many turns as it gave answers, else the last `questions`. Earlier ones are examples. */
export function ownAnswers({ messages, facets }: Rec<'conversation'>, questions: number): string[] {
  const said = messages.filter(({ role }) => role === 'assistant')
  const own = typeof facets.answers === 'number' ? said.slice(said.length - facets.answers) : said.slice(-questions)
  return own.map(({ content }) => content ?? '')
}

/** Answers of a conversation to the questions of its exam, in order; a missing one is empty. */
export function answersOf(conversation: Rec<'conversation'>, questions: number): string[] {
  const own = ownAnswers(conversation, questions)
  return Array.from({ length: questions }, (_, i) => own[i] ?? '')
}
