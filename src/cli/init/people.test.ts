import { expect, test } from 'vitest'
import { releaseLicense } from './draft.ts'
import { peopleIn } from './people.ts'

const told = (...names: string[]) =>
  peopleIn([Object.fromEntries(names.map(name => [name, 'x']))])?.map(({ name, holds }) => `${name} ${holds}`)

test('a table is one of people by what its columns name and tell, in English and Japanese', () => {
  expect(told('customerId', 'E-Mail', 'plan')).toEqual(['customerId identifier', 'E-Mail identifier', 'plan attribute'])
  expect(told('age', 'sex', 'income', 'fnlwgt')).toHaveLength(4)
  expect(told('氏名', '生年月日', '購入額')).toEqual(['氏名 identifier', '生年月日 attribute', '購入額 attribute'])
  // A name alone is one of anything, and so are two attributes.
  for (const names of [
    ['name', 'price'],
    ['country', 'city', 'population'],
    ['id', 'state'],
    ['username_length', 'n'],
  ])
    expect(told(...names)).toBeUndefined()
  // What the values tell counts as well, and gaps are seen.
  expect(peopleIn([{ a: 'x', age: null }], new Set(['a']))).toEqual([
    { name: 'a', holds: 'identifier', missing: false },
    { name: 'age', holds: 'attribute', missing: true },
  ])
})

test('a release goes out under a license that all sources bear, else it stays in the house', () => {
  const under = (...licenses: string[]) => releaseLicense(licenses, { distribute: 'private' })
  expect([under('CC-BY-4.0'), under('MIT OR Apache-2.0'), under('CC0-1.0', 'CC-BY-4.0')]).toEqual([
    'cc-by-4.0',
    'mit',
    'cc-by-4.0',
  ])
  expect([under('CC-BY-SA-4.0', 'CC-BY-4.0'), under('unknown', 'MIT'), under()]).toEqual([
    'cc-by-sa-4.0',
    'proprietary',
    'proprietary',
  ])
})
