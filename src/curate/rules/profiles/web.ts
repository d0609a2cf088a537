import { z } from 'zod'
import type { Edit } from '../edit-lines.ts'
import type { Profile, Setting, Settings } from '../profile.ts'

const yes = (option: string, about: string): Setting => ({ option, schema: z.boolean(), value: true, about })
const count = (option: string, value: number, about: string): Setting => ({
  option,
  schema: z.number().int().min(0),
  value,
  about,
})

function c4Edits(settings: Settings): Edit[] {
  const { 'max-word': most, 'min-line-words': least } = settings as { [option: string]: number }
  return [
    ...(most! > 0 ? [{ edit: 'long-word' as const, most: most! }] : []),
    ...(settings.citations ? [{ edit: 'citations' as const }] : []),
    ...(settings['terminal-mark'] ? [{ edit: 'no-terminal-mark' as const }] : []),
    ...(least! > 0 ? [{ edit: 'few-words' as const, least: least! }] : []),
    ...(settings.javascript ? [{ edit: 'javascript' as const }] : []),
    ...(settings.policy ? [{ edit: 'policy' as const }] : []),
  ]
}

export const c4: Profile = {
  name: 'c4',
  version: 1,
  about: 'Lines without a full stop, short ones and notices go, then pages with code or few sentences',
  source:
    'Raffel et al. 2020, arXiv 1910.10683; values and order as in datatrove, but blank lines stay to part paragraphs',
  settings: [
    count('max-word', 1000, 'Characters of a word that a line may hold; 0 for any'),
    yes('citations', 'Strips marks such as [12] and [citation needed]'),
    yes('terminal-mark', 'Takes out lines that do not end in . ? ! " or \', or its like in other scripts'),
    count('min-line-words', 3, 'Fewest words of a line, characters in scripts without spaces; 0 for any'),
    yes('javascript', 'Takes out lines that mention JavaScript'),
    yes('policy', 'Takes out lines with a phrase of policies and cookie notices'),
  ],
  edits: c4Edits,
  rules: [
    { option: 'max-lorem-ipsum', measure: 'lorem-ipsum', is: 'most', value: 0, reason: 'lorem-ipsum' },
    { option: 'max-curly-brackets', measure: 'curly-brackets', is: 'most', value: 0, reason: 'curly-brackets' },
    { option: 'max-bad-words', measure: 'bad-words', is: 'most', value: 0, reason: 'bad-words', list: 'bad-words' },
    { option: 'min-sentences', measure: 'sentences', is: 'least', value: 5, reason: 'few-sentences' },
  ],
}

/** C4 with the two values of the program that made the released set, where datatrove has others. */
export const c4Released: Profile = {
  ...c4,
  name: 'c4-released',
  about: 'C4 with the line and sentence limits of the program behind the released set',
  source: 'Raffel et al. 2020, arXiv 1910.10683; tensorflow_datasets c4_utils.py',
  settings: c4.settings!.map(one => (one.option === 'min-line-words' ? { ...one, value: 5 } : one)),
  rules: c4.rules.map(rule => (rule.option === 'min-sentences' ? { ...rule, value: 3 } : rule)),
}

/** C4 as FineWeb uses it. */
export const finewebC4: Profile = {
  ...c4,
  name: 'fineweb-c4',
  about: 'C4 without the rule over full stops, which FineWeb found to cost more than it gives',
  source: 'Penedo et al. 2024, arXiv 2406.17557',
  settings: c4.settings!.map(one => (one.option === 'terminal-mark' ? { ...one, value: false } : one)),
}

export const mc4: Profile = {
  name: 'mc4',
  version: 1,
  about: 'At least three long lines',
  source: 'Xue et al. 2021, arXiv 2010.11934',
  settings: [count('line', 200, 'Characters of a long line')],
  rules: [
    {
      option: 'min-long-lines',
      measure: ({ line }) => `long-lines-${line}`,
      is: 'least',
      value: 3,
      reason: 'few-long-lines',
    },
  ],
}

export const fineweb: Profile = {
  name: 'fineweb',
  version: 1,
  about: 'Lists and pages of short or repeated lines, as FineWeb found them',
  source: 'Penedo et al. 2024, arXiv 2406.17557; values as in datatrove',
  tokenizer: 'words',
  settings: [count('line', 30, 'Characters up to which a line is short')],
  rules: [
    {
      option: 'min-punctuated-lines',
      measure: 'punctuated-lines',
      is: 'least',
      value: 0.12,
      reason: 'few-punctuated-lines',
    },
    {
      option: 'max-short-lines',
      measure: ({ line }) => `short-lines-${line}`,
      is: 'most',
      value: 0.67,
      reason: 'short-lines',
    },
    {
      option: 'max-duplicate-line-characters',
      measure: 'duplicate-line-characters',
      is: 'most',
      value: 0.01,
      reason: 'duplicate-line-characters',
      note: '0.01 as in the program; the paper says 0.1, which `fineweb-paper` has',
    },
    {
      option: 'max-newlines-per-word',
      measure: 'newlines-per-word',
      is: 'most',
      value: 0.3,
      reason: 'list',
      note: 'Blank lines add none, which the program counts as well',
    },
  ],
}

/** FineWeb with the one value in which its paper and its program differ taken from the paper. */
export const finewebPaper: Profile = {
  ...fineweb,
  name: 'fineweb-paper',
  about: 'FineWeb with the share of repeated lines that its paper gives',
  source: 'Penedo et al. 2024, arXiv 2406.17557',
  rules: fineweb.rules.map(rule =>
    rule.option === 'max-duplicate-line-characters' ? { ...rule, value: 0.1, note: 'As in the paper' } : rule,
  ),
}

export const curator: Profile = {
  name: 'curator',
  version: 1,
  about: 'What NeMo Curator asks beside Gopher, and its reading of Gopher quality',
  source: 'nemo_curator/stages/text/filters/heuristic/string.py',
  tokenizer: 'whitespace',
  rules: [
    {
      option: 'max-non-alphanumeric',
      measure: 'non-alphanumeric',
      is: 'most',
      value: 0.25,
      reason: 'non-alphanumeric',
    },
    { option: 'max-symbol-words', measure: 'symbol-words', is: 'most', value: 0.1, reason: 'symbol-words' },
    { option: 'max-digits', measure: 'digits', is: 'most', value: 0.15, reason: 'digits' },
    { option: 'max-urls', measure: 'urls', is: 'most', value: 0.2, reason: 'urls' },
    { option: 'max-bullet-lines', measure: 'bullet-lines', is: 'most', value: 0.9, reason: 'bullet-lines' },
    { option: 'max-white-space', measure: 'white-space', is: 'most', value: 0.25, reason: 'white-space' },
    { option: 'max-brackets', measure: 'brackets', is: 'most', value: 0.1, reason: 'brackets' },
    { option: 'max-word', measure: 'longest-word', is: 'most', value: 1000, reason: 'long-word' },
    { option: 'min-words', measure: 'words', is: 'least', value: 50, reason: 'few-words' },
    { option: 'max-words', measure: 'words', is: 'most', value: 100_000, reason: 'many-words' },
    {
      option: 'max-boilerplate-paragraphs',
      measure: 'boilerplate-paragraphs',
      is: 'most',
      value: 0.4,
      reason: 'boilerplate',
    },
    { option: 'min-mean-word-length', measure: 'mean-word-length', is: 'least', value: 3, reason: 'short-words' },
    { option: 'max-mean-word-length', measure: 'mean-word-length', is: 'most', value: 10, reason: 'long-words' },
    { option: 'max-open-sentences', measure: 'open-sentences', is: 'most', value: 0.85, reason: 'open-sentences' },
    { option: 'max-ellipsis-lines', measure: 'ellipsis-lines', is: 'most', value: 0.3, reason: 'ellipsis-lines' },
    { option: 'min-stop-words', measure: 'stop-words-in-all', is: 'least', value: 2, reason: 'few-stop-words' },
    {
      option: 'min-alphabetic-words',
      measure: 'alphabetic-words',
      is: 'least',
      value: 0.8,
      reason: 'few-alphabetic-words',
    },
  ],
}
