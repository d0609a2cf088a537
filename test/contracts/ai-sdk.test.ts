import { createOpenAICompatible } from '@ai-sdk/openai-compatible'
import { afterEach, expect, test } from 'vitest'
import { z } from 'zod'
import { type Simulator, type SimulatorFault, type SimulatorOptions, startSimulator } from '../../src/simulate/index.ts'
import {
  aiSdkEmbedder,
  aiSdkTeacher,
  openTeacher,
  type Request,
  type Teacher,
  teacherConfig,
} from '../../src/teachers/index.ts'

const closing: (() => unknown)[] = []
afterEach(async () => {
  for (const close of closing.splice(0).toReversed()) await close()
})

async function pair(options: SimulatorOptions = {}): Promise<{ simulator: Simulator; ours: Teacher; theirs: Teacher }> {
  const simulator = await startSimulator(options)
  closing.push(simulator.stop)
  const config = teacherConfig.parse({ model: 'simulate/writer' })
  const ours = openTeacher('writer', config, { env: { STILLROOM_SIMULATOR: simulator.url } })
  closing.push(() => ours.close?.())
  const provider = createOpenAICompatible({
    name: 'simulate',
    baseURL: `${simulator.url}/v1`,
    supportsStructuredOutputs: true,
    // The package leaves log-probabilities to whoever wants them.
    metadataExtractor: {
      extractMetadata: async ({ parsedBody }) => ({
        simulate: {
          logprobs: (parsedBody as { choices: { logprobs?: { content?: [] } }[] }).choices[0]?.logprobs?.content ?? [],
        },
      }),
      createStreamExtractor: () => ({ processChunk() {}, buildMetadata: () => undefined }),
    },
  })
  const names = { id: 'simulate/writer', provider: 'simulate', model: 'writer' }
  const theirs = aiSdkTeacher(provider('writer'), { ...names, can: { logprobs: true } })
  return { simulator, ours, theirs }
}

const schema = z.toJSONSchema(z.strictObject({ score: z.int().min(1).max(5), why: z.string() }))
const open = z.toJSONSchema(z.object({ score: z.int(), why: z.string().optional() }))
const find = {
  type: 'function' as const,
  function: { name: 'find', parameters: { type: 'object', properties: { q: { type: 'string' } } } },
}
const user = (content: string) => ({ role: 'user' as const, content })
const asking: [string, Request, cap?: number][] = [
  [
    'text',
    {
      messages: [{ role: 'system', content: 'Be kind.' }, user('Say something.')],
      sampling: { temperature: 0.5, top_p: 0.9, stop: ['END'] },
    },
  ],
  ['a strict schema', { messages: [user('Grade.')], schema: { name: 'grade', schema: schema as never } }],
  ['an open schema', { messages: [user('Grade.')], schema: { name: 'grade', schema: open as never } }],
  ['a tool', { messages: [user('Look it up.')], tools: [find] }],
  [
    'a tool result',
    {
      messages: [
        user('Look it up.'),
        {
          role: 'assistant',
          content: null,
          tool_calls: [{ id: 'c1', type: 'function', function: { name: 'find', arguments: { q: 'x' } } }],
        },
        { role: 'tool', content: 'found', tool_call_id: 'c1' },
      ],
      tools: [find],
    },
  ],
  ['log-probabilities', { messages: [user('Say something.')], logprobs: 2 }],
  ['reasoning', { messages: [user('Think.')], sampling: { reasoning_effort: 'high' } }],
  ['a reply that is cut', { messages: [user('Say something long.')] }, 3],
]

test.each(asking)('%s: the same reply as through the own client', async (_, request, cap = 400) => {
  const { simulator, ours, theirs } = await pair()
  const wire = { seed: 7, cap, draw: 0 }
  const mine = await ours.doGenerate(request, wire)
  expect(await theirs.doGenerate(request, wire)).toEqual(mine)
  const [first, second] = simulator.log
  expect(second!.request).toBe(first!.request)
  expect(second!.status).toBe(200)
})

test('refusals too; a fault has the same policy, and one call stays one call', async () => {
  const request: Request = { messages: [user('Say something.')] }
  const wire = { seed: 7, cap: 400, draw: 0 }
  const refused = await pair({ refusalRate: 1 })
  const mine = await refused.ours.doGenerate(request, wire)
  expect(mine.finish).toBe('refusal')
  expect(await refused.theirs.doGenerate(request, wire)).toEqual(mine)

  const faults: SimulatorFault[] = [
    { status: 429, headers: { 'retry-after': '3' } },
    { status: 503, headers: { 'retry-after-ms': '40' } },
    { status: 401 },
    'reset',
    'truncated',
    'not-json',
  ]
  const { simulator, ours, theirs } = await pair({ schedule: faults.flatMap(fault => [fault, fault]) })
  const failed = (teacher: Teacher) => teacher.doGenerate(request, wire).then(String, fault => fault)
  for (const _ of faults) {
    const [one, other] = [await failed(ours), await failed(theirs)]
    expect(one.name).toBe('Fault')
    expect([other.policy, other.retryAfter, other.unsent]).toEqual([one.policy, one.retryAfter, one.unsent])
  }
  expect(simulator.stats.calls).toBe(2 * faults.length)
})

test('a server that is not there was never reached', async () => {
  const { simulator, theirs } = await pair()
  await simulator.stop()
  const asked = theirs.doGenerate({ messages: [user('x')] }, { seed: 1, cap: 9, draw: 0 })
  await expect(asked).rejects.toMatchObject({ policy: 'health' })
})

test('both clients bring the same vectors, of any length, and refusals', async () => {
  const { simulator, ours } = await pair()
  const provider = createOpenAICompatible({ name: 'simulate', baseURL: `${simulator.url}/v1` })
  const names = { id: 'simulate/writer', provider: 'simulate', model: 'writer' }
  const theirs = aiSdkEmbedder(provider.embeddingModel('writer'), names)
  const texts = ['A pot still.', '蒸留器', 'A pot still.']
  for (const how of [{}, { dimensions: 16 }]) {
    const { served, ...expected } = await ours.doEmbed!(texts, how)
    expect(await theirs.doEmbed!(texts, how)).toEqual(expected)
    expect(served).toBe('writer')
  }
  const refused = await theirs.doEmbed!([''], {})
  expect(refused).toEqual(await ours.doEmbed!([''], {}))
  expect(refused).toMatchObject({ rejected: { status: 400 } })
  expect(await theirs.doGenerate(asking[0]![1], { seed: 1, cap: 5, draw: 0 })).toMatchObject({ finish: 'rejected' })
  await simulator.stop()
  await expect(theirs.doEmbed!(texts, {})).rejects.toMatchObject({ policy: 'health' })
})
