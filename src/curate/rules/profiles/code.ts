import type { Profile } from '../profile.ts'

export const code: Profile = {
  name: 'code',
  version: 1,
  about: 'Generated, minified and data-like files; comments by the language of the facet `code`, else of the ending',
  source:
    'Chen et al. 2021, arXiv 2107.03374; Ben Allal et al. 2023, arXiv 2301.03988; Li et al. 2023, arXiv 2305.06161; Lozhkov et al. 2024, arXiv 2402.19173',
  rules: [
    { option: 'max-generated', measure: 'generated', is: 'most', value: 0, reason: 'generated' },
    { option: 'max-line', measure: 'longest-line', is: 'most', value: 1000, reason: 'long-line' },
    { option: 'max-mean-line', measure: 'mean-line', is: 'most', value: 100, reason: 'long-lines' },
    {
      option: 'max-encoded',
      measure: 'encoded',
      is: 'most',
      value: 1024,
      reason: 'encoded',
      note: 'Base64 and hexadecimal data',
    },
    { option: 'min-alphanumeric', measure: 'alphanumeric', is: 'least', value: 0.25, reason: 'few-alphanumerics' },
    { option: 'min-alphabetic', measure: 'alphabetic', is: 'least', value: 0.25, reason: 'few-letters' },
    { option: 'min-comments', measure: 'comments', is: 'least', value: 0.01, reason: 'few-comments' },
    { option: 'max-comments', measure: 'comments', is: 'most', value: 0.8, reason: 'many-comments' },
    { option: 'min-data-characters', measure: 'data-characters', is: 'least', value: 50, reason: 'short-data' },
    { option: 'max-data-characters', measure: 'data-characters', is: 'most', value: 5000, reason: 'long-data' },
    { option: 'min-data-letters', measure: 'data-letters', is: 'least', value: 0.5, reason: 'data' },
  ],
}
