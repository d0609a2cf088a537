import { z } from 'zod'
import { digestOf, type Id, type Json, type Rec } from '../../records/index.ts'
import { defineGlobal, type GlobalStep } from '../../steps/index.ts'
import { columnsShape, type Shown, shownIn, type Vote } from './log.ts'

const options = z.strictObject({ columns: columnsShape })
type Options = z.output<typeof options>

/** What the other rows of the log say about one reply. */
export type Joined = {
  /** The reply it was asked for instead of. */
  before?: { id: Id; completion: string; vote: Vote }
  /** Another reply was asked for instead of it. */
  replaced?: true
  /** Votes of all people on this very reply to this very prompt, where they differ. */
  votes?: { up: number; down: number }
}
/** Column that a row carries it in to the step that reads it. */
export const joinedColumn = 'stillroom:joined'

/** A reply by hashes: memory holds no text that no other row refers to. */
type Entry = { id: Id; name?: string; from?: string; what: string; vote: Vote }
type Overview = { entries: Entry[]; users: [user: string, votes: number][] }
type Named = { id: Id; name: string; completion: string; vote: Vote }
type Drawn = { joined: [Id, Joined][]; wanted: [name: string, by: Id[]][]; notes: string[] }

function* shown(records: Iterable<Rec>, { columns }: Options): Generator<[Id, Shown]> {
  for (const record of records) {
    if (record.kind !== 'row') continue
    const row = shownIn(record, columns)
    if ('completion' in row) yield [record.id, row]
  }
}

const summed = (counts: [string, number][]): [string, number][] => [
  ...counts.reduce((sums, [name, n]) => sums.set(name, (sums.get(name) ?? 0) + n), new Map<string, number>()),
]

function overview({ entries, users }: Overview): Drawn {
  const joined = new Map<Id, Joined>(entries.map(({ id }) => [id, {}]))
  const named = new Map<string, Id>()
  for (const { id, name } of entries) if (name !== undefined && !named.has(name)) named.set(name, id)
  const wanted = new Map<string, Id[]>()
  for (const { id, from } of entries) {
    const before = from === undefined ? undefined : named.get(from)
    if (before === undefined || before === id) continue
    joined.get(before)!.replaced = true
    wanted.set(from!, [...(wanted.get(from!) ?? []), id])
  }
  for (const same of Map.groupBy(entries, entry => entry.what).values()) {
    const count = (vote: Vote) => same.filter(entry => entry.vote === vote).length
    const votes = { up: count('up'), down: count('down') }
    if (votes.up > 0 && votes.down > 0) for (const { id } of same) joined.get(id)!.votes = votes
  }
  const lost = entries.filter(({ from }) => from !== undefined && !named.has(from)).length
  const all = users.reduce((sum, [, n]) => sum + n, 0)
  const most = users.reduce((most, [, n]) => Math.max(most, n), 0)
  return {
    joined: [...joined].filter(([, facts]) => Object.keys(facts).length > 0),
    wanted: [...wanted],
    notes: [
      ...(lost > 0 ? [`${lost} regenerations name a reply that is not in the log`] : []),
      ...(all > 0
        ? [
            `${all} votes of ${users.length} users; the most active one gave ${((100 * most) / all).toFixed(1)} % of them`,
          ]
        : []),
    ],
  }
}

/** Brings to each reply of a log what other rows say of it: the reply before it, and votes of other people. */
export const thumbsJoin: GlobalStep<Options> = defineGlobal<Options>({
  verb: 'thumbs-join',
  about: 'Finds the reply that each regeneration was asked for instead of, and votes that contradict each other.',
  version: 1,
  options,
  takes: ['row', 'feedback'],
  gives: 'same',
  reasons: ['joined'],
  passes: [
    {
      survey(records, options) {
        const entries: Entry[] = []
        const users: [string, number][] = []
        for (const [id, { name, from, prompt, completion, vote, user }] of shown(records, options)) {
          const what = digestOf([prompt, completion])
          entries.push({ id, ...(name ? { name } : {}), ...(from ? { from } : {}), what, vote })
          if (user !== undefined && vote !== 'none') users.push([user, 1])
        }
        return new Map([[0, { entries, users: summed(users) }]])
      },
      merge: (a: Overview, b: Overview) => ({ entries: a.entries.concat(b.entries), users: a.users.concat(b.users) }),
      decide: (_, { entries, users }: Overview) => overview({ entries, users: summed(users) }),
      combine: (parts: Drawn[]) => parts[0] ?? { joined: [], wanted: [], notes: [] },
    },
    {
      // Of the replies that were replaced the text is needed, and of no others.
      survey(records, options, { earlier }) {
        const { wanted } = earlier as Drawn
        const names = new Set(wanted.map(([name]) => name))
        const found: Named[] = []
        for (const [id, { name, completion, vote }] of shown(records, options))
          if (name !== undefined && names.has(name)) found.push({ id, name, completion, vote })
        return new Map([[0, { drawn: earlier as Drawn, found }]])
      },
      merge: (a: Both, b: Both) => ({ drawn: a.drawn, found: [...a.found, ...b.found] }),
      decide(_, { drawn, found }: Both) {
        const joined = new Map(drawn.joined)
        const first = new Map<string, Named>()
        for (const reply of found) if (!first.has(reply.name)) first.set(reply.name, reply)
        for (const [name, by] of drawn.wanted) {
          const { id, completion, vote } = first.get(name)!
          for (const after of by) joined.set(after, { ...joined.get(after), before: { id, completion, vote } })
        }
        return { joined: [...joined], notes: drawn.notes }
      },
      combine: (parts: { joined: [Id, Joined][]; notes: string[] }[]) => ({
        each: new Map(parts.flatMap(part => part.joined)) as Map<Id, Json>,
        notes: parts.flatMap(part => part.notes),
      }),
    },
  ],
  apply(record, joined) {
    if (record.kind !== 'row' || joined === undefined) return { is: 'passed' }
    return {
      is: 'fixed',
      reason: 'joined',
      payload: { kind: 'row', columns: { ...record.columns, [joinedColumn]: joined } },
    }
  },
})
type Both = { drawn: Drawn; found: Named[] }
