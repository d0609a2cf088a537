import { type FormName, formNames } from '../../../src/sources/forms.ts'
import { bombs, encrypted, nests } from './bombs.ts'
import { type Sample, sampleOf, words } from './samples.ts'

/** How much of everything: `npm test` takes a little of each. */
export type Size = { bytes: number; token: number; deep: number; repeats: number; rows: number }

/** A broken file, with what it is called. Its bytes are made when it is its turn. */
export type Broken = { label: string; path: string; bytes(): Buffer | string }

type Mutator = (form: FormName, sample: Sample, size: Size) => Broken[]

/** Numbers below `n`, the same for each seed (mulberry32). */
function randomOf(seed: number): (n: number) => number {
  let state = seed
  return n => {
    state = (state + 0x6d2b79f5) | 0
    let t = Math.imul(state ^ (state >>> 15), 1 | state)
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t
    return Math.floor((((t ^ (t >>> 14)) >>> 0) / 4294967296) * n)
  }
}

const repeated = (size: Size, make: (random: (n: number) => number) => Broken): Broken[] =>
  Array.from({ length: size.repeats }, (_, seed) => make(randomOf(seed + 1)))

const listed = (made: { [label: string]: (size: Size) => Buffer | string } = {}, size: Size): Broken[] =>
  Object.entries(made).map(([name, make]) => ({
    label: name,
    path: name.includes('.') ? name : `x.${name}`,
    bytes: () => make(size),
  }))

/** Every so many of them, where little is wanted of each. */
const some = (all: Broken[], size: Size): Broken[] => (size.repeats < 10 ? all.filter((_, i) => i % 4 === 0) : all)

const encodings = [
  Buffer.from('日本語の文章です。'),
  Buffer.from([0x93, 0xfa, 0x96, 0x7b, 0x8c, 0xea]),
  Buffer.from('d\xe9j\xe0 vu, na\xefve', 'latin1'),
  Buffer.from('\ufeffabc', 'utf16le'),
]

/** Every way in which a file may be broken. */
export const mutators: { [name: string]: Mutator } = {
  whole: (_, { ending, build }) => [{ label: 'as it is', path: `x.${ending}`, bytes: () => build(words) }],
  truncate: (_, { ending, build }, size) =>
    repeated(size, random => {
      const whole = build(words)
      const at = random(whole.length)
      return { label: `at ${at}`, path: `x.${ending}`, bytes: () => whole.subarray(0, at) }
    }),
  flip: (_, { ending, build }, size) =>
    repeated(size, random => {
      const broken = Buffer.from(build(words))
      const n = 1 + random(8)
      for (let i = 0; i < n; i++) broken[random(broken.length)] = random(256)
      return { label: `${n} bytes`, path: `x.${ending}`, bytes: () => broken }
    }),
  bomb: (form, _, size) => listed(bombs[form], size),
  nest: (form, _, size) => listed(nests[form], size),
  encrypt: (form, _, size) => listed(encrypted[form], size),
  'wrong ending': (form, { build }, size) =>
    some(
      [
        ...formNames.filter(name => name !== form).map(name => sampleOf(name).ending),
        'gz',
        'tgz',
        'zst',
        'py',
        'xyz',
      ].map(ending => ({ label: ending, path: `x.${ending}`, bytes: () => build(words) })),
      size,
    ),
  'huge token': (_, { ending, build }, { token }) =>
    ['x', '語'].map(one => ({
      label: `${token} bytes of ${one}`,
      path: `x.${ending}`,
      bytes: () => build(Buffer.alloc(token, one)),
    })),
  control: (_, { ending, build }) => [
    {
      label: 'all of them',
      path: `x.${ending}`,
      bytes: () => build(Buffer.from(Array.from({ length: 0xa0 }, (_, i) => String.fromCharCode(i)).join('a '))),
    },
    { label: 'many NUL', path: `x.${ending}`, bytes: () => build(Buffer.alloc(5000)) },
  ],
  encodings: (_, { ending, build }, size) =>
    some(
      encodings.flatMap((first, i) =>
        encodings
          .filter((_, j) => j !== i)
          .map(second => ({
            label: 'two halves',
            path: `x.${ending}`,
            bytes: () => build(Buffer.concat([first, first, second, second])),
          })),
      ),
      size,
    ),
  empty: (_, { ending, build }) => [
    { label: 'no byte', path: `x.${ending}`, bytes: () => '' },
    { label: 'white space', path: `x.${ending}`, bytes: () => ' \n\t\r\n '.repeat(50) },
    { label: 'a mark alone', path: `x.${ending}`, bytes: () => '\ufeff' },
    { label: 'no text', path: `x.${ending}`, bytes: () => build(Buffer.alloc(0)) },
    { label: 'one byte', path: `x.${ending}`, bytes: () => '\x1f' },
  ],
}

/** All broken files of a form. */
export const brokenFiles = (form: FormName, mutator: string, size: Size): Broken[] =>
  mutators[mutator]!(form, sampleOf(form), size)
