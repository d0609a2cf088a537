import type { Json } from '../../records/index.ts'
import { unit } from '../../records/index.ts'
import type { Wire } from '../contract.ts'
import { type Candidate, candidates, passages } from './candidates.ts'
import { english } from './english.ts'
import { japanese } from './japanese.ts'
import type { Rules } from './rules.ts'

type Input = { [key: string]: Json | undefined }
/** What a rule-based teacher says: content, or that it has none to give. */
export type Said = { content: string; refused?: true; warnings?: string[] }

export const rulesFor = (language: string): Rules => (language.startsWith('ja') ? japanese : english)

const text = (value: Json | undefined) => (typeof value === 'string' ? value : '')

/** Worth below which a question is better not asked. */
const floor = 0.9

/** The best questions: none answered by the lines of another, no kind crowding out the rest; in the document's order. */
export function choose(found: Candidate[], n: number, rules: Rules): Candidate[] {
  const chosen: Candidate[] = []
  const left = [...found]
  while (chosen.length < n) {
    let best: Candidate | undefined
    let most = floor
    for (const candidate of left) {
      const value = candidate.worth - 0.12 * chosen.filter(other => other.kind === candidate.kind).length
      const taken = chosen.some(
        other => shared(other, candidate) > 0.5 || alike(rules.terms(other.text), rules.terms(candidate.text)) > 0.7,
      )
      if (!taken && value > most) {
        best = candidate
        most = value
      }
    }
    if (!best) break
    chosen.push(best)
    left.splice(left.indexOf(best), 1)
  }
  return chosen.sort((a, b) => a.from - b.from)
}

/** Share of the shorter passage that the two have in common. */
function shared(a: Candidate, b: Candidate): number {
  const common = Math.min(a.to, b.to) - Math.max(a.from, b.from) + 1
  return common <= 0 ? 0 : common / Math.min(a.to - a.from + 1, b.to - b.from + 1)
}

function alike(a: Set<string>, b: Set<string>): number {
  return a.size + b.size === 0 ? 0 : (2 * a.intersection(b).size) / (a.size + b.size)
}

/** Task `ask`: questions that the document answers with statements of its own; fewer than asked for where it holds no more. */
export function ask(input: Input): Said {
  const rules = rulesFor(text(input.language))
  const found = choose(candidates(text(input.document), text(input.title), rules), Number(input.questions ?? 10), rules)
  const questions = found.map(candidate => ({
    question: candidate.text,
    difficulty: candidate.difficulty,
    evidence: candidate.answer[0]!.slice(0, 80).replace(/\s+\S*$/, ''),
  }))
  const like = Array.isArray(input.like) && input.like.length > 0
  const warnings = [
    ...(like ? ['the extractive teacher does not imitate the register of real queries'] : []),
    ...(input.style ? ['the extractive teacher does not follow a style'] : []),
  ]
  return { content: JSON.stringify({ questions }), warnings }
}

/**
 * Task `answer`: the passage a question of `ask` was made from, else the passage that holds what another question names.
 * Later draws may leave out the last paragraph of a long answer.
 */
export function answer(input: Input, wire: Wire): Said {
  const rules = rulesFor(text(input.language))
  const document = text(input.document)
  const question = text(input.question).trim()
  const own = candidates(document, text(input.title), rules).find(candidate => candidate.text === question)
  const parts = own?.answer ?? retrieve(question, document, text(input.title), rules)
  if (!parts) {
    const ja = text(input.language).startsWith('ja')
    return {
      content: ja
        ? '手元の資料では、この質問に答えられません。'
        : 'The material at hand does not answer this question.',
      refused: true,
    }
  }
  const prose =
    parts.length > 2 && parts.slice(-2).every(part => !/^(?:```|- |1\. )/.test(part) && !/[:：]$/.test(part))
  const short = prose && wire.draw > 0 && unit('shorter answer', wire.seed, wire.draw) < 0.5
  return { content: (short ? parts.slice(0, -1) : parts).join('\n\n') }
}

/** The passage that covers most of a question's words, rare ones first; undefined when none covers enough. */
function retrieve(question: string, document: string, title: string, rules: Rules): string[] | undefined {
  const wanted = rules.terms(question)
  const all = passages(document, title, rules).map(parts => ({ parts, terms: rules.terms(parts.join(' ')) }))
  const weight = (term: string) =>
    Math.log(1 + all.length / (1 + all.filter(passage => passage.terms.has(term)).length))
  const total = [...wanted].reduce((sum, term) => sum + weight(term), 0)
  let best: string[] | undefined
  let most = 0.6
  for (const { parts, terms } of all) {
    const covered = [...wanted].reduce((sum, term) => sum + (terms.has(term) ? weight(term) : 0), 0) / total
    if (covered > most) {
      best = parts
      most = covered
    }
  }
  return best
}
