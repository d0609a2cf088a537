import fc from 'fast-check'
import { expect, test } from 'vitest'
import { conversation, document } from '../../../test/support/curate-records.ts'
import { driveGlobal, shardsOf } from '../../../test/support/drive-global.ts'
import { dot } from '../../kernels/index.ts'
import { eigen } from '../../measure/index.ts'
import { type Rec, random } from '../../records/index.ts'
import type { Ctx } from '../../steps/index.ts'
import { embed } from './embed.ts'
import { featuresOf } from './features.ts'
import { learnVectors } from './learn.ts'
import { vectors } from './vectors.ts'

test('eigenvectors of any symmetric matrix: orthonormal, in order, and they turn it into its values', () => {
  const entry = fc.double({ min: -3, max: 3, noNaN: true })
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 9 }), fc.infiniteStream(entry), fc.boolean(), (n, numbers, deficient) => {
      const a = new Float64Array(n * n)
      // A product of fewer rows than columns has eigenvalues of zero, as texts that repeat each other have.
      const rows = Array.from({ length: deficient ? 1 : n }, () =>
        Array.from({ length: n }, () => numbers.next().value!),
      )
      for (const row of rows) for (let i = 0; i < n; i++) for (let j = 0; j < n; j++) a[i * n + j]! += row[i]! * row[j]!
      const { values, vectors } = eigen(a, n)
      for (let e = 0; e < n; e++) {
        if (e > 0) expect(values[e]!).toBeLessThanOrEqual(values[e - 1]!)
        for (let i = 0; i < n; i++) {
          let [turned, product] = [0, 0]
          for (let j = 0; j < n; j++) {
            turned += a[i * n + j]! * vectors[e * n + j]!
            product += vectors[e * n + j]! * vectors[i * n + j]!
          }
          expect(turned).toBeCloseTo(values[e]! * vectors[e * n + i]!, 9)
          expect(product).toBeCloseTo(i === e ? 1 : 0, 9)
        }
      }
    }),
    { numRuns: 60 },
  )
  expect([...eigen(Float64Array.of(2, 1, 1, 2), 2).values].map(v => Math.round(v * 1e9) / 1e9)).toEqual([3, 1])
})

const bag = (text: string) => {
  const { buckets, counts } = featuresOf(text)
  return new Map([...buckets].map((bucket, i) => [bucket, counts[i]!]))
}

test('features: runs of three letters with the edges of words, characters and pairs of them', () => {
  expect(bag('cat')).toHaveProperty('size', 3)
  expect(bag('Cat, CAT!')).toEqual(new Map([...bag('cat').keys()].map(bucket => [bucket, 2])))
  expect(bag("don't")).toEqual(bag('dont'))
  expect([...bag('still').keys()].filter(b => bag('stills').has(b))).toHaveLength(4)
  // 蒸, 留, 器 and the two pairs; a space parts pairs, and voicing marks are no decoration.
  expect(bag('蒸留器').size).toBe(5)
  expect(bag('蒸 留器').size).toBe(4)
  expect([...bag('か').keys()]).not.toEqual([...bag('が').keys()])
  expect(bag('?! …').size).toBe(0)
  expect(Math.max(...bag('na '.repeat(1000)).values())).toBe(255)
})

const learnt = (shards: Rec[][], options: object = {}) => {
  const ran = driveGlobal(learnVectors, shards, options)
  const found = new Map<string, Float32Array | undefined>()
  for (const [id, verdict] of ran.verdicts) found.set(id, verdict.is === 'passed' ? verdict.notes?.vector : undefined)
  return { ...ran, found, cosine: (a: string, b: string) => dot(found.get(a)!, found.get(b)!) }
}
const about = (i: number, words: string[]) => {
  const next = random('about', i)
  return Array.from({ length: 8 }, () => words[Math.floor(next() * words.length)]).join(' ')
}

test('words that never meet are near if they keep the same company', () => {
  const road = ['wheel', 'engine', 'brake', 'gearbox', 'clutch', 'motorway']
  const kitchen = ['saucepan', 'butter', 'onion', 'oven', 'whisk', 'dough']
  const rows = Array.from({ length: 120 }, (_, i) => {
    const [common, own] = i % 2 ? [road, i % 4 === 1 ? 'car' : 'automobile'] : [kitchen, 'recipe']
    return document(`r${i}`, `${own} ${own} ${about(i, common)}`)
  })
  const tests = ['car', 'automobile', 'recipe'].map(word => document(word, word))
  const { cosine, notes } = learnt([[...rows, ...tests]], { dimensions: 2 })
  expect(cosine('car', 'automobile')).toBeGreaterThan(0.5)
  expect(Math.abs(cosine('car', 'recipe'))).toBeLessThan(0.2)
  expect(notes).toEqual(['vectors of 2 numbers, learnt from 123 rows'])
})

test('the same bits however rows are sharded and ordered, and of unit length', () => {
  const rows = Array.from({ length: 40 }, (_, i) =>
    document(`r${i}`, about(i, 'stir heat cool add water 水 を 加える'.split(' '))),
  )
  const whole = learnt([rows], { dimensions: 12 })
  const parts = learnt(shardsOf(rows.toReversed(), [7, 1, 20]), { dimensions: 12 })
  expect(parts.shared).toEqual(whole.shared)
  for (const { id } of rows) {
    expect(parts.found.get(id)).toEqual(whole.found.get(id))
    expect(whole.cosine(id, id)).toBeCloseTo(1, 5)
  }
})

test('nothing, one row, equal rows, rows without words, one character, a long text', () => {
  expect(learnt([[]]).notes).toEqual(['no text to learn vectors from'])
  expect(learnt([[document('a', ''), document('b', '?!')]]).found).toEqual(
    new Map([
      ['a', undefined],
      ['b', undefined],
    ]),
  )
  expect(learnt([[document('a', 'Hello there')]]).cosine('a', 'a')).toBeCloseTo(1, 5)
  const equal = learnt([Array.from({ length: 150 }, (_, i) => document(`r${i}`, 'Heat the still.'))], { dimensions: 8 })
  expect(equal.cosine('r0', 'r149')).toBeCloseTo(1, 5)
  const long = 'still '.repeat(100_000)
  const mixed = learnt([[document('a', 'x'), document('b', '水'), document('c', long), document('d', 'still')]])
  expect(mixed.cosine('c', 'd')).toBeCloseTo(1, 3)
  expect(Math.abs(mixed.cosine('a', 'b'))).toBeLessThan(0.01)
})

test('a teacher is asked for the start of each text; what has no direction gets no vector', async () => {
  const asked: string[] = []
  const ctx = (options: object, vector: number[]) =>
    ({
      options: embed.options.parse({ teacher: 'e', ...options }),
      embed: async (_: string, texts: readonly string[]) => {
        asked.push(...texts)
        return texts.map(() => Float32Array.from(vector))
      },
    }) as unknown as Ctx<never>
  const row = conversation('a', 'Why does it boil?', 'Because it is hot.')
  expect(await embed.run(row, ctx({ of: 'prompt', characters: 8 }, [3, 4]))).toEqual({
    is: 'passed',
    notes: { vector: Float32Array.of(0.6, 0.8) },
  })
  expect(asked).toEqual(['Why does'])
  expect(await embed.run(document('b', ' '), ctx({}, [1]))).toEqual({ is: 'passed' })
  expect(await embed.run(row, ctx({}, [0, 0]))).toEqual({ is: 'passed' })
  expect(await embed.run(row, ctx({}, [Number.NaN, 1]))).toEqual({ is: 'passed' })
  await embed.run(document('c', 'ab😀'), ctx({ characters: 3 }, [1]))
  expect(asked.at(-1)).toBe('ab')
})

test('expands into learning or asking, and refuses options of the other', () => {
  const steps = (o: object) =>
    vectors.expand(vectors.options.parse(o), 'vectors').map(p => [p.as, p.step.verb, p.options])
  expect(steps({ of: 'prompt' })).toEqual([['', 'learn-vectors', { of: 'prompt' }]])
  expect(steps({ teacher: 'e', characters: 100 })).toEqual([
    ['', 'embed', { teacher: 'e', of: 'all', characters: 100 }],
  ])
  for (const wrong of [{ teacher: 'e', dimensions: 64 }, { characters: 100 }, { dimensions: 1 }]) {
    expect(vectors.options.safeParse(wrong).success).toBe(false)
  }
})
