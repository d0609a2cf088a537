import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { stringify } from 'yaml'
import { scripted, commandLine as stillroom } from '../../../test/support/command-line.ts'
import { folder } from '../../../test/support/project.ts'
import { bytesBelow } from '../../run/index.ts'
import { diskLines } from '../forecast-text.ts'

let server: Awaited<ReturnType<typeof scripted>>
beforeAll(async () => {
  server = await scripted(({ messages }) => {
    const text = messages.map(message => message.content).join('\n')
    const valve = /valve number (\d+)/i.exec(text)?.[1] ?? '?'
    const question = `At which pressure does valve number ${valve} open?`
    return JSON.stringify({ questions: [{ question, difficulty: 'easy' }] })
  })
})
afterAll(() => server.stop())

const price = { input: 1, output: 2 }
const recipe = () => ({
  name: 'valves',
  teachers: { writer: { model: 'writer', at: server.url, license: 'apache-2.0', price } },
  sources: { notes: { files: 'notes/*.md', license: 'CC0-1.0' } },
  steps: [{ ask: { from: 'notes', teacher: 'writer', questions: 1 } }],
})
const notes = (n: number) =>
  Object.fromEntries(
    Array.from({ length: n }, (_, i) => [
      `notes/${i}.md`,
      `# Valve ${i}\n\nValve number ${i} opens at ${i * 7} bar.\n`,
    ]),
  )

test('a limited run says how much of everything it was, and a whole run asks for exactly the rest', async () => {
  const dir = folder({ 'recipe.yaml': stringify(recipe()), ...notes(7) })
  const limited = await stillroom(dir, 'run --limit 3')
  expect(server.calls).toHaveLength(3)
  expect(limited.out.replace(/\s+/g, ' ')).toContain(
    'This was a limited run: 3 of 7 roots went on to the first step with a teacher. A run without --limit asks about the other 4 alone. The 3 replies of this one are used again, and paid for no more.',
  )
  expect(limited.out).toContain('It cost $0.0042, $0.0014 a kept row.')
  expect(limited.out.replace(/\s+/g, ' ')).toMatch(/Next: .*, stillroom plan \(tells .*\), stillroom run\./)

  const plan = await stillroom(dir, 'plan')
  expect(plan.out).toContain('$0.0014 a kept row')
  // What the limited run paid for counts in what a row costs.
  const whole = await stillroom(dir, 'run')
  expect(whole.out).toContain(
    'It cost $0.0056, and with what earlier runs paid for its replies $0.0098, $0.0014 a kept row.',
  )
  expect(server.calls).toHaveLength(7)
  expect(new Set(server.calls.map(call => JSON.stringify(call.messages))).size).toBe(7)

  const more = await stillroom(dir, 'run --limit 99')
  expect(more.out).toContain('The limit held nothing back: all 7 roots went on')
  expect(server.calls).toHaveLength(7)
})

test('plan tells ahead what a run adds to the disk, and after it that nothing more comes', async () => {
  const more = { release: { version: '0.1.0', license: 'cc0-1.0', date: '2026-01-01' } }
  const gates = { decontaminated: { override: 'a test has no evaluation set' } }
  const dir = folder({ 'recipe.yaml': stringify({ ...recipe(), ...more, gates }), ...notes(150) })
  const disk = async () => JSON.parse((await stillroom(dir, 'plan --json')).out).disk
  const bytes = () => bytesBelow(join(dir, '.stillroom')) + bytesBelow(join(dir, 'releases'))
  expect(await disk()).toEqual({ forecast: null, free: expect.any(Number) })
  expect((await stillroom(dir, 'plan')).out).toContain('Disk: what a run takes is not known before a pilot;')
  await stillroom(dir, 'run --limit 30')
  const before = bytes()
  const { forecast } = await disk()
  await stillroom(dir, 'run')
  const added = bytes() - before
  expect(forecast.total).toBeGreaterThan(added / 2)
  expect(forecast.total).toBeLessThan(added * 2)
  expect((await disk()).forecast.total).toBe(0)
  expect((await stillroom(dir, 'plan')).out).toContain('Disk: nothing more than is there;')
})

test('a disk that does not suffice is said so, and one that suffices up to the band', () => {
  const told = { journal: 6000, tasks: 3000, release: 1000, total: 10_000, most: 12_000, perCall: 100, perRow: 10 }
  const say = (free: number) =>
    diskLines({ ...told, from: 'rows' }, free, 'r1', { width: 200, paint: (style, text) => `${style}: ${text}` }).join(
      ' ',
    )
  expect(say(13_000)).toMatch(
    /^Disk: about 9\.8 KiB more \(journal 5\.9 KiB, .*\), 11\.7 KiB where the band ends; 12\.7 KiB are free there/,
  )
  expect(say(11_000)).toMatch(/^yellow: The disk may not suffice:/)
  expect(say(9000)).toMatch(/^red: The disk does not suffice: make room/)
})
