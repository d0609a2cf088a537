import { spawnSync } from 'node:child_process'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import * as kernels from './index.ts'
import * as twinDistance from './twins/distance.ts'
import * as twinGrams from './twins/grams.ts'
import * as twinHash from './twins/hash.ts'
import * as twinMixed from './twins/mixed.ts'
import * as twinRuns from './twins/runs.ts'
import * as twinSplit from './twins/split.ts'
import * as twinVectors from './twins/vectors.ts'

const { copyUnits, hows, split, unitsOf } = kernels

/** Texts that meet every class of code point: words, marks, scripts without spaces, lone surrogates, whatever is. */
const pieces = fc.oneof(
  fc.constantFrom(
    ...[
      "don't",
      'rock’n’roll',
      "'quoted'",
      "x'",
      '1990’s',
      'x_y',
      '__',
      ' ',
      '\n',
      '\u3000',
      '\u0085',
      ', ',
      '...',
      '3.5',
    ],
    ...['か', 'が', 'か\u3099', 'ｶﾞ', 'ﾞ', 'コーヒー', '漢字', '𠮷', '葛\u{e0100}', '々', 'ภาษาไทย', 'ກ', '\u0e33'],
    ...['e\u0301', '\u0301', 'İ', 'ß', 'ΟΔΟΣ', 'ﬁ', '½', 'Å', '각', '\u1112\u1161\u11ab', '\u{1d400}', '\u{10400}'],
    ...['\u200d', '\ufeff', '\u00ad', '\u200b', '👩\u200d👧', '❤\ufe0f', '1\ufe0f\u20e3', '\u{e0020}', '\u0600'],
    ...['\ud842', '\udfb7', '\ud83d', 'a\u200d', '\u200da', "a\u200d'\u200db", '\u0000', '\u2029'],
  ),
  fc.string({ unit: 'grapheme', maxLength: 4 }),
  fc.string({ unit: 'binary', maxLength: 4 }),
  fc.string({ unit: 'binary-ascii', maxLength: 12 }),
  fc.array(fc.integer({ min: 0, max: 0xffff }), { maxLength: 3 }).map(codes => String.fromCharCode(...codes)),
)
const text = fc.array(pieces, { maxLength: 24 }).map(all => all.join(''))
const how = fc.constantFrom(...hows)

describe('each kernel gives the bits of its twin', () => {
  test('split', () => {
    fc.assert(
      fc.property(text, how, (t, how) => {
        expect(copyUnits(split(t, how))).toEqual(twinSplit.split(t, how))
      }),
      { numRuns: 2000 },
    )
  })

  test('the two nearest rows of numbers and classes', () => {
    const cell = fc.oneof(fc.float({ min: -2, max: 2, noNaN: true }), fc.constantFrom(0, 1, 1e9))
    const table = (rows: number, numbers: number, classes: number) =>
      fc.record({
        rows: fc.constant(rows),
        numbers: fc
          .array(cell, { minLength: rows * numbers, maxLength: rows * numbers })
          .map(all => Float32Array.from(all)),
        classes: fc
          .array(fc.constantFrom(0, 1, 2, 65535), { minLength: rows * classes, maxLength: rows * classes })
          .map(all => Uint16Array.from(all)),
      })
    const shape = fc.tuple(fc.nat(7), fc.nat(40), fc.nat(5), fc.nat(5))
    const both = shape.chain(([q, r, n, c]) => fc.tuple(table(q, n, c), table(r, n, c)))
    fc.assert(
      fc.property(both, fc.boolean(), fc.constantFrom(1, 0.5, 2), ([queries, among], squares, weight) => {
        const found = kernels.nearestTwo(queries, among, { squares, weight })
        expect(found).toEqual(twinMixed.nearestTwo(queries, among, { squares, weight }))
      }),
      { numRuns: 500 },
    )
    // More rows and queries than fit into a tile, and into a turn.
    const many = (rows: number, seed: number): kernels.Mixed => ({
      rows,
      numbers: Float32Array.from({ length: rows * 3 }, (_, i) => Math.sin(seed + i * i)),
      classes: Uint16Array.from({ length: rows * 2 }, (_, i) => (i * i * 7 + seed) % 5),
    })
    const [queries, among] = [many(300, 1), many(2000, 2)]
    const how = { squares: false, weight: 1 }
    expect(kernels.nearestTwo(queries, among, how)).toEqual(twinMixed.nearestTwo(queries, among, how))
  })

  test('runs of units, their shingles, signature and bands', () => {
    fc.assert(
      fc.property(text, how, fc.integer({ min: 1, max: 9 }), fc.integer({ min: 1, max: 40 }), (t, how, n, count) => {
        const fast = split(t, how)
        const slow = twinSplit.split(t, how)
        for (const u of [fast, slow]) {
          expect(kernels.runHashes(u, n)).toEqual(twinRuns.runHashes(slow, n))
          expect(kernels.shingles(u, n)).toEqual(twinRuns.shingles(slow, n))
          const signature = kernels.signature(u, n, count)
          expect(signature).toEqual(twinRuns.signature(slow, n, count))
          expect(kernels.bandKeys(signature, 1, count)).toEqual(twinRuns.bandKeys(signature, 1, count))
        }
      }),
      { numRuns: 300 },
    )
  })

  test('hashes', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 200 }), text, fc.bigInt(0n, 2n ** 64n - 1n), (bytes, t, seed) => {
        expect(kernels.xxhash64(bytes, seed)).toBe(twinHash.xxhash64(bytes, seed))
        expect(kernels.xxhash64(t, seed)).toBe(twinHash.xxhash64(t, seed))
        const small = Number(seed & 0xffffffffn)
        expect(kernels.hash32(t, small)).toBe(twinHash.hash32(t, small))
      }),
      { numRuns: 300 },
    )
  })

  test('vectors', () => {
    const matrix = fc
      .record({ dimensions: fc.integer({ min: 1, max: 19 }), rows: fc.integer({ min: 0, max: 23 }) })
      .chain(({ dimensions, rows }) =>
        fc.record({
          dimensions: fc.constant(dimensions),
          values: fc.float32Array({
            minLength: rows * dimensions,
            maxLength: rows * dimensions,
            min: -2,
            max: 2,
            noNaN: true,
          }),
        }),
      )
    fc.assert(
      fc.property(matrix, fc.nat(12), fc.nat(12), ({ dimensions, values }, a, b) => {
        const query = values.length > 0 ? values.slice(-dimensions) : new Float32Array(dimensions)
        expect(kernels.dot(query, query)).toBe(twinVectors.dot(query, query))
        expect(kernels.dots(query, values, dimensions)).toEqual(twinVectors.dots(query, values, dimensions))
        for (const range of [undefined, { from: a, to: a + b }]) {
          const fast = kernels.pairsAbove(values, dimensions, 0.5, range)
          expect(fast).toEqual(twinVectors.pairsAbove(values, dimensions, 0.5, range))
        }
      }),
      { numRuns: 300 },
    )
  })

  test('index of n-grams', () => {
    const hashes = fc.array(fc.oneof(fc.bigInt(0n, 40n), fc.bigInt(0n, 2n ** 64n - 1n)), { maxLength: 60 })
    fc.assert(
      fc.property(hashes, hashes, (known, asked) => {
        const [all, some] = [BigUint64Array.from(known), BigUint64Array.from([...asked, ...known.slice(0, 9)])]
        const [fast, slow] = [kernels.openGrams(all), twinGrams.openGrams(all)]
        const [a, b] = [new Int32Array(some.length), new Int32Array(some.length)]
        expect(kernels.probe(fast, some, a)).toBe(twinGrams.probe(slow, some, b))
        expect(a).toEqual(b)
        expect([...fast.next]).toEqual([...slow.next])
      }),
      { numRuns: 60 },
    )
  })

  test('edit distance, and both are the plain dynamic programme', () => {
    function plain(a: string, b: string): number {
      let above = Array.from({ length: b.length + 1 }, (_, j) => j)
      for (let i = 1; i <= a.length; i++) {
        const row = [i]
        for (let j = 1; j <= b.length; j++) {
          row.push(Math.min(above[j - 1]! + (a[i - 1] === b[j - 1] ? 0 : 1), above[j]! + 1, row[j - 1]! + 1))
        }
        above = row
      }
      return above[b.length]!
    }
    const letters = fc.string({ unit: fc.constantFrom('a', 'b', 'が', 'か', '\ud83d'), maxLength: 200 })
    fc.assert(
      fc.property(letters, letters, fc.nat(90), (a, b, limit) => {
        const exact = plain(a, b)
        expect(kernels.editDistance(a, b)).toBe(exact)
        expect(kernels.editDistance(a, b, limit)).toBe(Math.min(exact, limit + 1))
        expect(twinDistance.editDistance(a, b, limit)).toBe(Math.min(exact, limit + 1))
      }),
      { numRuns: 150 },
    )
  })
})

test('units of each kind', () => {
  const cut = (text: string) => Object.fromEntries(hows.map(how => [how, unitsOf(split(text, how)).join('|')]))
  expect(cut("Don't, rock’n’roll 'x_y' 3.5!")).toEqual({
    match: 'dont|rocknroll|x_y|3|5',
    words: "Don't|rock’n’roll|x_y|3|5",
    tokens: "Don't|,|rock’n’roll|'|x_y|'|3|.|5|!",
    whitespace: "Don't,|rock’n’roll|'x_y'|3.5!",
    characters: [..."Don't,rock’n’roll'x_y'3.5!"].join('|'),
  })
  expect(cut('PCのﾎﾞﾀﾝを ภาษา soft\u00adhyphen ❤\ufe0f')).toMatchObject({
    match: 'pc|の|ボ|タ|ン|を|ภ|า|ษ|า|softhyphen',
    words: 'PC|の|ﾎﾞ|ﾀ|ﾝ|を|ภ|า|ษ|า|soft\u00adhyphen',
    tokens: 'PC|の|ﾎﾞ|ﾀ|ﾝ|を|ภ|า|ษ|า|soft\u00adhyphen|❤',
  })
  expect([...copyUnits(split('a1 7 ___ 水 ๑ ... ', 'tokens')).kinds]).toEqual([3, 2, 4, 9, 10, 4])
  expect(split('', 'match').count).toBe(0)
})

test('voiced sounds are other characters than plain ones, half-width ones are the same', () => {
  const hash = (text: string) => [...copyUnits(split(text, 'match')).low]
  for (const [a, b] of ['かが', 'はぱ', 'はば', 'ばぱ', 'ハパ', 'ウヴ']) expect(hash(a!)).not.toEqual(hash(b!))
  expect(hash('ｶﾞ')).toEqual(hash('ガ'))
  expect(hash('か\u3099')).toEqual(hash('が'))
  expect(hash('DON’T')).toEqual(hash('dont'))
  // As written, case and width tell apart.
  expect(split('ｶ', 'words').low[0]).not.toBe(split('カ', 'words').low[0])
})

test('hashes are those of the reference implementation', () => {
  // The buffer and values of the sanity checks of xxHash, then texts of its bindings' documentation.
  const bytes = new Uint8Array(222)
  let state = 2654435761n
  for (let i = 0; i < bytes.length; i++) {
    bytes[i] = Number(state >> 56n)
    state = BigInt.asUintN(64, state * 11400714785074694797n)
  }
  for (const [length, plain, seeded] of [
    [0, 0xef46db3751d8e999n, 0xac75fda2929b17efn],
    [1, 0xe934a84adb052768n, 0x5014607643a9b4c3n],
    [4, 0x9136a0dca57457een, 0xcaab286bd8e9fdb5n],
    [14, 0x8282dcc4994e35c8n, 0xc3bd6bf63deb6df0n],
    [222, 0xb641ae8cb691c174n, 0x20cb8ab7ae10c14an],
  ] as const) {
    expect(kernels.xxhash64(bytes.subarray(0, length))).toBe(plain)
    expect(kernels.xxhash64(bytes.subarray(0, length), 2654435761n)).toBe(seeded)
  }
  const long = 'Nobody inspects the spammish repetition'
  expect(kernels.xxhash64(long)).toBe(0xfbcea83c8a378bf1n)
  expect(kernels.hash32(long)).toBe(0xe2293b2f)
  expect(['', 'a', 'abc'].map(text => kernels.hash32(text))).toEqual([0x02cc5d05, 0x550d7456, 0x32d153ff])
})

test('a signature estimates the Jaccard similarity as well as independent draws would', () => {
  const permutations = 1024
  for (const [shared, apart] of [
    [50, 50],
    [300, 100],
    [400, 50],
    [700, 20],
  ] as const) {
    for (let round = 0; round < 8; round++) {
      const text = (from: number, to: number) =>
        Array.from({ length: to - from }, (_, i) => `w${round}x${from + i}`).join(' ')
      const of = (t: string) => {
        const units = split(t, 'match')
        return { set: kernels.shingles(units, 1), signature: kernels.signature(units, 1, permutations) }
      }
      const a = of(text(0, shared + apart))
      const b = of(text(apart, shared + 2 * apart))
      const exact = kernels.jaccard(a.set, b.set)
      expect(exact).toBe(shared / (shared + 2 * apart))
      const equal = a.signature.filter((least, i) => least === b.signature[i]).length
      const deviation = Math.sqrt(permutations * exact * (1 - exact))
      expect(Math.abs(equal - permutations * exact)).toBeLessThan(4.5 * deviation)
    }
  }
})

test('a bound on the similarity changes no value that reaches it, and gives 0 under it', () => {
  const set = fc.uniqueArray(fc.integer({ min: 0, max: 40 }), { maxLength: 30 })
  const bound = fc.oneof(fc.double({ min: 0.01, max: 1, noNaN: true }), fc.constantFrom(0.5, 0.8, 1))
  const sorted = (values: number[]) => Float64Array.from(values).sort()
  fc.assert(
    fc.property(set, set, bound, (one, two, least) => {
      const [a, b] = [sorted(one), sorted(two)]
      const exact = kernels.jaccard(a, b)
      const bounded = kernels.jaccard(a, b, least)
      expect(bounded === exact || (bounded === 0 && exact < least)).toBe(true)
    }),
    { numRuns: 2000 },
  )
})

test('a long text grows the memory: its units stay, those of earlier splits are refused', () => {
  const before = split('one two three', 'words')
  const long = split('か'.repeat(400_000), 'characters')
  expect(long.count).toBe(400_000)
  expect(kernels.shingles(long, 5)).toHaveLength(1)
  expect(kernels.runHashes(long, 5)).toHaveLength(399_996)
  expect([long.starts[399_999], long.ends[399_999], long.kinds[399_999]]).toEqual([399_999, 400_000, 9])
  expect(() => kernels.shingles(before, 5)).toThrow(/earlier split/)
  expect(() => kernels.shingles(split('', 'match'), 5)).not.toThrow()
  expect(kernels.signature(split(' ', 'match'), 5, 3)).toEqual(new Uint32Array(3).fill(0xffffffff))
  expect(kernels.jaccard(new Float64Array(0), new Float64Array(0))).toBe(1)
})

test.runIf(process.arch === 'x64')('without SIMD the twins stand in', () => {
  const program = `
    const k = await import(${JSON.stringify(new URL('./index.ts', import.meta.url).href)})
    const units = k.split("Don’t panic: 水を one two", 'match')
    const grams = k.openGrams(BigUint64Array.of(1n, 2n, 1n))
    const out = new Int32Array(2)
    const found = [k.probe(grams, BigUint64Array.of(1n, 5n), out), ...out, ...grams.next]
    const runs = [...k.shingles(units, 2), ...k.signature(units, 2, 3)]
    const more = [k.unitsOf(units), runs, found, String(k.xxhash64('a')), k.editDistance('a', 'bc')]
    console.log(units.constructor.name, JSON.stringify(more))`
  const [fast, slow] = [[], ['--no-enable-sse4-1']].map(flags => {
    const args = [...flags, '--input-type=module', '--eval', program]
    return spawnSync(process.execPath, args, { encoding: 'utf8' }).stdout.split(/ (.*)/s)
  })
  expect(slow![0]).toBe('Object')
  expect(fast![0]).not.toBe('Object')
  expect(slow![1]).toBe(fast![1])
})

test('folding is skipped only where it would change nothing but capitals of ASCII', () => {
  fc.assert(
    fc.property(text, t => {
      expect(split(t, 'match').text).toBe(t.normalize('NFKC').toLowerCase())
    }),
    { numRuns: 1000 },
  )
})
