import type { Payload } from '../records/index.ts'
import type { Item } from '../sources/index.ts'
import { detectLanguage, tokenizer } from '../text/index.ts'

/** What reading files of one form gave. */
export type FormTally = {
  format: string
  files: number
  records: number
  rejected: { [reason: string]: number }
  bytes: number
  characters: number
  /** Estimated from the first characters of each text. */
  tokens: number
  /** Records by the language that they state or that their text is in. */
  languages: { [language: string]: number }
  ms: number
}

export type Rejection = { path: string; row?: number; reason: string; evidence: unknown }

/** Characters of a text that are counted as tokens and looked at for its language. */
const sample = 4000

export type Tally = {
  of(format: string): FormTally
  take(format: string, path: string, item: Item): void
  reject(format: string, rejection: Rejection): void
  forms(): FormTally[]
  rejections: Rejection[]
  /** Rejections beyond those that are kept. */
  more: number
}

/** Adds up what is read, by form; keeps the first `most` rejections of each reason. */
export function tally(most: number): Tally {
  const forms = new Map<string, FormTally>()
  const kept = new Map<string, number>()
  const tokens = tokenizer()
  const all: Tally = {
    rejections: [],
    more: 0,
    of(format) {
      const zero = { files: 0, records: 0, rejected: {}, bytes: 0, characters: 0, tokens: 0, languages: {}, ms: 0 }
      const known = forms.get(format) ?? { format, ...zero }
      forms.set(format, known)
      return known
    },
    take(format, path, item) {
      if (item.is === 'rejected') {
        const { reason, evidence, row } = item
        all.reject(format, { path, ...(row === undefined ? {} : { row }), reason, evidence })
        return
      }
      const form = all.of(format)
      const text = textOf(item.payload)
      const first = text.slice(0, sample)
      form.records++
      form.characters += text.length
      form.tokens += first === '' ? 0 : (tokens.count(first) * text.length) / first.length
      const language = item.language ?? (item.payload.kind === 'row' ? undefined : detectLanguage(first))
      if (language) form.languages[language] = (form.languages[language] ?? 0) + 1
    },
    reject(format, rejection) {
      const { rejected } = all.of(format)
      const { reason } = rejection
      rejected[reason] = (rejected[reason] ?? 0) + 1
      const n = kept.get(reason) ?? 0
      kept.set(reason, n + 1)
      if (n < most) all.rejections.push(rejection)
      else all.more++
    },
    forms() {
      return [...forms.values()]
        .map(form => ({ ...form, tokens: Math.round(form.tokens) }))
        .sort((a, b) => (a.format < b.format ? -1 : 1))
    },
  }
  return all
}

/** All that people or models wrote in a record. */
export function textOf(payload: Payload): string {
  const said = (messages: readonly { content: string | null }[]) => messages.map(({ content }) => content ?? '')
  switch (payload.kind) {
    case 'document':
      return payload.text
    case 'prompt':
    case 'conversation':
      return said(payload.messages).join('\n')
    case 'preference':
      return said([...payload.prompt, ...payload.chosen, ...payload.rejected]).join('\n')
    case 'feedback':
      return said([...payload.prompt, ...payload.completion]).join('\n')
    case 'exam':
      return [...said(payload.prompt), payload.target, ...(payload.choices ?? [])].join('\n')
    case 'row':
      return Object.values(payload.columns)
        .map(value => (typeof value === 'string' ? value : JSON.stringify(value)))
        .join('\n')
  }
}
