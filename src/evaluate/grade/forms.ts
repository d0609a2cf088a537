import { digestOf, type Sha } from '../../records/index.ts'
import { type PromptNote, promptNotes } from '../../steps/index.ts'
import type { MetricName } from '../metrics.ts'
import { languageOf } from '../sit/questions.ts'

/** How a judge is asked, by the kind of verifier that an item has. */
export const judgeKinds = ['rubric', 'elyza', 'mt-bench'] as const
/** The highest mark of a rubric; the lowest is 1. */
export type Top = 5 | 10

/** The metric of a kind that only a judge can grade; undefined for one that a rule grades. */
export function judgedMetric(kind: string, top: Top): MetricName | undefined {
  if (kind === 'rubric') return top === 5 ? 'mark_1_5' : 'mark_1_10'
  if (kind === 'elyza') return 'elyza'
  return kind === 'mt-bench' ? 'mt_bench' : undefined
}

/** Prompt files of each form, without language. */
const files = {
  rubric: ['rubric'],
  elyza: ['elyza'],
  'mt-bench': ['mt-bench-single', 'mt-bench-single-math', 'mt-bench-multi', 'mt-bench-multi-math'],
  pairs: ['pairs'],
} as const
export const languages = ['en', 'ja'] as const
export type PromptForm = (typeof files)[keyof typeof files][number]

/** The prompt files of a form, or the one that stands in for them. */
export const notesOf = (form: keyof typeof files, own?: string): PromptNote[] =>
  own === undefined
    ? files[form].flatMap(name => promptNotes(import.meta.url, name, languages))
    : promptNotes(import.meta.url, form, languages, own)

/** One digest for all that a judge may be asked with under a form: figures are comparable where it is the same. */
export const promptDigest = (form: keyof typeof files, own?: string): Sha =>
  digestOf(notesOf(form, own).map(({ digest }) => digest))

export const promptFile = (form: PromptForm, language: string, own: string | undefined): URL | string =>
  own ?? new URL(`./${form}.${languageOf(language)}.md`, import.meta.url)
