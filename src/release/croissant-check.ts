/** Something wrong with a Croissant document, with the path of its node. */
export type CroissantProblem = { node: string; message: string }
type Node = { [name: string]: unknown }

const required = ['name', 'description', 'license', 'url', 'creator', 'datePublished', 'distribution']
const dataTypes = /^(sc|cr|xsd):[A-Z]\w*$/
/** Where a field may be taken from in a file (one of them). */
const extracts = ['column', 'jsonPath', 'fileProperty']
const responsible = new Set(
  'dataCollection dataCollectionType dataCollectionMissingData dataCollectionRawData dataCollectionTimeframe dataImputationProtocol dataManipulationProtocol dataPreprocessingProtocol dataAnnotationProtocol dataAnnotationPlatform dataAnnotationAnalysis annotationsPerItem annotatorDemographics machineAnnotationTools dataReleaseMaintenancePlan personalSensitiveInformation dataSocialImpact dataBiases dataLimitations dataUseCases'.split(
    ' ',
  ),
)

const all = (value: unknown): Node[] =>
  value === undefined ? [] : (Array.isArray(value) ? value : [value]).filter(one => typeof one === 'object' && one)
const isText = (value: unknown): value is string => typeof value === 'string' && value.trim() !== ''
const refers = (value: unknown): string | undefined => (value as { '@id'?: string } | undefined)?.['@id']

/**
 * Checks a document against Croissant 1.1 and RAI 1.0, as far as releases use them: properties that must be there, types,
 * identifiers that are unique, and references that lead somewhere. `unknown` is a text like any other here.
 */
export function checkCroissant(document: Node): CroissantProblem[] {
  const problems: CroissantProblem[] = []
  const wrong = (node: string, message: string): void => void problems.push({ node, message })
  const context = (document['@context'] ?? {}) as Node
  for (const [prefix, iri] of [
    ['cr', 'http://mlcommons.org/croissant/'],
    ['sc', 'https://schema.org/'],
  ] as const)
    if (context[prefix] !== iri) wrong('@context', `does not say that ${prefix} is ${iri}`)
  if (!['sc:Dataset', 'Dataset'].includes(String(document['@type']))) wrong('@type', 'is not sc:Dataset')
  const conforms = [document.conformsTo].flat()
  if (!conforms.includes('http://mlcommons.org/croissant/1.1')) wrong('conformsTo', 'does not name Croissant 1.1')
  for (const name of required) if (document[name] === undefined) wrong(name, 'is missing')
  for (const name of ['name', 'description', 'license', 'url'])
    if (document[name] !== undefined && !isText(document[name])) wrong(name, 'is no text')
  if (isText(document.url) && document.url !== 'unknown' && !URL.canParse(document.url)) wrong('url', 'is no address')
  for (const one of all(document.creator)) if (!isText(one.name)) wrong('creator', 'has no name')
  if (isText(document.datePublished) && Number.isNaN(Date.parse(document.datePublished)))
    wrong('datePublished', 'is no date')
  if (document.version !== undefined && !/^\d+\.\d+\.\d+/.test(String(document.version)))
    wrong('version', 'is no semantic version')
  for (const [name, value] of Object.entries(document)) {
    const [prefix, local = ''] = name.split(':')
    if (prefix !== 'rai') continue
    if (!responsible.has(local)) wrong(name, 'is no property of RAI 1.0')
    if (![value].flat().every(isText)) wrong(name, 'is no text')
    if (context.rai === undefined) wrong('@context', 'does not say what rai is')
    if (!conforms.includes('http://mlcommons.org/croissant/RAI/1.0')) wrong('conformsTo', 'does not name RAI 1.0')
  }

  const files = new Set<string>()
  for (const [i, file] of all(document.distribution).entries()) {
    const node = `distribution[${i}]`
    const id = file['@id']
    const set = file['@type'] === 'cr:FileSet'
    if (!set && file['@type'] !== 'cr:FileObject') wrong(node, 'is neither cr:FileObject nor cr:FileSet')
    if (!isText(id) || files.has(id)) wrong(node, 'has no @id of its own')
    else files.add(id)
    for (const name of ['name', 'encodingFormat']) if (!isText(file[name])) wrong(`${node}.${name}`, 'is missing')
    if (set && !file.includes) wrong(`${node}.includes`, 'is missing')
    if (!set && !file.containedIn) {
      if (!isText(file.contentUrl)) wrong(`${node}.contentUrl`, 'is missing')
      if (!/^[0-9a-f]{64}$/.test(String(file.sha256)) && !isText(file.md5)) wrong(`${node}.sha256`, 'is no digest')
    }
  }
  for (const [i, file] of all(document.distribution).entries())
    for (const one of all(file.containedIn))
      if (!files.has(refers(one) ?? '')) wrong(`distribution[${i}].containedIn`, 'leads nowhere')

  const fields = new Set<string>()
  const sets = new Set<string>()
  const known = (id: unknown, node: string): void => {
    if (!isText(id) || fields.has(id) || sets.has(id) || files.has(id)) wrong(node, 'has no @id of its own')
  }
  const visit = (field: Node, node: string): void => {
    known(field['@id'], node)
    fields.add(String(field['@id']))
    if (field['@type'] !== 'cr:Field') wrong(node, 'is no cr:Field')
    const subs = all(field.subField)
    if (subs.length === 0 && ![field.dataType].flat().every(type => dataTypes.test(String(type))))
      wrong(`${node}.dataType`, 'is no type')
    if (field.isArray === true ? !/^-?\d+(,-?\d+)*$/.test(String(field.arrayShape)) : field.arrayShape !== undefined)
      wrong(`${node}.arrayShape`, 'cannot be read, or stands without isArray')
    const source = field.source as Node | undefined
    if (source) {
      const from = refers(source.fileObject) ?? refers(source.fileSet)
      if (!from || !files.has(from)) wrong(`${node}.source`, 'leads nowhere')
      const extract = Object.keys((source.extract ?? {}) as Node)
      if (extract.length !== 1 || !extracts.includes(extract[0]!)) wrong(`${node}.source.extract`, 'names not one way')
    } else if (subs.length === 0) wrong(`${node}.source`, 'is missing')
    for (const [i, sub] of subs.entries()) visit(sub, `${node}.subField[${i}]`)
  }
  const later: [node: string, id: string | undefined][] = []
  for (const [i, set] of all(document.recordSet).entries()) {
    const node = `recordSet[${i}]`
    known(set['@id'], node)
    sets.add(String(set['@id']))
    if (set['@type'] !== 'cr:RecordSet') wrong(node, 'is no cr:RecordSet')
    const own = all(set.field)
    if (own.length === 0) wrong(`${node}.field`, 'is missing')
    for (const [k, field] of own.entries()) {
      visit(field, `${node}.field[${k}]`)
      for (const one of all(field.references)) later.push([`${node}.field[${k}].references`, refers(one.field)])
    }
    for (const one of all(set.key)) later.push([`${node}.key`, refers(one)])
  }
  for (const [node, id] of later) if (!id || !fields.has(id)) wrong(node, 'leads nowhere')
  return problems
}
