import type { Profile, Rule } from '../profile.ts'

const gopher = 'Rae et al. 2021, arXiv 2112.11446, appendix A'

/** Terms of the n-gram limits of Gopher, which all variants share: longest first repeats of 2 to 4, copies of 5 to 10. */
const topLimits = { 2: 0.2, 3: 0.18, 4: 0.16 }
const duplicateLimits = { 5: 0.15, 6: 0.14, 7: 0.13, 8: 0.12, 9: 0.11, 10: 0.1 }

const ngramRules = (top: (n: string) => string, duplicate: (n: string) => string): Rule[] => [
  ...Object.entries(topLimits).map(
    ([n, value]): Rule => ({
      option: `max-top-${n}-gram`,
      measure: top(n),
      is: 'most',
      value,
      reason: `top-${n}-gram`,
    }),
  ),
  ...Object.entries(duplicateLimits).map(
    ([n, value]): Rule => ({
      option: `max-duplicate-${n}-gram`,
      measure: duplicate(n),
      is: 'most',
      value,
      reason: `duplicate-${n}-gram`,
    }),
  ),
]

export const gopherQuality: Profile = {
  name: 'gopher-quality',
  version: 1,
  about:
    'Length, symbols, bullets and stop words of MassiveText. By words, since `tokens` counts marks as treebank tokenizers do, and most technical Markdown fails on them',
  source: `${gopher}; values and order as in datatrove`,
  tokenizer: 'words',
  rules: [
    { option: 'min-words', measure: 'words', is: 'least', value: 50, reason: 'few-words' },
    { option: 'max-words', measure: 'words', is: 'most', value: 100_000, reason: 'many-words' },
    { option: 'min-mean-word-length', measure: 'mean-word-length', is: 'least', value: 3, reason: 'short-words' },
    { option: 'max-mean-word-length', measure: 'mean-word-length', is: 'most', value: 10, reason: 'long-words' },
    { option: 'max-hashes-per-word', measure: 'hashes-per-word', is: 'most', value: 0.1, reason: 'hashes' },
    { option: 'max-ellipses-per-word', measure: 'ellipses-per-word', is: 'most', value: 0.1, reason: 'ellipses' },
    { option: 'max-bullet-lines', measure: 'bullet-lines', is: 'most', value: 0.9, reason: 'bullet-lines' },
    { option: 'max-ellipsis-lines', measure: 'ellipsis-lines', is: 'most', value: 0.3, reason: 'ellipsis-lines' },
    {
      option: 'min-alphabetic-words',
      measure: 'alphabetic-words',
      is: 'least',
      value: 0.8,
      reason: 'few-alphabetic-words',
    },
    {
      option: 'min-stop-words',
      measure: 'stop-words',
      is: 'least',
      value: 2,
      reason: 'few-stop-words',
      note: 'Of the language of the record; a language without a list is let by',
    },
  ],
}

export const gopherRepetition: Profile = {
  name: 'gopher-repetition',
  version: 1,
  about: 'Repeated lines, paragraphs and n-grams of MassiveText',
  source: `${gopher}, table A1; definitions as in datatrove, but an n-gram that occurs once repeats nothing`,
  tokenizer: 'words',
  rules: [
    {
      option: 'max-duplicate-paragraphs',
      measure: 'duplicate-paragraphs',
      is: 'most',
      value: 0.3,
      reason: 'duplicate-paragraphs',
    },
    {
      option: 'max-duplicate-paragraph-characters',
      measure: 'duplicate-paragraph-characters',
      is: 'most',
      value: 0.2,
      reason: 'duplicate-paragraph-characters',
    },
    { option: 'max-duplicate-lines', measure: 'duplicate-lines', is: 'most', value: 0.3, reason: 'duplicate-lines' },
    {
      option: 'max-duplicate-line-characters',
      measure: 'duplicate-line-characters',
      is: 'most',
      value: 0.2,
      reason: 'duplicate-line-characters',
    },
    ...ngramRules(
      n => `top-${n}-gram`,
      n => `duplicate-${n}-gram`,
    ),
  ],
}

/** The two of Gopher as Dolma reads them: other definitions under the same thresholds, so that values do not compare. */
export const dolmaGopher: Profile = {
  name: 'dolma-gopher',
  version: 1,
  about: 'Gopher quality and repetition as in Dolma: median word length, all copies counted, stop words in all',
  source: 'Soldaini et al. 2024, arXiv 2402.00159; python/dolma/taggers/gopher.py',
  tokenizer: 'whitespace',
  rules: [
    { option: 'min-words', measure: 'words', is: 'least', value: 50, reason: 'few-words' },
    { option: 'max-words', measure: 'words', is: 'most', value: 100_000, reason: 'many-words' },
    { option: 'min-median-word-length', measure: 'median-word-length', is: 'least', value: 3, reason: 'short-words' },
    { option: 'max-median-word-length', measure: 'median-word-length', is: 'most', value: 10, reason: 'long-words' },
    { option: 'max-symbol-words', measure: 'symbol-words', is: 'most', value: 0.1, reason: 'symbol-words' },
    {
      option: 'min-alphabetic-words',
      measure: 'alphabetic-words',
      is: 'least',
      value: 0.8,
      reason: 'few-alphabetic-words',
    },
    { option: 'min-stop-words', measure: 'stop-words-in-all', is: 'least', value: 2, reason: 'few-stop-words' },
    { option: 'max-bullet-lines', measure: 'star-bullet-lines', is: 'most', value: 0.9, reason: 'bullet-lines' },
    { option: 'max-ellipsis-lines', measure: 'ellipsis-sign-lines', is: 'most', value: 0.3, reason: 'ellipsis-lines' },
    { option: 'max-copied-lines', measure: 'copied-lines', is: 'most', value: 0.3, reason: 'duplicate-lines' },
    {
      option: 'max-copied-line-characters',
      measure: 'copied-line-characters',
      is: 'most',
      value: 0.2,
      reason: 'duplicate-line-characters',
    },
    ...ngramRules(
      n => `top-${n}-gram-of-words`,
      n => `copied-${n}-gram`,
    ),
  ],
}
