import type { Section } from './outline.ts'
import { outline } from './outline.ts'
import type { Grade, Question, Rules, Scene } from './rules.ts'

/** A question with the passage that answers it. `from` and `to` are places in the document's order of units; `worth` ranks. */
export type Candidate = Question & { answer: string[]; from: number; to: number; size: number; worth: number }

type Place = { at: number; block: number }
type Sentence = Place & { type: 'sentence'; text: string; grade: Grade }
type Shown = Place & { type: 'code' | 'list'; text: string }
type Unit = Sentence | Shown | (Place & { type: 'gap' })

/** Words an answer should hold: enough to be complete, little enough to stay with its question. */
const least = 28
/** Length at which the passage of one sentence stops at the end of its paragraph. */
const enough = 40
const most = 230

function unitsOf(section: Section, rules: Rules, start: number): Unit[] {
  const units: Unit[] = []
  section.blocks.forEach((block, index) => {
    const push = (unit: { type: 'code' | 'list'; text: string } | { type: 'gap' }) =>
      units.push({ at: start + units.length, block: index, ...unit })
    if (block.type === 'gap') push({ type: 'gap' })
    else if (block.type === 'code') push({ type: 'code', text: block.text })
    else if (block.type === 'list' && !block.items.every(item => rules.usable(item))) push({ type: 'gap' })
    else if (block.type === 'list') {
      push({
        type: 'list',
        text: block.items.map((item, i) => `${block.ordered ? `${i + 1}.` : '-'} ${item}`).join('\n'),
      })
    } else {
      for (const raw of rules.sentences(block.text)) {
        const text = rules.clean(raw)
        units.push({ at: start + units.length, block: index, type: 'sentence', text, grade: rules.grade(text) })
      }
    }
  })
  return units
}

/** Names that a code block declares: a sentence about them means nothing without the block. */
function declared(code: string): string[] {
  return [
    ...code.matchAll(
      /\b(?:let|const|var|fn|function|def|class|struct|enum|mut|static|type|mod)\s+(?:mut\s+)?([A-Za-z_]\w*)|^\s*([a-z_]\w*)\s*=(?!=)/gm,
    ),
  ].map(m => (m[1] ?? m[2])!)
}

/** Sentences about names of an example that is not shown. */
const ofExample =
  /\b(?:variables?|parameters?|fields?|function|values?|instances?|scope|references?|index|array|named|struct|module) `[a-z_]\w*`|`[a-z]\w{0,2}`|`[a-z]+_\w+`|`[a-z_]+` and `[a-z_]+` values|\bthe `[A-Z]\w+` (?:example|struct|type|trait)\b/

type Passage = { parts: string[]; to: number; size: number; count: number }

/** One passage: sentences in the document's order, each standing alone or behind the one it leans on, nothing left out. */
function passage(
  units: Unit[],
  from: number,
  rules: Rules,
  question: Question,
  section: Section,
  opening?: string,
): Passage | undefined {
  const limit = question.whole ? most - 40 : enough
  const asked = rules.terms(question.text)
  const locals = units.flatMap(unit =>
    unit.type === 'code' ? declared(unit.text).map(name => [name, unit] as const) : [],
  )
  const shown = new Set<Unit>()
  const foreign = (text: string) =>
    (section.hidden && ofExample.test(text)) ||
    locals.some(
      ([name, unit]) =>
        !shown.has(unit) && text.includes(`\`${name}\``) && !section.path.some(head => head.includes(name)),
    )
  const parts: string[] = []
  let paragraph: string[] = []
  let last = -1
  let to = from
  let size = 0
  let count = 0
  const close = () => {
    if (paragraph.length > 0) parts.push(paragraph.join(rules.space))
    paragraph = []
  }
  for (let i = from; i < units.length; i++) {
    const unit = units[i]!
    if (unit.block !== last) {
      if (size >= limit) break
      const strays = count > 0 && !question.whole && unit.type === 'sentence' && !shares(asked, rules.terms(unit.text))
      if (strays) break
      close()
      last = unit.block
    }
    // A block without the sentence that announces it stands for nothing.
    if (unit.type !== 'sentence') break
    if (unit.grade === 'pointer') continue
    const next = units[i + 1]
    const announced = unit.grade === 'intro' && (next?.type === 'code' || next?.type === 'list') ? next : undefined
    if (announced) shown.add(announced)
    if (unit.grade === 'bad' || (unit.grade === 'intro' && !announced) || foreign(unit.text)) break
    if (count > 0 && size + rules.size(unit.text) > most) break
    paragraph.push(i === from && opening ? opening : unit.text)
    size += rules.size(unit.text)
    count++
    to = i
    if (announced) {
      close()
      parts.push(announced.text)
      size += Math.min(60, rules.size(announced.text))
      count++
      to = ++i
      last = announced.block
    }
  }
  close()
  return count === 0 ? undefined : { parts, to, size, count }
}

/** An answer put together from many statements asks more of its reader than the kind of question says. */
const harder = { easy: 'medium', medium: 'hard', hard: 'hard' } as const

function shares(a: Set<string>, b: Set<string>): boolean {
  for (const term of a) if (b.has(term)) return true
  return false
}

/** Every question the rules find in a document, with its answer, best first. */
export function candidates(document: string, title: string, rules: Rules): Candidate[] {
  const shape = outline(document, title)
  const scene: Scene = rules.scene(shape)
  const found: Candidate[] = []
  let start = 0
  for (const section of shape.sections) {
    const units = unitsOf(section, rules, start)
    start += units.length + 1
    const add = (question: Question, from: number, opening?: string) => {
      const made = passage(units, from, rules, question, section, opening)
      if (!made) return
      const body = made.parts.join('\n\n')
      const need = question.about ?? question.text
      if (question.whole && question.about && !shares(rules.terms(need), rules.terms(body))) return
      if (question.kind === 'how' && question.whole && !rules.instructs(body)) return
      if (made.size < least || (made.count < 2 && made.size < 45)) return
      const difficulty = made.size >= 110 || made.count >= 6 ? harder[question.difficulty] : question.difficulty
      const code = /^```/m.test(body) ? 0.1 : 0
      const length = Math.min(1, made.size / 90)
      const worth = question.trust + length * 0.5 + code
      found.push({
        ...question,
        difficulty,
        answer: made.parts,
        from: units[from]!.at,
        to: units[made.to]!.at,
        size: made.size,
        worth,
      })
    }
    const first = units.findIndex(unit => unit.type === 'sentence' && unit.grade !== 'bad')
    const head = first >= 0 ? (units[first] as Sentence) : undefined
    if (head) {
      for (const question of rules.ofSection(section, scene, head.text)) {
        const resolved = question.topic ? rules.resolve(head.text, question.topic) : undefined
        if (head.grade === 'lean' && !resolved) continue
        add(question, first, resolved)
      }
    }
    units.forEach((unit, i) => {
      if (unit.type !== 'sentence' || unit.grade === 'bad') return
      for (const question of rules.ofSentence(unit.text, section, scene)) {
        // A sentence that leans starts its answer at the one it leans on.
        let from = i
        while (
          from > 0 &&
          units[from]!.type === 'sentence' &&
          (units[from] as Sentence).grade === 'lean' &&
          units[from - 1]!.block === unit.block
        )
          from--
        const start = units[from]!
        if (start.type !== 'sentence' || start.grade === 'lean' || start.grade === 'bad') return
        add(question, from)
      }
    })
  }
  return found.sort((a, b) => b.worth - a.worth || a.from - b.from)
}

/** Every passage that stands alone, for questions that the rules did not ask. */
export function passages(document: string, title: string, rules: Rules): string[][] {
  const whole: Question = { text: '', kind: 'what', difficulty: 'medium', trust: 1, whole: true }
  return outline(document, title).sections.flatMap(section => {
    const units = unitsOf(section, rules, 0)
    return units.flatMap((unit, i) => {
      if (unit.type !== 'sentence' || (unit.grade !== 'free' && unit.grade !== 'intro')) return []
      const made = passage(units, i, rules, whole, section)
      return made && made.size >= least ? [made.parts] : []
    })
  })
}
