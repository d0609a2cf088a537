import type { Columns, ColumnType, Sha } from '../records/index.ts'
import type { CardFacts } from './card.ts'
import { licensesOf } from './row-licenses.ts'
import { licenseUrl, tell, unknown } from './told.ts'

export type DataFile = { config: string; path: string; bytes: number; sha256: Sha }

const context = {
  '@language': 'en',
  '@vocab': 'https://schema.org/',
  sc: 'https://schema.org/',
  cr: 'http://mlcommons.org/croissant/',
  rai: 'http://mlcommons.org/croissant/RAI/',
  dct: 'http://purl.org/dc/terms/',
  prov: 'http://www.w3.org/ns/prov#',
  arrayShape: 'cr:arrayShape',
  citeAs: 'cr:citeAs',
  column: 'cr:column',
  conformsTo: 'dct:conformsTo',
  data: { '@id': 'cr:data', '@type': '@json' },
  dataType: { '@id': 'cr:dataType', '@type': '@vocab' },
  equivalentProperty: { '@id': 'cr:equivalentProperty', '@type': '@vocab' },
  extract: 'cr:extract',
  field: 'cr:field',
  fileObject: 'cr:fileObject',
  fileSet: 'cr:fileSet',
  includes: 'cr:includes',
  isArray: 'cr:isArray',
  isLiveDataset: 'cr:isLiveDataset',
  jsonPath: 'cr:jsonPath',
  key: 'cr:key',
  recordSet: 'cr:recordSet',
  references: 'cr:references',
  source: 'cr:source',
  subField: 'cr:subField',
}

const media = { parquet: 'application/x-parquet', jsonl: 'application/jsonlines' }
const leaf = { string: 'sc:Text', int: 'sc:Integer', double: 'sc:Float', boolean: 'sc:Boolean' }

/** Columns that say where a row comes from, in the words of PROV-O and Dublin Core. */
const meant: { [column: string]: string } = { source_ids: 'prov:wasDerivedFrom', licenses: 'dct:license' }

/**
 * Dataset metadata after Croissant 1.1 of MLCommons with the RAI vocabulary 1.0 and PROV-O: the data set, what it was
 * derived from, who made it, and the same for every row through provenance.jsonl. What nobody said stands as `unknown`.
 */
export function renderCroissant(facts: CardFacts, files: DataFile[], provenance: Omit<DataFile, 'config'>): string {
  const told = tell(facts)
  const licenses = licensesOf(facts).map(licenseUrl)
  const agents = facts.teachers.map(({ name, id, verdict }) => ({
    '@type': 'prov:SoftwareAgent',
    '@id': `#teacher/${name}`,
    name: id,
    description: `Terms: ${verdict.verdict}. ${verdict.why}`,
  }))
  const document = {
    '@context': context,
    '@type': 'sc:Dataset',
    name: facts.name,
    description: told.description,
    conformsTo: ['http://mlcommons.org/croissant/1.1', 'http://mlcommons.org/croissant/RAI/1.0'],
    license: licenses.length > 1 ? licenses : licenses[0],
    url: facts.url ?? unknown,
    creator: { '@type': 'sc:Organization', name: facts.creator ?? unknown },
    version: facts.version,
    datePublished: facts.date,
    inLanguage: facts.recipe.language,
    keywords: [facts.recipe.use, ...(facts.tally.origin.get('synthetic') ? ['synthetic'] : [])],
    isLiveDataset: false,
    'prov:wasDerivedFrom': facts.sources.map(({ name, uri, license, origin, records }) => ({
      '@type': 'prov:Entity',
      '@id': `#source/${name}`,
      name,
      description: `${records} records, ${origin}, from ${uri}`,
      license: licenseUrl(license),
    })),
    'prov:wasGeneratedBy': {
      '@type': 'prov:Activity',
      '@id': '#recipe',
      name: `stillroom recipe, sha256 ${facts.recipe.digest}`,
      description: told.preprocessing.join('\n'),
      'prov:wasAssociatedWith': agents,
    },
    'rai:dataCollection': told.collection,
    'rai:dataPreprocessingProtocol': told.preprocessing,
    'rai:dataAnnotationProtocol': told.annotation,
    'rai:machineAnnotationTools': told.machineAnnotation,
    'rai:personalSensitiveInformation': told.personal,
    'rai:dataBiases': told.biases,
    'rai:dataLimitations': told.limitations,
    'rai:dataUseCases': told.uses,
    'rai:dataSocialImpact': unknown,
    'rai:dataReleaseMaintenancePlan': told.maintenance,
    distribution: [
      ...files.map(file => fileObject(file, media[facts.layouts[file.config]!.format])),
      fileObject(provenance, media.jsonl),
    ],
    recordSet: [
      ...Object.entries(facts.layouts).flatMap(([config, { columns }]) => {
        const own = files.filter(file => file.config === config)
        return own.map((file, i) => recordSet(own.length === 1 ? config : `${config}/${i}`, file, columns))
      }),
      descent(provenance.path),
    ],
  }
  return `${JSON.stringify(document, null, 2)}\n`
}

function fileObject({ path, bytes, sha256 }: Omit<DataFile, 'config'>, encodingFormat: string): object {
  const names = { '@type': 'cr:FileObject', '@id': path, name: path, contentUrl: path }
  return { ...names, contentSize: `${bytes} B`, encodingFormat, sha256 }
}

/** One record set a file: a set of several files needs an archive that contains them, and a folder has none. */
function recordSet(id: string, file: DataFile, columns: Columns): object {
  return {
    '@type': 'cr:RecordSet',
    '@id': id,
    name: id,
    key: { '@id': `${id}/id` },
    field: Object.entries(columns).map(([name, type]) => ({
      ...field(`${id}/${name}`, name, type, file),
      ...(meant[name] ? { equivalentProperty: meant[name] } : {}),
      ...(name === 'id' ? { references: { field: { '@id': 'provenance/id' } } } : {}),
    })),
  }
}

const list = { isArray: true, arrayShape: '-1' }

function field(id: string, column: string, type: ColumnType, file: DataFile): object {
  const base = { '@type': 'cr:Field', '@id': id, name: id }
  const source = { source: { fileObject: { '@id': file.path }, extract: { column } } }
  if (typeof type === 'string') return { ...base, dataType: leaf[type], ...source }
  if ('list' in type) return { ...field(id, column, type.list, file), ...list }
  return {
    ...base,
    ...source,
    subField: Object.entries(type.struct).map(([key, inner]) => field(`${id}/${key}`, column, inner, file)),
  }
}

/** Provenance by record: who was it made of, by which step, teachers and prompts, and which calls tell more. */
function descent(path: string): object {
  const of = (name: string, jsonPath: string, more: object = {}): object => ({
    '@type': 'cr:Field',
    '@id': `provenance/${name}`,
    name: `provenance/${name}`,
    dataType: 'sc:Text',
    source: { fileObject: { '@id': path }, extract: { jsonPath } },
    ...more,
  })
  const as = (equivalentProperty: string): object => ({ ...list, equivalentProperty })
  return {
    '@type': 'cr:RecordSet',
    '@id': 'provenance',
    name: 'provenance',
    description: 'The line of descent of every row, one line a record.',
    key: { '@id': 'provenance/id' },
    field: [
      of('id', '$.id'),
      of('digest', '$.digest'),
      of('origin', '$.lineage.origin'),
      of('parents', '$.lineage.parents[*].id', as('prov:wasDerivedFrom')),
      of('source', '$.lineage.source.uri', { equivalentProperty: 'prov:hadPrimarySource' }),
      of('license', '$.lineage.source.license', { equivalentProperty: 'dct:license' }),
      of('step', '$.lineage.made.step', { equivalentProperty: 'prov:wasGeneratedBy' }),
      of('teachers', '$.lineage.made.teachers[*]', as('prov:wasAttributedTo')),
      of('prompts', '$.lineage.made.prompts[*]', list),
      of('calls', '$.lineage.made.calls[*]', list),
    ],
  }
}
