import { jsonrepair } from 'jsonrepair'
import type { ZodError, ZodType } from 'zod'
import type { Message } from '../records/index.ts'
import type { Request } from './contract.ts'

/**
 * The structured-reply ladder: a schema on the wire where the teacher takes one, else in words; then strict JSON, a
 * fenced block or a balanced value inside prose, a repair of syntax alone, and one more question with the errors.
 * Text that was cut off is never completed, and a value that does not validate is never bent until it does.
 */

/** The same request for a teacher without schemas: the schema stands in the last user message. Without one, unchanged. */
export function instruct(request: Request): Request {
  if (!request.schema) return request
  const { schema, ...rest } = request
  const words =
    'Reply with one JSON value and nothing else: no introduction, no comment, no code fence. ' +
    `It must follow this JSON schema:\n\n\`\`\`json\n${JSON.stringify(schema.schema, null, 2)}\n\`\`\``
  const last = request.messages.findLastIndex(message => message.role === 'user')
  if (last < 0) return { ...rest, messages: [...request.messages, { role: 'user', content: words }] }
  const messages = request.messages.map((message, i) =>
    i === last ? { ...message, content: `${message.content ?? ''}\n\n${words}` } : message,
  )
  return { ...rest, messages }
}

/** Asks once more, showing the reply and what was wrong with it. */
export function reask(request: Request, badContent: string, errors: string): Request {
  const again: Message[] = [
    { role: 'assistant', content: badContent },
    {
      role: 'user',
      content: `That reply cannot be used:\n${errors}\n\nWrite the whole reply again with this mended. Reply with the JSON value alone.`,
    },
  ]
  return { ...request, messages: [...request.messages, ...again] }
}

/** Marks around the thoughts of reasoning models: of most, of Magistral, of Kimi. */
const thoughts = [
  { open: /^\s*<(?:think|thinking|thought)>/, close: /<\/(?:think|thinking|thought)>/ },
  { open: /^\s*\[THINK\]/, close: /\[\/THINK\]/ },
  { open: /^\s*◁think▷/, close: /◁\/think▷/ },
]
/** A close alone, where the chat template has opened the block already: at an end of a line, so that no prose is taken for it. */
const closed = /(?:^|\n)[ \t]*<\/think(?:ing)?>|<\/think(?:ing)?>[ \t]*(?:\n|$)/

/** Splits a leading `<think>` block, as reasoning models write it inline, from the reply proper. */
export function splitThinking(content: string): { reasoning?: string; content: string } {
  const marks = thoughts.find(({ open }) => open.test(content))
  const close = marks ? marks.close.exec(content) : content.includes('<think') ? null : closed.exec(content)
  if (!close) return { content }
  const opened = marks?.open.exec(content)?.[0].length ?? 0
  return {
    reasoning: content.slice(opened, close.index).trim(),
    content: content.slice(close.index + close[0].length).trimStart(),
  }
}

/** Whether a reply ends within its thoughts: all of it is thinking, and nothing was said. */
export const thinksOnly = (content: string): boolean =>
  thoughts.some(({ open, close }) => open.test(content) && !close.test(content))

/** Finds the JSON value in a reply and validates it. `errors` is written for the teacher to read. */
export function readStructured<T>(content: string, schema: ZodType<T>): { data: T } | { errors: string } {
  const text = splitThinking(content).content.trim()
  if (!text) return { errors: 'The reply is empty.' }
  let errors: string | undefined
  for (const candidate of candidates(text)) {
    const value = parse(candidate)
    if (value === undefined) continue
    const checked = schema.safeParse(value.json)
    if (checked.success) return { data: checked.data }
    errors ??= describe(checked.error)
  }
  if (errors) return { errors }
  if (!/[[{]/.test(text)) return { errors: 'There is no JSON value in the reply.' }
  return { errors: 'The JSON is not complete: it ends before its last bracket is closed, or its syntax is broken.' }
}

/** Texts that may be the value: all of it, fenced blocks, then balanced objects and arrays from left to right. */
function* candidates(text: string): Generator<string> {
  if (isBalanced(text)) yield text
  for (const block of text.matchAll(/```[\w-]*[ \t]*\r?\n([\s\S]*?)\r?\n?[ \t]*```/g)) {
    const inner = block[1]!.trim()
    if (isBalanced(inner)) yield inner
  }
  let from = 0
  for (let found = 0; found < 16; found++) {
    const start = from + text.slice(from).search(/[[{]/)
    if (start < from) return
    const end = closing(text, start)
    if (end > 0) yield text.slice(start, end)
    from = end > 0 ? end : start + 1
    // An opener that never closes is where the text was cut off: what stands inside it is only a part.
    if (end < 0 && /^(?:\{|\[\s*["{[\d-])/.test(text.slice(start, start + 16))) return
  }
}

/** A whole value: a scalar that parses, or brackets that close exactly at the end. */
function isBalanced(text: string): boolean {
  if (text[0] === '{' || text[0] === '[') return closing(text, 0) === text.length
  return parseStrict(text) !== undefined
}

/** Index after the bracket that closes the one at `start`, or -1. Brackets inside strings do not count. */
function closing(text: string, start: number): number {
  let depth = 0
  let inString = false
  for (let i = start; i < text.length; i++) {
    const c = text[i]
    if (inString) {
      if (c === '\\') i++
      else if (c === '"') inString = false
    } else if (c === '"') inString = true
    else if (c === '{' || c === '[') depth++
    else if (c === '}' || c === ']') {
      if (--depth === 0) return i + 1
    }
  }
  return -1
}

function parseStrict(text: string): { json: unknown } | undefined {
  try {
    return { json: JSON.parse(text) }
  } catch {
    return undefined
  }
}

function parse(text: string): { json: unknown } | undefined {
  const strict = parseStrict(text)
  if (strict) return strict
  try {
    return parseStrict(jsonrepair(text))
  } catch {
    return undefined
  }
}

function describe(error: ZodError): string {
  const lines = error.issues.slice(0, 10).map(issue => {
    const path = issue.path.map(part => (typeof part === 'number' ? `[${part}]` : `.${String(part)}`)).join('')
    return `- ${path.replace(/^\./, '') || 'the value'}: ${issue.message}`
  })
  if (error.issues.length > 10) lines.push(`- and ${error.issues.length - 10} more`)
  return lines.join('\n')
}
