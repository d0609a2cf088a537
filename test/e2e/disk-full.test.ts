import { spawnSync } from 'node:child_process'
import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest'
import { canonical } from '../../src/records/index.ts'
import { startSimulator } from '../../src/testing.ts'
import { documents } from '../support/documents.ts'
import { folder, runIn } from '../support/project.ts'

/** Only root may mount a small disk. */
const mayMount = process.platform === 'linux' && process.getuid?.() === 0 && tryMount()
function tryMount(): boolean {
  const dir = folder()
  const mounted = spawnSync('mount', ['-t', 'tmpfs', '-o', 'size=64k', 'tmpfs', dir]).status === 0
  if (mounted) spawnSync('umount', ['-l', dir])
  return mounted
}

const mounts: string[] = []
afterEach(() => {
  for (const dir of mounts.splice(0)) spawnSync('umount', ['-l', dir])
})
function smallDisk(dir: string, size: string): (size: string) => void {
  mkdirSync(dir, { recursive: true })
  expect(spawnSync('mount', ['-t', 'tmpfs', '-o', `size=${size}`, 'tmpfs', dir]).status).toBe(0)
  mounts.push(dir)
  return larger => expect(spawnSync('mount', ['-o', `remount,size=${larger}`, dir]).status).toBe(0)
}

let simulator: Awaited<ReturnType<typeof startSimulator>>
beforeAll(async () => {
  simulator = await startSimulator({ seed: 5 })
})
afterAll(() => simulator.stop())

const concurrency = 8
function recipe() {
  const teacher = (model: string) => ({ model, at: `${simulator.url}/v1`, price: 'free', concurrency })
  return {
    name: 'crowded',
    teachers: { writer: teacher('writer'), solver: teacher('solver') },
    sources: { docs: { files: 'docs/*.md', license: 'cc0-1.0' } },
    steps: [{ ask: { from: 'docs', teacher: 'writer', questions: 4 } }, { answer: { teacher: 'solver', samples: 2 } }],
  }
}

/** Where there is no room, and how little: too little for this run, enough to begin it. */
const places = [
  ['tasks', 'task files', '16k'],
  ['runs', 'the log of the run', '4k'],
  ['.', 'the journal, during the run', '160k'],
  ['.', 'the journal, before it', '24k'],
] as const

test.skipIf(!mayMount).each(places)(
  'a full disk below %s (%s) stops cleanly, and the run goes on when there is room',
  async (place, _, size) => {
    const dir = folder(documents(12))
    const before = simulator.stats.calls
    const grow = smallDisk(join(dir, '.stillroom', place), size)
    const stopped = await runIn(dir, recipe()).catch(error => ({ error, exit: error.exit, status: 'thrown' }))
    expect(stopped.error).toMatchObject({ code: 'SR_DISK_FULL', exit: 1 })
    expect(stopped.error?.hint).toMatch(/room/)
    grow('64m')
    const done = await runIn(dir, recipe())
    expect(done.error).toBeUndefined()
    const asked = simulator.stats.calls - before
    const whole = await runIn(folder(documents(12)), recipe())
    expect(done.all.map(canonical)).toEqual(whole.all.map(canonical))
    const distinct = simulator.stats.calls - before - asked
    expect(asked).toBeLessThanOrEqual(distinct + 2 * concurrency)
  },
)
