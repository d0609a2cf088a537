/** Values that the Hub knows for fields of a dataset card; the others are free. */
const known: { [field: string]: ReadonlySet<string> } = {
  annotations_creators: new Set([
    'no-annotation',
    'machine-generated',
    'crowdsourced',
    'expert-generated',
    'found',
    'other',
  ]),
  language_creators: new Set(['machine-generated', 'crowdsourced', 'expert-generated', 'found', 'other']),
  multilinguality: new Set(['monolingual', 'multilingual', 'translation', 'other']),
  size_categories: new Set([
    ...['n<1K', '1K<n<10K', '10K<n<100K', '100K<n<1M', '1M<n<10M', '10M<n<100M', '100M<n<1B', '1B<n<10B'],
    ...['10B<n<100B', '100B<n<1T', 'n>1T'],
  ]),
}
const lists = [
  'language',
  'language_details',
  'tags',
  'source_datasets',
  'task_categories',
  'task_ids',
  ...Object.keys(known),
]
const others = ['pretty_name', 'license', 'license_name', 'license_link', 'configs', 'dataset_info', 'train-eval-index']

/** What is wrong with the front matter of a card, field by field. */
export function checkFrontMatter(front: { [field: string]: unknown }): string[] {
  const problems: string[] = []
  const list = (field: string): unknown[] => (Array.isArray(front[field]) ? (front[field] as unknown[]) : [])
  for (const field of Object.keys(front))
    if (!lists.includes(field) && !others.includes(field) && !field.startsWith('extra_gated_'))
      problems.push(`the field ${field} is none of a dataset card`)
  for (const field of lists)
    if (front[field] !== undefined && (list(field).length === 0 || !list(field).every(one => typeof one === 'string')))
      problems.push(`the field ${field} is no list of words`)
  for (const [field, values] of Object.entries(known))
    for (const one of list(field))
      if (!values.has(String(one))) problems.push(`${field} holds ${one}, which the Hub does not know`)
  for (const one of list('language'))
    if (!/^[a-z]{2,3}$/.test(String(one))) problems.push(`language holds ${one}, which is no code of ISO 639`)
  if (typeof front.license !== 'string') problems.push('the field license is missing')
  else if (front.license === 'other' && typeof front.license_name !== 'string')
    problems.push('a license `other` needs license_name')
  const names = list('configs').map(one => (one as { config_name?: unknown }).config_name)
  if (names.length === 0 || !names.every(name => typeof name === 'string') || new Set(names).size < names.length)
    problems.push('the field configs names no configs, or one twice')
  return problems
}
