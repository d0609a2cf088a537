import { mkdtempSync, readFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { beforeAll, describe, expect, test } from 'vitest'
import { handmadeInput, handmadeRecords } from '../../test/support/handmade-release.ts'
import { checkCroissant } from './croissant-check.ts'
import { checkFrontMatter } from './front-matter.ts'
import { writeRelease } from './index.ts'

const dir = join(mkdtempSync(join(tmpdir(), 'stillroom-documents-')), 'pumps')
const read = (name: string) => readFileSync(join(dir, name), 'utf8')
beforeAll(() => writeRelease(handmadeInput(handmadeRecords()), dir))

// biome-ignore lint/suspicious/noExplicitAny: the test spoils documents wherever it likes
type Node = { [name: string]: any }

describe('croissant.json', () => {
  test('keeps to Croissant 1.1, names what is not known, and says of each row what it was derived from', () => {
    const document = JSON.parse(read('croissant.json')) as Node
    expect(checkCroissant(document)).toEqual([])
    expect([document.url, document.creator.name]).toEqual(['unknown', 'unknown'])
    expect(document['prov:wasDerivedFrom'].map((one: Node) => one.name)).toEqual(['handbook', 'tickets'])
    const fields = document.recordSet.flatMap((set: Node) => set.field) as Node[]
    const meant = Object.fromEntries(
      fields.filter(one => one.equivalentProperty).map(one => [one.name, one.equivalentProperty]),
    )
    expect(meant).toMatchObject({
      'sft/0/source_ids': 'prov:wasDerivedFrom',
      'provenance/parents': 'prov:wasDerivedFrom',
      'provenance/teachers': 'prov:wasAttributedTo',
    })
  })

  test.each<[string, (document: Node) => void, string]>([
    ['a property that must be there', d => void delete d.creator, 'creator is missing'],
    [
      'another version',
      d => (d.conformsTo = 'http://mlcommons.org/croissant/1.0'),
      'conformsTo does not name Croissant 1.1',
    ],
    ['an address that is none', d => (d.url = 'somewhere'), 'url is no address'],
    ['a date that is none', d => (d.datePublished = 'soon'), 'datePublished is no date'],
    ['a property that RAI does not have', d => (d['rai:mood'] = 'good'), 'rai:mood is no property of RAI 1.0'],
    ['a RAI property without text', d => (d['rai:dataBiases'] = 3), 'rai:dataBiases is no text'],
    ['a file without a digest', d => void delete d.distribution[0].sha256, 'distribution[0].sha256 is no digest'],
    ['a file twice', d => d.distribution.push(d.distribution[0]), 'distribution[3] has no @id of its own'],
    [
      'a field of a file that is not there',
      d => (d.recordSet[0].field[0].source.fileObject['@id'] = 'x'),
      'recordSet[0].field[0].source leads nowhere',
    ],
    [
      'a field taken in two ways',
      d => (d.recordSet[0].field[0].source.extract.jsonPath = '$'),
      'recordSet[0].field[0].source.extract names not one way',
    ],
    [
      'a type that is none',
      d => (d.recordSet[0].field[0].dataType = 'text'),
      'recordSet[0].field[0].dataType is no type',
    ],
    [
      'a shape that cannot be read',
      d => (d.recordSet[0].field[1].arrayShape = 'many'),
      'recordSet[0].field[1].arrayShape cannot be read, or stands without isArray',
    ],
    [
      'a reference into nothing',
      d => (d.recordSet[0].field[0].references.field['@id'] = 'x'),
      'recordSet[0].field[0].references leads nowhere',
    ],
    ['a key into nothing', d => (d.recordSet[0].key['@id'] = 'x'), 'recordSet[0].key leads nowhere'],
    [
      'a field twice',
      d => (d.recordSet[1].field[0]['@id'] = d.recordSet[0].field[0]['@id']),
      'recordSet[1].field[0] has no @id of its own',
    ],
  ])('the check finds %s', (_, spoil, expected) => {
    const document = JSON.parse(read('croissant.json')) as Node
    spoil(document)
    expect(checkCroissant(document).map(({ node, message }) => `${node} ${message}`)).toContain(expected)
  })
})

test('spdx.json has what the dataset profile asks for, and each element that it refers to', () => {
  const graph = JSON.parse(read('spdx.json'))['@graph'] as Node[]
  const ids = new Set(graph.flatMap(one => one.spdxId ?? []))
  const data = graph.find(({ type }) => type === 'dataset_DatasetPackage')!
  for (const name of [
    'dataset_datasetType',
    'originatedBy',
    'builtTime',
    'releaseTime',
    'software_downloadLocation',
    'software_primaryPurpose',
  ])
    expect(data[name]).toBeTruthy()
  expect(data.dataset_hasSensitivePersonalInformation).toBe('noAssertion')
  const referred = graph.flatMap(one =>
    [one.from ?? [], one.to ?? [], one.element ?? [], one.rootElement ?? [], one.originatedBy ?? []].flat(),
  )
  expect(referred.filter(id => !ids.has(id))).toEqual([])
  expect(graph.find(({ type }) => type === 'simplelicensing_LicenseExpression')).toMatchObject({
    simplelicensing_licenseExpression: 'CC-BY-4.0',
  })
})

test('training-content.md fills in its sections out of lineage and says what is unknown', () => {
  const text = read('training-content.md')
  expect([...text.matchAll(/^## (\S+)/gm)].map(([, n]) => n)).toEqual(['2.1', '2.3', '2.5', '3.1', '3.2', '3.3'])
  expect(text).toContain('3 rows of 3 were written for this data set')
  expect(text).toContain('are no training content: gsm8k, my|tests.jsonl')
  expect(text).toMatch(/deepseek\/deepseek-chat: summary of its own training content unknown; terms allowed/)
  expect(text).toContain('builtin/extractive: rules, no model')
  expect(text).not.toContain('builtin/heuristic')
  expect(text).toContain('Nothing was crawled for this release.')
})

test('the front matter holds what the Hub knows', () => {
  const good = {
    license: 'other',
    license_name: 'proprietary',
    language: ['en'],
    size_categories: ['n<1K'],
    configs: [{ config_name: 'sft' }],
  }
  expect(checkFrontMatter(good)).toEqual([])
  const { license_name: _, ...unnamed } = good
  expect(checkFrontMatter(unnamed)).toEqual(['a license `other` needs license_name'])
  expect(checkFrontMatter({ ...good, size_categories: ['n>100M'] })).toEqual([
    'size_categories holds n>100M, which the Hub does not know',
  ])
  expect(checkFrontMatter({ ...good, language: ['english'] })).toEqual([
    'language holds english, which is no code of ISO 639',
  ])
  expect(checkFrontMatter({ ...good, mood: 1, tags: 'x' })).toEqual([
    'the field mood is none of a dataset card',
    'the field tags is no list of words',
  ])
  expect(checkFrontMatter({ ...good, configs: [{ config_name: 'a' }, { config_name: 'a' }] })).toEqual([
    'the field configs names no configs, or one twice',
  ])
})
