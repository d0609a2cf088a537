import type { Fate } from '../../govern/index.ts'
import type { Sha } from '../../records/index.ts'
import type { Sent } from '../../workspace/index.ts'
import type { Scan } from './scan.ts'
import type { TaintedTraining } from './trainings.ts'

/** What was erased, as it may be kept: keyed hashes, counts and places. Nothing of it can be read back. */
export type Certificate = {
  format: 1
  request: string
  at: string
  by?: string
  reason: string
  /** What was asked for, as a keyed hash; `kind` says how it was told. */
  wanted: { kind: 'subject' | 'row' | 'source'; hash: Sha }
  /** One tombstone a record. */
  records: { record: Sha; at: string; fate: Fate }[]
  journal: { calls: number; sentTo: Sent[] }
  tasks: number
  releases: { name: string; version: string; replacedBy?: string; rows: number; left: number }[]
  exports: string[]
  /** Folders with exports of the withdrawn releases for training, whose rows were removed here. */
  releaseExports: string[]
  /** Trainings that had rows of the withdrawn releases, which were removed, and the models that learnt from them. */
  trainings: TaintedTraining[]
  models: string
  suppressed: number
  scan: Scan['looked']
  notCovered: string[]
}

/** What no tool that works in one folder can reach; somebody has to look after it. */
export const notCovered = [
  'The source files themselves: stillroom reads them and never writes. What was erased is dropped from them on every run, as long as the key of erasures is kept.',
  'Datasets of the Hugging Face Hub that sources name: the copies here that held it are gone. A later run fetches such a file again, and drops the row from it, as long as its owner leaves it there.',
  'Copies of releases and exports that were given away: their holders have to be told (GDPR, Article 19).',
  'What providers keep of the calls they were sent.',
  'Models that were trained on a withdrawn release or an export of it: those that are known here are named above, none is changed.',
  'Copies that trainers keep of rows they have read, such as `~/.cache/huggingface/datasets`, and evaluations of models.',
  'Trainings in other folders than `training/` beside the recipe.',
  'Backups, snapshots, and blocks of a disk that the file system has freed and not overwritten.',
  'What a subject is called in words that were not searched for.',
]

const plural = (n: number, noun: string): string => `${n} ${noun}${n === 1 ? '' : 's'}`
const list = (items: string[]): string => items.map(item => `- ${item}`).join('\n')

/** The certificate for people. */
export function renderCertificate(one: Certificate): string {
  const fates = (['delete', 'regenerate'] as const).map(fate => one.records.filter(record => record.fate === fate))
  const places = [...Map.groupBy(one.records, ({ at, fate }) => `${at}, ${fate}`)].map(
    ([place, records]) => `${place}: ${plural(records.length, 'record')}`,
  )
  const none = (items: string[], what: string): string => (items.length > 0 ? list(items) : what)
  return `${[
    `# Certificate of erasure ${one.request}`,
    `Carried out on ${one.at}${one.by ? ` on the authority of ${one.by}` : ''}. Reason: ${one.reason}.`,
    `Asked for by ${one.wanted.kind}, keyed hash \`${one.wanted.hash}\`. ${plural(fates[0]!.length, 'record')} deleted, ${plural(fates[1]!.length, 'record')} to be made anew without them on the next run.`,
    '## Records',
    list(places.sort()),
    'Each has a tombstone in `certificate.json`: a keyed hash of its id, which cannot be matched once the key of erasures is destroyed.',
    '## Journal',
    `${plural(one.journal.calls, 'call')} taken out: requests, replies and names. The file was written anew without free pages, and the log of its writes was cut to nothing. What they cost is still counted.`,
    none(
      one.journal.sentTo.map(
        ({ provider, model, calls, first, last }) =>
          `${provider}/${model} was sent ${plural(calls, 'call')}, from ${first.slice(0, 10)} to ${last.slice(0, 10)}`,
      ),
      'No provider was sent any of it.',
    ),
    '## Intermediate files',
    `${plural(one.tasks, 'task')} removed; what they held of others is made again on the next run, out of the journal. ${plural(one.suppressed, 'name')} kept out of what sources give.`,
    '## Releases',
    none(
      one.releases.map(
        ({ name, version, replacedBy, rows, left }) =>
          `${name}: version ${version} withdrawn, a tombstone stands in its place; ${replacedBy ? `version ${replacedBy} holds the ${plural(left, 'row')} that are left of ${rows}` : `no row of ${rows} is left`}`,
      ),
      'No release held any of it.',
    ),
    '## Exports and models',
    none(
      [
        ...one.exports.map(
          name => `export ${name} (the column \`export\` of its file) handed out rows that are erased`,
        ),
        ...one.releaseExports.map(name => `${name}, made of a withdrawn release for training, was removed`),
        ...one.trainings.flatMap(({ name, rows }) =>
          rows.map(path => `training/${name}/${path}, rows of a withdrawn release, was removed`),
        ),
      ],
      'No export or training handed any of it out.',
    ),
    one.models,
    '## Scan',
    `Afterwards nothing of it was found in ${Object.entries(one.scan)
      .map(([what, n]) => `${n} ${what}`)
      .join(', ')}.`,
    '## Not covered',
    list(one.notCovered),
  ].join('\n\n')}\n`
}
