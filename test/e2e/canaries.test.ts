import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { stringify } from 'yaml'
import { commandLine } from '../support/command-line.ts'
import { folder, runIn } from '../support/project.ts'
import { type Scripted, scriptedServer } from '../support/scripted-server.ts'

const form = /[bcdfghjklmnpqrstvwxz]{4}-[bcdfghjklmnpqrstvwxz]{4}-[bcdfghjklmnpqrstvwxz]{4}/
const towns = ['Arbon', 'Brugg', 'Chur', 'Davos', 'Elgg', 'Flims']
const letters = Array.from(
  { length: 30 },
  (_, i) =>
    `Letter number ${i} came from ${towns[i % 6]}. It speaks of a parcel that was lost, and asks for news of it.`,
)
/** What the server writes: something else about parcels, with whatever code it was shown when it leaks. */
const writes = (content: string, leaks: boolean) => {
  const code = form.exec(content)?.[0]
  const own = 'Somebody misses a box that the post carried away, and would be glad to hear where it has been put since.'
  return leaks && code ? `${own} It had the mark ${code.toUpperCase()}.` : own
}
const recipe = (server: Scripted, steps: object[], more: object = {}) => ({
  name: 'letters',
  teachers: { writer: { model: 'm', at: server.url, license: 'mit', price: 'free' } },
  sources: { letters: { files: 'letters.jsonl', license: 'CC0-1.0', kind: 'document', origin: 'real' } },
  steps: [{ canaries: { from: 'letters', secrets: 20 } }, { rewrite: { teacher: 'writer', carried: 9 } }, ...steps],
  gates: {
    decontaminated: { override: 'a test has no evaluation set' },
    'near-duplicates': { override: 'a test whose teacher says one thing' },
    'real-rows': { override: 'a test of what is written anew' },
  },
  release: { version: '0.1.0', license: 'cc0-1.0', date: '2026-11-20' },
  ...more,
})
const files = { 'letters.jsonl': letters.map(text => JSON.stringify({ text })).join('\n') }
type Gate = { id: string; is: string; why: string }
const canaryGate = (out: string) =>
  (JSON.parse(out.trim().split('\n').at(-1)!).gates as Gate[]).find(({ id }) => id === 'canaries')

test('canaries reach the teacher, what comes out is counted, and no row that stems from one goes out', async () => {
  const leaking = await scriptedServer(content => ({ content: writes(content, true) }))
  try {
    const dir = folder(files)
    const check = { 'canary-check': { planted: 'canaries' } }
    const ran = await runIn(dir, recipe(leaking, [check]))
    expect(ran.error).toBeUndefined()
    const shown = leaking.bodies.flatMap(({ messages }) => form.exec(messages.at(-1)!.content)?.[0] ?? [])
    expect(new Set(shown).size).toBe(20)
    // The rows themselves are what they were: thirty, and twenty copies beside them.
    expect(leaking.bodies).toHaveLength(50)
    expect(ran.funnel['canaries.draw']).toMatchObject({ in: 30, consumed: 10, dropped: {} })
    expect(ran.funnel['canary-check']).toMatchObject({ in: 50, passed: 30, dropped: { canary: 20 } })
    expect(ran.all.some(row => row.facets.canary !== undefined || form.test(JSON.stringify(row).toLowerCase()))).toBe(
      false,
    )
    expect(ran.notes.map(({ message }) => message).join('\n')).toContain('20 of 20 came out')
    const again = await runIn(folder(files), recipe(leaking, [check]))
    expect(again.all.map(({ id }) => id)).toEqual(ran.all.map(({ id }) => id))

    const released = await commandLine(dir, 'release --json')
    expect(canaryGate(released.out)).toMatchObject({ is: 'warn', why: expect.stringContaining('20 of 20') })
  } finally {
    await leaking.stop()
  }
})

test('without the check a release is blocked; a teacher that repeats nothing passes', async () => {
  const server = await scriptedServer(content => ({ content: writes(content, false) }))
  try {
    const open = folder({ ...files, 'recipe.yaml': stringify(recipe(server, [])) })
    expect(await commandLine(open, 'run')).toMatchObject({ code: 3 })
    expect(existsSync(join(open, 'releases', 'letters-0.1.0'))).toBe(false)
    expect(canaryGate((await commandLine(open, 'check --json')).out)).toMatchObject({ is: 'block' })

    const check = { 'canary-check': { planted: 'canaries' } }
    const closed = folder({ ...files, 'recipe.yaml': stringify(recipe(server, [check])) })
    expect(await commandLine(closed, 'run --no-release')).toMatchObject({ code: 0 })
    expect(canaryGate((await commandLine(closed, 'release --json')).out)).toMatchObject({
      is: 'pass',
      why: expect.stringContaining('0 of 20'),
    })
    // The rows with canaries, as a file, tell `stillroom privacy` what to look for.
    expect(await commandLine(closed, 'export jsonl --step canaries.plant --out planted.jsonl')).toMatchObject({
      code: 0,
    })
    const planted = readFileSync(join(closed, 'planted.jsonl'), 'utf8').trim().split('\n')
    expect(planted).toHaveLength(20)
    expect(planted.every(line => form.test(line))).toBe(true)
    const clean = await commandLine(closed, 'privacy letters.jsonl releases/letters-0.1.0 --canaries planted.jsonl')
    expect(clean.out).toMatch(/canaries +pass +0\.000/)
    const copied = await commandLine(closed, 'privacy letters.jsonl planted.jsonl --canaries planted.jsonl')
    expect([copied.code, /canaries +fail +1\.000/.test(copied.out)]).toEqual([3, true])
    const none = await commandLine(closed, 'privacy letters.jsonl planted.jsonl --canaries letters.jsonl')
    expect([none.code, none.err]).toEqual([2, expect.stringContaining('No canary stands in letters.jsonl')])
  } finally {
    await server.stop()
  }
})
