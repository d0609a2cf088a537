import {
  type Association,
  associations,
  benjaminiHochberg,
  countGroups,
  type GroupCounts,
  groupsOf,
  type Impact,
  type Interval,
  impact,
  lexiconVersion,
  mentions,
  noGroups,
  type Passing,
  type Representation,
  representation,
  type SwapEffect,
  swapEffect,
  wilson,
} from '../measure/index.ts'
import type { Plan } from '../recipe/index.ts'
import type { Json, Rec } from '../records/index.ts'
import { readRows } from '../release/index.ts'
import { words } from '../text/index.ts'
import type { Store } from '../workspace/index.ts'
import { sourceStandings } from './facts.ts'
import type { PastRun } from './log.ts'
import { rejectsOf } from './rejects.ts'
import { textsOf } from './row-facts.ts'
import { readShard, shardsOf } from './shards.ts'

/** Words that go with one group rather than with another, among rows that name one of the two alone. */
export type Associated = { attribute: string; first: string; second: string; rows: [number, number] } & (
  | { insufficient: true }
  | { words: Association[]; compared: number }
)
/** Among pairs in which one side alone names a group: how often it is the chosen one. */
export type Preferred = { attribute: string; group: string; chosen: number; of: number; share: number } & Interval

export type BiasReport = {
  method: string
  rows: number
  representation: Representation[]
  associations: Associated[]
  filters: Impact[]
  swaps: ({ score: string } & SwapEffect)[]
  preferences: Preferred[]
  /** What the figures cannot tell. */
  limits: string[]
}

/** Fewest rows a group from which words are compared; words in a row of fewer rows than `seen` are not. */
const [enough, seen] = [30, 5]
/** Words the prior is worth: Monroe et al. 2008 take about those of a day of speeches. */
const prior = 500
const attributes = Object.keys(groupsOf)

type Tallies = {
  counts: Map<string, GroupCounts>
  /** Words by attribute and the one group that their rows name. */
  words: Map<string, Map<string, number>>
  rows: Map<string, number>
  background: Map<string, number>
}

const emptyTallies = (): Tallies => ({
  counts: new Map(attributes.map(attribute => [attribute, noGroups()])),
  words: new Map(),
  rows: new Map(),
  background: new Map(),
})

function take({ counts, words: byGroup, rows, background }: Tallies, text: string, language: string | undefined): void {
  const named = mentions(text)
  for (const attribute of attributes) countGroups(counts.get(attribute)!, named[attribute])
  const own = new Set(
    words(text, language ?? 'en')
      .map(word => word.toLowerCase())
      .filter(word => /\p{L}/u.test(word) && Object.keys(mentions(word)).length === 0),
  )
  for (const word of own) background.set(word, (background.get(word) ?? 0) + 1)
  for (const [attribute, groups] of Object.entries(named)) {
    if (groups.length !== 1) continue
    const key = `${attribute}\n${groups[0]}`
    const counted = byGroup.get(key) ?? new Map<string, number>()
    byGroup.set(key, counted)
    rows.set(key, (rows.get(key) ?? 0) + 1)
    for (const word of own) counted.set(word, (counted.get(word) ?? 0) + 1)
  }
}

/** Each pair of groups of an attribute that rows name alone. */
function associated({ words, rows, background }: Tallies): Associated[] {
  const compared = new Map([...background].filter(([, n]) => n >= seen))
  const kept = (counts: Map<string, number>) => new Map([...counts].filter(([word]) => compared.has(word)))
  return Object.entries(groupsOf).flatMap(([attribute, groups]) =>
    groups.flatMap((first, i) =>
      groups.slice(i + 1).flatMap((second): Associated[] => {
        const [a, b] = [`${attribute}\n${first}`, `${attribute}\n${second}`]
        const counted: [number, number] = [rows.get(a) ?? 0, rows.get(b) ?? 0]
        if (Math.min(...counted) === 0) return []
        const pair = { attribute, first, second, rows: counted }
        if (Math.min(...counted) < enough) return [{ ...pair, insufficient: true }]
        const all = associations(kept(words.get(a)!), kept(words.get(b)!), compared, prior)
        const holds = benjaminiHochberg(all.map(({ p }) => p))
        return [{ ...pair, words: all.filter((_, place) => holds[place]), compared: all.length }]
      }),
    ),
  )
}

/** Pass rates by group of every step that dropped records, from what it dropped and what the stage put out. */
function filtered(plan: Plan, past: PastRun, store: Store): Impact[] {
  const shards = shardsOf(store, past)
  const dropped = new Map<string, Tallied>()
  for (const { step, record, index, conceal } of rejectsOf(store, past)) {
    if (index !== undefined || !record || conceal) continue
    tally(dropped, step, record)
  }
  return plan.stages.flatMap(stage => {
    const own = stage.nodes.filter(({ step }) => step.gives === 'same')
    if (own.length !== stage.nodes.length || !own.some(({ key }) => dropped.has(key))) return []
    const left = new Map<string, Tallied>()
    for (const shard of shards.get(stage.key) ?? []) {
      for (const { record } of readShard(store, shard)) tally(left, '', record)
    }
    // From the last step back: what a later one dropped had passed here.
    let passed = left.get('') ?? {}
    return own.toReversed().flatMap(({ key }) => {
      const here = dropped.get(key)
      if (!here) return []
      const before = passed
      passed = added(before, here)
      return attributes.flatMap(attribute => {
        const names = groupsOf[attribute]!.filter(group => (passed[`${attribute}\n${group}`] ?? 0) > 0)
        if (names.length < 2) return []
        const counted = names.map((group): [string, Passing] => {
          const at = `${attribute}\n${group}`
          return [group, { in: passed[at] ?? 0, passed: before[at] ?? 0 }]
        })
        return [impact(key, attribute, Object.fromEntries(counted))]
      })
    })
  })
}

type Tallied = { [attributeAndGroup: string]: number }
function tally(into: Map<string, Tallied>, key: string, record: Rec): void {
  const counts = into.get(key) ?? {}
  into.set(key, counts)
  for (const [attribute, groups] of Object.entries(mentions(textsOf(record).join('\n')))) {
    for (const group of groups) counts[`${attribute}\n${group}`] = (counts[`${attribute}\n${group}`] ?? 0) + 1
  }
}
const added = (a: Tallied, b: Tallied): Tallied =>
  Object.fromEntries(
    [...new Set([...Object.keys(a), ...Object.keys(b)])].map(key => [key, (a[key] ?? 0) + (b[key] ?? 0)]),
  )

/** Whom pairs prefer: sides that name a group, where the other side names none of it. */
function preferred(record: Rec<'preference'>, into: Map<string, { chosen: number; of: number }>): void {
  const side = (messages: Rec<'preference'>['chosen']) =>
    mentions(messages.map(({ content }) => content ?? '').join('\n'))
  const [chosen, rejected] = [side(record.chosen), side(record.rejected)]
  for (const attribute of attributes) {
    for (const group of groupsOf[attribute]!) {
      const [a, b] = [chosen[attribute]?.includes(group) ?? false, rejected[attribute]?.includes(group) ?? false]
      if (a === b) continue
      const key = `${attribute}\n${group}`
      const counts = into.get(key) ?? { chosen: 0, of: 0 }
      into.set(key, { chosen: counts.chosen + (a ? 1 : 0), of: counts.of + 1 })
    }
  }
}

/**
 * Who is spoken of in rows, in which words, whom filters and pairs prefer, and what a judge said of rows with their groups
 * exchanged. `real` are rows that the shares are read against; `past` with its plan adds the filters. Reads each record once.
 */
export function biasOf(
  rows: Iterable<Rec>,
  more: { real?: Iterable<Rec>; past?: { plan: Plan; run: PastRun; store: Store } } = {},
): BiasReport {
  const tallies = emptyTallies()
  const swaps = new Map<string, { deltas: number[]; flips: boolean[] }>()
  const pairs = new Map<string, { chosen: number; of: number }>()
  let n = 0
  for (const row of rows) {
    n++
    take(tallies, textsOf(row).join('\n'), row.language)
    if (row.kind === 'preference') preferred(row as Rec<'preference'>, pairs)
    for (const [name, score] of Object.entries(row.scores)) {
      if (!/ exchanged, against /.test(score.method) || !('value' in score)) continue
      const key = name.replace(/\/[^/]*$/, '')
      const found = swaps.get(key) ?? { deltas: [], flips: [] }
      swaps.set(key, found)
      if (name.endsWith('/difference')) found.deltas.push(score.value)
      else found.flips.push(score.value === 1)
    }
  }
  let reference: Tallies | undefined
  for (const record of more.real ?? []) {
    reference ??= emptyTallies()
    take(reference, textsOf(record).join('\n'), record.language)
  }
  const shares = attributes.map(attribute =>
    representation(attribute, groupsOf[attribute]!, tallies.counts.get(attribute)!, reference?.counts.get(attribute)),
  )
  const known = shares.map(({ attribute, coverage }) => `${attribute} ${(100 * coverage).toFixed(1)} %`).join(', ')
  return {
    method: `bias 1, lexicon ${lexiconVersion}`,
    rows: n,
    representation: shares,
    associations: associated(tallies),
    filters: more.past ? filtered(more.past.plan, more.past.run, more.past.store) : [],
    swaps: [...swaps].flatMap(([score, { deltas, flips }]) => {
      const effect = swapEffect(deltas, flips.length > 0 ? flips : undefined)
      return effect ? [{ score, ...effect }] : []
    }),
    preferences: [...pairs].map(([key, { chosen, of }]) => {
      const [attribute = '', group = ''] = key.split('\n')
      return { attribute, group, chosen, of, share: chosen / of, ...wilson(chosen, of) }
    }),
    limits: [
      `Groups are found by a small list of English and Japanese words; of all rows it knows ${known}.`,
      'A row that names a group is not one by or about a person of that group; rows that name none are unknown.',
    ],
  }
}

/** What a report comes to, for gates: what stands out, in sentences, or that too little is known. */
export function biasVerdict({ representation, filters, swaps, preferences, associations, rows }: BiasReport): {
  is: 'pass' | 'warn' | 'insufficient'
  statement: string
} {
  const percent = (share: number) => `${(100 * share).toFixed(1)} %`
  const told = representation.filter(one => !one.insufficient)
  if (told.length === 0) {
    const most = Math.max(0, ...representation.map(({ known }) => known))
    return {
      is: 'insufficient',
      statement: `Insufficient sample: at most ${most} of ${rows} rows name a group of people.`,
    }
  }
  const findings = [
    ...filters
      .filter(({ flagged }) => flagged)
      .map(
        one => `${one.step} lets rows that name ${one.lowest} pass at ${one.ratio!.toFixed(2)} of the rate of others.`,
      ),
    ...swaps
      .filter(({ differenceInterval: d }) => d && (d.low > 0 || d.high < 0))
      .map(
        one =>
          `The judge of ${one.score} scores rows otherwise with the groups exchanged (${one.difference.toFixed(2)}).`,
      ),
    ...preferences
      .filter(({ low, high, of }) => of >= enough && (low > 0.5 || high < 0.5))
      .map(
        one => `Where one side names ${one.group}, it is the chosen one in ${percent(one.share)} of ${one.of} pairs.`,
      ),
  ]
  const groups = told.map(({ attribute, known, groups }) => {
    const [most] = [...groups].sort((a, b) => b.n - a.n)
    return `${attribute} in ${known} rows, most often ${most!.group} (${percent(most!.share)}, ${percent(most!.low)} to ${percent(most!.high)})`
  })
  const words = associations.reduce((sum, one) => sum + ('words' in one ? one.words.length : 0), 0)
  const plain = `Groups named in ${rows} rows: ${groups.join('; ')}. ${words} words go with one group rather than another.`
  return { is: findings.length > 0 ? 'warn' : 'pass', statement: [...findings, plain].join(' ') }
}

/** The rows of a finished run, against the real records that its sources hold, with the filters of the way. */
export function biasOfRun(plan: Plan, run: PastRun, store: Store): BiasReport {
  const shards = shardsOf(store, run)
  function* records(stages: readonly string[]): Generator<Rec> {
    for (const stage of stages) {
      for (const shard of shards.get(stage) ?? []) for (const { record } of readShard(store, shard)) yield record
    }
  }
  const real = sourceStandings(plan).flatMap(({ name, feeds, origin }) => (feeds && origin === 'real' ? [name] : []))
  return biasOf(records([plan.output]), { real: records(real), past: { plan, run, store } })
}

/** The rows of a release, the synthetic ones read against the real ones among them. */
export async function biasOfRelease(dir: string): Promise<BiasReport> {
  const rows: Rec[] = []
  for await (const { row } of readRows(dir)) rows.push(recordOf(row))
  const real = rows.filter(({ lineage }) => lineage.origin === 'real')
  return biasOf(rows, { real: real.length < rows.length ? real : [] })
}

/** A released row as a record again, as far as its content goes. */
function recordOf(row: { [column: string]: Json }): Rec {
  const { id, language, messages, prompt, chosen, rejected, completion, label, text, target, columns } = row
  const about = {
    ...{ id: String(id), digest: '', facets: {}, scores: {} },
    ...(typeof language === 'string' ? { language } : {}),
    lineage: { origin: row.origin, generation: row.generation, parents: [] },
  }
  const content = messages
    ? { kind: 'conversation', messages }
    : chosen
      ? { kind: 'preference', prompt, chosen, rejected }
      : completion
        ? { kind: 'feedback', prompt, completion, label }
        : target
          ? { kind: 'exam', prompt, target }
          : text
            ? { kind: 'document', text }
            : prompt
              ? { kind: 'prompt', messages: prompt }
              : { kind: 'row', columns: columns ?? {} }
  return { ...content, ...about } as unknown as Rec
}
