import { spawn } from 'node:child_process'
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { hostname, tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { sha256 } from '../records/index.ts'
import { takeLock } from './index.ts'

let dir: string
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'stillroom-lock-'))
})
afterEach(() => rmSync(dir, { recursive: true, force: true }))

const dead = JSON.stringify({ pid: 999_999_999, host: hostname(), since: '', born: '1', command: 'gone' })
const now = new Date(0)

test('a lock is taken, refused by name, given back, and leaves nothing behind', () => {
  const file = join(dir, 'lock')
  writeFileSync(file, dead)
  const release = takeLock(file, now, 'first')
  expect(() => takeLock(file, now, 'second')).toThrow(
    expect.objectContaining({ code: 'SR_LOCKED', received: expect.stringContaining('first') }),
  )
  expect(readdirSync(dir)).toEqual(['lock'])
  release()
  takeLock(file, now, 'second')()
  expect(readdirSync(dir)).toEqual([])
})

test('a takeover whose process died half-way is taken over in turn', () => {
  const file = join(dir, 'lock')
  writeFileSync(file, dead)
  // The right to replace that stale lock, held by one that is gone as well.
  writeFileSync(`${file}.${sha256(dead).slice(0, 12)}`, dead.replace('gone', 'gone too'))
  takeLock(file, now, 'third')()
  expect(readdirSync(dir)).toEqual([])
  // And held by a living one: who comes now is told so.
  writeFileSync(file, dead)
  const release = takeLock(`${file}.${sha256(dead).slice(0, 12)}`, now, 'taking over')
  expect(() => takeLock(file, now, 'fourth')).toThrow(expect.objectContaining({ code: 'SR_LOCKED' }))
  release()
})

test('a stale lock has one taker, however many come at once', async () => {
  const rounds = 60
  for (let round = 0; round < rounds; round++) {
    mkdirSync(join(dir, `${round}`))
    writeFileSync(join(dir, `${round}`, 'lock'), dead)
  }
  // Each waits for the others at every lock, so that they come as close together as two cores let them.
  const script = `
    import { takeLock } from ${JSON.stringify(join(import.meta.dirname, 'lock.ts'))}
    import { existsSync, writeFileSync } from 'node:fs'
    const [me, others] = [process.argv[1], process.argv.slice(2)]
    const won = []
    for (let round = 0; round < ${rounds}; round++) {
      writeFileSync(${JSON.stringify(dir)} + '/' + round + '/here-' + me, '')
      for (const other of others) while (!existsSync(${JSON.stringify(dir)} + '/' + round + '/here-' + other));
      try {
        takeLock(${JSON.stringify(dir)} + '/' + round + '/lock', new Date(0), me)
        won.push(round)
      } catch (error) {
        if (error.code !== 'SR_LOCKED') throw error
      }
    }
    console.log(JSON.stringify(won))
    process.stdin.resume()
  `
  const names = ['a', 'b', 'c']
  const children = names.map(name =>
    spawn(process.execPath, ['--input-type=module', '-e', script, name, ...names.filter(n => n !== name)]),
  )
  try {
    // All stay alive until the last one has said what it holds: nobody's lock may count as stale.
    const won = await Promise.all(
      children.map(
        child =>
          new Promise<number[]>((resolve, reject) => {
            child.stdout.on('data', data => resolve(JSON.parse(String(data))))
            child.stderr.on('data', data => reject(new Error(String(data))))
          }),
      ),
    )
    expect(won.flat().sort((a, b) => a - b)).toEqual(Array.from({ length: rounds }, (_, i) => i))
    for (const [i, child] of children.entries())
      for (const round of won[i]!)
        expect(JSON.parse(readFileSync(join(dir, `${round}`, 'lock'), 'utf8'))).toMatchObject({ pid: child.pid })
  } finally {
    for (const child of children) child.stdin.end()
  }
})
