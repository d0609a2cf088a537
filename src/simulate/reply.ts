import type { Json } from '../records/index.ts'
import type { answerTable } from './answers.ts'
import {
  advise,
  isLoneQuestion,
  isScoreLabel,
  labelOf,
  type Material,
  materialOf,
  type Pick,
  paragraphs,
  picker,
  relevant,
  scaleOf,
  shortAnswer,
  tokensOf,
} from './prose.ts'
import type { Asked, Said } from './protocol.ts'
import { continuation } from './raw.ts'
import { reworded, wantsOtherWords } from './reword.ts'
import { translated, wantedLanguage } from './translation.ts'
import { valueFor } from './value.ts'

/** Shares in [0, 1] of replies that go wrong, chosen by hash, and what is said to prompts that are known. */
export type Habits = { malformedRate: number; refusalRate: number; known: ReturnType<typeof answerTable> }

/** Draws of one request that share its usual final answer. */
const agreement = 0.8

/**
 * The reply to a request, from the request alone. `body` is the digest of seed and request without seed and cap; `draw`
 * tells independent replies apart. Judgements and final answers follow the body for most draws, wording each draw.
 */
export function replyTo(asked: Asked, body: string, draw: string, habits: Habits): Said {
  const free = picker(`${body} ${draw}`)
  if (habits.refusalRate > 0 && free('refuse') < habits.refusalRate) {
    return { content: '', refusal: 'I cannot help with this request.', tokens: 8, cut: false }
  }
  if (asked.raw) return bounded(continuation(asked.messages[0]!.text, free, habits.malformedRate), undefined, asked)
  const known = habits.known(asked, free)
  if (known) return bounded(known.content, known.reasoning, asked)
  const variant = free('agree') < agreement ? 0 : 1 + Math.floor(free('variant') * 3)
  const steady = picker(`${body} variant ${variant}`)
  const material = materialOf(asked.messages)

  const tool = asked.tools[Math.floor(steady('tool') * asked.tools.length)]
  if (tool && (asked.mustCall || (asked.messages.at(-1)!.role !== 'tool' && steady('call') < 0.5))) {
    const made = valueFor(tool.parameters ?? { type: 'object' }, { material, steady, free, variant })
    return {
      content: '',
      call: { name: tool.name, arguments: made as { [key: string]: Json } },
      tokens: tokensOf(JSON.stringify(made)),
      cut: false,
    }
  }

  const schema =
    asked.schema ??
    schemaInWords(asked) ??
    (asked.json ? { type: 'object', properties: { answer: { type: 'string' } } } : undefined)
  let content: string
  if (schema !== undefined) {
    content = JSON.stringify(valueFor(schema, { material, steady, free, variant }))
    if (habits.malformedRate > 0 && free('malformed') < habits.malformedRate) content = broken(content, free('how'))
  } else content = prose(asked, material, steady, free, variant)

  const thinks = asked.reasoning || /think|reason|-r1\b/i.test(asked.model)
  const reasoning = thinks ? relevant(material, 3, free('think')).join('\n') : undefined
  return bounded(content, reasoning, asked)
}

function prose(asked: Asked, material: Material, steady: Pick, free: Pick, variant: number): string {
  const to = wantedLanguage(material)
  if (to) return translated(material.last, to, free)
  const text = wantsOtherWords(material)
    ? reworded(material, free)
    : isLoneQuestion(material)
      ? advise(material, free)
      : paragraphs(material, free)
  const judge = /(?:^|\/)judge/i.test(asked.model)
  const label = labelOf(material) ?? (judge ? 'Score' : undefined)
  if (!label) return text
  if (!isScoreLabel(label)) return `${text}\n\n${label}: ${shortAnswer(material, steady('answer'), variant)}`
  const [low, high] = scaleOf(material)
  const u = (steady('score') + steady('score+')) / 2
  const mark = low + Math.floor(u ** 0.8 * (high - low + 1))
  // MT-Bench has judges put the number between double square brackets.
  return `${text}\n\n${label}: ${/\[\[\d+\]\]/.test(material.demand) ? `[[${mark}]]` : mark}`
}

/** A JSON schema that a prompt spells out in a fenced block, as our own ladder does. */
function schemaInWords(asked: Asked): Json | undefined {
  for (const { role, text } of asked.messages) {
    if (role === 'assistant' || !text.includes('```json')) continue
    for (const [, block] of text.matchAll(/```json\n([\s\S]*?)\n```/g)) {
      try {
        const parsed = JSON.parse(block!) as { [key: string]: Json } | null
        if (parsed && ['$schema', 'properties', 'items', 'anyOf', 'oneOf'].some(key => key in parsed)) return parsed
      } catch {
        // A block of the document's own.
      }
    }
  }
  return undefined
}

/** Ways in which models spoil JSON: two that a reader can mend, two that only another question can. */
function broken(json: string, u: number): string {
  if (u < 0.3) return json.slice(0, Math.max(2, Math.floor(json.length * 0.6)))
  if (u < 0.5) return 'I have gone through the text and would rather describe the result in words.'
  if (u < 0.75) return `Here is the result:\n\n\`\`\`json\n${json}\n\`\`\``
  return json.replace(/([}\]])$/, ',$1')
}

/** Ends a reply at the first stop word and at the cap, reasoning first. */
function bounded(whole: string, thought: string | undefined, asked: Asked): Said {
  const stopped = asked.stop
    .map(word => [whole.indexOf(word), word] as const)
    .filter(([at]) => at >= 0)
    .sort((a, b) => a[0] - b[0])[0]
  const content = stopped ? whole.slice(0, stopped[0]) : whole
  const cap = asked.cap ?? Number.POSITIVE_INFINITY
  const thinking = thought ? tokensOf(thought) : 0
  const tokens = thinking + tokensOf(content)
  const said = { ...(thought && { reasoning: thought }), ...(stopped && { stopped: stopped[1] }) }
  if (tokens <= cap) return { content, ...said, tokens, cut: false }
  return {
    content: keep(content, Math.max(0, cap - thinking)),
    ...(thought && { reasoning: keep(thought, cap) }),
    tokens: cap,
    cut: true,
  }
}

/** The longest start of a text that has at most this many tokens, without half a character. */
function keep(text: string, tokens: number): string {
  return new TextDecoder().decode(Buffer.from(text).subarray(0, tokens * 4)).replace(/\uFFFD+$/, '')
}
