import { expect, test } from 'vitest'
import { documents } from '../../test/support/documents.ts'
import { folder, runIn } from '../../test/support/project.ts'
import { scriptedServer } from '../../test/support/scripted-server.ts'

const recipe = (budget: object) => ({
  name: 'unsaid',
  teachers: { writer: { model: 'simulate/m', price: { input: 10, output: 10 }, max_tokens: 1000, temperature: 1 } },
  sources: { docs: { files: 'docs/*.md', license: 'cc0-1.0' } },
  steps: [{ ask: { from: 'docs', teacher: 'writer', questions: 1 } }],
  budget,
})

test.each([[{ usd: 0.1 }], [{ tokens: 10_000 }]])(
  '%o: replies that say nothing of their tokens count in full',
  async budget => {
    const server = await scriptedServer(() => ({ content: '{"items":[]}', tokens: 'unsaid' }))
    try {
      const dir = folder(documents(20))
      const env = { STILLROOM_SIMULATOR: server.url }
      expect((await runIn(dir, recipe(budget), { env })).exit).toBe(4)
      // A call costs a cent for its output alone.
      const asked = server.bodies.length
      expect(asked).toBeGreaterThan(0)
      expect(asked).toBeLessThan(10)
      // The journal says the same to the next run.
      expect((await runIn(dir, recipe(budget), { env })).exit).toBe(4)
      expect(server.bodies.length).toBe(asked)
    } finally {
      await server.stop()
    }
  },
)

test('a request that is refused costs nothing', async () => {
  const server = await scriptedServer((_, n) => (n === 0 ? { content: '{"items":[]}' } : { status: 400 }))
  try {
    const ran = await runIn(folder(documents(5)), recipe({ usd: 0.1 }), { env: { STILLROOM_SIMULATOR: server.url } })
    expect(ran.calls.writer!.usd).toBeLessThan(0.01)
    expect(server.bodies.length).toBeGreaterThan(4)
  } finally {
    await server.stop()
  }
})
