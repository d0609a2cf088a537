import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { stringify } from 'yaml'
import { z } from 'zod'
import { builtinSteps } from '../../src/builtin-steps.ts'
import type { Rec } from '../../src/records/index.ts'
import { openProject, openSession } from '../../src/run/index.ts'
import { defineMap, parsePrompt } from '../../src/steps/index.ts'
import type { Reply } from '../../src/teachers/index.ts'
import { folder, runIn } from '../support/project.ts'
import { finish, releaseBytes } from '../support/released.ts'
import { type Simulator, simulator } from '../support/simulators.ts'

/** Documents of about 1,900 tokens that share no beginning. */
function manuals(n: number): { [path: string]: string } {
  const parts = ['inlet valve', 'relief spring', 'feed pump', 'heat exchanger', 'float switch', 'pilot burner']
  const files: { [path: string]: string } = {}
  for (let i = 0; i < n; i++) {
    const lines = Array.from({ length: 45 }, (_, j) => {
      const [part, other] = [parts[(i + j) % 6]!, parts[(i * 5 + j * 3 + 1) % 6]!]
      return `Machine ${i}, rule ${j}: the ${part} opens at ${3 + i + j} bar, because the ${other} can no longer hold it shut, and it is cleaned every ${(i + j) % 11} weeks.`
    })
    files[`docs/manual-${i}.md`] = `# Manual of machine ${i}\n\n${lines.join('\n\n')}\n`
  }
  return files
}

const latencyMs = 25
const price = { input: 3, output: 15, cachedInput: 0.3, cacheWrite: 3.75 }
const cached = { latencyMs, cache: { minTokens: 1024 }, prices: price }
type How = { protocol?: 'anthropic'; prompt?: string; draws?: number }
function recipe({ protocol, prompt, draws = 2 }: How = {}) {
  const teacher = (name: string) => ({ model: `simulate/${name}`, price, ...(protocol ? { protocol } : {}) })
  return {
    name: 'cached',
    seed: 3,
    teachers: { writer: teacher('writer'), solver: teacher('solver'), judge: teacher('judge') },
    sources: { docs: { files: 'docs/*.md', license: 'cc0-1.0' } },
    steps: [
      { ask: { from: 'docs', teacher: 'writer', questions: 5 } },
      { answer: { teacher: 'solver', samples: draws, ...(prompt ? { prompt } : {}) } },
      { judge: { teacher: 'judge', drop: '30%' } },
    ],
    release: { version: '0.1.0', license: 'cc-by-4.0', date: '2026-01-01' },
    gates: { decontaminated: { override: 'a test has no evaluation set' } },
  }
}

async function ran(server: Simulator, how: How = {}, files: { [path: string]: string } = {}, n = 8) {
  const dir = folder({ ...manuals(n), ...files, 'recipe.yaml': stringify(recipe(how)) })
  const result = await finish(dir, server.url)
  expect(result.error).toBeUndefined()
  return { dir, result, bytes: releaseBytes(dir) }
}

/**
 * Calls of a model that found their document in the cache, of all that could. A provider has a prefix from the first reply
 * to it on; the log says when each call arrived.
 */
function served(server: Simulator, model: string): { hits: number; most: number } {
  const first = new Map<string, number>()
  let hits = 0
  let most = 0
  for (const { at, model: of, body } of server.log) {
    if (of !== model) continue
    const key = /machine \d+/i.exec(JSON.stringify((body as { messages: object }).messages))![0]
    const known = first.get(key)
    if (known === undefined) first.set(key, at)
    else {
      most++
      if (at >= known + latencyMs - 2) hits++
    }
  }
  return { hits, most }
}

const unmarked = (file: string) =>
  readFileSync(join(import.meta.dirname, '../../src', file), 'utf8').replace('<!-- shared -->\n', '')

describe('calls that begin with the same document', () => {
  test('wait for the first of them, so that the cache serves all others', async () => {
    const server = await simulator(cached)
    const { bytes } = await ran(server)
    for (const model of ['solver', 'judge']) {
      const { hits, most } = served(server, model)
      expect(most).toBeGreaterThan(30)
      expect(hits).toBe(most)
    }
    const { input, cachedInput } = server.stats.models.solver!
    expect(cachedInput / input).toBeGreaterThan(0.75)

    // Sent as they come, most arrive before there is anything to read.
    const other = await simulator(cached)
    await ran(other, { prompt: './answer.md' }, { 'answer.md': unmarked('generate/answer/answer.en.md') })
    const { hits, most } = served(other, 'solver')
    expect(most).toBe(served(server, 'solver').most)
    expect(hits).toBeLessThan(0.7 * most)

    const none = await simulator()
    expect((await ran(none)).bytes).toEqual(bytes)
  })

  test.each([undefined, 'anthropic'] as const)('are billed as the server says, over %s', async protocol => {
    const server = await simulator(cached)
    const how = protocol ? { protocol } : {}
    const { dir, result, bytes } = await ran(server, how)
    for (const [name, total] of Object.entries(result.calls)) {
      const bill = server.stats.models[name]!
      expect(total).toMatchObject({
        sent: bill.replies,
        input: bill.input,
        output: bill.output,
        cached: bill.cachedInput,
        written: bill.cacheWrite,
      })
      expect(total.usd).toBeCloseTo(bill.usd, 9)
      const full = (bill.input * price.input + bill.output * price.output) / 1e6
      expect(total.saved.cache).toBeCloseTo(full - bill.usd, 9)
    }
    expect(result.calls.solver!.saved.cache).toBeGreaterThan(0)

    const project = await openProject(join(dir, 'recipe.yaml'), builtinSteps)
    const session = openSession(project.workspace, { command: 'test' })
    try {
      const judged = [...result.rows()].flatMap(row => Object.values(row.scores).flatMap(({ call }) => call ?? []))
      const read = judged.filter(call => {
        const [{ replyBody } = {}] = session.journal.show(call)
        return ((replyBody as Reply).usage.cachedInput ?? 0) > 1024
      })
      expect(read.length).toBeGreaterThan(0.5 * judged.length)
      const { usd, tokens } = session.journal.spent()
      expect(usd).toBeCloseTo(server.stats.usd, 9)
      expect(tokens).toBe(server.stats.tokens.input + server.stats.tokens.output)
    } finally {
      session.close()
    }
    const none = await simulator()
    expect((await ran(none, how)).bytes).toEqual(bytes)
  })

  test('are marked where the vendor wants it: written once for each document, and read by the others', async () => {
    const server = await simulator(cached)
    await ran(server, { protocol: 'anthropic' })
    for (const model of ['solver', 'judge']) {
      const bodies = server.log.filter(entry => entry.model === model).map(({ body }) => JSON.stringify(body))
      const { hits, most } = served(server, model)
      expect(hits).toBe(most)
      expect(bodies.filter(body => body.includes('"cache_control":{"type":"ephemeral"}'))).toHaveLength(bodies.length)
      const { cacheWrite, cachedInput } = server.stats.models[model]!
      const prefix = cacheWrite / 8
      // Prefixes differ by a few digits: their mean serves.
      expect(prefix).toBeGreaterThan(1024)
      expect(cachedInput / prefix).toBeCloseTo(bodies.length - 8, 0)
    }
  })
})

/** The same question with and without the word of what it shares with others. */
const summarise = (verb: string, shares: boolean) =>
  defineMap<{ teacher: string }, 'document', 'prompt'>({
    verb,
    about: 'Asks for a summary.',
    version: 1,
    options: z.strictObject({ teacher: z.string() }),
    takes: ['document'],
    gives: ['prompt'],
    reasons: [],
    needs: { teachers: ['teacher'] },
    teacher: ({ teacher }) => teacher,
    prompt(record) {
      const { messages, prefix } = parsePrompt(
        '## user\n{{text}}\n<!-- shared -->\nSay it in one line.\n',
        'summarise.md',
      ).ask({ text: record.text })
      expect(prefix!.characters).toBeGreaterThan(4096)
      return { messages, ...(shares ? { prefix: prefix! } : {}) }
    },
    parse: ({ content }) => ({
      is: 'made',
      made: [{ payload: { kind: 'prompt', messages: [{ role: 'user', content }] }, index: 0 }],
    }),
  })

test('what a request shares with others is no part of what it is', async () => {
  const server = await simulator(cached)
  const dir = folder(manuals(4))
  const steps = [summarise('with', true), summarise('without', false)]
  const go = (verb: string) => {
    const what = { ...recipe(), steps: [{ [verb]: { from: 'docs', teacher: 'writer' } }] }
    return runIn(dir, what, { steps, env: { STILLROOM_SIMULATOR: server.url } })
  }
  const said = (rows: Rec[]) => rows.map(row => [row.digest, row.lineage.made!.calls])
  const first = await go('with')
  expect(server.stats.calls).toBe(4)
  expect(said((await go('without')).all)).toEqual(said(first.all))
  expect(server.stats.calls).toBe(4)
})
