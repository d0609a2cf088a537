import { z } from 'zod'
import { type Json, type Rec, unit } from '../../records/index.ts'
import { type Decision, defineGlobal, type GlobalStep, type Pass } from '../../steps/index.ts'
import { example } from '../example.ts'
import { registerOption } from '../register.ts'
import { codeOf, isJapanese, lengths, type Manner, mannerOf, parseManner, traits } from './manner.ts'
import { plainWords, suspects } from './slips.ts'

/** How a set of messages is written: how many are in each manner, all traits together, and the words they are made of. */
export type Measured = { rows: number; manners: Map<string, number>; words: Map<string, number>; seed: string }

const add = (to: Map<string, number>, name: string, n = 1) => to.set(name, (to.get(name) ?? 0) + n)

/** Measures messages. Manners are told apart by language, since registers are. */
export function measure(records: Iterable<Rec>, seed: string): Measured {
  const found: Measured = { rows: 0, manners: new Map(), words: new Map(), seed }
  for (const record of records) {
    const text = example(record)?.trim()
    if (!text) continue
    found.rows++
    add(found.manners, `${isJapanese(text) ? 'ja' : 'en'} ${codeOf(mannerOf(text))}`)
    if (!isJapanese(text)) for (const word of plainWords(text.toLowerCase())) add(found.words, word)
  }
  return found
}
export function joined(a: Measured, b: Measured): Measured {
  for (const name of ['manners', 'words'] as const) for (const [key, n] of b[name]) add(a[name], key, n)
  a.rows += b.rows
  return a
}

const percent = (n: number, of: number) => `${of > 0 ? ((100 * n) / of).toFixed(0) : 0} %`

/** Shares of each value of a trait among codes as `measure` counts them. */
export function sharesOf(manners: ReadonlyMap<string, number>, trait: keyof Manner): Map<string, number> {
  const counts = new Map<string, number>()
  let all = 0
  for (const [code, n] of manners) {
    add(counts, parseManner(code.slice(3))[trait], n)
    all += n
  }
  const place = (value: string) => (lengths as readonly string[]).indexOf(value)
  return new Map(
    [...counts]
      .sort(([a, n], [b, m]) => (trait === 'length' ? place(a) - place(b) : m - n || (a < b ? -1 : 1)))
      .map(([value, n]) => [value, n / all]),
  )
}

const options = z.strictObject({
  variants: z.int().min(1).max(20),
  slips: z.number().min(0).max(1).optional(),
  register: registerOption,
})
type Options = z.output<typeof options>
type Shared = { seed: string; slips: number; manners: [code: string, n: number][] }

/** One manner out of those that were measured, as often as they were found: traits that go together stay together. */
export function drawn(manners: readonly [code: string, n: number][], u: number): string {
  let left = u * manners.reduce((sum, [, n]) => sum + n, 0)
  for (const [code, n] of manners) {
    left -= n
    if (left < 0) return code
  }
  return manners.at(-1)![0]
}

const pass: Pass<Options, Measured, Measured, Decision<Json, Shared>> = {
  of: 'sides',
  survey: (records, _, { seed }) => new Map([[0, measure(records, seed)]]),
  merge: joined,
  decide: (_, found) => found,
  combine([found], { slips }) {
    if (!found || found.rows === 0) return { each: new Map(), notes: ['the pool of queries holds no text to measure'] }
    const suspected = suspects(found.words)
    const english = [...found.manners].reduce((sum, [code, n]) => sum + (code.startsWith('en') ? n : 0), 0)
    const measured = english > 0 ? Math.min(1, suspected.length / english) : 0
    return {
      shared: {
        seed: found.seed,
        slips: slips ?? measured,
        manners: [...found.manners].sort(([a], [b]) => (a < b ? -1 : 1)),
      },
      each: new Map(),
      notes: [
        `${found.rows} real queries measured`,
        ...(english > 0
          ? [
              `${percent(suspected.length, english)} of the English ones hold a suspected slip${suspected[0] ? `, such as ${suspected.slice(0, 3).join(', ')}` : ''}`,
            ]
          : []),
      ],
    }
  },
}

/** Measures how real queries are written, and draws for each record the manners that its variants shall have. */
export const plan: GlobalStep<Options> = defineGlobal<Options>({
  verb: 'from-queries-plan',
  about: 'Measures how real queries are written and draws a manner for every query to be.',
  version: 1,
  options,
  takes: ['prompt'],
  gives: 'same',
  reasons: ['no-text', 'nothing-measured'],
  passes: [pass],
  apply(record, _, shared, { variants, register }) {
    const { seed, slips, manners } = (shared ?? {}) as Partial<Shared>
    const text = example(record)?.trim()
    if (!text) return { is: 'dropped', reason: 'no-text' }
    const language = isJapanese(text) ? 'ja' : 'en'
    const own = manners?.filter(([code]) => code.startsWith(language)) ?? []
    if (own.length === 0) return { is: 'dropped', reason: 'nothing-measured', evidence: { language } }
    const plans = Array.from({ length: variants }, (_, i) => {
      const manner = parseManner(drawn(own, unit(seed!, record.id, i)).slice(3))
      if (register && language === 'ja') manner.register = register
      return codeOf(manner) + (unit(seed!, record.id, i, 'slip') < slips! ? ' slip' : '')
    })
    return { is: 'passed', notes: { facets: { manners: plans.join('; ') } } }
  },
})

/** Tells how the queries that were made are written beside the real ones; drops nothing. */
export const compare: GlobalStep<Record<string, never>> = defineGlobal<Record<string, never>>({
  verb: 'from-queries-compare',
  about: 'Tells how the queries that were written and the real ones differ in manner.',
  version: 1,
  options: z.strictObject({}),
  takes: ['prompt'],
  gives: 'same',
  reasons: [],
  passes: [
    {
      survey: (records, _, { side, seed }) => new Map([[side === undefined ? 0 : 1, measure(records, seed)]]),
      merge: joined,
      decide: (part, { rows, manners }: Measured) => ({ part, rows, manners }),
      combine(parts: (Pick<Measured, 'rows' | 'manners'> & { part: number })[]) {
        const [made, real] = [0, 1].map(part => parts.find(one => one.part === part))
        if (!made?.rows || !real?.rows) return { each: new Map() }
        const told = traits.map(trait => {
          const [own, others] = [made, real].map(({ manners }) => sharesOf(manners, trait)) as Map<string, number>[]
          const values = [...new Set([...others!.keys(), ...own!.keys()])]
          return `${trait}: ${values.map(value => `${value} ${percent(own!.get(value) ?? 0, 1)} (real ${percent(others!.get(value) ?? 0, 1)})`).join(', ')}`
        })
        return { each: new Map(), notes: told }
      },
    },
  ],
  apply: () => ({ is: 'passed' }),
})
