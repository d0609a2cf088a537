import { dirname, join } from 'node:path'
import { StillroomError } from '../../errors/index.ts'
import {
  beginErasure,
  carryOut,
  type Erasure,
  erasureKey,
  findErasure,
  openPlace,
  pendingErasure,
  signerFor,
  type Wanted,
} from '../../run/index.ts'
import { destroyKey } from '../../workspace/index.ts'
import type { Call, Run } from '../commands.ts'
import { counted } from '../figures.ts'
import { keyGiven } from '../key-file.ts'
import { indent, wrap } from '../layout.ts'
import { here, recipeIfAny, workspaceFolder } from '../open.ts'
import { type Reporter, reporterOf } from '../reporter.ts'

export const run: Run = async call => {
  const { io, given } = call
  const project = await recipeIfAny(call, call.args[0])
  const root = project?.workspace ?? workspaceFolder(call, call.args[0])
  const reporter = reporterOf(call)
  if (given.destroyKey) {
    const destroyed = destroyKey(root, erasureKey)
    reporter.say(
      destroyed
        ? 'The key of erasures is destroyed: tombstones match nothing any more, and what was erased is kept out of sources no longer.'
        : 'There is no key of erasures here.',
    )
    reporter.result({ destroyed })
    return 0
  }
  const signer = signerFor(root, keyGiven(call))
  const now = io.now()
  const releases = join(project?.base ?? dirname(root), 'releases')
  const { place, close } = openPlace(root, releases, { command: 'stillroom erase', now })
  try {
    let pending = pendingErasure(root)
    if (pending) {
      reporter.say(`The erasure ${pending.request} was begun and has not come to its end.`, '')
      if (!given.yes) {
        reporter.say('Nothing is done yet. To go on with it: stillroom erase --yes')
        reporter.result({ pending: pending.request })
        return 0
      }
    } else {
      const erasure = await findErasure(place, wantedBy(call))
      reporter.say(erasureLines(erasure, reporter))
      if (!given.yes) {
        const { lines: _, suppress: __, wanted: ___, ...found } = erasure
        reporter.say('', 'Nothing is done yet. The same command with --yes carries it out; it cannot be undone.')
        reporter.result({ dry: true, ...found })
        return 0
      }
      const at = now.toISOString()
      const request = `E-${at.replace(/[-:]/g, '').replace('T', '-').slice(0, 15)}`
      const why = { reason: given.note ?? 'erasure was asked for', ...(given.by ? { by: given.by } : {}) }
      pending = beginErasure(root, erasure, { request, at, ...why })
    }
    const { certificate, folder } = await carryOut(place, pending, { ...(signer ? { signer } : {}), reached: () => {} })
    reporter.say(
      '',
      `Erased. The certificate of ${certificate.request} is ${here(io, join(folder, 'certificate.md'))}${signer ? `, signed by ${signer.keyid.slice(0, 16)}` : ', not signed: there is no key'}.`,
      ...certificate.releases.map(({ name, replacedBy }) =>
        replacedBy ? `${name} is withdrawn; version ${replacedBy} stands in its place.` : `${name} is withdrawn.`,
      ),
      ...(certificate.trainings.some(({ model }) => model) ? [certificate.models] : []),
      ...certificate.notCovered.filter(text => text.includes(' of another recipe: ')),
      'The next run makes anew what was to be regenerated, and keeps out what was erased.',
    )
    reporter.result({ certificate: here(io, join(folder, 'certificate.json')), ...certificate })
    return 0
  } finally {
    close()
  }
}

function wantedBy({ given }: Call): Wanted {
  const { subject, row, source } = given
  if ([subject, row, source].filter(one => one !== undefined).length !== 1) {
    throw new StillroomError('SR_USAGE', 'An erasure needs one of --subject, --row and --source.', {
      hint: 'stillroom erase --help shows an example',
    })
  }
  if (subject !== undefined) {
    if (subject.trim().length < 3) throw tooShort(subject)
    return { subject }
  }
  if (row !== undefined) {
    if (!/^[0-9a-f]{4,32}$/i.test(row)) throw tooShort(row)
    return { row: row.toLowerCase() }
  }
  const [name = '', ...path] = source!.split('/')
  return { source: name, ...(path.length > 0 ? { path: path.join('/') } : {}) }
}

const tooShort = (received: string): StillroomError =>
  new StillroomError('SR_USAGE', 'That would fit far too much.', {
    expected: 'at least 3 characters of a subject, 4 hexadecimal digits of an id',
    received,
  })

/** What would go, before anything does. */
function erasureLines(erasure: Erasure, { width }: Pick<Reporter, 'width'>): string[] {
  const { records, calls, sent, tasks, releases, exports, releaseExports, trainings } = erasure
  const part = (title: string, items: string[]): string[] =>
    items.length === 0 ? [] : ['', title, ...indent(items.flatMap(item => wrap(item, width - 2)))]
  const places = (fate: string): string[] =>
    [
      ...Map.groupBy(
        records.filter(one => one.fate === fate),
        ({ at }) => at,
      ),
    ]
      .map(([at, of]) => `${at}: ${counted(of.length, 'record')}, such as ${of[0]!.id.slice(0, 12)}`)
      .sort()
  return [
    'An erasure would take with it:',
    ...part('Deleted, since nothing else is behind them', places('delete')),
    ...part('Made anew without them on the next run', places('regenerate')),
    ...part('Journal', [
      `${counted(calls.length, 'call')}, requests and replies`,
      ...sent.map(
        ({ provider, model, calls, first }) =>
          `${provider}/${model} was sent ${counted(calls, 'call')} since ${first.slice(0, 10)}`,
      ),
    ]),
    ...part('Intermediate files', [`${counted(tasks.length, 'task')}, made again without new calls but for the above`]),
    ...part(
      'Releases, withdrawn',
      releases.map(({ name, next, rows, left }) =>
        left > 0
          ? `${name}: ${left} of ${counted(rows, 'row')} go on as version ${next}`
          : `${name}: no row of ${rows} is left`,
      ),
    ),
    ...part('Exports that handed rows out', exports),
    ...part('Exports of these releases for training, removed', releaseExports),
    ...part(
      'Rows of these releases in trainings, removed',
      trainings.flatMap(({ name, rows }) => rows.map(path => `training/${name}/${path}`)),
    ),
    ...part(
      'Models that learnt from them, which stay and cannot unlearn',
      trainings.flatMap(({ name, model }) =>
        model ? [`${model.name} ${model.version}: training/${name}/${model.path}`] : [],
      ),
    ),
  ]
}
