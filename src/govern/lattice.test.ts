import { expect, test } from 'vitest'
import { baseLicense, classOf, type Ground, normaliseLicense, type Purpose, type Strength, standing } from './index.ts'

const ground = (license: string, strength: Strength = 'paraphrase'): Ground => ({ license, strength, sources: ['s'] })
const open: Purpose = { commercial: true, distribute: 'public' }
/** The worst that is objected, `pass` where nothing is. */
function worst(licenses: (string | [string, Strength])[], release: string, purpose: Purpose = open): string {
  const grounds = licenses.map(one => (typeof one === 'string' ? ground(one) : ground(...one)))
  const found = standing(grounds, release, purpose).objections.map(({ is }) => is)
  return (['block', 'unknown', 'warn'] as const).find(is => found.includes(is)) ?? 'pass'
}

test.each<[string | [string, Strength], string, Purpose, string]>([
  ['CC0-1.0', 'cc0-1.0', open, 'pass'],
  ['PDDL-1.0', 'cc-by-4.0', open, 'pass'],
  ['CDLA-Permissive-2.0', 'cc0-1.0', open, 'pass'],
  ['CC-BY-4.0', 'cc-by-4.0', open, 'pass'],
  ['ODC-By-1.0', 'cc-by-4.0', open, 'pass'],
  // A license that asks nothing drops the names: certain where text is copied, not settled for a paraphrase.
  [['CC-BY-4.0', 'copy'], 'cc0-1.0', open, 'block'],
  ['CC-BY-4.0', 'cc0-1.0', open, 'warn'],
  [['CC-BY-4.0', 'knowledge'], 'cc0-1.0', open, 'pass'],
  ['CC-BY-SA-4.0', 'cc-by-4.0', open, 'block'],
  ['CC-BY-SA-4.0', 'cc-by-sa-4.0', open, 'pass'],
  ['CC-BY-SA-3.0', 'cc-by-sa-4.0', open, 'pass'],
  ['CC-BY-SA-4.0', 'cc-by-sa-3.0', open, 'block'],
  ['CC-BY-SA-4.0', 'gpl-3.0', open, 'pass'],
  ['GPL-3.0-only', 'cc-by-sa-4.0', open, 'block'],
  [['CC-BY-SA-4.0', 'knowledge'], 'cc-by-4.0', open, 'pass'],
  ['CC-BY-SA-4.0', 'proprietary', { commercial: true, distribute: 'private' }, 'warn'],
  // A derivative database keeps ODbL; a work produced from it needs a notice alone.
  [['ODbL-1.0', 'copy'], 'cc-by-4.0', open, 'block'],
  ['ODbL-1.0', 'cc-by-4.0', open, 'pass'],
  ['CC-BY-NC-4.0', 'cc-by-nc-4.0', open, 'block'],
  ['CC-BY-NC-4.0', 'cc-by-nc-4.0', { commercial: false }, 'pass'],
  ['CC-BY-NC-4.0', 'cc-by-4.0', { commercial: false }, 'block'],
  ['CC-BY-NC-4.0', 'cc-by-nc-4.0', {}, 'unknown'],
  ['CC-BY-ND-4.0', 'cc-by-nd-4.0', open, 'block'],
  [['CC-BY-ND-4.0', 'verbatim'], 'cc-by-nd-4.0', open, 'pass'],
  [['CC-BY-ND-4.0', 'verbatim'], 'cc-by-4.0', open, 'block'],
  ['proprietary', 'cc-by-4.0', { distribute: 'private' }, 'pass'],
  ['proprietary', 'cc-by-4.0', {}, 'unknown'],
  ['proprietary', 'cc-by-4.0', open, 'block'],
  ['unknown', 'cc-by-4.0', {}, 'unknown'],
  ['unknown', 'cc-by-4.0', open, 'block'],
  ['LicenseRef-house-rules', 'cc-by-4.0', {}, 'unknown'],
  ['not-applicable', 'cc0-1.0', open, 'pass'],
  // A choice is taken where it helps, a sum never.
  ['GPL-3.0-only OR MIT', 'cc-by-4.0', open, 'pass'],
  ['GPL-3.0-only AND MIT', 'cc-by-4.0', open, 'block'],
  ['(CC-BY-SA-4.0 OR CC-BY-4.0) AND (CC-BY-NC-4.0 OR MIT)', 'apache-2.0', open, 'pass'],
  ['GPL-2.0-only WITH Classpath-exception-2.0', 'gpl-2.0', open, 'block'],
])('%o under %s for %o: %s', (given, release, purpose, is) => {
  expect(worst([given], release, purpose)).toBe(is)
})

test('over all that stands behind a row obligations add up and permissions do not', () => {
  const mixed = standing([ground('CC-BY-4.0'), ground('MIT'), ground('CC0-1.0')], 'cc-by-4.0', open)
  expect(mixed).toEqual({
    obligations: ['Name the authors and the license.', 'Keep the copyright and license notice.'],
    objections: [],
  })
  // No license may carry both: each asks that what is adapted stays under itself.
  for (const release of ['cc-by-sa-4.0', 'cc-by-nc-sa-4.0']) {
    expect(worst(['CC-BY-SA-4.0', 'CC-BY-NC-SA-4.0'], release, { commercial: false })).toBe('block')
  }
})

test.each<[string[], string]>([
  [['CC0-1.0', 'CDLA-Permissive-2.0'], 'free'],
  [['CC0-1.0', 'MIT'], 'attribution'],
  [['CC-BY-4.0', 'CC-BY-SA-4.0'], 'share-alike'],
  [['CC-BY-SA-4.0', 'CC-BY-NC-4.0'], 'non-commercial'],
  [['CC-BY-NC-ND-4.0'], 'no-derivatives'],
  [['proprietary', 'CC-BY-4.0'], 'proprietary'],
  [['', 'proprietary'], 'unknown'],
  [['GPL-3.0-only OR MIT'], 'attribution'],
  [[], 'free'],
])('rows of %j are of the class %s', (licenses, name) => {
  expect(classOf(licenses.map(license => ground(license)))).toBe(name)
})

test('a Hub id and an expression come to the same licenses; what is under no id is never another', () => {
  expect(normaliseLicense('LAL-1.3')).toMatchObject({ hub: 'other', spdx: 'LAL-1.3' })
  expect(normaliseLicense('other').spdx).toBe('LicenseRef-other')
  expect(normaliseLicense('MIT WITH exception').traits).toEqual(['notice'])
})

test('the license of a base model is that of training it further, not of learning from its outputs', () => {
  expect(baseLicense('meta-llama/Meta-Llama-3-8B')?.ruling.verdict).toBe('allowed-with-obligations')
  expect(baseLicense('meta-llama/Llama-3.3-70B')?.ruling.prefix).toBe('Llama')
  expect(baseLicense('llm-jp/llm-jp-3-13b')?.license.id).toBe('apache-2.0')
  // The largest of the family has terms of its own.
  expect(baseLicense('llm-jp/llm-jp-3-172b')).toBeUndefined()
  expect(baseLicense('somebody/model')).toBeUndefined()
})
