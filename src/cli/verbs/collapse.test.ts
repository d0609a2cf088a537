import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { commandLine } from '../../../test/support/command-line.ts'

const root = join(import.meta.dirname, '..', '..', '..')

test('a folder of documents: what is foretold, what came, and the same with one thread or two', async () => {
  const of = async (threads: number) => {
    const line = `collapse examples/quickstart/documents/rust-book --generations 2 --seeds 2 --threads ${threads} --json`
    const { code, out, err } = await commandLine(root, line)
    expect([code, err]).toEqual([0, ''])
    return JSON.parse(out)
  }
  const [one, two] = [await of(1), await of(2)]
  expect({ ...two, settings: { ...two.settings, threads: 1 } }).toEqual(one)
  expect(one.runs.replace).toHaveLength(2)
  expect(Math.abs(one.runs.replace[0].at(-1).types - one.foretold.all)).toBeLessThan(0.05)
  expect(one.runs.accumulate[0].at(-1)).toMatchObject({ types: 1, rareTypes: 1 })
  // Two seeds are no proof.
  expect(one.verdict.is).toBe('inconclusive at this corpus size')
})

test('too little text is said, with what it takes', async () => {
  const { code, err } = await commandLine(root, 'collapse recipes/data/README.md')
  expect(code).not.toBe(0)
  expect(err).toContain('too little text')
})

const shared = join(root, '..', 'shared', 'data')
describe.runIf(process.env.STILLROOM_LONG !== undefined && existsSync(shared))('on real corpora', () => {
  test.each(['wikitext-2/valid.txt', 'shakespeare/input.txt'])(
    '%s: the order of theory in eight seeds',
    async file => {
      const began = performance.now()
      const { out } = await commandLine(root, `collapse ${join(shared, file)} --seeds 8 --json`)
      const { verdict, foretold, runs } = JSON.parse(out)
      console.log(`${file}: ${((performance.now() - began) / 1000).toFixed(0)} s`, JSON.stringify(verdict.steps))
      expect(verdict.is).toBe('as predicted')
      for (const step of verdict.steps) expect(step).toMatchObject({ wins: 8, seeds: 8 })
      for (const run of runs.replace) expect(Math.abs(run.at(-1).types - foretold.all)).toBeLessThan(0.03)
    },
    1_200_000,
  )
})
