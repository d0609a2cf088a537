import { z } from 'zod'
import { type Json, type Message, type Payload, type Rec, type Score, withMessages } from '../../records/index.ts'
import { type Dropped, defineMap, defineVerb, type MapStep, type Outcome, type Verb } from '../../steps/index.ts'
import { openFence, prose, registerOf, type Styles, stylesOf, weight } from '../../text/index.ts'
import { cutClean, limits, type ScoreName } from './cut-clean.ts'
import { echo } from './echo.ts'
import { lastWords, truncation } from './endings.ts'
import { refusal, selfReference, unframed } from './habits.ts'
import { leaks, otherLanguage, untranslated } from './languages.ts'
import { loop, looping, repeats } from './loops.ts'
import { badJson, raggedRow, strayJson } from './markup.ts'
import { mojibake } from './mojibake.ts'
import { first, metaReferences, promptMarks, templateTokens } from './phrases.ts'
import { emptyReasoning } from './reasoning.ts'
import { mixed, translationese } from './registers.ts'

const scored = {
  loops: ['repeats', 'loop'],
  encoding: ['mojibake'],
  language: ['leaks', 'untranslated'],
  echo: ['echo'],
  register: ['mixed', 'translationese'],
} as const satisfies { [check: string]: readonly ScoreName[] }

const checks = [
  'refusals',
  'truncation',
  'boilerplate',
  'format',
  'references',
  'reasoning',
  'self-reference',
  ...(Object.keys(scored) as (keyof typeof scored)[]),
] as const
type Check = (typeof checks)[number]

const shape = {
  checks: z
    .array(z.enum(checks))
    .default([...checks])
    .describe(
      'What is looked for: refusals, truncation, polite frames, broken format, references to a text that is not there, empty reasoning, self-references of a model, loops, wrong encodings, other languages, copies of the prompt, mixed registers',
    ),
  reasoning: z
    .enum(['if-present', 'required'])
    .default('if-present')
    .describe('Whether every answer must come with its reasoning'),
}
const mapOptions = z.strictObject(shape)
type Options = z.output<typeof mapOptions>

/** Does the prompt bring a text of its own along? A long quotation, or a good part of the document it came from. */
function bringsText(prompt: string, document: Rec<'document'> | undefined): boolean {
  // Fenced, quoted, or below the request.
  if (/```|<(?:document|passage|text|context|article|reference)(?:-\d+)?>|"""|\S\s*\n\s*\n\s*\S/.test(prompt))
    return true
  if (weight(prompt) > 60) return true
  const folded = prompt.replace(/\s+/g, ' ')
  const lines = document?.text.replace(/\s+/g, ' ').match(/[^.!?。！？]{40,}/g) ?? []
  return lines.some(line => folded.includes(line.trim().slice(0, 80)))
}

const wantsDialogue =
  /\b(?:conversations?|dialogues?|dialogs?|chats?|interviews?|scripts?|transcripts?|roles?|role-?play)\b|対話|会話|台本|脚本|チャット/i

type Counted = { value: number; why: string }
/** What was counted: of several answers the worst. */
class Counts {
  private worst = new Map<ScoreName, Counted>()
  add(name: ScoreName, counted: Counted): void {
    if (counted.value > (this.worst.get(name)?.value ?? 0)) this.worst.set(name, counted)
  }
  /** Aspects with something to count, each with the place that shows it best. */
  scores(): { [aspect: string]: Score } {
    return Object.fromEntries(
      [...this.worst].map(([name, { value, why }]) => [
        name,
        { method: 'rules', value: Math.round(value * 1e4) / 1e4, why: why.slice(0, 120) },
      ]),
    )
  }
}

const dropped = (reason: string, evidence: Json): Dropped => ({ is: 'dropped', reason, evidence })

type Talk = {
  messages: Message[]
  /** Where the answers begin that are looked at. */
  from: number
  /** The record with other messages; undefined where mending one side would tell it from the other. */
  put?(messages: Message[]): Payload
}

function talkOf(record: Rec<'conversation' | 'preference' | 'feedback'>): Talk {
  if (record.kind === 'conversation') {
    return { messages: record.messages, from: 0, put: messages => withMessages(record, messages) }
  }
  const answer = record.kind === 'preference' ? record.chosen : record.label ? record.completion : []
  return { messages: [...record.prompt, ...answer], from: record.prompt.length }
}

function cleanTalk(
  record: Rec<'conversation' | 'preference' | 'feedback'>,
  options: Options,
  document: () => Rec<'document'> | undefined,
): Outcome {
  const does = (name: Check) => options.checks.includes(name)
  const { messages: all, from, put } = talkOf(record)
  const counts = new Counts()
  const removed: string[] = []
  const messages: Message[] = []
  const answers: string[] = []
  let reason = 'boilerplate'
  let prompt = ''
  let asked = ''
  for (const [turn, message] of all.entries()) {
    if (does('encoding') && message.content) counts.add('mojibake', mojibake(prose(message.content)))
    if (turn < from || message.role !== 'assistant' || message.content === null || message.weight === 0) {
      prompt += `${message.content ?? ''}\n`
      if (message.role === 'user') asked = message.content ?? ''
      messages.push(message)
      continue
    }
    let text = message.content
    const fault = (reason: string, matched: string) => dropped(reason, { turn, matched: matched.slice(0, 200) })
    if (does('reasoning')) {
      const empty = emptyReasoning(message, options.reasoning === 'required')
      if (empty !== undefined) return fault('empty-reasoning', empty)
    }
    if (does('refusals')) {
      const phrase = refusal(text)
      if (phrase) return fault('refusal', phrase)
    }
    if (does('format')) {
      // An end mark that was left on is taken off; a template inside the text is a wreck.
      const tail = put && new RegExp(`(?:\\s*(?:${templateTokens.source}))+\\s*$`).exec(text)
      if (tail) {
        removed.push(tail[0].trim())
        reason = 'template-token'
        text = text.slice(0, tail.index)
      }
      const words = prose(text)
      const token = templateTokens.exec(words)
      if (token && !templateTokens.test(prompt)) return fault('template-token', token[0])
      const mark = promptMarks.exec(words)
      if (mark && !promptMarks.test(prompt) && !wantsDialogue.test(prompt))
        return fault('prompt-marker', mark[0].trim())
      if (strayJson(text, prompt)) return fault('stray-json', text.trim().slice(0, 80))
    }
    const looped = does('loops') ? loop(text) : undefined
    if (looped) counts.add('loop', looped)
    if (does('truncation') && !(looped && looped.value >= looping)) {
      const end = truncation(text)
      if (end !== undefined) return fault(openFence(text) ? 'open-fence' : 'truncated', end)
    }
    if (does('format')) {
      const json = badJson(text, asked)
      if (json !== undefined) return fault('bad-json', json)
      const row = raggedRow(text)
      if (row !== undefined && raggedRow(prompt) === undefined) return fault('ragged-table', row)
    }
    if (does('self-reference')) {
      const self = selfReference(text, asked)
      if (self !== undefined) return fault('self-reference', self)
    }
    if (does('language')) {
      const other = otherLanguage(asked, text)
      if (other) return dropped('wrong-language', { turn, ...other })
    }
    if (does('boilerplate') && put) {
      const bare = unframed(text)
      removed.push(...bare.removed)
      if (bare.removed.length > 0) reason = 'boilerplate'
      text = bare.text
    }
    if (text.trim() === '' && !message.tool_calls?.length) return fault('empty', message.content.trim())
    if (does('loops')) counts.add('repeats', repeats(prompt, text))
    if (does('echo')) counts.add('echo', echo(asked, text))
    if (does('language')) {
      counts.add('leaks', leaks(prompt, text))
      counts.add('untranslated', untranslated(prompt, text))
    }
    prompt += `${text}\n`
    answers.push(text)
    messages.push(text === message.content ? message : { ...message, content: text })
  }
  if (does('truncation') && answers.length > 0 && /^(?:length|max_tokens)$/.test(String(record.facets.finish_reason)))
    return dropped('truncated', { matched: lastWords(answers.at(-1)!), finish: record.facets.finish_reason! })
  if (does('references')) {
    const question = all.flatMap(m => (m.role === 'user' || m.role === 'system' ? [m.content ?? ''] : [])).join('\n')
    const meta = (m: Message) =>
      m.role === 'user' || m.role === 'assistant' ? first(prose(m.content ?? ''), metaReferences) : undefined
    const where = messages.findIndex(meta)
    if (where >= 0 && !bringsText(question, document()))
      return dropped('missing-reference', { turn: where, matched: meta(messages[where]!)! })
  }
  const styles: Styles = { plain: 0, polite: 0, honorific: 0 }
  for (const text of does('register') ? answers : []) {
    if (!/\p{Script=Hiragana}/u.test(text)) continue
    const own = stylesOf(text)
    for (const style of ['plain', 'polite', 'honorific'] as const) styles[style] += own[style]
    counts.add('mixed', mixed(own))
    counts.add('translationese', translationese(text))
  }
  const register = registerOf(styles)
  const facets = {
    ...(register && record.facets.register === undefined ? { register } : {}),
    ...(removed.length > 0 ? { cleaned: removed.join(' | ').slice(0, 300) } : {}),
  }
  const scores = counts.scores()
  const notes = {
    ...(Object.keys(facets).length > 0 ? { facets } : {}),
    ...(Object.keys(scores).length > 0 ? { scores } : {}),
  }
  if (removed.length > 0 && put) return { is: 'fixed', reason, payload: put(messages), notes }
  return Object.keys(notes).length > 0 ? { is: 'passed', notes } : { is: 'passed' }
}

function cleanDocument(record: Rec<'document'>, { checks }: Options): Outcome {
  const { text } = record
  if (text.trim() === '') return dropped('empty', {})
  const counts = new Counts()
  if (checks.includes('format')) {
    const token = templateTokens.exec(prose(text))
    if (token) return dropped('template-token', { matched: token[0] })
    if (openFence(text)) return dropped('open-fence', { matched: lastWords(text.trimEnd()) })
  }
  if (checks.includes('encoding')) {
    const found = mojibake(prose(text))
    // One place in a page may be an example, or a slip.
    if (found.value >= 2) counts.add('mojibake', found)
  }
  if (checks.includes('loops')) counts.add('loop', loop(text))
  const scores = counts.scores()
  return Object.keys(scores).length > 0 ? { is: 'passed', notes: { scores } } : { is: 'passed' }
}

type Kinds = 'conversation' | 'document' | 'preference' | 'feedback'
const takes: readonly Kinds[] = ['conversation', 'document', 'preference', 'feedback']

export const cleanLook: MapStep<Options> = defineMap<Options, Kinds, Kinds>({
  verb: 'clean-look',
  about: 'Takes polite frames off answers, drops what is broken beyond doubt, and counts signs of the rest.',
  version: 2,
  options: mapOptions,
  takes,
  gives: 'same',
  reasons: [
    'boilerplate',
    'refusal',
    'truncated',
    'open-fence',
    'template-token',
    'prompt-marker',
    'stray-json',
    'bad-json',
    'ragged-table',
    'self-reference',
    'empty-reasoning',
    'wrong-language',
    'missing-reference',
    'empty',
  ],
  needs: { ancestors: ['document'] },
  async run(record, ctx) {
    const outcome =
      record.kind === 'document'
        ? cleanDocument(record, ctx.options)
        : cleanTalk(record, ctx.options, () => ctx.ancestor('document'))
    return outcome as Outcome<Kinds, Kinds>
  },
})

const options = z.strictObject({ ...shape, ...limits.shape })

/**
 * Wrong examples out. What is wrong beyond doubt is dropped as it is read; what is a matter of degree is counted and
 * stored, and dropped by a cut of its own, so that another limit reads no text again. Of a preference the chosen answer is
 * looked at, of feedback the one that was liked; neither is mended.
 */
export const clean: Verb<z.output<typeof options>> = defineVerb<z.output<typeof options>>({
  verb: 'clean',
  about:
    'Takes polite frames off answers, and drops refusals, truncated answers, broken format, loops, wrong languages and other wrong examples.',
  options,
  takes,
  expand({ checks, reasoning, ...limit }, key) {
    const names = checks.flatMap(check => (check in scored ? [...scored[check as keyof typeof scored]] : []))
    const own = Object.fromEntries(names.map(name => [name, limit[name]]))
    return [
      { as: '', step: cleanLook, options: { checks, reasoning } },
      ...(names.length > 0 ? [{ as: 'cut', step: cutClean, options: { by: key, ...own } }] : []),
    ]
  },
})
