import { stringify } from 'yaml'
import { duties, normaliseLicense } from '../govern/index.ts'
import type { ColumnType, TeacherId } from '../records/index.ts'
import type { ReleaseInput } from './input.ts'
import { licensesOf, rowLicenses } from './row-licenses.ts'
import type { Layout } from './rows.ts'
import { histogram, quantile, type Tally, tokenClasses } from './tally.ts'
import { unknown } from './told.ts'

/** What the card tells: the input's facts and what was counted while writing. */
export type CardFacts = Omit<ReleaseInput, 'records' | 'lookup' | 'run'> & {
  tally: Tally
  /** Rows by config and split, in order of name. */
  rows: { [config: string]: { [split: string]: number } }
  layouts: { [config: string]: Pick<Layout, 'kind' | 'format' | 'aside' | 'columns' | 'json'> }
  /** Records in provenance.jsonl. */
  closure: number
  writers: ReadonlySet<TeacherId>
  judges: ReadonlySet<TeacherId>
}

/** README.md: front matter for the Hub, then the story of this run. Everything on it is computed; nothing is claimed. */
export function renderCard(facts: CardFacts): string {
  const sections = [
    intro(facts),
    sources(facts),
    ...rowLicenses(facts),
    teachers(facts),
    making(facts),
    distributions(facts),
    ...wrongRows(facts),
    gates(facts),
    ...reports(facts),
    loading(facts),
    documents(),
    limitations(facts),
  ]
  return `---\n${stringify(frontMatter(facts), { lineWidth: 0 })}---\n\n${sections.join('\n\n')}\n`
}

const sizes: [under: number, name: string][] = [
  [1e3, 'n<1K'],
  [1e4, '1K<n<10K'],
  [1e5, '10K<n<100K'],
  [1e6, '100K<n<1M'],
  [1e7, '1M<n<10M'],
  [1e8, '10M<n<100M'],
  [1e9, '100M<n<1B'],
]

/** Where `datasets` finds the rows of a split. The glob names one format only. */
export const globOf = (config: string, split: string, format: string): string => `data/${config}/${split}-*.${format}`

const dtypes = { string: 'string', int: 'int32', double: 'float64', boolean: 'bool' }

/** A column type in the words of `datasets`; `json` (4.7 and later) keeps the shape of each value. */
function feature(type: ColumnType, json: boolean): { [key: string]: unknown } {
  if (typeof type === 'string') return { dtype: json ? 'json' : dtypes[type] }
  if ('struct' in type) return { struct: named(type.struct, []) }
  const { dtype, struct } = feature(type.list, json)
  return { list: dtype ?? struct ?? feature(type.list, json) }
}
const named = (types: { [name: string]: ColumnType }, json: string[]) =>
  Object.entries(types).map(([name, type]) => ({ name, ...feature(type, json.includes(name)) }))

const defaultConfig = (rows: CardFacts['rows']): string => ('sft' in rows ? 'sft' : Object.keys(rows)[0]!)

function frontMatter(facts: CardFacts): object {
  const license = normaliseLicense(facts.license)
  const languages = [...facts.tally.language.keys()].sort()
  const kinds = new Set(Object.values(facts.layouts).map(layout => layout.kind))
  const tasks = [
    ...(kinds.has('exam') ? ['question-answering'] : []),
    ...([...kinds].some(kind => kind !== 'exam' && kind !== 'row') ? ['text-generation'] : []),
  ]
  const hub = facts.sources.flatMap(source => /^hf:\/\/datasets\/([^/]+\/[^/@]+)/.exec(source.uri)?.[1] ?? [])
  const names = Object.keys(facts.rows)
  const first = defaultConfig(facts.rows)
  const hubs = [...new Set(licensesOf(facts).map(one => normaliseLicense(one).hub))]
  // Parquet says its types; of JSON lines `datasets` guesses them from the first split, where a column may be all null.
  const guessed = names.filter(config => facts.layouts[config]!.format === 'jsonl')
  return {
    pretty_name: `${facts.name} ${facts.version}`,
    license: hubs.length > 1 ? hubs : license.hub,
    ...(license.hub === 'other' && { license_name: facts.license }),
    language: languages.length > 0 ? languages : [facts.recipe.language],
    size_categories: [sizes.find(([under]) => facts.tally.rows < under)?.[1] ?? '1B<n<10B'],
    ...(tasks.length > 0 && { task_categories: tasks }),
    tags: [...(facts.tally.origin.get('synthetic') ? ['synthetic'] : []), 'stillroom'],
    annotations_creators: [facts.writers.size + facts.judges.size > 0 ? 'machine-generated' : 'no-annotation'],
    source_datasets: hub.length > 0 ? [...new Set(hub)].sort() : ['original'],
    configs: names.map(config => ({
      config_name: config,
      ...(config === first && { default: true }),
      data_files: Object.keys(facts.rows[config]!).map(split => ({
        split,
        path: globOf(config, split, facts.layouts[config]!.format),
      })),
    })),
    ...(guessed.length > 0 && {
      dataset_info: guessed.map(config_name => {
        const { columns, json } = facts.layouts[config_name]!
        return { config_name, features: named(columns, json) }
      }),
    }),
  }
}

const cell = (text: unknown) => String(text).replaceAll('|', '\\|').replace(/\s+/g, ' ').trim()
const table = (head: string[], rows: unknown[][]) =>
  [head, head.map(() => '---'), ...rows].map(row => `| ${row.map(cell).join(' | ')} |`).join('\n')
const list = (items: string[]) => items.map(item => `- ${item}`).join('\n')
const reasons = (counted: { [reason: string]: number }) =>
  Object.keys(counted)
    .sort()
    .map(reason => `${reason} ${counted[reason]}`)
    .join(', ')
const plural = (n: number, noun: string) => `${n} ${noun}${n === 1 ? '' : 's'}`

function intro(facts: CardFacts): string {
  const { recipe, tally } = facts
  const origin = ['real', 'synthetic'].map(name => `${tally.origin.get(name) ?? 0} ${name}`).join(', ')
  const purpose = Object.entries(recipe.purpose)
    .map(([key, value]) => `${key} ${value}`)
    .sort()
  const rows = Object.entries(facts.rows).flatMap(([config, splits]) =>
    Object.entries(splits).map(([split, n]) => [
      config,
      split,
      n,
      facts.layouts[config]!.kind,
      facts.layouts[config]!.format,
    ]),
  )
  const previous = facts.previous
    ? [
        `Replaces version ${facts.previous.version}${facts.previous.manifest ? `, manifest sha256 \`${facts.previous.manifest}\`` : ''}.`,
      ]
    : []
  return [
    `# ${facts.name} ${facts.version}`,
    `${plural(tally.rows, 'row')} (${origin}) for ${recipe.use}, released on ${facts.date} under ${facts.license === 'proprietary' ? 'a proprietary license' : facts.license}. Made with stillroom from the sources, by the teachers and through the steps below; every row's line of descent is in \`provenance.jsonl\` (${plural(facts.closure, 'record')}).`,
    ...(facts.withdraws ? [withdrawal(facts.withdraws)] : []),
    ...(facts.restricted ? [`This release comes out of a restricted run: ${facts.restricted}`] : []),
    ...previous,
    list([
      `Published by ${facts.creator ?? unknown}, at ${facts.url ?? unknown}`,
      `Stated purpose: ${purpose.length > 0 ? purpose.join(', ') : 'none'}`,
      `Recipe: sha256 \`${recipe.digest}\`, seed ${recipe.seed}, language ${recipe.language}`,
      `Generations of synthetic text behind a row: ${[...tally.generation]
        .sort((a, b) => a[0] - b[0])
        .map(([depth, n]) => `${depth} (${plural(n, 'row')})`)
        .join(', ')}`,
    ]),
    table(['Config', 'Split', 'Rows', 'Kind', 'Format'], rows),
  ].join('\n\n')
}

/** Whoever has the version before must know that it may not be kept. */
const withdrawal = ({ version, rows, request }: NonNullable<ReleaseInput['withdraws']>) =>
  `**Withdrawal notice.** Version ${version} is withdrawn: records that it rests on were erased on request (${request}), and ${plural(rows, 'row')} of it ${rows === 1 ? 'is' : 'are'} gone here. Delete version ${version}, what was exported or copied of it, and tell those you gave it to; models that were trained on it were trained on erased data.`

function sources(facts: CardFacts): string {
  const rows = facts.sources.map(s => [
    s.name,
    s.license,
    s.origin,
    s.uri,
    s.files,
    s.records,
    reasons(s.rejected) || 'none',
  ])
  const sets = new Set(
    facts.steps.flatMap(step => (/^decontaminate\b/.test(step.verb) ? [step.options.against] : [])).flat(),
  )
  const compared = facts.sources.flatMap(s => (sets.has(s.name) ? [`${s.name} (${plural(s.records, 'record')})`] : []))
  const asked = facts.sources.flatMap(source =>
    duties(normaliseLicense(source.license)).map(duty => `${source.name} (${source.license}): ${duty}`),
  )
  return [
    '## Sources and licenses',
    rows.length > 0
      ? table(['Source', 'License', 'Origin', 'Where', 'Files', 'Records', 'Rejected'], rows)
      : 'No source: all rows come from the options of a step.',
    ...(compared.length > 0 ? [`Evaluation sets, read to compare the rows with them: ${compared.join(', ')}.`] : []),
    ...(asked.length > 0 ? [`What the licenses ask:\n\n${list(asked)}`] : []),
  ].join('\n\n')
}

function teachers(facts: CardFacts): string {
  if (facts.teachers.length === 0) return '## Teachers and terms\n\nNo teacher took part.'
  const rows = facts.teachers.map(({ name, id, verdict }) => [
    name,
    id,
    verdict.entry ? `${verdict.entry.title}, version ${verdict.entry.version} (${verdict.entry.sure})` : 'no document',
    verdict.verdict,
    verdict.accepted
      ? `${verdict.accepted.by} on ${verdict.accepted.at}, version ${verdict.accepted.version}`
      : verdict.verdict.startsWith('allowed')
        ? 'not needed'
        : 'nobody',
  ])
  const notes = facts.teachers.map(
    ({ name, verdict }) =>
      `${name}: ${[
        verdict.why,
        ...verdict.obligations,
        verdict.accepted?.note && `${verdict.accepted.by} notes: ${verdict.accepted.note}`,
      ]
        .filter(Boolean)
        .join(' ')}`,
  )
  return [
    '## Teachers and terms',
    table(['Teacher', 'Model', 'Terms', 'Training on outputs', 'Accepted by'], rows),
    list(notes),
    ...(facts.teachers.some(({ verdict }) => verdict.entry)
      ? [
          'In brackets how the terms are known: confirmed (read in the document), secondary (read in a report about it), recalled (from memory). This is no legal advice.',
        ]
      : []),
  ].join('\n\n')
}

function making(facts: CardFacts): string {
  const steps = facts.steps.map(step => `\`${step.key}\`: ${step.about}`)
  const funnel = facts.steps.flatMap(({ key, counts: c }) =>
    c
      ? [[key, c.in, c.passed, c.fixed, c.expanded, c.consumed, reasons(c.dropped) || 0, c.made, reasons(c.lost) || 0]]
      : [],
  )
  const said = facts.steps.flatMap(({ key, notes = [] }) => notes.map(note => `\`${key}\`: ${note}`))
  const prompts = facts.prompts.map(prompt => [prompt.step, prompt.name, `\`${prompt.digest.slice(0, 16)}\``])
  return [
    '## How it was made',
    steps.length > 0 ? list(steps) : 'No step: the rows are the source records.',
    ...(funnel.length > 0
      ? [
          table(['Step', 'In', 'Passed', 'Fixed', 'Expanded', 'Consumed', 'Dropped', 'Made', 'Lost'], funnel),
          'In = passed + fixed + expanded + consumed + dropped. Made and lost count what the replies contained.',
        ]
      : []),
    ...(said.length > 0 ? [`What steps said of their decisions:\n\n${list(said)}`] : []),
    ...(prompts.length > 0
      ? [`Prompts, by the first digits of their sha256:\n\n${table(['Step', 'Prompt', 'Digest'], prompts)}`]
      : []),
  ].join('\n\n')
}

const fenced = (text: string) => `\`\`\`text\n${text}\n\`\`\``
const unnamed = (counted: Map<unknown, number>, rows: number) => rows - [...counted.values()].reduce((a, b) => a + b, 0)

function distributions({ tally }: CardFacts): string {
  const difficulty = ['easy', 'medium', 'hard'].map((name): [string, number] => [name, tally.difficulty.get(name) ?? 0])
  const tokens = [0.05, 0.5, 0.95].map(share => quantile(tally.tokens, share))
  const parts = ['## Distributions']
  if (tally.tokens.size > 0) {
    const whose =
      tally.tokenizers.size > 0 ? [...tally.tokenizers].sort().join(', ') : 'a tokenizer that the rows do not name'
    const [low, median, high] = tokens
    parts.push(
      `Tokens a row, counted with ${whose}: median ${median}, 5 % at most ${low}, 95 % at most ${high}, ${unnamed(tally.tokens, tally.rows)} not counted.`,
      fenced(histogram(tokenClasses(tally.tokens))),
    )
  } else parts.push('Tokens were not counted.')
  if (tally.difficulty.size > 0) {
    parts.push(`Difficulty, ${unnamed(tally.difficulty, tally.rows)} without a label:`, fenced(histogram(difficulty)))
  } else parts.push('Difficulty was not labelled.')
  return parts.join('\n\n')
}

/** What audits found; a card without one says so under its limitations. */
function wrongRows({ audits = [] }: CardFacts): string[] {
  if (audits.length === 0) return []
  const said = audits.map(
    ({ statement, seed, sha256 }) => `${statement} Drawn by seed ${seed}; evidence sha256 \`${sha256}\`.`,
  )
  return [`## Wrong rows\n\n${list(said)}`]
}

function gates(facts: CardFacts): string {
  const rows = facts.gates.map(gate => [
    gate.id,
    gate.level,
    gate.override === undefined ? gate.is : `${gate.is}, overridden`,
    gate.why,
  ])
  const overrides = facts.gates.flatMap(gate =>
    gate.override === undefined ? [] : [`${gate.id} was overridden, with this reason: ${gate.override}`],
  )
  const check = facts.gates.find(gate => gate.id === 'decontaminated')
  const compared = (Array.isArray(check?.evidence) ? check.evidence : []) as {
    step: string
    against: unknown
    compared: number | null
    hits: number | null
  }[]
  const against = compared.map(
    one =>
      `\`${one.step}\`: against ${[one.against]
        .flat()
        .map(set => (typeof set === 'string' ? set : JSON.stringify(set)))
        .join(', ')}; ${one.compared ?? 'unknown'} rows compared, ${one.hits ?? 'unknown'} removed.`,
  )
  return [
    '## Gates',
    rows.length > 0 ? table(['Gate', 'Level', 'Result', 'Why'], rows) : 'No gate was evaluated.',
    ...(overrides.length > 0 ? [list(overrides)] : []),
    'The evidence is in `gates.json`.',
    '## Decontamination',
    against.length > 0 ? list(against) : 'The rows were not compared with any evaluation set.',
  ].join('\n\n')
}

/** What steps say of what they cover, one section a title, in the order of the steps. */
function reports({ steps }: CardFacts): string[] {
  const said = steps.flatMap(({ key, report }) => (report ? [{ key, ...report }] : []))
  return [...Map.groupBy(said, ({ title }) => title)].map(([title, parts]) => {
    const texts = [...Map.groupBy(parts, ({ text }) => text)]
    return [
      `## ${title}`,
      ...texts.map(([text, by]) => `${by.map(({ key }) => `\`${key}\``).join(', ')}: ${text}`),
    ].join('\n\n')
  })
}

function loading(facts: CardFacts): string {
  const config = defaultConfig(facts.rows)
  const splits = Object.keys(facts.rows[config]!)
  const aside = Object.entries(facts.layouts).filter(([, layout]) => layout.aside.length > 0)
  return [
    '## Loading',
    `\`\`\`python\nfrom datasets import load_dataset\n\nrows = load_dataset("path/to/${facts.name}-${facts.version}", "${config}", split="${splits.includes('train') ? 'train' : splits[0]}")\n\`\`\``,
    ...aside.map(
      ([name, layout]) =>
        `In \`${name}\` only some messages have ${layout.aside.map(key => `\`${key}\``).join(', ')}, which therefore stands in a list column beside the messages, one entry a message, empty (a weight: 1) where a message has none.`,
    ),
    ...Object.entries(facts.layouts)
      .filter(([, layout]) => layout.json.some(column => column in layout.columns))
      .map(([name]) => `\`${name}\` keeps values of varying shape as they are and needs \`datasets\` 4.7 or later.`),
    '`manifest.json` lists every file with its sha256; `stillroom verify` checks them, the row counts and that each line of descent is complete.',
  ].join('\n\n')
}

/** What else a release says of itself, and to whom. */
const documents = (): string =>
  [
    '## Documents',
    table(
      ['File', 'What it holds'],
      [
        [
          '`provenance.jsonl`',
          'each record behind the rows: parents, step, teachers, prompts, calls and scores, by id',
        ],
        ['`facts.jsonl`', 'what this card tells as data, and the texts of the prompts'],
        ['`gates.json`', 'what each gate found, with evidence and overrides'],
        ['`croissant.json`', 'metadata after Croissant 1.1 with RAI and PROV-O'],
        ['`spdx.json`', 'the dataset profile of SPDX 3.0'],
        ['`training-content.md`', 'a contribution to the summary of training content (EU AI Act, article 53)'],
        ['`manifest.json`', 'every file with its sha256, and a Merkle root over the rows of each'],
        [
          '`report/calls.jsonl`',
          'calls behind the rows with digests of what was asked and replied, where there is a journal',
        ],
        ['`signature.json`', 'who vouches for manifest and run.json (in-toto, DSSE, Ed25519), where it was signed'],
      ],
    ),
    '`stillroom release --prove <id>` takes one row with all of this out into a file that is checked offline.',
  ].join('\n\n')

function limitations(facts: CardFacts): string {
  const ruleBased = facts.teachers.filter(teacher => !teacher.languageModel).map(teacher => teacher.id)
  const simulated = facts.teachers.filter(teacher => teacher.route.provider === 'simulate').map(teacher => teacher.id)
  const both = [...facts.writers].filter(id => facts.judges.has(id)).sort()
  const licenses = facts.sources.map(source => ({ source, license: normaliseLicense(source.license) }))
  const having = (trait: string) =>
    licenses.filter(({ license }) => license.traits.includes(trait)).map(({ source }) => source.name)
  const bare = licenses.filter(({ license }) => license.hub === 'unknown').map(({ source }) => source.name)
  const rejected = facts.sources.filter(source => Object.keys(source.rejected).length > 0).map(source => source.name)
  const open = facts.teachers
    .filter(teacher => teacher.verdict.verdict === 'unknown' && !teacher.verdict.accepted)
    .map(teacher => teacher.name)
  const items = [
    ruleBased.length > 0 &&
      `No language model: ${[...new Set(ruleBased)].join(', ')}. It works by rules on the text of the documents; rows it wrote are close to their source in wording, and scores it gave follow form, not truth.`,
    simulated.length > 0 &&
      `A simulator: ${[...new Set(simulated)].join(', ')}. Its text is for tests only, and is no training data.`,
    (facts.tally.origin.get('synthetic') ?? 0) > 0 &&
      ruleBased.length < facts.teachers.length &&
      'Synthetic rows may state things that are wrong.',
    both.length > 0 &&
      `${both.join(', ')} judged as well as wrote, so its scores are not independent of what they score.`,
    facts.judges.size === 0 && facts.writers.size > 0 && 'No judge scored these rows.',
    !facts.audits?.length && 'How many rows are wrong was not estimated by an audit.',
    !facts.steps.some(step => /decontaminate/.test(step.verb)) &&
      'Overlap with evaluation sets was not looked for; scores of models trained on it may be inflated.',
    !facts.steps.some(step => /personal|privacy|pii|redact/.test(step.verb)) && 'Personal data was not looked for.',
    facts.steps.some(step => step.verb === 'personal-data-rules') &&
      !facts.steps.some(step => step.verb === 'personal-data-names') &&
      'Names of people and free addresses were not looked for: no rule finds them, and no teacher was asked.',
    open.length > 0 && `The terms that apply to ${open.join(', ')} are not known.`,
    bare.length > 0 && `The license of ${bare.join(', ')} is not known.`,
    having('no-derivatives').length > 0 &&
      `${having('no-derivatives').join(', ')} does not allow adaptations to be shared, and rows here may be adaptations.`,
    having('non-commercial').length > 0 && `${having('non-commercial').join(', ')} excludes commercial use.`,
    having('share-alike').length > 0 &&
      `${having('share-alike').join(', ')} asks that adapted text keeps its license; whether a generated row is an adaptation is not settled.`,
    rejected.length > 0 && `Parts of ${rejected.join(', ')} could not be used; the reasons are counted above.`,
  ].filter(item => item !== false)
  return `## Limitations\n\n${items.length > 0 ? list(items) : 'None that follows from the facts of this run.'}`
}
