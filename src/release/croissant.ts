import { normaliseLicense } from '../govern/index.ts'
import type { Columns, ColumnType, Sha } from '../records/index.ts'
import type { ReleaseInput } from './input.ts'
import type { Layout } from './rows.ts'

export type DataFile = { config: string; path: string; bytes: number; sha256: Sha }

const context = {
  '@language': 'en',
  '@vocab': 'https://schema.org/',
  sc: 'https://schema.org/',
  cr: 'http://mlcommons.org/croissant/',
  dct: 'http://purl.org/dc/terms/',
  conformsTo: 'dct:conformsTo',
  recordSet: 'cr:recordSet',
  field: 'cr:field',
  subField: 'cr:subField',
  repeated: 'cr:repeated',
  source: 'cr:source',
  extract: 'cr:extract',
  column: 'cr:column',
  fileObject: 'cr:fileObject',
  fileSet: 'cr:fileSet',
  includes: 'cr:includes',
  key: 'cr:key',
  dataType: { '@id': 'cr:dataType', '@type': '@vocab' },
}

const media = { parquet: 'application/x-parquet', jsonl: 'application/jsonlines' }
const leaf = { string: 'sc:Text', int: 'sc:Integer', double: 'sc:Float', boolean: 'sc:Boolean' }

/** Dataset metadata after Croissant 1.0 of MLCommons. Creator and address are left out, because the recipe has neither. */
export function renderCroissant(
  input: Omit<ReleaseInput, 'records' | 'lookup'>,
  files: DataFile[],
  layouts: { [config: string]: Layout },
): string {
  const { spdx } = normaliseLicense(input.license)
  const document = {
    '@context': context,
    '@type': 'sc:Dataset',
    name: input.name,
    description: `Dataset for ${input.recipe.use}, made with stillroom. README.md tells how.`,
    conformsTo: 'http://mlcommons.org/croissant/1.0',
    license:
      spdx.startsWith('LicenseRef-') || spdx === 'NOASSERTION'
        ? input.license
        : `https://spdx.org/licenses/${spdx}.html`,
    version: input.version,
    datePublished: input.date,
    inLanguage: input.recipe.language,
    distribution: files.map(file => ({
      '@type': 'cr:FileObject',
      '@id': file.path,
      name: file.path,
      contentUrl: file.path,
      contentSize: `${file.bytes} B`,
      encodingFormat: media[layouts[file.config]!.format],
      sha256: file.sha256,
    })),
    recordSet: Object.entries(layouts).flatMap(([config, layout]) => {
      const own = files.filter(file => file.config === config)
      return own.map((file, i) => recordSet(own.length === 1 ? config : `${config}/${i}`, file, layout.columns))
    }),
  }
  return `${JSON.stringify(document, null, 2)}\n`
}

/** One record set a file: a set of several files needs an archive that contains them, and a folder has none. */
function recordSet(id: string, file: DataFile, columns: Columns): object {
  return {
    '@type': 'cr:RecordSet',
    '@id': id,
    name: id,
    key: { '@id': `${id}/id` },
    field: Object.entries(columns).map(([name, type]) => field(`${id}/${name}`, name, type, file)),
  }
}

function field(id: string, column: string, type: ColumnType, file: DataFile): object {
  const base = { '@type': 'cr:Field', '@id': id, name: id }
  const source = { source: { fileObject: { '@id': file.path }, extract: { column } } }
  if (typeof type === 'string') return { ...base, dataType: leaf[type], ...source }
  if ('list' in type) return { ...field(id, column, type.list, file), repeated: true }
  return {
    ...base,
    ...source,
    subField: Object.entries(type.struct).map(([key, inner]) => field(`${id}/${key}`, column, inner, file)),
  }
}
