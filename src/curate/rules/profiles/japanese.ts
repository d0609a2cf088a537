import { z } from 'zod'
import type { Profile, Rule, Setting } from '../profile.ts'

const count = (option: string, value: number, about: string): Setting => ({
  option,
  schema: z.number().int().min(1),
  value,
  about,
})

const runs = (name: (n: string) => string, limits: { [n: string]: number }, reason: (n: string) => string): Rule[] =>
  Object.entries(limits).map(([n, value]) => ({
    option: `max-${name(n)}`,
    measure: name(n),
    is: 'most',
    value,
    reason: reason(n),
  }))

const swallowSource = 'Okazaki et al. 2024, arXiv 2404.17733; swallow-corpus quality.py'

export const swallow: Profile = {
  name: 'swallow',
  version: 1,
  about: 'Japanese prose: amount, share of kana, length of sentences',
  source: swallowSource,
  rules: [
    { option: 'min-letters', measure: 'letters', is: 'least', value: 400, reason: 'few-letters' },
    {
      option: 'min-japanese-letters',
      measure: 'japanese-letters',
      is: 'least',
      value: 400,
      reason: 'few-japanese-letters',
    },
    { option: 'min-japanese', measure: 'japanese', is: 'least', value: 0.5, reason: 'little-japanese' },
    { option: 'min-hiragana', measure: 'hiragana', is: 'least', value: 0.2, reason: 'little-hiragana' },
    { option: 'max-katakana', measure: 'katakana', is: 'most', value: 0.5, reason: 'much-katakana' },
    {
      option: 'min-mean-sentence',
      measure: 'mean-japanese-sentence',
      is: 'least',
      value: 20,
      reason: 'short-sentences',
    },
    { option: 'max-mean-sentence', measure: 'mean-japanese-sentence', is: 'most', value: 90, reason: 'long-sentences' },
    { option: 'max-sentence', measure: 'longest-japanese-sentence', is: 'most', value: 200, reason: 'long-sentence' },
    {
      option: 'max-trailing-sentences',
      measure: 'trailing-sentences',
      is: 'most',
      value: 0.2,
      reason: 'trailing-sentences',
    },
    {
      option: 'max-ng-characters',
      measure: 'ng-characters',
      is: 'under',
      value: 0.05,
      reason: 'ng-words',
      list: 'ng-words',
    },
  ],
}

export const swallowRepetition: Profile = {
  name: 'swallow-repetition',
  version: 1,
  about: 'Repetition in characters: shares of occurrences, and of different n-grams, other definitions than Gopher’s',
  source: swallowSource,
  rules: [
    { option: 'max-duplicate-lines', measure: 'duplicate-lines', is: 'most', value: 0.3, reason: 'duplicate-lines' },
    {
      option: 'max-duplicate-sentences',
      measure: 'duplicate-sentences',
      is: 'most',
      value: 0.3,
      reason: 'duplicate-sentences',
    },
    {
      option: 'max-duplicate-line-characters',
      measure: 'duplicate-line-characters',
      is: 'most',
      value: 0.2,
      reason: 'duplicate-line-characters',
    },
    {
      option: 'max-duplicate-sentence-characters',
      measure: 'duplicate-sentence-characters',
      is: 'most',
      value: 0.2,
      reason: 'duplicate-sentence-characters',
    },
    ...runs(
      n => `top-${n}-characters`,
      { 2: 0.2, 3: 0.18, 4: 0.16 },
      n => `top-${n}-characters`,
    ),
    ...runs(
      n => `repeated-${n}-characters`,
      { 5: 0.15, 6: 0.14, 7: 0.13, 8: 0.12, 9: 0.11, 10: 0.1 },
      n => `repeated-${n}-characters`,
    ),
  ],
}

export const llmJp: Profile = {
  name: 'llm-jp',
  version: 1,
  about: 'Lines without kana, addresses and long runs of ASCII go, then pages of advertising or of odd density',
  source: 'llm-jp-corpus scripts/filters.py; lines stay apart, which it joins',
  settings: [
    {
      option: 'edit',
      schema: z.boolean(),
      value: true,
      about: 'Takes out lines without kana, addresses and ASCII runs',
    },
    count('ascii-run', 100, 'Characters from which a run of ASCII goes'),
    count('first', 50, 'Characters among which a kana must be'),
  ],
  edits: ({ edit, 'ascii-run': run }) =>
    edit ? [{ edit: 'no-kana' }, { edit: 'addresses' }, { edit: 'ascii-runs', least: Number(run) }] : [],
  rules: [
    { option: 'min-kana', measure: ({ first }) => `kana-in-first-${first}`, is: 'least', value: 1, reason: 'no-kana' },
    { option: 'min-kuten-per-250', measure: 'kuten-per-250', is: 'least', value: 1, reason: 'few-kuten' },
    { option: 'min-deflate', measure: 'deflate-ratio', is: 'least', value: 0.3, reason: 'repetitive' },
    { option: 'max-deflate', measure: 'deflate-ratio', is: 'most', value: 0.7, reason: 'incompressible' },
    { option: 'max-ad-words', measure: 'ad-words', is: 'most', value: 10, reason: 'ads', list: 'ad-words' },
    { option: 'max-adult-words', measure: 'adult-words', is: 'most', value: 3, reason: 'adult', list: 'adult-words' },
    {
      option: 'max-violence-words',
      measure: 'violence-words',
      is: 'most',
      value: 3,
      reason: 'violence',
      list: 'violence-words',
    },
    {
      option: 'max-discrimination-words',
      measure: 'discrimination-words',
      is: 'most',
      value: 3,
      reason: 'discrimination',
      list: 'discrimination-words',
    },
  ],
}

export const hojichar: Profile = {
  name: 'hojichar',
  version: 1,
  about:
    'Length, kuten, special characters and repetition; its rules over nouns and runs of words need a dictionary and are left out',
  source: 'HojiChar document_filters.py; repetition after Laurençon et al. 2022, arXiv 2303.03915',
  settings: [
    count('first', 50, 'Characters among which a kana must be'),
    count('line', 10, 'Characters up to which a line is short'),
  ],
  rules: [
    { option: 'min-kana', measure: ({ first }) => `kana-in-first-${first}`, is: 'least', value: 1, reason: 'no-kana' },
    { option: 'min-characters', measure: 'characters', is: 'least', value: 200, reason: 'few-characters' },
    { option: 'max-characters', measure: 'characters', is: 'most', value: 50_000, reason: 'many-characters' },
    { option: 'min-kuten-per-100', measure: 'kuten-per-100', is: 'least', value: 1, reason: 'few-kuten' },
    { option: 'max-ad-words', measure: 'ad-words', is: 'most', value: 14, reason: 'ads', list: 'ad-words' },
    { option: 'max-board-words', measure: 'board-words', is: 'most', value: 14, reason: 'board', list: 'board-words' },
    { option: 'max-adult-words', measure: 'adult-words', is: 'most', value: 0, reason: 'adult', list: 'adult-words' },
    {
      option: 'max-violence-words',
      measure: 'violence-words',
      is: 'most',
      value: 0,
      reason: 'violence',
      list: 'violence-words',
    },
    {
      option: 'max-discrimination-words',
      measure: 'discrimination-words',
      is: 'most',
      value: 0,
      reason: 'discrimination',
      list: 'discrimination-words',
    },
    {
      option: 'max-special-characters',
      measure: 'special-characters',
      is: 'most',
      value: 0.4,
      reason: 'special-characters',
    },
    { option: 'max-repeat', measure: 'longest-repeat', is: 'under', value: 200, reason: 'repeated-character' },
    {
      option: 'max-frequent-5-characters',
      measure: 'frequent-5-characters',
      is: 'under',
      value: 0.33,
      reason: 'frequent-5-characters',
    },
    {
      option: 'max-short-lines',
      measure: ({ line }) => `short-lines-${line}`,
      is: 'most',
      value: 0.5,
      reason: 'short-lines',
    },
    { option: 'max-ellipsis-lines', measure: 'ellipsis-lines', is: 'most', value: 0.7, reason: 'ellipsis-lines' },
  ],
}
