import type { CardFacts } from './card.ts'
import { unknown } from './told.ts'

const plural = (n: number, noun: string): string => `${n} ${noun}${n === 1 ? '' : 's'}`
const list = (items: string[], none: string): string =>
  items.length > 0 ? items.map(item => `- ${item}`).join('\n') : none

/** Origins that are an address others can open, against a path of the recipe's own folder. */
const isPublic = (uri: string): boolean => /^(https?|hf):\/\//.test(uri)

/**
 * What this data set contributes to the public summary of training content (Regulation (EU) 2024/1689, article 53(1)(d),
 * template of the AI Office): sections 2.1, 2.3, 2.5 and 3, out of lineage. Whoever trains a model on it fills in the rest.
 */
export function renderTrainingContent(facts: CardFacts): string {
  const { sources, teachers, tally, steps } = facts
  // Evaluation sets are read to be avoided.
  const avoided = new Set(
    steps.flatMap(({ verb, options }) => (/^decontaminate\b/.test(verb) ? [options.against].flat() : [])),
  )
  const learnt = sources.filter(({ name }) => !avoided.has(name))
  const read = learnt.map(
    ({ name, uri, license, origin, records }) => `${name}: ${uri}, ${license}, ${plural(records, 'record')}, ${origin}`,
  )
  const [open, own] = [
    read.filter((_, i) => isPublic(learnt[i]!.uri) && learnt[i]!.origin === 'real'),
    read.filter((_, i) => !isPublic(learnt[i]!.uri) && learnt[i]!.origin === 'real'),
  ]
  const writers = [...new Map(teachers.map(teacher => [teacher.id, teacher])).values()].filter(({ id }) =>
    facts.writers.has(id),
  )
  const models = writers.map(({ id, languageModel, verdict }) =>
    languageModel
      ? `${id}: summary of its own training content ${unknown}; terms ${verdict.verdict}${verdict.entry ? ` (${verdict.entry.title}, version ${verdict.entry.version})` : ''}`
      : `${id}: rules, no model`,
  )
  const synthetic = tally.origin.get('synthetic') ?? 0
  const given = learnt.filter(({ origin }) => origin === 'synthetic').map(({ name, uri }) => `${name}: ${uri}`)
  const matching = (pattern: RegExp): string[] =>
    steps.filter(({ verb }) => pattern.test(verb)).map(({ key, about }) => `\`${key}\`: ${about}`)
  const crawled = sources.filter(({ uri }) => /^https?:/.test(uri)).map(({ name, uri }) => `${name}: ${uri}`)
  return `${[
    `# Training content of ${facts.name} ${facts.version}`,
    'A contribution to the public summary of training content under article 53(1)(d) of Regulation (EU) 2024/1689, for whoever trains a model on this data set. It fills in what lineage knows of sections 2.1, 2.3, 2.5 and 3. What nobody said stands as unknown, and section 1 is about the model.',
    '## 2.1 Publicly available data sets',
    ...(avoided.size > 0
      ? [
          `Evaluation sets that rows were compared with are no training content: ${[...avoided]
            .map(set => (typeof set === 'string' ? set : JSON.stringify(set)))
            .sort()
            .join(', ')}.`,
        ]
      : []),
    list(open, 'None that this release names by a public address.'),
    ...(own.length > 0 ? [`Read from files of the publisher, whose public origin is ${unknown}:`, list(own, '')] : []),
    '## 2.3 Data crawled and scraped from online sources',
    list(crawled, 'Nothing was crawled for this release.'),
    `Crawlers, period and domains: ${crawled.length > 0 ? unknown : 'not applicable'}. Whether files of the publisher were crawled by somebody before: ${unknown}.`,
    '## 2.5 Synthetic data',
    `${plural(synthetic, 'row')} of ${tally.rows} were written for this data set by what follows. Modality: text. Generations of synthetic text behind a row: ${[...tally.generation.keys()].sort((a, b) => a - b).join(', ')}.`,
    list(models, 'No model wrote any of it.'),
    ...(given.length > 0 ? ['Synthetic text that was read:', list(given, '')] : []),
    `Other models of the provider that were used, and what they were trained on: ${unknown}.`,
    '## 3.1 Reservations of rights',
    `Text and data mining opt-outs of sources: ${unknown}, but for what their lineage notes under \`robots\`. Signature of the Code of Practice: ${unknown}.`,
    '## 3.2 Removal of illegal content',
    list(matching(/personal|toxic|safety|secret|refus/), `No step looked for it; whether there is any is ${unknown}.`),
    '## 3.3 Other processing',
    list(
      steps.map(({ key, about }) => `\`${key}\`: ${about}`),
      'None.',
    ),
  ].join('\n\n')}\n`
}
