import type { Json } from '../../records/index.ts'
import { rulesFor, type Said } from './extractive.ts'
import type { Rules } from './rules.ts'

type Input = { [key: string]: Json | undefined }

const clamp = (value: number) => Math.max(0, Math.min(1, value))
const mean = (values: number[]) => values.reduce((sum, value) => sum + value, 0) / Math.max(1, values.length)

const refusal =
  /^(?:i(?:['’]m| am) sorry|sorry|i can(?:not|['’]t)|as an ai|i(?:['’]m| am) (?:unable|not able)|the material at hand does not)|^(?:申し訳|すみません|お答えでき|回答でき)|答えられません/i
const code = /```[\s\S]*?```/g

/** What the rules see in an answer, each from 0 to 1. */
export type Signs = { grounded: number; relevant: number; complete: number; clear: number; notes: string[] }

/** Words of an answer that the document holds too; names and numbers it does not hold weigh double. */
function groundedness(answer: string, document: string, rules: Rules): number {
  const known = rules.terms(document)
  const source = document.replace(/\s+/g, ' ')
  let sum = 0
  let held = 0
  for (const term of rules.terms(answer)) {
    const heavy = /\d|^[a-z]*_[a-z_]*$/.test(term) ? 2 : 1
    sum += heavy
    if (known.has(term) || source.includes(term)) held += heavy
  }
  const numbers = answer.match(/\d[\d.,]*\d|\d/g) ?? []
  const invented = numbers.filter(number => !source.includes(number)).length
  return sum === 0 ? 0 : clamp(held / sum - 0.15 * invented)
}

/** Sentences of ordinary length that neither point at something unseen nor stop in the middle. */
function clarity(prose: string, rules: Rules, notes: string[]): number {
  const sentences = prose.split(/\n{2,}/).flatMap(part => rules.sentences(part.replace(/^(?:[-*]|\d+\.) /gm, '')))
  if (sentences.length === 0) return 0.2
  const long = sentences.filter(sentence => rules.size(sentence) > 38).length / sentences.length
  const grades = sentences.map(sentence => rules.grade(sentence))
  const pointing =
    grades.filter(grade => grade === 'pointer').length + sentences.filter(sentence => !rules.usable(sentence)).length
  const adrift = grades[0] === 'lean' ? 1 : 0
  const open = /[.!?:。！？：)）」』”"`]\s*$/.test(prose.trim()) ? 0 : 1
  if (pointing > 0) notes.push('points at something the reader does not have')
  if (adrift) notes.push('opens with a reference to something unsaid')
  if (open) notes.push('stops in the middle')
  const average = mean(sentences.map(sentence => rules.size(sentence)))
  const pace = 1 - clamp(Math.abs(average - 18) / 30)
  const doubled = 1 - new Set(sentences).size / sentences.length
  return clamp(0.35 + 0.65 * pace - 0.4 * long - 0.25 * pointing - 0.25 * adrift - 0.35 * open - doubled)
}

/** Whether the answer has what its kind of question asks for, and enough of it. */
function completeness(question: string, answer: string, prose: string, rules: Rules, notes: string[]): number {
  const size = rules.size(prose)
  const length = size < 60 ? size / 60 : size > 260 ? clamp(1 - (size - 260) / 300) : 1
  if (size < 30) notes.push('is short')
  const wants: [RegExp, RegExp][] = [
    [
      /^why\b|なぜ|理由/i,
      /\b(?:because|since|so that|therefore|reason|this is why|due to|means)\b|ため|ので|から|理由/i,
    ],
    [/^how (?:do|can|to)\b|どうすれば|方法/i, /```|\b(?:use|using|call|run|set|add|can|need to|must)\b|ます|必要/i],
    [
      /\b(?:differ|difference|compare|prefer)\b|違い|比べ/i,
      /\b(?:unlike|whereas|while|but|than|both|instead|however|different)\b|一方|異な|より|対し/i,
    ],
    [
      /\bwhat happens\b|どうなりますか/i,
      /\b(?:will|is|are|gets?|cannot|can|does|fails?|returns?|throws?)\b|ます|なる/i,
    ],
  ]
  const kind = wants.find(([asks]) => asks.test(question))
  const fits = !kind || kind[1].test(answer)
  if (!fits) notes.push('does not give what the question asks for')
  return clamp(0.75 * length + (fits ? 0.25 : -0.15))
}

export function signs(question: string, answer: string, document: string | undefined, rules: Rules): Signs {
  const notes: string[] = []
  const prose = answer.replace(code, '').trim()
  if (answer.trim() === '' || refusal.test(answer.trim()))
    return { grounded: 0, relevant: 0, complete: 0, clear: 0, notes: ['does not answer'] }
  const asked = rules.terms(question)
  const opening = rules.terms(prose.split(/\n{2,}/)[0] ?? '')
  const all = rules.terms(answer)
  const found = asked.size === 0 ? 0.5 : [...asked].filter(term => all.has(term)).length / asked.size
  const early = asked.size === 0 ? 0.5 : [...asked].filter(term => opening.has(term)).length / asked.size
  const relevant = clamp(0.6 * found + 0.4 * early)
  if (relevant < 0.5) notes.push('hardly takes up the words of the question')
  const grounded = document ? groundedness(answer, document, rules) : 0.7
  if (grounded < 0.8 && document) notes.push('says things the document does not')
  return {
    grounded,
    relevant,
    complete: completeness(question, answer, prose, rules, notes),
    clear: clarity(prose, rules, notes),
    notes,
  }
}

/** Which signs speak for an aspect, by its name; an unknown aspect gets the mean of all. */
function value(aspect: string, seen: Signs): number {
  if (/accura|correct|faith|ground|truth|fact|honest|正確|忠実/.test(aspect))
    return clamp(seen.grounded * (0.7 + 0.3 * seen.relevant))
  if (/clar|read|fluen|coher|明|読/.test(aspect)) return seen.clear
  if (/relev|関連/.test(aspect)) return seen.relevant
  if (/use|help|complet|instruct|depth|有用|完全/.test(aspect)) return 0.55 * seen.complete + 0.45 * seen.relevant
  return mean([seen.grounded, seen.relevant, seen.complete, seen.clear])
}

/** Task `judge`: integer marks by rules, and one sentence that says what they rest on. */
export function judge(input: Input): Said {
  const rules = rulesFor(String(input.language ?? 'en'))
  const document = typeof input.document === 'string' ? input.document : undefined
  const seen = signs(String(input.prompt ?? ''), String(input.completion ?? ''), document, rules)
  const [low, high] = (Array.isArray(input.scale) ? input.scale : [1, 10]) as [number, number]
  const percent = (share: number) => `${Math.round(share * 100)} %`
  const measured = `${document ? `${percent(seen.grounded)} of its terms are in the document, ` : ''}it takes up ${percent(seen.relevant)} of the question`
  const rationale = `By rules: ${measured}${seen.notes.length > 0 ? `; the answer ${seen.notes.join(', ')}` : ''}.`
  const marks = (Array.isArray(input.aspects) ? input.aspects : []).map(aspect => [
    String(aspect),
    Math.round(low + value(String(aspect), seen) * (high - low)),
  ])
  return { content: JSON.stringify({ rationale, ...Object.fromEntries(marks) }) }
}
