import { z } from 'zod'
import type { Fuzzy } from './fuzzy.ts'
import type { Length } from './gram-index.ts'

/** How GPT-3's documents were cut: characters taken with a match on each side, shortest piece kept, most pieces. */
export type Cut = { margin: number; least: number; pieces: number }

export const options = z.strictObject({
  against: z
    .array(z.string())
    .min(1)
    .describe('Test sets to keep out: benchmarks brought in with `import benchmark`, files, or sources'),
  profile: z
    .enum(['cosmopedia', 'tulu', 'gpt3', 'decon-like'])
    .optional()
    .describe('A published rule as defaults for the other options; without it a single shared run drops a row'),
  ngram: z
    .number()
    .int()
    .min(2)
    .optional()
    .describe('Words in a row that count as shared; default 10, tulu 8, gpt3 13, decon-like 5'),
  characters: z
    .number()
    .int()
    .min(5)
    .optional()
    .describe(
      'Characters in a row that count as shared in scripts without spaces; default 20, tulu 16, gpt3 26, decon-like 8',
    ),
  coverage: z
    .number()
    .min(0)
    .max(1)
    .optional()
    .describe(
      'More than this share of a text of the test must be shared with one row, or all of it; default 0, cosmopedia and tulu 0.5, decon-like 0.8',
    ),
  measure: z
    .enum(['runs', 'blocks', 'fuzzy'])
    .optional()
    .describe(
      'What the share is of: units inside shared runs, characters in blocks of over 5 (cosmopedia), or n-grams by rarity with gaps allowed (decon-like)',
    ),
  common: z
    .strictObject({
      items: z.number().int().min(1).optional().describe('N-grams of more test items than this are ignored'),
      rows: z.number().int().min(1).optional().describe('N-grams of more rows than this are ignored'),
    })
    .optional()
    .describe('Boilerplate that alone makes no leak; what it left out is reported. gpt3: 10 rows'),
  cut: z
    .strictObject({
      margin: z.number().int().min(0).default(200).describe('Characters taken out on each side of a match'),
      least: z.number().int().min(1).default(200).describe('Pieces shorter than this are left out'),
      pieces: z.number().int().min(1).default(10).describe('Documents in more pieces than this are dropped'),
    })
    .or(z.literal(false))
    .optional()
    .describe(
      'Cuts matches out of documents instead of dropping them; other rows are dropped. gpt3 does, with 200, 200, 10',
    ),
  gaps: z
    .strictObject({
      every: z.number().int().min(1).default(10).describe('One start of a match in so many places'),
      misses: z.number().int().min(0).default(11).describe('Places in a row without a shared n-gram'),
      exact: z.number().int().min(1).default(25).describe('Texts of at most so many units must be there entire'),
      loose: z.number().int().min(1).default(50).describe('Units from which `coverage` holds; in between it is higher'),
      answer: z.boolean().default(true).describe('Whether an item with an answer needs it near the match'),
    })
    .optional()
    .describe('How `measure: fuzzy` grows its matches'),
})
export type Options = z.output<typeof options>

/** Options with every default in its place. */
export type Settings = {
  ngram: number
  characters: number
  /** Texts of less than this are matched entire; otherwise those without a whole n-gram. */
  entire?: Length
  coverage: number
  measure: 'runs' | 'blocks' | 'fuzzy'
  common: { items?: number; rows?: number }
  cut?: Cut
  gaps: Fuzzy
}

const gaps: Fuzzy = { every: 10, misses: 11, exact: 25, loose: 50, answer: true }
const single: Settings = { ngram: 10, characters: 20, coverage: 0, measure: 'runs', common: {}, gaps }

/**
 * Published rules. In each of them every item that an n-gram belongs to is looked at, answers as well as prompts, texts
 * shorter than an n-gram are matched entire, and scripts without spaces are counted in characters.
 *
 * - `cosmopedia` (Ben Allal et al. 2024): a shared 10-gram, then over half of the characters in common blocks. Their
 *   script keeps one item for each n-gram, the last, stops at the first n-gram of an unordered set, strips marks so that
 *   が becomes か, and takes a Japanese clause for one word.
 * - `tulu` (Lambert et al. 2024, arXiv 2411.15124): over half of the item's units in 8-grams shared with one row. Their
 *   tool asks a search engine for prompts alone, tokens by spaCy, a hundred hits at most for an n-gram.
 * - `gpt3` (Brown et al. 2020, arXiv 2005.14165, appendix C): 13-grams, cut out with 200 characters on each side, pieces
 *   under 200 left out, documents in over ten pieces dropped, n-grams of over ten documents ignored. There pieces become
 *   documents of their own; here a document keeps its id, and its pieces are joined by an empty line.
 * - `decon-like` (AI2's decon, used for OLMo 3): see `fuzzyMatches`.
 */
const profiles: { [name in NonNullable<Options['profile']>]: Settings } = {
  cosmopedia: { ...single, coverage: 0.5, measure: 'blocks' },
  tulu: { ...single, ngram: 8, characters: 16, coverage: 0.5 },
  gpt3: {
    ...{ ...single, ngram: 13, characters: 26, common: { rows: 10 } },
    cut: { margin: 200, least: 200, pieces: 10 },
  },
  'decon-like': {
    ...single,
    ngram: 5,
    characters: 8,
    entire: { ngram: 10, characters: 20 },
    coverage: 0.8,
    measure: 'fuzzy',
  },
}

export function settingsOf({ profile, against: _, cut, ...own }: Options): Settings {
  const { cut: preset, ...base } = profile === undefined ? single : profiles[profile]
  const given = Object.fromEntries(Object.entries(own).filter(([, value]) => value !== undefined))
  const cutting = cut ?? preset
  return { ...base, ...given, ...(cutting ? { cut: cutting } : {}) }
}
