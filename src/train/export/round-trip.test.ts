import { mkdtempSync, readdirSync, rmSync, statSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import fc from 'fast-check'
import { afterAll, expect, test } from 'vitest'
import { type Kind, type Message, type Payload, payloadDigest } from '../../records/index.ts'
import { listFiles, readSource, sourceConfig } from '../../sources/index.ts'
import { type Content, type Reasoning, type Target, type Type, targets, writeExport } from '../index.ts'

const folder = mkdtempSync(join(tmpdir(), 'stillroom-export-'))
afterAll(() => rmSync(folder, { recursive: true }))

const origin = { name: 'x', version: '1', license: 'mit', manifest: 'a'.repeat(64), card: '' }

/** Words of any script that say something and hold no marks of reasoning. Flat formats keep no space before an answer. */
const words = fc
  .string({ unit: 'grapheme', minLength: 1, maxLength: 30 })
  .map(text => text.trimStart())
  .filter(text => text !== '' && text.isWellFormed() && !text.includes('think>'))
const json = fc.oneof(words, fc.integer(), fc.boolean(), fc.constant(null), fc.array(words, { maxLength: 2 }))
const args = fc.dictionary(
  words.filter(key => key !== '__proto__'),
  json,
  { maxKeys: 3 },
)

const user = fc.record(
  { role: fc.constant('user' as const), content: words, name: words },
  { requiredKeys: ['role', 'content'] },
)
const answer = fc.record(
  { role: fc.constant('assistant' as const), content: words, reasoning: words, weight: fc.constant(0 as const) },
  { requiredKeys: ['role', 'content'] },
)
const plainAnswer = fc.record(
  { role: fc.constant('assistant' as const), content: words, reasoning: words },
  { requiredKeys: ['role', 'content'] },
)
const system = fc.option(
  fc.record({ role: fc.constantFrom('system' as const, 'developer' as const), content: words }),
  { nil: undefined },
)
/** A question, calls of tools with or without ids, their results in order, and an answer. */
const called = fc
  .tuple(
    user,
    fc.array(fc.tuple(words, args, words), { minLength: 1, maxLength: 3 }),
    fc.boolean(),
    fc.boolean(),
    words,
    fc.boolean(),
  )
  .map(([question, calls, ids, names, said, thinks]): Message[] => [
    question,
    {
      role: 'assistant',
      content: null,
      ...(thinks ? { reasoning: said } : {}),
      tool_calls: calls.map(([name, given], i) => ({
        ...(ids ? { id: `call_${i + 7}` } : {}),
        type: 'function' as const,
        function: { name, arguments: given },
      })),
    },
    ...calls.map(
      ([name, , content], i): Message => ({
        role: 'tool',
        content,
        ...(ids ? { tool_call_id: `call_${i + 7}` } : {}),
        ...(names ? { name } : {}),
      }),
    ),
    { role: 'assistant', content: said },
  ])
const chat = fc
  .tuple(system, fc.array(fc.tuple(user, answer), { maxLength: 2 }), user, plainAnswer)
  .map(([first, turns, last, said]): Message[] => [...(first ? [first] : []), ...turns.flat(), last, said])
const tools = fc
  .array(fc.record({ name: words, description: words, parameters: args }, { requiredKeys: ['name', 'parameters'] }), {
    minLength: 1,
    maxLength: 2,
  })
  .map(all => all.map(one => ({ type: 'function' as const, function: one })))
const checked = {
  reference: words,
  verifier: fc.record({ kind: fc.constantFrom('exact', 'number'), tolerance: fc.integer() }),
}

const payloads: { [kind: string]: fc.Arbitrary<Payload> } = {
  conversation: fc.oneof(
    fc.record(
      { kind: fc.constant('conversation' as const), messages: chat, ...checked },
      { requiredKeys: ['kind', 'messages'] },
    ),
    fc.record({ kind: fc.constant('conversation' as const), messages: called, tools }),
  ),
  prompt: fc.record({
    kind: fc.constant('prompt' as const),
    messages: fc.tuple(system, user).map(([first, last]): Message[] => [...(first ? [first] : []), last]),
    ...checked,
  }),
  preference: fc
    .record({
      kind: fc.constant('preference' as const),
      prompt: fc.tuple(system, user).map(([first, last]): Message[] => [...(first ? [first] : []), last]),
      chosen: fc.tuple(plainAnswer),
      rejected: fc.tuple(plainAnswer),
    })
    .filter(({ chosen, rejected }) => chosen[0].content.trim() !== rejected[0].content.trim()),
  feedback: fc.record({
    kind: fc.constant('feedback' as const),
    prompt: fc.tuple(system, user).map(([first, last]): Message[] => [...(first ? [first] : []), last]),
    completion: fc.tuple(plainAnswer),
    label: fc.boolean(),
  }),
  document: fc.record(
    { kind: fc.constant('document' as const), text: words, title: words, uri: words },
    { requiredKeys: ['kind', 'text'] },
  ),
}

let exports = 0
/** Targets that share a type are tried once. */
const tried = new Set<string>()
const seen = new Map<Type, number>()
const idOf = (type: Type): number => seen.get(type) ?? seen.set(type, seen.size).size - 1
const cases = targets.flatMap(target =>
  Object.entries(target.types).flatMap(([type, one]) =>
    one.kinds
      .filter(kind => kind !== 'row')
      .flatMap(kind =>
        one.reasoning.slice(0, kind === 'document' ? 1 : undefined).flatMap((reasoning): Case[] => {
          const name = `${idOf(one)} ${kind} ${reasoning}`
          if (reasoning === 'drop' || tried.has(name)) return []
          tried.add(name)
          return [{ target, type, kind, reasoning }]
        }),
      ),
  ),
)
type Case = { target: Target; type: string; kind: Kind; reasoning: Reasoning }

const named = [...new Set(cases.map(one => one.target.name))]
test.each(named)('%s: what is exported comes back with its names and content', async name => {
  for (const one of cases) if (one.target.name === name) await comesBack(one)
})

async function comesBack({ target, type, kind, reasoning }: Case): Promise<void> {
  await fc.assert(
    fc.asyncProperty(fc.array(payloads[kind]!, { minLength: 1, maxLength: 8 }), async made => {
      const contents = new Map(made.map((payload, i) => [`id-${i}`, payload]))
      async function* read() {
        for (const [id, payload] of contents) yield { split: 'train', content: { ...payload, id } as Content }
      }
      const dir = join(folder, `${exports++}`)
      const done = await writeExport(target, { type, reasoning }, origin, read, dir).catch(error => {
        // Nothing but what the format cannot hold.
        expect(error.code).toBe('SR_EXPORT_EMPTY')
      })
      if (!done) return
      const config = sourceConfig.parse({ files: '**/train*.jsonl', license: 'mit', id: 'id' })
      const back = new Map<string, string>()
      for (const file of await listFiles(config, dir)) {
        for await (const item of readSource('x', config, file)) {
          expect(item).toMatchObject({ is: 'record' })
          if (item.is === 'record') back.set(item.rowId!, payloadDigest(item.payload))
        }
      }
      const left = Object.values(done.leftOut).reduce((a, b) => a + b, 0)
      expect(back.size).toBe(contents.size - left)
      const same = [...back].filter(([id, digest]) => payloadDigest(contents.get(id)!) === digest)
      const lost = Object.values(done.lost).reduce((a, b) => a + b, 0)
      expect(same.length).toBeGreaterThanOrEqual(back.size - lost)
      expect(readdirSync(dir, { recursive: true }).filter(path => String(path).includes('.tmp-'))).toEqual([])
      expect(statSync(join(dir, done.types[0]!.files[0]!.path)).size).toBe(done.types[0]!.files[0]!.bytes)
    }),
    { numRuns: 6 },
  )
}
