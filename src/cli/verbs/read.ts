import { StillroomError } from '../../errors/index.ts'
import {
  databaseTables,
  filesBelow,
  formByEnding,
  type Item,
  type Leaf,
  leavesOf,
  limitsOf,
  readLeaf,
  type SourceConfig,
  type SourceFile,
  sourceReasons,
} from '../../sources/index.ts'
import type { Run } from '../commands.ts'
import { bytes, compact, counted, duration, reasonList, thousands } from '../figures.ts'
import { clip, cut, indent, table, wrap } from '../layout.ts'
import { type FormTally, type Rejection, tally, textOf } from '../reading.ts'
import { type Reporter, reporterOf } from '../reporter.ts'

/** Rejections shown of each reason where nothing else is asked. */
const shown = 3

export const run: Run = async call => {
  const { io, given, args } = call
  const reporter = reporterOf(call)
  const { files, unread } = await filesBelow(args, io.cwd)
  if (files.length === 0 && Object.keys(unread).length === 0) {
    throw new StillroomError('SR_SOURCE_EMPTY', 'There is no such file.', {
      received: args.join(', '),
      hint: 'name files, folders or patterns in quotes; hidden folders and node_modules are skipped unless named',
    })
  }
  const alone = files.length === 1 ? files[0] : undefined
  const read: (Item & { is: 'record' })[] = []
  const all = tally(given.n ?? shown)
  for (const [i, file] of files.entries()) {
    if (reporter.kind === 'human' && files.length > 1)
      io.err(`\r\u001b[K${thousands(i)} of ${counted(files.length, 'file')}  ${cut(file.path, reporter.width - 30)}`)
    for await (const { format, path, item, size, ms } of itemsOf(file, () => io.now().getTime())) {
      const form = all.of(format)
      form.ms += ms ?? 0
      if (size !== undefined) {
        form.files++
        form.bytes += size
      }
      if (item) all.take(format, path, item)
      if (alone && item?.is === 'record' && read.length < (given.n ?? 1)) read.push(item)
    }
  }
  if (reporter.kind === 'human' && files.length > 1) io.err('\r\u001b[K')
  const forms = all.forms()
  reporter.say(formTable(forms, reporter))
  if (Object.keys(unread).length > 0)
    reporter.say(
      '',
      wrap(
        `Passed over, since nothing reads them: ${reasonList(unread)}. A file that is named is tried as text.`,
        reporter.width,
      ),
    )
  const lost = rejections(all.rejections, all.more, reporter)
  if (lost.length > 0) reporter.say(lost)
  const first = alone && read.length > 0 ? read : []
  const height = given.full ? Number.POSITIVE_INFINITY : Math.max(8, io.height - 12)
  for (const item of first) reporter.say('', record(alone!, item, height, reporter))
  reporter.result({
    forms: forms.map(form => ({ ...form, yield: yieldOf(form) })),
    unread,
    rejections: all.rejections,
    more: all.more,
    ...(first.length > 0 ? { records: first } : {}),
  })
  return 0
}

type Told = { format: string; path: string; item?: Item; size?: number; ms?: number }

/** What a file gives, leaf by leaf: each begins with its size and ends with the time that it took. */
async function* itemsOf(file: SourceFile, now: () => number): AsyncGenerator<Told> {
  const config = { files: file.path } as SourceConfig
  const limits = limitsOf(config)
  let began = now()
  let first = true
  let format: string = formByEnding(file.path) ?? 'other'
  try {
    for await (const leaf of leavesOf(config, file, limits)) {
      const { path } = leaf.file
      format = leaf.is === 'file' ? leaf.format : (formByEnding(path) ?? 'other')
      if (leaf.is === 'file') {
        yield { format, path, size: leaf.file.size }
        for (const table of tablesOf(leaf))
          for await (const item of readLeaf('', { ...config, ...table }, leaf, {}, limits)) yield { format, path, item }
        yield { format, path, ms: now() - began }
      } else {
        const { reason, evidence } = leaf
        const size = path !== file.path ? { size: 0 } : first ? { size: file.size } : {}
        yield { format, path, ...size, item: { is: 'rejected', reason, evidence } }
      }
      first = false
      began = now()
    }
  } catch (error) {
    if (!StillroomError.is(error)) throw error
    // A file that may not be read is one of many: the others are read all the same.
    yield { format, path: file.path, item: { is: 'rejected', reason: error.code as never, evidence: error.message } }
  }
}

/** All tables of a database, one after the other, since nobody said which. */
function tablesOf({ file, format }: Leaf & { is: 'file' }): { table?: string }[] {
  if (format !== 'sqlite') return [{}]
  try {
    const tables = databaseTables(file).filter(({ type }) => type !== 'view')
    return tables.length > 1 ? tables.map(({ name }) => ({ table: name })) : [{}]
  } catch {
    return [{}]
  }
}

const yieldOf = ({ characters, bytes }: FormTally): number | null => (bytes === 0 ? null : characters / bytes)

const right = (head: string) => ({ head, right: true })

/** One line a form, and one for all where there are several. */
function formTable(forms: readonly FormTally[], { width, paint }: Reporter): string[] {
  const total = (of: (form: FormTally) => number) => forms.reduce((sum, form) => sum + of(form), 0)
  const lost = (form: FormTally) => Object.values(form.rejected).reduce((sum, n) => sum + n, 0)
  const wide = width >= 96
  const line = (form: Omit<FormTally, 'rejected'>, rejected: number): string[] => {
    const share = yieldOf({ ...form, rejected: {} })
    return [
      ...[form.format, thousands(form.files), thousands(form.records), thousands(rejected), bytes(form.bytes)],
      ...[compact(form.characters), ...(wide ? [compact(form.tokens)] : []), share === null ? '' : share.toFixed(2)],
      ...[duration(form.ms), languagesOf(form.languages)],
    ]
  }
  const rows = forms.map(form => line(form, lost(form)))
  if (forms.length > 1) {
    const sums = {
      ...{ format: 'all', files: total(f => f.files), records: total(f => f.records), bytes: total(f => f.bytes) },
      ...{ characters: total(f => f.characters), tokens: total(f => f.tokens), ms: total(f => f.ms) },
    }
    rows.push(line({ ...sums, languages: {} }, total(lost)))
  }
  const heads = ['files', 'read', 'rejected', 'in', 'text', ...(wide ? ['tokens'] : []), 'yield', 'time'].map(right)
  return table([{ head: 'format' }, ...heads, { head: 'languages', flex: true }], rows, width, text =>
    paint('bold', text),
  )
}

/** The languages of most records, and how many others there are. */
function languagesOf(languages: FormTally['languages']): string {
  const sorted = Object.entries(languages).sort(([a, n], [b, m]) => m - n || (a < b ? -1 : 1))
  const more = sorted.length > 3 ? [`${sorted.length - 3} more`] : []
  return [...sorted.slice(0, 3).map(([language, n]) => `${language} ${thousands(n)}`), ...more].join(', ')
}

/** What was not read, by reason: what the reason means, and the first of each. */
function rejections(all: readonly Rejection[], more: number, { width, paint }: Reporter): string[] {
  const lines: string[] = []
  for (const reason of [...new Set(all.map(one => one.reason))].sort()) {
    const hint = (sourceReasons as { [reason: string]: string })[reason]
    lines.push('', ...wrap(`${paint('bold', reason)}${hint ? `  ${hint}` : ''}`, width))
    for (const { path, row, evidence } of all.filter(one => one.reason === reason)) {
      const at = row === undefined ? '' : `, row ${thousands(row)}`
      // The end of a path tells more than its beginning.
      const most = (width >> 1) + 10
      const shown = path.length > most ? `…${path.slice(1 - most)}` : path
      lines.push(...indent([clip(`${shown}${at}  ${paint('dim', evidenceText(evidence))}`, width - 2)]))
    }
  }
  return more === 0 ? lines : [...lines, '', `${counted(more, 'rejection')} more: -n shows more of each reason.`]
}

const evidenceText = (evidence: unknown): string =>
  typeof evidence === 'object' && evidence !== null
    ? Object.entries(evidence)
        .map(([name, value]) => `${name} ${typeof value === 'string' ? value : JSON.stringify(value)}`)
        .join(', ')
    : String(evidence)

/** A record as it goes into a recipe: what is known of it, then its text as far as there is room. */
function record(file: SourceFile, item: Item & { is: 'record' }, room: number, { width, paint }: Reporter): string[] {
  const { payload, language, facets = {}, places = [], format, part, row } = item
  const of = item.file ?? file
  const known: [string, string | undefined][] = [
    [
      'source',
      `${of.path}${part === undefined ? '' : `, ${part}`}${row === undefined ? '' : `, row ${thousands(row)}`}`,
    ],
    ['kind', `${payload.kind}${format === undefined ? '' : `, as ${format}`}`],
    ['title', payload.kind === 'document' ? payload.title : undefined],
    ['address', payload.kind === 'document' ? payload.uri : undefined],
    ['language', language],
    ['license', item.license],
    ['facets', evidenceText(facets) || undefined],
    ['places', places.length === 0 ? undefined : placesOf(places)],
  ]
  const lines = known.flatMap(([label, text]) =>
    text === undefined ? [] : [`${paint('cyan', label.padEnd(8))}  ${clip(text, width - 10)}`],
  )
  const text = wrap(textOf(payload).trim(), width)
  const fits = text.slice(0, room)
  const rest = text.length - fits.length
  return [...lines, '', ...fits, ...(rest > 0 ? [paint('dim', `… ${counted(rest, 'line')} more: --full`)] : [])]
}

function placesOf(places: readonly [at: number, name: string][]): string {
  const named = ([at, name]: readonly [number, string]) => `${name} from character ${thousands(at)}`
  const last = places.at(-1)!
  const between = places.length > 3 ? [`${thousands(places.length - 3)} more`] : []
  return [...places.slice(0, 2).map(named), ...between, ...(places.length > 2 ? [named(last)] : [])].join('; ')
}
