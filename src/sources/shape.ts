import type { Facets, Json, Kind, Message, Origin, Payload, Verifier } from '../records/index.ts'
import { type Columns, Misshapen, need, needText, object, pick, pickText } from './columns.ts'
import { answered, assistant, messagesOf, parsed, sharedStart, toolsOf, transcript, user } from './messages.ts'

const questions = ['prompt', 'question', 'query', 'instruction']
const answers = ['completion', 'response', 'output', 'answer']

type Mapping = { [field: string]: string | undefined }

/** Of each list one column must be there; the first that fits decides. */
const signs: { kind: Kind; needs: string[][] }[] = [
  { kind: 'preference', needs: [['chosen'], ['rejected']] },
  { kind: 'preference', needs: [['preferred_output'], ['non_preferred_output']] },
  { kind: 'feedback', needs: [['messages', 'conversations'], ['kto_tag']] },
  { kind: 'conversation', needs: [['messages', 'conversations']] },
  { kind: 'feedback', needs: [questions, ['completion'], ['label']] },
  { kind: 'conversation', needs: [questions, ['completion']] },
  { kind: 'conversation', needs: [['instruction'], ['output']] },
  { kind: 'document', needs: [['text', 'content']] },
  { kind: 'prompt', needs: [questions] },
]

/**
 * Kind of record that a row with these columns most likely is. What the source maps to a field decides before columns
 * that merely have a telling name.
 */
export function guessKind(columns: Columns, mapping: Mapping = {}): Kind {
  const mapped = (name: string) => mapping[name] !== undefined
  const has = (name: string) => mapped(name) || pick(columns, [name]) !== undefined
  if (mapped('target')) return 'exam'
  const fitting = signs.filter(({ needs }) => needs.every(names => names.some(has)))
  const sign = fitting.find(({ needs }) => needs.some(names => names.some(mapped))) ?? fitting[0]
  if (!sign) return 'row'
  return sign.needs[0]!.includes('messages') && !answered(columns) ? 'prompt' : sign.kind
}

/** Columns under the names of the record's fields (`columns:` of a source). A mapped column that is absent rejects the row. */
export function renamed(columns: Columns, mapping: Mapping | undefined): Columns {
  if (!mapping) return columns
  const out = { ...columns }
  for (const [field, column] of Object.entries(mapping)) {
    if (column === undefined) continue
    if (!(column in columns)) throw new Misshapen('missing-column', { column })
    out[field] = columns[column]
  }
  // Readers look at turns first: those of another column would hide the prompt that was named.
  if (mapping.prompt !== undefined && mapping.messages === undefined) {
    delete out.messages
    delete out.conversations
  }
  return out
}

export type SelfReport = { origin?: Origin; generation?: number; license?: string }

/**
 * What a row says of itself in the columns of our releases: origin, generation, licenses (several hold together).
 * Other tables use these names for other things, so that all three count only beside an origin that is one of ours.
 */
export function selfReport(columns: Columns): SelfReport {
  const origin = typeof columns.origin === 'string' ? columns.origin.trim().toLowerCase() : undefined
  if (origin !== 'real' && origin !== 'synthetic') return {}
  const generation = /^\d{1,9}$/.test(String(columns.generation)) ? Number(columns.generation) : undefined
  const listed = parsed(columns.licenses ?? null)
  // Writers of CSV put a list down as JSON or in their own way, with brackets and quotes.
  const texts =
    typeof listed === 'string' ? listed.replace(/[[\]'"]/g, '').split(',') : Array.isArray(listed) ? listed : []
  const names = texts.flatMap(text => (typeof text === 'string' && text.trim() ? [text.trim()] : []))
  const known = names.some(name => name !== 'NOASSERTION')
  const license = names
    .map(name => (name === 'NOASSERTION' ? 'unknown' : names.length > 1 && / OR /.test(name) ? `(${name})` : name))
    .join(' AND ')
  return { origin, ...(generation === undefined ? {} : { generation }), ...(known ? { license } : {}) }
}

const facetNames = ['difficulty', 'topic', 'audience', 'style', 'register', 'domain'] as const

/** Language and facets that the source maps to columns by name. */
export function notesOf(columns: Columns, mapping: object | undefined): { language?: string; facets?: Facets } {
  if (!mapping) return {}
  const facets: Facets = {}
  for (const name of facetNames) {
    const value = columns[name]
    if (!(name in mapping) || value === undefined || value === null || value === '') continue
    if (name === 'difficulty' && !['easy', 'medium', 'hard'].includes(String(value))) {
      throw new Misshapen('wrong-shape', { difficulty: 'neither easy, medium nor hard' })
    }
    facets[name as 'topic'] = String(value)
  }
  const language = 'language' in mapping ? pickText(columns, ['language']) : undefined
  return { ...(language ? { language } : {}), ...(Object.keys(facets).length > 0 ? { facets } : {}) }
}

/** A row as the content of a record. Throws `Misshapen`. */
export function payloadOf(kind: Kind, columns: Columns): Payload {
  return makers[kind](columns)
}

const makers: { [K in Kind]: (columns: Columns) => Payload<K> } = {
  document(columns) {
    const text = needText(columns, ['text', 'content'])
    const title = pickText(columns, ['title'])
    const uri = pickText(columns, ['uri', 'url'])
    return { kind: 'document', text, ...(title ? { title } : {}), ...(uri ? { uri } : {}) }
  },

  prompt(columns) {
    const messages = promptOf(columns)
    // A log asked for as prompts gives its questions; what was answered is no reference.
    while (messages.at(-1)?.role === 'assistant') messages.pop()
    if (messages.length === 0) throw new Misshapen('wrong-shape', { messages: 'no turn of a user' })
    // A worked solution is no reference; beside the task that a reward is computed by it is one.
    const rewarded = typeof columns.task === 'string' ? ['solution'] : []
    // An empty cell hides none of the others.
    const names = ['reference', 'answer', ...rewarded]
    const reference = names.map(name => pickText(columns, [name])).find(text => text !== undefined)
    return {
      kind: 'prompt',
      messages,
      ...(reference ? { reference } : {}),
      ...verifierOf(columns),
      ...toolsOf(columns.tools),
    }
  },

  conversation(columns) {
    const turns = pick(columns, ['messages', 'conversations'])
    const messages =
      turns === undefined ? [...promptOf(columns), ...completionOf(columns, answers)] : messagesOf(turns, 'messages')
    if (!messages.some(turn => turn.role === 'assistant'))
      throw new Misshapen('wrong-shape', { messages: 'no turn of an assistant' })
    const reference = pickText(columns, ['reference'])
    return {
      kind: 'conversation',
      messages,
      ...(reference ? { reference } : {}),
      ...verifierOf(columns),
      ...toolsOf(columns.tools),
    }
  },

  preference(columns) {
    const input = object(columns.input)
    if (input && pick(columns, ['chosen']) === undefined) {
      return {
        kind: 'preference',
        prompt: messagesOf(input.messages, 'input.messages'),
        chosen: reply(need(columns, ['preferred_output']), 'preferred_output'),
        rejected: reply(need(columns, ['non_preferred_output']), 'non_preferred_output'),
        ...toolsOf(input.tools),
      }
    }
    const [chosen, rejected] = [need(columns, ['chosen']), need(columns, ['rejected'])]
    const explicit =
      pick(columns, ['prompt', 'question', 'query', 'instruction', 'messages', 'conversations']) !== undefined
    const pair = explicit ? explicitPair(promptOf(columns), chosen, rejected) : implicitPair(chosen, rejected)
    if (!explicit) pair.prompt.unshift(...systemOf(columns))
    return { kind: 'preference', ...pair, ...toolsOf(columns.tools) }
  },

  feedback(columns) {
    const label = labelOf(need(columns, ['label', 'kto_tag']))
    const turns = pick(columns, ['messages', 'conversations'])
    if (turns === undefined) {
      return { kind: 'feedback', prompt: promptOf(columns), completion: completionOf(columns, answers), label }
    }
    const messages = messagesOf(turns, 'messages')
    const last = messages.findLastIndex(turn => turn.role === 'user' || turn.role === 'tool') + 1
    if (last === 0 || last === messages.length)
      throw new Misshapen('wrong-shape', { messages: 'no answer after the last question' })
    return { kind: 'feedback', prompt: messages.slice(0, last), completion: messages.slice(last), label }
  },

  exam(columns) {
    const choices = parsed(columns.choices ?? null)
    const rubric = pickText(columns, ['rubric'])
    const prompt = promptOf(columns)
    // A row with an answer already: what was asked, and the answer as what is right.
    const answered = prompt.length > 1 && prompt.at(-1)!.role === 'assistant' ? prompt.pop()!.content : null
    const given = pick(columns, ['target', 'answer', 'reference']) ?? answered
    // By a rubric, or by tests, an answer is graded without a right one.
    const target = given ?? (rubric || columns.verifier ? '' : need(columns, ['target', 'answer', 'reference']))
    return {
      kind: 'exam',
      prompt,
      target: String(scalar(target, 'target')),
      ...(Array.isArray(choices) ? { choices: choices.map(choice => String(scalar(choice, 'choices'))) } : {}),
      ...(rubric ? { rubric } : {}),
      ...verifierOf(columns),
    }
  },

  row: columns => ({ kind: 'row', columns: columns as { [name: string]: Json } }),
}

/** Messages, or one question as text (with the `input` of an instruction row below it) after the system's, if any. */
function promptOf(columns: Columns): Message[] {
  const value = need(columns, ['messages', 'conversations', ...questions])
  if (typeof value !== 'string') return messagesOf(value, 'prompt')
  const question = needText(columns, questions)
  const input = pickText(columns, ['instruction']) === question ? pickText(columns, ['input']) : undefined
  return [...systemOf(columns), ...historyOf(columns), user(input ? `${question}\n\n${input}` : question)]
}

/** The words of a system, where they have a column of their own. */
function systemOf(columns: Columns): Message[] {
  const system = pickText(columns, ['system'])
  return system ? [{ role: 'system', content: system }] : []
}

/** Earlier exchanges of an instruction row: pairs of a question and its answer. */
function historyOf(columns: Columns): Message[] {
  const pairs = parsed(columns.history ?? null)
  if (!Array.isArray(pairs)) return []
  return pairs.flatMap(pair => {
    const [question, answer] = Array.isArray(pair) ? pair : []
    if (typeof question !== 'string' || typeof answer !== 'string')
      throw new Misshapen('wrong-shape', { history: 'not pairs of question and answer' })
    return [user(question), assistant(answer)]
  })
}

function completionOf(columns: Columns, names: readonly string[]): Message[] {
  return reply(need(columns, names), names[0]!)
}

function reply(value: Json, where: string): Message[] {
  if (typeof value !== 'string') return messagesOf(value, where)
  if (value.trim() === '') throw new Misshapen('wrong-shape', { [where]: 'empty' })
  // In the standard format the space between prompt and completion belongs to the completion.
  return [assistant(value.replace(/^\s+/, ''))]
}

/** Some sets repeat the prompt at the start of both answers. */
function explicitPair(prompt: Message[], chosen: Json, rejected: Json): Pair {
  const after = (turns: Message[]) => {
    const repeats = turns.length > prompt.length && prompt.every((turn, i) => turn.content === turns[i]!.content)
    return repeats ? turns.slice(prompt.length) : turns
  }
  return { prompt, chosen: after(reply(chosen, 'chosen')), rejected: after(reply(rejected, 'rejected')) }
}

type Pair = { prompt: Message[]; chosen: Message[]; rejected: Message[] }

/** The prompt is what both sides share: turns, turns of a transcript, or the beginning of the text up to a space. */
function implicitPair(chosen: Json, rejected: Json): Pair {
  const sides = [chosen, rejected].map((side, i) => {
    if (typeof side === 'string') return transcript(side)
    return messagesOf(side, i === 0 ? 'chosen' : 'rejected')
  })
  if (sides[0] && sides[1]) {
    const { prompt, rest } = sharedStart(sides[0], sides[1])
    if (prompt.length > 0) return { prompt, chosen: rest[0], rejected: rest[1] }
  } else if (typeof chosen === 'string' && typeof rejected === 'string') {
    let n = 0
    while (n < chosen.length && chosen[n] === rejected[n]) n++
    while (n > 0 && !/\s/.test(chosen[n] ?? ' ')) n--
    const prompt = chosen.slice(0, n).trim()
    if (prompt)
      return {
        prompt: [user(prompt)],
        chosen: reply(chosen.slice(n), 'chosen'),
        rejected: reply(rejected.slice(n), 'rejected'),
      }
  }
  throw new Misshapen('wrong-shape', { prompt: 'none given, and the two sides share no beginning' })
}

function labelOf(value: Json): boolean {
  const said = String(scalar(value, 'label')).trim().toLowerCase()
  if (['true', '1', 'yes', 'good', 'thumbs_up', 'desirable'].includes(said)) return true
  if (['false', '0', '-1', 'no', 'bad', 'thumbs_down', 'undesirable'].includes(said)) return false
  throw new Misshapen('wrong-shape', { label: 'neither true nor false' })
}

function scalar(value: Json, where: string): string | number | boolean {
  if (value !== null && typeof value !== 'object') return value
  throw new Misshapen('wrong-shape', { [where]: 'not a single value' })
}

function verifierOf(columns: Columns): { verifier?: Verifier } {
  const verifier = object(parsed(columns.verifier ?? null))
  return verifier && typeof verifier.kind === 'string' ? { verifier: verifier as Verifier } : {}
}
