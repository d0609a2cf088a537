import { expect, test } from 'vitest'
import { zipOf } from '../../../test/support/zip.ts'
import { entriesOf, openZip } from './zip-bytes.ts'

const limits = { bytes: 1000, expanded: 1500, members: 10 }
const text = 'tide '.repeat(100)

test('members in order, folders left out, the first of a name', async () => {
  const archive = zipOf({ 'a/': '', 'b.txt': text, 'ä.txt': 'stored' }, { stored: ['ä.txt'] })
  const names: string[] = []
  for await (const { name } of entriesOf(archive, limits)) names.push(name)
  expect(names).toEqual(['b.txt', 'ä.txt'])
  const found = await openZip(archive, limits)
  expect([String(await found.get('b.txt')!.read()), String(await found.get('ä.txt')!.read())]).toEqual([text, 'stored'])
})

test('what is unpacked is counted, whatever the archive says of sizes', async () => {
  const found = await openZip(zipOf({ a: 'x'.repeat(1001), b: 'y'.repeat(800), c: 'z'.repeat(800) }), limits)
  await expect(found.get('a')!.read()).rejects.toMatchObject({ reason: 'over-limit' })
  await found.get('b')!.read()
  await expect(found.get('c')!.read()).rejects.toMatchObject({ reason: 'over-limit' })
  // A size of ten bytes for a member that is more: its central entry lies at the end.
  const lying = zipOf({ a: 'x'.repeat(900) })
  lying.writeUInt32LE(10, lying.lastIndexOf('PK\x01\x02') + 24)
  await expect((await openZip(lying, limits)).get('a')!.read()).rejects.toMatchObject({ reason: 'damaged' })
  const many = Object.fromEntries(Array.from({ length: 11 }, (_, i) => [`${i}`, '']))
  await expect(openZip(zipOf(many), limits)).rejects.toMatchObject({ reason: 'over-limit' })
})

test('members under a password, archives that were cut off', async () => {
  const locked = await openZip(zipOf({ a: text }, { flags: 0x801 }), limits)
  await expect(locked.get('a')!.read()).rejects.toMatchObject({ reason: 'encrypted' })
  const whole = zipOf({ a: text, b: text })
  for (let cut = 0; cut < whole.length; cut += 13)
    await expect(openZip(whole.subarray(0, cut), limits)).rejects.toMatchObject({ reason: 'damaged' })
})
