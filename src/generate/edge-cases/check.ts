import { z } from 'zod'
import type { Id, Json, Rec } from '../../records/index.ts'
import { defineFilter, defineGlobal, type GlobalStep } from '../../steps/index.ts'
import { overlap } from '../answer/agree.ts'
import { queryOf, type RegionOptions, regionOf, regionShape } from './region.ts'

const compareOptions = z.strictObject({ ...regionShape })

/** A real prompt by class, text, and whether it was held out. */
type Real = [id: Id, kind: string, text: string, held: boolean]
type Shared = { [kind: string]: [text: string, held: boolean][] }

/** The class of a record: the first of what regions are told apart by. */
const classOf = (record: Rec, options: RegionOptions): string => regionOf(record, options)[0]!

/** The greatest share of words in common with one of some texts. */
export const nearest = (text: string, others: readonly string[]): number =>
  others.reduce((most, other) => Math.max(most, overlap(text, other)), 0)

const median = (values: readonly number[]): number => [...values].sort((a, b) => a - b)[values.length >> 1] ?? 0

/**
 * How near what was written comes to real prompts of its class: to any of them (`copy`), and to those that were held out
 * and never shown (`region`). The real held-out prompts themselves, against the other real ones, are told as a measure.
 */
export const compareCases: GlobalStep<RegionOptions> = defineGlobal<RegionOptions>({
  verb: 'compare-cases',
  about: 'Scores how near each new prompt comes to real ones of its class, and to those held out.',
  version: 1,
  options: compareOptions,
  takes: ['prompt'],
  gives: 'same',
  reasons: [],
  needs: { segmenter: true },
  passes: [
    {
      of: 'sides',
      survey(records, options, { side }) {
        const real: Real[] = []
        for (const record of records) {
          real.push([record.id, classOf(record, options), queryOf(record), side === 'held'])
        }
        return new Map([[0, real]])
      },
      merge: (a: Real[], b: Real[]) => a.concat(b),
      decide(_, real: Real[]) {
        const held = new Set(real.flatMap(([id, , , held]) => (held ? [id] : [])))
        const rows = real.filter(([id, , , isHeld]) => isHeld || !held.has(id))
        const shared: Shared = Object.fromEntries(
          [...Map.groupBy(rows, ([, kind]) => kind)].map(([kind, of]) => [
            kind,
            of.map(([, , text, isHeld]): [string, boolean] => [text, isHeld]),
          ]),
        )
        const own = Object.values(shared).flatMap(texts => {
          const shown = texts.flatMap(([text, isHeld]) => (isHeld ? [] : [text]))
          return shown.length > 0 ? texts.flatMap(([text, isHeld]) => (isHeld ? [nearest(text, shown)] : [])) : []
        })
        const classes = Object.values(shared).filter(texts => texts.some(([, isHeld]) => isHeld)).length
        return {
          shared,
          note: `${held.size} held-out real prompts in ${classes} classes; half of them share ${median(own).toFixed(2)} of their words or more with the nearest real one`,
        }
      },
      combine: (parts: { shared: Shared; note: string }[]) => ({
        shared: parts[0]?.shared ?? {},
        each: new Map(),
        notes: parts.map(({ note }) => note),
      }),
    },
  ],
  apply(record, _, decided, options) {
    const classes = (decided ?? {}) as unknown as Shared
    const kind = classOf(record, options)
    const real = Object.hasOwn(classes, kind) ? classes[kind]! : []
    const text = queryOf(record)
    const method = 'word overlap with the nearest'
    const round = (value: number) => Math.round(value * 1e4) / 1e4
    const held = real.flatMap(([other, isHeld]) => (isHeld ? [other] : []))
    const copy = {
      method: `${method} real prompt`,
      value: round(
        nearest(
          text,
          real.map(([other]) => other),
        ),
      ),
    }
    const region =
      held.length === 0
        ? { method: `${method} held-out prompt`, unscored: 'nothing-held-out' }
        : { method: `${method} held-out prompt`, value: round(nearest(text, held)) }
    return { is: 'passed', notes: { scores: { copy, region } } }
  },
})

const cutShape = {
  near: z
    .number()
    .min(0)
    .max(1)
    .default(0.9)
    .describe('Share of words in common with a real prompt from which it is a copy'),
  far: z
    .number()
    .min(0)
    .max(1)
    .default(0.15)
    .describe('Share of words in common with the nearest held-out prompt of its class that it must have'),
}

export { cutShape as nearFarShape }

const cutOptions = z.strictObject({ ...cutShape, key: z.string().describe('Key of the step that scored') })

/** Copies of real prompts go, and so does what is like no held-out real prompt, or cannot be compared with one. */
export const cutCases = defineFilter<z.output<typeof cutOptions>>({
  verb: 'cut-cases',
  about: 'Keeps new prompts that are like held-out real ones of their class without being copies.',
  version: 1,
  options: cutOptions,
  takes: ['prompt'],
  gives: 'same',
  reasons: ['copy', 'off-region', 'unverified'],
  test({ scores }, { near, far, key }) {
    const value = (aspect: string): number | undefined => {
      const score = scores[`${key}/${aspect}`]
      return score && 'value' in score ? score.value : undefined
    }
    const [copy, region] = [value('copy') ?? 0, value('region')]
    const evidence: Json = { copy, region: region ?? null }
    if (copy >= near) return { is: 'dropped', reason: 'copy', evidence }
    if (region === undefined) return { is: 'dropped', reason: 'unverified', evidence }
    return region < far ? { is: 'dropped', reason: 'off-region', evidence } : { is: 'passed' }
  },
})
