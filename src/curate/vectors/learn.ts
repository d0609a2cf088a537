import { z } from 'zod'
import type { Id, Rec } from '../../records/index.ts'
import { kinds, unit } from '../../records/index.ts'
import { type Decision, defineGlobal, type GlobalStep, type Pass } from '../../steps/index.ts'
import { contentOf, parts } from '../content.ts'
import { featuresOf } from './features.ts'
import { type Model, modelOf } from './model.ts'
import { projector } from './project.ts'

export const learnShape = {
  of: z.enum(parts).default('all').describe('What the vector stands for: the prompt, the completion, or all'),
  dimensions: z.number().int().min(2).max(512).default(256).describe('Numbers in a vector'),
}
const options = z.strictObject(learnShape)
type Options = z.output<typeof options>

/** Features of all texts that a model is learnt from, counted once in each: what fits into 20 MB and a few seconds. */
const room = 2 ** 22
/** About how many distinct features a text has: they grow with the root of its length. */
const sizeOf = (characters: number) => Math.min(characters, 14 * Math.sqrt(characters), 2 ** 16)
/** Where a row stands in the draw, whatever the recipe's seed: rows come and go, the others stay drawn. */
const placeOf = (id: Id) => unit('vectors', id)

type Sizes = { places: Float64Array; sizes: Float64Array }
/** Rows below this place are drawn. */
type Drawn = { below: number }

/** Which rows the model is learnt from: by a hash of their ids, as many as there is room for. */
const draw: Pass<Options, Sizes[], Drawn, Drawn> = {
  survey(records, { of }) {
    const places: number[] = []
    const sizes: number[] = []
    for (const record of records) {
      const characters = contentOf(record, of).length
      if (characters === 0) continue
      places.push(placeOf(record.id))
      sizes.push(sizeOf(characters))
    }
    return new Map([[0, [{ places: Float64Array.from(places), sizes: Float64Array.from(sizes) }]]])
  },
  merge: append,
  decide(_, found) {
    const all = found.flatMap(({ places, sizes }) =>
      Array.from(places, (place, i): [number, number] => [place, sizes[i]!]),
    )
    all.sort((a, b) => a[0] - b[0])
    let held = 0
    for (const [place, size] of all) {
      // One text is always drawn, however long it is.
      if (held > 0 && held + size > room) return { below: place }
      held += size
    }
    return { below: 1 }
  },
  combine: ([drawn = { below: 0 }]) => drawn,
  slice({ below }, ids) {
    const drawn = ids.filter(id => placeOf(id) < below)
    return drawn.length > 0 ? drawn : undefined
  },
}

type Bag = { place: number; buckets: Uint16Array; counts: Uint8Array }
type Bagged = { places: Float64Array; ends: Uint32Array; buckets: Uint16Array; counts: Uint8Array }

function laid(bags: readonly Bag[]): Bagged {
  let size = 0
  for (const bag of bags) size += bag.buckets.length
  const all = {
    places: Float64Array.from(bags, bag => bag.place),
    ends: new Uint32Array(bags.length),
    buckets: new Uint16Array(size),
    counts: new Uint8Array(size),
  }
  let end = 0
  for (const [i, { buckets, counts }] of bags.entries()) {
    all.buckets.set(buckets, end)
    all.counts.set(counts, end)
    end += buckets.length
    all.ends[i] = end
  }
  return all
}

function* bagsOf({ places, ends, buckets, counts }: Bagged): Generator<Bag> {
  let from = 0
  for (const [i, to] of ends.entries()) {
    yield { place: places[i]!, buckets: buckets.subarray(from, to), counts: counts.subarray(from, to) }
    from = to
  }
}

const learn: Pass<Options, Bagged[], { model: Model | undefined; rows: number }, Decision> = {
  survey(records, { of }, { earlier }) {
    const drawn = new Set(earlier as Id[])
    const bags: Bag[] = []
    for (const record of records) {
      if (!drawn.has(record.id)) continue
      const { buckets, counts } = featuresOf(contentOf(record, of))
      if (buckets.length > 0) bags.push({ place: placeOf(record.id), buckets: buckets.slice(), counts: counts.slice() })
    }
    return new Map([[0, [laid(bags)]]])
  },
  merge: append,
  decide(_, found, { dimensions }) {
    const bags = found.flatMap(bagged => [...bagsOf(bagged)]).sort((a, b) => a.place - b.place)
    return { model: modelOf(laid(bags), dimensions), rows: bags.length }
  },
  combine([{ model, rows } = { model: undefined, rows: 0 }]) {
    if (!model) return { each: new Map(), notes: ['no text to learn vectors from'] }
    return {
      shared: model,
      each: new Map(),
      notes: [`vectors of ${model.directions + model.rest} numbers, learnt from ${rows} rows`],
    }
  },
}

function append<T>(found: T[], more: T[]): T[] {
  for (const one of more) found.push(one)
  return found
}

/** A text without anything that the model knows gets no vector: later steps say `no-vector`, or leave it alone. */
export const learnVectors: GlobalStep<Options> = defineGlobal<Options>({
  verb: 'learn-vectors',
  about: 'Learns vectors from the rows themselves (latent semantic analysis) and notes that of each row.',
  version: 1,
  options,
  takes: kinds,
  gives: 'same',
  reasons: [],
  source: 'Deerwester et al. 1990; Halko, Martinsson, Tropp 2011, arXiv 0909.4061',
  passes: [draw, learn],
  apply(record: Rec, _, shared, { of }) {
    const vector = shared ? projector(shared as Model)(featuresOf(contentOf(record, of))) : undefined
    return vector ? { is: 'passed', notes: { vector } } : { is: 'passed' }
  },
})
