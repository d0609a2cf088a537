import { normaliseLicense } from '../govern/index.ts'
import type { CardFacts } from './card.ts'
import type { DataFile } from './croissant.ts'
import { licensesOf } from './row-licenses.ts'
import { tell, unknown } from './told.ts'

/** The data set in the dataset profile of SPDX 3.0, as JSON-LD. Dates are those of the release. */
export function renderSpdx(facts: CardFacts, files: DataFile[]): string {
  const told = tell(facts)
  const base = `urn:stillroom:${facts.name}:${facts.version}`
  const at = `${facts.date}T00:00:00Z`
  const creationInfo = '_:creation'
  const element = (type: string, id: string, more: object): object => ({
    type,
    spdxId: `${base}#${id}`,
    creationInfo,
    ...more,
  })
  // Some files go out under one and some under another: a reader of the whole set is bound by all.
  const spdx = licensesOf(facts)
    .map(one => normaliseLicense(one).spdx)
    .join(' AND ')
  const looked = facts.steps.some(({ verb }) => /personal|privacy|pii|redact/.test(verb))
  const data = element('dataset_DatasetPackage', 'dataset', {
    name: facts.name,
    description: told.description,
    software_packageVersion: facts.version,
    software_primaryPurpose: 'data',
    software_downloadLocation: facts.url ?? 'NOASSERTION',
    builtTime: at,
    releaseTime: at,
    originatedBy: [`${base}#creator`],
    dataset_datasetType: [Object.values(facts.layouts).every(({ kind }) => kind === 'row') ? 'structured' : 'text'],
    dataset_dataCollectionProcess: told.collection,
    dataset_dataPreprocessing: told.preprocessing,
    dataset_datasetSize: files.reduce((sum, { bytes }) => sum + bytes, 0),
    dataset_hasSensitivePersonalInformation: 'noAssertion',
    ...(looked ? { comment: told.personal } : {}),
    dataset_intendedUse: told.uses,
    dataset_knownBias: [told.biases],
  })
  const parts = files.map(({ path, sha256 }, i) =>
    element('software_File', `file-${i}`, {
      name: path,
      verifiedUsing: [{ type: 'Hash', algorithm: 'sha256', hashValue: sha256 }],
    }),
  )
  const idsOf = (elements: object[]): string[] => elements.map(one => (one as { spdxId: string }).spdxId)
  const relation = (id: string, relationshipType: string, to: string[]): object =>
    element('Relationship', id, { from: `${base}#dataset`, relationshipType, to })
  const graph = [
    element('Organization', 'creator', { name: facts.creator ?? unknown }),
    element('simplelicensing_LicenseExpression', 'license', { simplelicensing_licenseExpression: spdx }),
    data,
    ...parts,
    relation('declares', 'hasDeclaredLicense', [`${base}#license`]),
    relation('contains', 'contains', idsOf(parts)),
  ]
  const document = {
    '@context': 'https://spdx.org/rdf/3.0.1/spdx-context.jsonld',
    '@graph': [
      { type: 'CreationInfo', '@id': creationInfo, specVersion: '3.0.1', created: at, createdBy: [`${base}#creator`] },
      element('SpdxDocument', 'document', {
        profileConformance: ['core', 'software', 'dataset', 'simpleLicensing'],
        rootElement: [`${base}#dataset`],
        element: idsOf(graph),
      }),
      ...graph,
    ],
  }
  return `${JSON.stringify(document, null, 2)}\n`
}
