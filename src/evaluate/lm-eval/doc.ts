import type { Json, Message, Rec } from '../../records/index.ts'
import { claimedAnswer } from '../../text/index.ts'

/** How lm-evaluation-harness can ask and grade an item. Items of one form are a task: its settings hold for all of them. */
export type Form =
  | { is: 'choice' /** Nothing stands between question and choice, as in scripts without spaces. */; joined: boolean }
  | { is: 'number' }
  | { is: 'maths' }
  | { is: 'exact'; case: boolean /** Several answers count. */; several: boolean }
  | { is: 'regex' }

/** A row of the data of a task. `id` and `digest` are those of the exam record, so that results find back to it. */
export type Doc = { id: string; digest: string; text: string; [column: string]: Json }

/** Why an item cannot be asked or graded there. */
export const leftOut = {
  'no-metric': 'Its metric compares characters or ranks, and the harness has no such metric for it.',
  'no-question': 'The prompt holds no text.',
  'needs-a-judge': 'It is graded by a judge, which the harness has none of.',
  'needs-a-program': 'It is graded by running code, by a schema or by calls of tools.',
  'long-answer': 'The expected answer is a text, which no reply equals word for word.',
  'no-number': 'The expected answer states no number.',
  tolerance: 'A number near the expected one counts as well, and the harness compares digits.',
  'target-no-choice': 'The expected answer is none of the choices.',
  'bad-choices': 'A choice is empty, or two are the same.',
  'pattern-unknown-to-python': 'The regular expression uses what Python has not.',
} as const
export type LeftOut = keyof typeof leftOut

/** Characters of an answer beyond which nobody says it again word for word. */
const longest = 200

/** An exam record as the harness can take it, or why it cannot. */
export function docOf({ id, digest, language, ...exam }: Rec<'exam'>): { form: Form; doc: Doc } | LeftOut {
  const text = textOf(exam.prompt)
  if (text === '') return 'no-question'
  const named = { id, digest, text }
  const { verifier, target } = exam
  const kind = aliases[verifier?.kind ?? ''] ?? verifier?.kind
  const choices = exam.choices ?? listed(verifier?.choices)
  if (choices) return choiceOf(named, target, choices, language)
  switch (kind) {
    case undefined:
      if (exam.rubric !== undefined) return 'needs-a-judge'
      return numberIn(target) === target.trim().replaceAll(',', '')
        ? numeric(named, target)
        : exactly(named, target, [], false)
    case 'number':
    case 'maths': {
      if (Number(verifier?.tolerance ?? 0) > 0 || Number(verifier?.relative ?? 0) > 0) return 'tolerance'
      const answer = (claimedAnswer(target) ?? target).trim().replace(/^\$+|\$+$|\.$/g, '')
      if (kind === 'number' || numberIn(answer) === answer.replaceAll(',', '')) return numeric(named, target)
      if (answer.length > longest) return 'long-answer'
      return { form: { is: 'maths' }, doc: { ...named, target: answer } }
    }
    case 'exact':
      return exactly(named, target, listed(verifier?.accept) ?? [], verifier?.case === true)
    case 'regex': {
      const pattern = pythonPattern(String(verifier?.pattern ?? target), String(verifier?.flags ?? ''))
      if (pattern === undefined) return 'pattern-unknown-to-python'
      return { form: { is: 'regex' }, doc: { ...named, target, pattern, whole: verifier?.whole === true } }
    }
    case 'text': {
      const metrics = [verifier?.metrics ?? 'exact_match'].flat()
      if (!metrics.some(name => name === 'exact_match' || name === 'em')) return 'no-metric'
      return exactly(named, target, listed(verifier?.accept) ?? [], false)
    }
    case 'rubric':
    case 'elyza':
    case 'mt-bench':
      return 'needs-a-judge'
    default:
      return 'needs-a-program'
  }
}

const aliases: { [name: string]: string } = {
  ...{ math: 'maths', numeric: 'number', exact_match: 'exact', multiple_choice: 'choice' },
}

/** One question as it is; what came before it with the names of who spoke. White space at the ends would cost points. */
function textOf(prompt: readonly Message[]): string {
  const turns = prompt.flatMap(({ role, content }) => (content?.trim() ? [{ role, text: content.trim() }] : []))
  if (turns.every(({ role }) => role === 'system' || role === 'developer' || role === 'user')) {
    return turns.map(({ text }) => text).join('\n\n')
  }
  return turns.map(({ role, text }) => `${role.slice(0, 1).toUpperCase()}${role.slice(1)}: ${text}`).join('\n\n')
}

function listed(value: Json | undefined): string[] | undefined {
  if (Array.isArray(value) && value.every(one => typeof one === 'string')) return value
  if (typeof value === 'object' && value !== null && !Array.isArray(value)) return Object.values(value).map(String)
  return undefined
}

const letters = 'ABCDEFGHIJKLMNOPQRSTUVWXYZ'
const withoutSpaces =
  /[\p{Script=Han}\p{Script=Hiragana}\p{Script=Katakana}\p{Script=Thai}\p{Script=Khmer}\p{Script=Lao}]/u

function choiceOf(
  named: Doc,
  target: string,
  given: readonly string[],
  language: string | undefined,
): { form: Form; doc: Doc } | LeftOut {
  const choices = given.map(choice => choice.trim())
  if (choices.length < 2 || choices.includes('') || new Set(choices).size < choices.length) return 'bad-choices'
  const said = (claimedAnswer(target) ?? target).trim()
  const mark = /^[(（]?([A-Z])[)）.:]?$/.exec(said)?.[1]
  const same = choices.indexOf(said)
  const answer = same >= 0 ? same : mark ? letters.indexOf(mark) : -1
  if (answer < 0 || answer >= choices.length) return 'target-no-choice'
  const joined =
    ['ja', 'zh', 'th', 'km', 'lo'].includes(language ?? '') || choices.some(choice => withoutSpaces.test(choice))
  return { form: { is: 'choice', joined }, doc: { ...named, choices, answer } }
}

/** The last number of a text, without separators: what the filter of the task finds in a reply. */
function numberIn(text: string): string | undefined {
  return [...text.matchAll(/-?\d[\d,]*(?:\.\d+)?/g)].at(-1)?.[0].replaceAll(',', '')
}

function numeric(named: Doc, target: string): { form: Form; doc: Doc } | LeftOut {
  const number = numberIn((claimedAnswer(target) ?? target).normalize('NFKC'))
  return number === undefined ? 'no-number' : { form: { is: 'number' }, doc: { ...named, target: number } }
}

function exactly(
  named: Doc,
  target: string,
  accept: readonly string[],
  strict: boolean,
): { form: Form; doc: Doc } | LeftOut {
  const answers = [claimedAnswer(target) ?? target, ...accept].map(text => text.trim())
  if (answers[0]!.length > longest) return 'long-answer'
  const form: Form = { is: 'exact', case: strict, several: accept.length > 0 }
  return { form, doc: { ...named, target: answers[0]!, ...(form.several ? { targets: answers } : {}) } }
}

/** A regular expression of JavaScript for Python, with its flags inside; undefined where Python cannot read it. */
function pythonPattern(pattern: string, flags: string): string | undefined {
  if (/\\[pP]\{|\\u\{|\\[cC]|\(\?<[=!][^)]*[*+{]|\[\^\]|\[\]/.test(pattern)) return undefined
  const inside = [...flags].filter(flag => 'ims'.includes(flag)).join('')
  const named = pattern.replace(/\(\?<(?![=!])/g, '(?P<').replace(/\\k<(\w+)>/g, '(?P=$1)')
  return inside === '' ? named : `(?${inside})${named}`
}
