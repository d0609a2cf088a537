import { z } from 'zod'
import type { Json, Message, Rec } from '../../records/index.ts'
import { type Dropped, defineMap, type MapStep, type Outcome } from '../../steps/index.ts'
import { closers, declines, metaReferences, openers, promptMarks, templateTokens } from './phrases.ts'

const checks = ['refusals', 'truncation', 'boilerplate', 'format', 'references'] as const
const options = z.strictObject({
  checks: z
    .array(z.enum(checks))
    .default([...checks])
    .describe(
      'What is looked for: refusals, truncation, boilerplate, broken format, references to a text that is not there',
    ),
})
type Options = z.output<typeof options>

const fenced = /^([ \t]*)(`{3,}|~{3,})[^\n]*\n[\s\S]*?(?:^[ \t]*\2[`~]*[ \t]*$|$(?![\s\S]))/gm
/** The text without code blocks and code spans: what is quoted as code is no defect. */
const prose = (text: string) => text.replace(fenced, '').replace(/`+[^`\n]+`+/g, '`')

function first(text: string, patterns: RegExp[]): string | undefined {
  for (const pattern of patterns) {
    const found = pattern.exec(text)
    if (found) return found[0].trim()
  }
  return undefined
}

/**
 * The phrase an answer declines with, where declining is the answer: it opens with it and little or nothing follows.
 * A long text that opens with an apology and then helps, or one about refusals, is none.
 */
export function refusal(answer: string): string | undefined {
  const text = answer.trim()
  const phrase = first(text, declines)
  if (!phrase) return undefined
  const size = weight(text)
  return size <= 160 && !/```/.test(text) ? phrase : undefined
}

/** Length in words; three characters of Chinese, Japanese or Thai count as one. */
const weight = (text: string) =>
  (text.match(/[\p{Script=Latin}\p{Script=Cyrillic}\p{Script=Hangul}\p{Script=Greek}\p{N}]+/gu)?.length ?? 0) +
  (text.match(/[\p{Script=Han}\p{Script=Hiragana}\p{Script=Katakana}\p{Script=Thai}]/gu)?.length ?? 0) / 3

const finished = /[.!?…。！？．:：;)\]}）」』】〕》”’"'`*_~>|$%♪^]\s*$|[\p{Extended_Pictographic}]\s*$/u
const listLine = /^\s*(?:[-*+•・]|\d{1,3}[.)、])\s+/
const dangling =
  /(?:[,、，;]|\b(?:and|or|but|the|a|an|of|to|in|with|for|that|which|because|is|are|was|were|has|will|as|by|from|at|on|if|when|while|until|than|into|its|their|such as|e\.g\.)|[\p{Script=Han}\p{Script=Hiragana}\p{Script=Katakana}ー](?:ので|けれど|して|であり|という|を|(?<!よう)に|は|へ))\s*$/iu

/** Headings, tables and lines of code need no end; neither do links, labelled values, options and results. */
const structural = /^[#|]|(?:[(){}[\]=;_][^(){}[\]=;_]*){3}/
const selfContained = /https?:\S+$|^[^\s:：]+(?: [^\s:：]+){0,3}[:：]\s|^\(?[A-Z][).]\s|=\s*\S+$/

/** The last words of a text that stops in the middle, or undefined. */
export function truncation(text: string): string | undefined {
  const body = text.trimEnd()
  if (openFence(body)) return lastWords(body)
  const withoutCode = body.replace(fenced, '\n\u0000')
  const last = withoutCode.slice(withoutCode.lastIndexOf('\n') + 1).trim()
  if (last === '' || last.includes('\u0000') || structural.test(last)) return undefined
  if (dangling.test(last) && weight(body) > 4) return lastWords(body)
  if (finished.test(last) || selfContained.test(last)) return undefined
  const lines = withoutCode.split('\n').filter(line => line.trim() !== '')
  if (listLine.test(last)) {
    // Items need no full stop unless the others have one.
    const others = lines.filter(line => listLine.test(line)).slice(0, -1)
    const ended = others.filter(line => /[.!?。！？]\s*$/.test(line)).length
    return others.length >= 2 && ended === others.length ? lastWords(body) : undefined
  }
  // A word, a name or a number is a whole answer; a line of prose without its end is not.
  return weight(last) >= 10 ? lastWords(body) : undefined
}

const lastWords = (text: string) =>
  text
    .slice(-60)
    .replace(/^\S*\s/, '')
    .trim()

/** Is a code fence left open? */
function openFence(text: string): boolean {
  let open: string | undefined
  for (const line of text.split('\n')) {
    const mark = /^[ \t]*(?:>[ \t]*|[-*+][ \t]+|\d+[.)][ \t]+)*(`{3,}|~{3,})(.*)$/.exec(line)
    if (!mark) continue
    if (open === undefined) open = mark[1]!
    else if (mark[1]![0] === open[0] && mark[1]!.length >= open.length && mark[2]!.trim() === '') open = undefined
  }
  return open !== undefined
}

/** An answer without its polite frame, and what was taken off; at most a few sentences at each end. */
export function unframed(answer: string): { text: string; removed: string[] } {
  const removed: string[] = []
  let text = answer
  for (let round = 0; round < 4; round++) {
    const before = removed.length
    for (const pattern of openers) {
      const found = pattern.exec(text)
      if (!found) continue
      removed.push(found[0].trim())
      text = capitalised(text.slice(found[0].length).trimStart())
    }
    for (const pattern of closers) {
      const found = pattern.exec(text)
      // Nothing but a closing phrase is left to the other checks.
      if (!found || found.index === 0) continue
      removed.push(found[0].trim())
      text = text.slice(0, found.index).trimEnd()
    }
    if (removed.length === before) break
  }
  return { text, removed }
}

const capitalised = (text: string) => text.replace(/^\p{Ll}/u, letter => letter.toUpperCase())

const wantsJson = /\bjson\b/i
const structured =
  /\b(?:json|yaml|xml|csv|schema|dictionary|object|array|format(?:ted)? as|list of (?:keys|fields))\b|形式|スキーマ|フォーマット|配列/i

/** A reply that is bare JSON though the request never spoke of a format. */
function strayJson(answer: string, prompt: string): boolean {
  const body = answer
    .trim()
    .replace(/^```(?:json)?\s*\n([\s\S]*?)\n```$/, '$1')
    .trim()
  if (!/^[{[][\s\S]*[}\]]$/.test(body) || wantsJson.test(prompt) || structured.test(prompt)) return false
  try {
    const value: unknown = JSON.parse(body)
    return typeof value === 'object' && value !== null && Object.keys(value).length > 0
  } catch {
    return false
  }
}

/** Does the prompt bring a text of its own along? A long quotation, or a good part of the document it came from. */
function bringsText(prompt: string, document: Rec<'document'> | undefined): boolean {
  if (/```|<(?:document|passage|text|context|article|reference)(?:-\d+)?>|"""/.test(prompt) || weight(prompt) > 60)
    return true
  const folded = prompt.replace(/\s+/g, ' ')
  const lines = document?.text.replace(/\s+/g, ' ').match(/[^.!?。！？]{40,}/g) ?? []
  return lines.some(line => folded.includes(line.trim().slice(0, 80)))
}

const dropped = (reason: string, evidence: Json): Dropped => ({ is: 'dropped', reason, evidence })

function cleanConversation(
  record: Rec<'conversation'>,
  { checks }: Options,
  document: () => Rec<'document'> | undefined,
): Outcome<'conversation', 'conversation'> {
  const does = (name: (typeof checks)[number]) => checks.includes(name)
  const removed: string[] = []
  const messages: Message[] = []
  let reason = 'boilerplate'
  let prompt = ''
  for (const [turn, message] of record.messages.entries()) {
    if (message.role !== 'assistant' || message.content === null || message.weight === 0) {
      prompt += `${message.content ?? ''}\n`
      messages.push(message)
      continue
    }
    let text = message.content
    const fault = (reason: string, matched: string) => dropped(reason, { turn, matched: matched.slice(0, 200) })
    if (does('refusals')) {
      const phrase = refusal(text)
      if (phrase) return fault('refusal', phrase)
    }
    if (does('format')) {
      // An end mark that was left on is taken off; a template inside the text is a wreck.
      const tail = new RegExp(`(?:\\s*(?:${templateTokens.source}))+\\s*$`).exec(text)
      if (tail) {
        removed.push(tail[0].trim())
        reason = 'template-token'
        text = text.slice(0, tail.index)
      }
      const token = templateTokens.exec(prose(text))
      if (token && !templateTokens.test(prompt)) return fault('template-token', token[0])
      const mark = promptMarks.exec(prose(text))
      if (mark && !promptMarks.test(prompt)) return fault('prompt-marker', mark[0].trim())
      if (strayJson(text, prompt)) return fault('stray-json', text.trim().slice(0, 80))
    }
    if (does('truncation')) {
      const end = truncation(text)
      if (end !== undefined) return fault(openFence(text) ? 'open-fence' : 'truncated', end)
    }
    if (does('boilerplate')) {
      const bare = unframed(text)
      removed.push(...bare.removed)
      if (bare.removed.length > 0) reason = 'boilerplate'
      text = bare.text
    }
    if (text.trim() === '' && !message.tool_calls?.length) return fault('empty', message.content.trim())
    prompt += `${text}\n`
    messages.push(text === message.content ? message : { ...message, content: text })
  }
  if (does('references')) {
    const asked = record.messages
      .flatMap(m => (m.role === 'user' || m.role === 'system' ? [m.content ?? ''] : []))
      .join('\n')
    const where = messages.findIndex(
      m => (m.role === 'user' || m.role === 'assistant') && first(prose(m.content ?? ''), metaReferences),
    )
    if (where >= 0 && !bringsText(asked, document())) {
      const matched = first(prose(messages[where]!.content!), metaReferences)!
      return dropped('missing-reference', { turn: where, matched })
    }
  }
  if (removed.length === 0) return { is: 'passed' }
  const { kind, tools } = record
  const notes = { facets: { cleaned: removed.join(' | ').slice(0, 300) } }
  return { is: 'fixed', reason, payload: { kind, messages, ...(tools ? { tools } : {}) }, notes }
}

function cleanDocument(record: Rec<'document'>, { checks }: Options): Outcome<'document', 'document'> {
  const { text } = record
  if (text.trim() === '') return dropped('empty', {})
  if (!checks.includes('format')) return { is: 'passed' }
  const token = templateTokens.exec(prose(text))
  if (token) return dropped('template-token', { matched: token[0] })
  if (openFence(text)) return dropped('open-fence', { matched: lastWords(text.trimEnd()) })
  return { is: 'passed' }
}

export const clean: MapStep<Options> = defineMap<Options, 'conversation' | 'document', 'conversation' | 'document'>({
  verb: 'clean',
  about: 'Takes polite frames off answers, and drops refusals, truncated answers and broken format.',
  version: 1,
  options,
  takes: ['conversation', 'document'],
  gives: 'same',
  reasons: [
    'boilerplate',
    'refusal',
    'truncated',
    'open-fence',
    'template-token',
    'prompt-marker',
    'stray-json',
    'missing-reference',
    'empty',
  ],
  needs: { ancestors: ['document'] },
  async run(record, ctx) {
    if (record.kind === 'document') return cleanDocument(record, ctx.options)
    return cleanConversation(record, ctx.options, () => ctx.ancestor('document')) as Outcome<
      'conversation' | 'document',
      'conversation' | 'document'
    >
  },
})
