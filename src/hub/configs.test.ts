import { expect, test } from 'vitest'
import { type CardNotes, choose, readCard } from './configs.ts'

const card = (front: string): CardNotes => readCard(`---\n${front}\n---\n\n# Words`)
const files = (paths: string[], front = '', wanted: Parameters<typeof choose>[2] = {}) =>
  choose(paths, card(front), wanted, 'the dataset a/b').files

const configs = `license: [apache-2.0, other]
license_name: house
configs:
- config_name: sft
  default: true
  data_files:
  - { split: train, path: data/sft/train-*.parquet }
  - { split: test, path: [data/sft/test-*.parquet] }
- config_name: pairs
  data_files: pairs/*.jsonl
- config_name: deep
  data_dir: deep`
const paths = [
  'README.md',
  'data/sft/train-00000-of-00001.parquet',
  'data/sft/test-00000-of-00001.parquet',
  'data/sft/sub/train-00009.parquet',
  'pairs/a.jsonl',
  'pairs/dev.jsonl',
  'deep/x/one.csv',
  'provenance.jsonl',
]

test('configs of a card decide which files belong to a config and a split', () => {
  expect(readCard(`---\r\n${configs.replaceAll('\n', '\r\n')}\r\n---\r\n`).license).toBe('apache-2.0 AND house')
  expect(files(paths, configs)).toEqual(['data/sft/train-00000-of-00001.parquet'])
  expect(files(paths, configs, { split: ['test', 'train'] })).toHaveLength(2)
  expect(files(paths, configs, { config: 'pairs', split: 'validation' })).toEqual(['pairs/dev.jsonl'])
  expect(files(paths, configs, { config: 'deep' })).toEqual(['deep/x/one.csv'])
  const wrong = (wanted: Parameters<typeof choose>[2]) => () => files(paths, configs, wanted)
  expect(wrong({ config: 'kto' })).toThrow(expect.objectContaining({ expected: 'sft, pairs, deep' }))
  expect(wrong({ split: 'dev' })).toThrow(expect.objectContaining({ expected: 'train, test' }))
  const open = configs.replace('  default: true\n', '')
  expect(() => files(paths, open)).toThrow(/several configs/)
})

/** What `datasets` 5.0.1 makes of the same names (`get_data_patterns`), split by split. */
const named: [what: string, paths: string[], splits: { [split: string]: string[] }][] = [
  ['shards', ['data/train-00000-of-00002.parquet', 'data/train-00001-of-00002.parquet', 'data/odd-00000-of-00001.parquet', 'test.csv'], { train: ['data/train-00000-of-00002.parquet', 'data/train-00001-of-00002.parquet'], odd: ['data/odd-00000-of-00001.parquet'] }], // biome-ignore format: one case a line
  ['folders before files', ['train/test.csv', 'my-eval_1/a.csv'], { train: ['train/test.csv'], test: ['my-eval_1/a.csv'] }], // biome-ignore format: one case a line
  ['files', ['a.train.jsonl', 'x/dev.json', 'latest.csv', 'gates.json'], { train: ['a.train.jsonl'], validation: ['x/dev.json'] }], // biome-ignore format: one case a line
  ['nothing said', ['latest.csv', '.hidden/train.csv', 'b.parquet'], { train: ['b.parquet', 'latest.csv'] }],
]
test.each(named)('without configs names decide: %s', (_, paths, splits) => {
  for (const [split, expected] of Object.entries(splits)) expect(files(paths, '', { split })).toEqual(expected)
  expect(() => files(paths, '', { split: 'none' })).toThrow(
    expect.objectContaining({ expected: Object.keys(splits).join(', ') }),
  )
})

test('what cannot be read or told is an error that says what there is', () => {
  expect(() => files(['README.md', 'a.arrow', 'b.zip'])).toThrow(expect.objectContaining({ received: '.arrow, .zip' }))
  expect(() => files(['.gitattributes'])).toThrow(expect.objectContaining({ received: 'no file' }))
  expect(() => files(['test.csv', 'dev.csv'])).toThrow(/several splits/)
  expect(files(['test.csv'])).toEqual(['test.csv'])
  expect(readCard('no front matter')).toEqual({})
  expect(readCard('---\nlicense: [\n---\n')).toEqual({})
  expect(readCard('---\nlicense: 7\nconfigs: none\n---\n')).toEqual({})
})
