import { createHash } from 'node:crypto'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { firstChange, leafOf, marksOf, merklePath, merkleRoot } from './merkle.ts'

const sha = (...parts: Uint8Array[]) => createHash('sha256').update(Buffer.concat(parts)).digest()
const entries = (hex: string[]) => hex.map(entry => sha(Buffer.of(0), Buffer.from(entry, 'hex')))

/** The test vectors of the reference implementation of RFC 6962 (certificate-transparency, merkle tree tests). */
const inputs = entries([
  '',
  '00',
  '10',
  '2021',
  '3031',
  '40414243',
  '5051525354555657',
  '606162636465666768696a6b6c6d6e6f',
])
const roots = [
  '6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d',
  'fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125',
  'aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77',
  'd37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7',
  '4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4',
  '76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef',
  'ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c',
  '5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328',
]

test('roots are those of RFC 6962', () => {
  expect(merkleRoot([])).toBe('e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855')
  for (const [i, root] of roots.entries()) expect(merkleRoot(inputs.slice(0, i + 1))).toBe(root)
})

/** Verification as RFC 9162 (2.1.3.2) tells it, apart from our own tree. */
function rootBy(leaf: Buffer, index: number, size: number, path: string[]): string {
  let [fn, sn, r] = [index, size - 1, leaf]
  for (const sibling of path) {
    const p = Buffer.from(sibling, 'hex')
    if (fn % 2 === 1 || fn === sn) {
      r = sha(Buffer.of(1), p, r)
      while (fn % 2 === 0 && fn !== 0) [fn, sn] = [fn >> 1, sn >> 1]
    } else r = sha(Buffer.of(1), r, p)
    ;[fn, sn] = [fn >> 1, sn >> 1]
  }
  return sn === 0 ? r.toString('hex') : 'too short'
}

test('each leaf has a path to the root, and to no other place', () => {
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 70 }), fc.nat(), (size, pick) => {
      const leaves = Array.from({ length: size }, (_, i) => leafOf({ id: String(i) }))
      const index = pick % size
      const path = merklePath(leaves, index)
      expect(rootBy(leaves[index]!, index, size, path)).toBe(merkleRoot(leaves))
      if (size > 1) expect(rootBy(leaves[(index + 1) % size]!, index, size, path)).not.toBe(merkleRoot(leaves))
    }),
  )
})

test('a row has one leaf whatever the order of its columns', () => {
  expect(leafOf({ b: 1, a: 'x' })).toEqual(sha(Buffer.of(0), Buffer.from('{"a":"x","b":1}')))
})

test('marks say which row is another', () => {
  const leaves = inputs.slice(0, 5)
  const marks = marksOf(leaves)
  expect(firstChange(leaves, marks)).toBeUndefined()
  expect(firstChange(leaves.toSpliced(2, 1), marks)).toEqual({ row: 3, is: 'removed' })
  expect(firstChange(leaves.slice(0, 4), marks)).toEqual({ row: 5, is: 'removed' })
  expect(firstChange(leaves.with(1, inputs[7]!), marks)).toEqual({ row: 2, is: 'changed' })
  expect(firstChange([inputs[7]!, ...leaves], marks)).toEqual({ row: 1, is: 'added' })
})
