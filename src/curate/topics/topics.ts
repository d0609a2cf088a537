import { z } from 'zod'
import { type Centres, kMeans, nearest } from '../../measure/index.ts'
import { kinds, unit } from '../../records/index.ts'
import { type Decision, defineGlobal, defineVerb, type GlobalStep, type Pass, type Verb } from '../../steps/index.ts'
import { contentOf, parts } from '../content.ts'
import { append } from '../dedupe/columns.ts'
import { pack, unpack } from '../vectors/packed.ts'
import { vectorShape, vectorsFor } from '../vectors/vectors.ts'
import { type Class, labels, wordsOf } from './labels.ts'

const shape = {
  topics: z
    .number()
    .int()
    .min(1)
    .max(1000)
    .optional()
    .describe('Number of topics; default the root of half the rows, from 2 to 50'),
  facet: z
    .string()
    .regex(/^[A-Za-z][A-Za-z0-9_]*$/, 'letters, digits and _')
    .default('topic')
    .describe('Facet that the name of the topic is noted in'),
  terms: z.number().int().min(1).max(10).default(3).describe('Words in the name of a topic'),
  of: z.enum(parts).default('all').describe('What the topic is that of: the prompt, the completion, or all'),
}
const clusterOptions = z.strictObject({ ...shape, vectors: z.string().describe('Step that noted the vectors') })
type Options = z.output<typeof clusterOptions>

/** Numbers of all vectors that centres are found by: the first ones by a hash of their ids. */
const room = 2 ** 22
/** Texts of a topic that it is named after. */
const named = 64

type Sample = { places: Float64Array; matrix: Float32Array }

/** Vectors of one length in the order of their places; the first ones alone, as far as there is room. */
function firstOf(samples: readonly Sample[], dimensions: number): Sample {
  const all = samples.flatMap(({ places, matrix }) => Array.from(places, (place, row) => ({ place, row, matrix })))
  all.sort((a, b) => a.place - b.place)
  const kept = all.slice(0, Math.max(1, Math.floor(room / dimensions)))
  const matrix = new Float32Array(kept.length * dimensions)
  for (const [to, { row, matrix: from }] of kept.entries()) {
    matrix.set(from.subarray(row * dimensions, (row + 1) * dimensions), to * dimensions)
  }
  return { places: Float64Array.from(kept, ({ place }) => place), matrix }
}

/** Where the middles of the topics are. Partitions are the lengths of vectors: those of unlike models have no middle. */
const centre: Pass<Options, Sample[], Centres, Centres[]> = {
  survey(records, { vectors }, at) {
    const found = new Map<number, { places: number[]; vectors: Float32Array[] }>()
    for (const record of records) {
      const vector = at.vector(record, vectors)
      if (!vector) continue
      const part = found.get(vector.length) ?? { places: [], vectors: [] }
      found.set(vector.length, part)
      part.places.push(unit('topics', record.id))
      part.vectors.push(vector)
    }
    return new Map(
      [...found].map(([dimensions, { places, vectors }]): [number, Sample[]] => {
        const matrix = new Float32Array(vectors.length * dimensions)
        for (const [row, vector] of vectors.entries()) matrix.set(vector, row * dimensions)
        return [dimensions, [{ places: Float64Array.from(places), matrix }]]
      }),
    )
  },
  merge(a, b) {
    append(a, b)
    const dimensions = a[0]!.matrix.length / a[0]!.places.length
    const held = a.reduce((sum, { matrix }) => sum + matrix.length, 0)
    return held > 4 * room ? [firstOf(a, dimensions)] : a
  },
  decide(dimensions, samples, { topics }) {
    const { places, matrix } = firstOf(samples, dimensions)
    const usual = Math.min(50, Math.max(2, Math.round(Math.sqrt(places.length / 2))))
    return kMeans(matrix, dimensions, topics ?? usual)
  },
  combine: parts => parts,
}

/**
 * How many rows each topic has (behind them, those without a vector), and some texts of each, the first ones by a hash of
 * their ids. The middles come along for the decision.
 */
type Seen = { centres: Centres[]; sizes: Float64Array; texts: { topic: number; place: number; words: string[] }[] }

function firstTexts(texts: Seen['texts']): Seen['texts'] {
  const counts = new Map<number, number>()
  return texts
    .sort((a, b) => a.place - b.place)
    .filter(({ topic }) => {
      const n = counts.get(topic) ?? 0
      counts.set(topic, n + 1)
      return n < named
    })
}

/** The topic whose middle is nearest. Topics of vectors of every length are numbered through. */
function topicOf(
  all: readonly Centres[],
  vector: Float32Array | undefined,
): { topic: number; fit: number } | undefined {
  let before = 0
  for (const centres of all) {
    if (vector?.length === centres.dimensions) {
      const { centre, cosine } = nearest(centres, vector)
      return { topic: before + centre, fit: cosine }
    }
    before += centres.count
  }
  return undefined
}

/** As it stands in a decision. */
type Shared = { centres: { count: number; dimensions: number; all: string }[]; labels: string[] }

const name: Pass<Options, Seen, Seen, Decision> = {
  survey(records, { vectors, of }, at) {
    const centres = at.earlier as Centres[]
    const count = centres.reduce((sum, one) => sum + one.count, 0)
    const sizes = new Float64Array(count + 1)
    const texts: Seen['texts'] = []
    for (const record of records) {
      const found = topicOf(centres, at.vector(record, vectors))
      sizes[found?.topic ?? count]!++
      if (!found) continue
      texts.push({ topic: found.topic, place: unit('topics', record.id), words: wordsOf(contentOf(record, of)) })
    }
    return new Map([[0, { centres, sizes, texts: firstTexts(texts) }]])
  },
  merge({ centres, sizes, texts }, b) {
    for (const [topic, size] of b.sizes.entries()) sizes[topic]! += size
    append(texts, b.texts)
    return { centres, sizes, texts: texts.length > 4 * named * sizes.length ? firstTexts(texts) : texts }
  },
  decide: (_, seen) => ({ ...seen, texts: firstTexts(seen.texts) }),
  combine([seen], { terms }) {
    if (!seen) return { each: new Map() }
    const { centres, sizes, texts } = seen
    const without = sizes.at(-1)!
    const classes = Array.from(sizes.subarray(0, -1), (size): Class => ({ size, texts: [] }))
    for (const { topic, words } of texts) classes[topic]!.texts.push(words)
    const names = labels(classes, terms)
    const shared: Shared = { centres: centres.map(one => ({ ...one, all: pack(one.all) })), labels: names }
    return { shared, each: new Map(), notes: told(names, classes, without) }
  },
}

const shown = 12
function told(names: readonly string[], classes: readonly Class[], without: number): string[] {
  const sized = names.map((name, i) => ({ name, size: classes[i]!.size })).filter(({ size }) => size > 0)
  sized.sort((a, b) => b.size - a.size || (a.name < b.name ? -1 : 1))
  const first = sized.slice(0, shown).map(({ name, size }) => `${name} (${size})`)
  const few = sized.length > shown ? `; the smallest has ${sized.at(-1)!.size} rows` : ''
  return [
    ...(sized.length > 0 ? [`${sized.length} topics, the largest: ${first.join('; ')}${few}`] : []),
    ...(without > 0 ? [`${without} rows have no vector and no topic`] : []),
  ]
}

const opened = new WeakMap<Shared, Centres[]>()
/** Middles are decoded once, however many rows they are compared with. */
function centresOf(shared: Shared): Centres[] {
  const known = opened.get(shared)
  if (known) return known
  const centres = shared.centres.map(one => ({ ...one, all: unpack(one.all, Float32Array) }))
  opened.set(shared, centres)
  return centres
}

export const assignTopics: GlobalStep<Options> = defineGlobal<Options>({
  verb: 'assign-topics',
  about: 'Groups the rows by their vectors and names each group after the words that set it apart.',
  version: 1,
  options: clusterOptions,
  takes: kinds,
  gives: 'same',
  reasons: [],
  source: 'Dhillon & Modha 2001; Arthur & Vassilvitskii 2007; Grootendorst 2022, arXiv 2203.05794',
  passes: [centre, name],
  apply(record, _, decided, { vectors, facet }, at) {
    const shared = decided as Shared | undefined
    const found = shared && topicOf(centresOf(shared), at.vector(record, vectors))
    if (!found) return { is: 'passed' }
    const fit = { method: 'cosine to the middle of the topic', value: Math.round(found.fit * 1e4) / 1e4 }
    return { is: 'passed', notes: { facets: { [facet]: shared.labels[found.topic]! }, scores: { fit } } }
  },
})

const options = z.strictObject({ ...shape, ...vectorShape })

/** What the rows are about, so that topics can be balanced, drawn from in turn, and looked through. */
export const topics: Verb<z.output<typeof options>> = defineVerb<z.output<typeof options>>({
  verb: 'topics',
  about: 'Finds topics among the rows, names them, and notes that of each row.',
  options,
  takes: kinds,
  needs: { teachers: ['teacher'], embeds: true, steps: ['vectors'] },
  source: 'Dhillon & Modha 2001; Arthur & Vassilvitskii 2007; Grootendorst 2022, arXiv 2203.05794',
  expand({ vectors: from, teacher, ...own }, key) {
    const { vectors, steps } = vectorsFor(key, { vectors: from, teacher, of: own.of })
    return [...steps, { as: 'assign', step: assignTopics, options: { ...own, vectors } }]
  },
})
