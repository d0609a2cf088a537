import { spawnSync } from 'node:child_process'
import { mkdtempSync, readFileSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { beforeAll, describe, expect, test } from 'vitest'
import { stringify } from 'yaml'
import { newSigningKey, type Proof, proveRow, readRows, signerOf, verifyRelease } from '../../src/release/index.ts'
import { startSimulator } from '../../src/testing.ts'
import { keyOrNew } from '../../src/workspace/index.ts'
import { documents } from '../support/documents.ts'
import { write } from '../support/project.ts'
import { finish } from '../support/released.ts'
import { taughtRecipe } from '../support/taught-recipe.ts'

const dir = mkdtempSync(join(tmpdir(), 'stillroom-proof-'))
const teacher = (name: string) => ({ model: `simulate/${name}` })
const teachers = { writer: teacher('writer'), solver: teacher('solver'), judge: teacher('judge') }
const verifier = join(import.meta.dirname, '..', '..', 'bin', 'verify-proof.mjs')
let release = ''
let key = ''
let proof: Proof
const ids: string[] = []

beforeAll(async () => {
  write(dir, { ...documents(3), 'recipe.yaml': stringify(taughtRecipe('proven', teachers, { samples: 1 })) })
  key = signerOf(keyOrNew(join(dir, '.stillroom'), 'signing.pem', newSigningKey)).publicKey
  const simulator = await startSimulator({ seed: 5 })
  try {
    expect((await finish(dir, simulator.url)).error).toBeUndefined()
  } finally {
    await simulator.stop()
  }
  release = join(dir, 'releases', 'proven-0.1.0')
  for await (const { row } of readRows(release)) ids.push(String(row.id))
  proof = await proveRow(release, ids[1]!)
}, 60_000)

let files = 0
function verified(
  one: Proof,
  ...options: [flag: '--key' | '--manifest', text: string][]
): { code: number | null; out: string } {
  const put = (text: string): string => {
    const file = join(dir, `given-${files++}`)
    writeFileSync(file, text)
    return file
  }
  const args = options.flatMap(([flag, text]) => [flag, put(text)])
  // In a folder of its own: it needs neither the release nor the package.
  const { status, stdout, stderr } = spawnSync(process.execPath, [verifier, put(JSON.stringify(one)), ...args], {
    cwd: tmpdir(),
    encoding: 'utf8',
  })
  return { code: status, out: stdout + stderr }
}

test('a signed release of a whole run verifies, and names a reply for every call', async () => {
  expect(await verifyRelease(release, { key })).toMatchObject({ problems: [], signed: { trusted: true } })
  const { journal } = JSON.parse(readFileSync(join(release, 'run.json'), 'utf8'))
  const calls = readFileSync(join(release, 'report', 'calls.jsonl'), 'utf8')
    .trimEnd()
    .split('\n')
  expect(calls).toHaveLength(journal.rows)
  for (const line of calls) expect(JSON.parse(line).reply).toMatch(/^[0-9a-f]{64}$/)
})

test('the proof of a row is small and holds on its own', () => {
  expect(JSON.stringify(proof).length).toBeLessThan(60_000)
  const { code, out } = verified(proof, ['--key', key])
  expect(out).toMatch(new RegExp(`Row ${ids[1]} stands in proven 0.1.0`))
  expect(out).toContain('Signed by the key that was named.')
  expect(out).toMatch(/from +docs\/part-0\d\.md \(cc0-1\.0\)/)
  expect(out).toMatch(/teacher simulate\/solver: allowed/)
  expect(out).toMatch(/prompts .*answer\.en\.md/)
  expect(out).not.toContain('text unknown')
  expect(out).toMatch(/gate +decontaminated: .*, overridden: a test has no evaluation set/)
  expect(code).toBe(0)
})

describe('a proof fails', () => {
  const changed = (change: (proof: Proof) => void): Proof => {
    const copy = structuredClone(proof)
    change(copy)
    return copy
  }
  const at = (one: Proof, file: RegExp) => one.items.find(item => file.test(item.file))!
  const rest = (text: string) => text.replace('a', 'b')

  test.each<[string, (proof: Proof) => void, RegExp]>([
    ['whose row was changed', p => (at(p, /^data/).line = rest(at(p, /^data/).line)), /data\/.* is not in the release/],
    ['whose row stands elsewhere', p => at(p, /^data/).index--, /is not in the release/],
    ['whose path was changed', p => at(p, /^data/).path.reverse(), /is not in the release/],
    ['whose path was cut', p => void at(p, /^data/).path.pop(), /path that is too short/],
    [
      'that lacks a parent',
      p =>
        void p.items.splice(
          p.items.findIndex(i => /"kind":"document"/.test(i.line)),
          1,
        ),
      /descent lacks/,
    ],
    [
      'that lacks a teacher',
      p => (p.items = p.items.filter(i => !/"fact":"teacher"/.test(i.line))),
      /nothing is told of the teacher/,
    ],
    ['whose prompt was changed', p => (at(p, /facts/).line = rest(at(p, /facts/).line)), /facts.jsonl is not in/],
    ['whose call was changed', p => (at(p, /calls/).line = rest(at(p, /calls/).line)), /calls.jsonl is not in/],
    ['whose gates were changed', p => (p.gates = p.gates.replace('override', 'overlook')), /gates are not those/],
    [
      'whose manifest was changed',
      p => (p.manifest = p.manifest.replace('0.1.0', '0.1.1')),
      /manifest is not what was signed/,
    ],
    [
      'whose signature was changed',
      p => (p.signature!.signatures[0]!.sig = Buffer.alloc(64).toString('base64')),
      /signature does not hold/,
    ],
    ['whose signature was taken off', p => void delete p.signature, /nobody signed/],
  ])('%s', (_, change, why) => {
    const { code, out } = verified(changed(change))
    expect(out).toMatch(why)
    expect(code).toBe(1)
  })

  test('by the key of somebody else', () => {
    expect(verified(proof, ['--key', signerOf(newSigningKey()).publicKey]).out).toMatch(/signature does not hold/)
  })

  test('of a row of another release, whole or put into this one', async () => {
    const other = join(dir, 'other')
    write(other, {
      ...documents(4),
      'recipe.yaml': stringify(taughtRecipe('other', teachers, { samples: 1, seed: 9 })),
    })
    const simulator = await startSimulator({ seed: 6 })
    await finish(other, simulator.url).finally(simulator.stop)
    const elsewhere = join(other, 'releases', 'other-0.1.0')
    const { value: first } = await readRows(elsewhere).next()
    const foreign = await proveRow(elsewhere, String(first!.row.id))
    expect(verified(foreign, ['--manifest', foreign.manifest]).code).toBe(0)
    expect(verified(foreign, ['--manifest', proof.manifest]).out).toMatch(/about another release/)
    const mixed = { ...foreign, manifest: proof.manifest, signature: proof.signature!, publicKey: proof.publicKey! }
    expect(verified({ ...mixed, run: proof.run!, gates: proof.gates }).out).toMatch(/(no such line|not) in the release/)
  })
})

test('an id that begins no row, or several, is refused', async () => {
  await expect(proveRow(release, 'zz')).rejects.toMatchObject({ code: 'SR_NOT_FOUND' })
  await expect(proveRow(release, '')).rejects.toMatchObject({ code: 'SR_NOT_FOUND' })
})
