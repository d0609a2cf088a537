import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { stringify } from 'yaml'
import { builtinSteps } from '../../src/builtin-steps.ts'
import type { Payload, Rec } from '../../src/records/index.ts'
import { funnelErrors, openProject, openSession, readShard, run } from '../../src/run/index.ts'
import { startSimulator } from '../../src/testing.ts'
import { write } from '../support/project.ts'

/** Every technique that makes prompts or texts, in one run: each with a teacher of its own, so that calls can be told apart. */
const root = join(import.meta.dirname, '..', '..')
const glossary = join(root, 'examples/quickstart/documents/cncf-glossary/en')
const names = ['cluster', 'pod', 'container', 'hypervisor', 'debugging', 'cloud-computing', 'edge-computing', 'ebpf']
const documents = readdirSync(glossary).filter(file => names.includes(file.replace('.md', '')))
const queries = readFileSync(join(root, 'recipes/data/banking77.csv'), 'utf8').split('\n').slice(0, 40).join('\n')
const chat = (n: number) => ({
  id: `chat-${n}`,
  messages: [
    { role: 'system', content: 'You help the customers of a bank.' },
    { role: 'user', content: `Where is the card that I ordered ${n} days ago?` },
    { role: 'assistant', content: 'On its way.' },
    { role: 'user', content: `And what do I do if it does not come within ${n + 5} days?` },
    { role: 'assistant', content: 'Wait.' },
  ],
})

const techniques = [
  'rephrase',
  'backtranslate',
  'multi-document',
  'persona',
  'syllabus',
  'from-queries',
  'redistil',
  'translate',
]
const recipe = (own: { [technique: string]: object } = {}) => {
  const step = (verb: string, options: object) => ({ [verb]: { teacher: verb, ...options, ...own[verb] } })
  return {
    name: 'prompts',
    seed: 7,
    teachers: Object.fromEntries([...techniques, 'answer'].map(name => [name, { model: `simulate/${name}` }])),
    sources: {
      docs: { files: 'docs/*.md', license: 'CC-BY-4.0' },
      queries: {
        files: 'queries.csv',
        license: 'CC-BY-4.0',
        kind: 'prompt',
        columns: { prompt: 'text', topic: 'category' },
      },
      chats: { files: 'chats.jsonl', license: 'cc0-1.0', origin: 'real', kind: 'conversation' },
    },
    steps: [
      step('rephrase', { from: 'docs', styles: ['faq'], numbers: 0, own: 0 }),
      step('backtranslate', { from: ['docs', 'rephrase'], characters: [100, 900], min: 2 }),
      step('multi-document', { from: 'docs', include: false }),
      step('persona', { from: 'docs', tasks: ['a question from their work'] }),
      step('syllabus', { from: 'docs', subjects: ['containers', 'debugging'], depth: 1, breadth: 2, count: 3 }),
      step('from-queries', { from: 'queries', slips: 0.5 }),
      { answer: { from: ['multi-document', 'persona', 'syllabus', 'from-queries'], teacher: 'answer' } },
      step('redistil', { from: 'chats' }),
      step('translate', { from: ['answer', 'backtranslate', 'redistil'], to: 'ja', numbers: 0 }),
    ],
  }
}

let server: Awaited<ReturnType<typeof startSimulator>>
let dir: string
type Finished = Awaited<ReturnType<typeof finish>>
let first: Finished

async function finish(own?: Parameters<typeof recipe>[0]) {
  write(dir, { 'recipe.yaml': stringify(recipe(own)) })
  const before = server.log.length
  const project = await openProject(join(dir, 'recipe.yaml'), builtinSteps)
  const session = openSession(project.workspace, { command: 'test' })
  try {
    const plan = await project.plan()
    const result = await run({ plan, session, env: { STILLROOM_SIMULATOR: server.url } })
    expect(result.error).toBeUndefined()
    const nodes = new Map(plan.stages.flatMap(stage => stage.nodes).map(node => [node.key, node]))
    const after = (key: string): Rec[] =>
      result.shards.get(key)!.flatMap(shard => [...readShard(session.store, shard)].map(({ record }) => record))
    const made = new Map([...nodes.keys()].filter(key => result.shards.has(key)).map(key => [key, after(key)]))
    const asked = Map.groupBy(server.log.slice(before), entry => entry.model)
    return {
      funnel: result.funnel,
      nodes,
      made,
      sources: { docs: after('docs'), queries: after('queries') },
      asked,
      rows: [...result.rows()],
    }
  } finally {
    session.close()
  }
}

beforeAll(async () => {
  server = await startSimulator({ seed: 5, logSize: 20_000 })
  dir = mkdtempSync(join(tmpdir(), 'stillroom-prompts-'))
  write(dir, {
    ...Object.fromEntries(documents.map(file => [`docs/${file}`, readFileSync(join(glossary, file), 'utf8')])),
    'queries.csv': queries,
    'chats.jsonl': [3, 9, 12].map(n => JSON.stringify(chat(n))).join('\n'),
    'own.md': '## system\n{{system}}\n\nBe brief.\n{{register}}\n\n## user\n{{turn}}\n',
  })
  first = await finish()
}, 60_000)
afterAll(async () => {
  await server.stop()
  rmSync(dir, { recursive: true, force: true })
})

test('both identities of the funnel hold, and every technique makes records', () => {
  expect(funnelErrors(first.funnel)).toEqual([])
  for (const technique of techniques) {
    const own = Object.entries(first.funnel).filter(([key]) => key === technique || key.startsWith(`${technique}.`))
    expect(
      own.some(([, counts]) => counts.made > 0),
      technique,
    ).toBe(true)
  }
})

test('what was made names its technique, the teacher that was asked and the prompt files it was asked with', () => {
  for (const [key, records] of first.made) {
    const { step, prompts, owner } = first.nodes.get(key)!
    if (step.gives === 'same' || step.shape !== 'map') continue
    const files = new Set(prompts.map(prompt => prompt.digest))
    for (const { lineage } of records) {
      const made = lineage.made!
      expect([made.step, made.version]).toEqual([key, `${step.verb}@${step.version}`])
      expect(made.teachers).toEqual([`simulate/${owner}`])
      expect(made.prompts.length).toBeGreaterThan(0)
      expect(
        made.prompts.every(digest => files.has(digest)),
        key,
      ).toBe(true)
      expect(made.calls.length).toBeGreaterThan(0)
      expect(lineage.origin).toBe('synthetic')
    }
  }
})

test('texts that entered a prompt beside the subject are parents of role context, and no others', () => {
  const context = (record: Rec) => record.lineage.parents.filter(({ role }) => role === 'context').map(({ id }) => id)
  const of = (key: string) => first.made.get(key)!
  const ids = (records: Rec[]) => new Set(records.map(({ id }) => id))
  const [docs, real] = [ids(first.sources.docs), ids(first.sources.queries)]
  expect(docs.size).toBe(documents.length)
  for (const record of of('multi-document')) {
    expect(context(record)).toHaveLength(2)
    expect(context(record).every(id => docs.has(id))).toBe(true)
  }
  for (const record of [...of('syllabus.level-1'), ...of('syllabus.fill-1')]) {
    expect(context(record)).toHaveLength(1)
    expect(docs.has(context(record)[0]!)).toBe(true)
  }
  for (const record of of('from-queries.write')) {
    expect(context(record)).toHaveLength(3)
    expect(context(record).every(id => real.has(id))).toBe(true)
  }
  for (const key of ['persona.find', 'rephrase.write', 'redistil', 'translate.write'])
    for (const record of of(key)) expect(context(record)).toEqual([])
})

test('a back-translated answer is the document, to the letter; user turns of a chat are the same', () => {
  const texts = new Map(
    [...first.sources.docs, ...first.made.get('rephrase.write')!].map(doc => [doc.id, doc as Rec<'document'>]),
  )
  const pairs = first.made.get('backtranslate.write') as Rec<'conversation'>[]
  for (const { messages, lineage } of pairs) {
    const { text } = texts.get(lineage.parents[0]!.id)!
    expect(text.slice(...lineage.made!.span!)).toBe(messages.at(-1)!.content)
  }
  const chats = first.made.get('redistil') as Rec<'conversation'>[]
  expect(chats).toHaveLength(3)
  for (const { messages } of chats) {
    const n = Number(/(\d+) days ago/.exec(messages[1]!.content!)![1])
    const old = chat(n).messages
    expect(messages.map(({ role }) => role)).toEqual(old.map(({ role }) => role))
    messages.forEach(({ role, content }, i) => {
      if (role === 'assistant') expect(content).not.toBe(old[i]!.content)
      else expect(content).toBe(old[i]!.content)
    })
  }
})

test('what came back in Japanese is Japanese, turn by turn, and says so', () => {
  expect(first.rows.length).toBeGreaterThan(50)
  for (const row of first.rows) {
    expect(row.language).toBe('ja')
    for (const { content } of (row as Payload<'conversation'> & Rec).messages) expect(content).toMatch(/[ぁ-ん]/)
  }
})

test('a second run asks nothing; another prompt asks its own technique and what is made of that again', async () => {
  const again = await finish()
  expect(again.asked.size).toBe(0)
  expect(again.rows).toEqual(first.rows)
  const changed = await finish({ redistil: { prompt: './own.md' } })
  expect([...changed.asked.keys()].sort()).toEqual(['redistil', 'translate'])
  // Two turns of three chats; system and user turns were translated before.
  expect(changed.asked.get('redistil')).toHaveLength(6)
  const translated = changed.asked.get('translate')!.map(({ body }) => JSON.stringify(body))
  expect(translated.length).toBeLessThanOrEqual(12)
  const kept = (finished: Finished) => new Map(finished.rows.map(row => [row.id, row.digest]))
  const [before, after] = [kept(first), kept(changed)]
  expect([...before].filter(([id, digest]) => after.get(id) !== digest)).toHaveLength(3)
}, 30_000)
