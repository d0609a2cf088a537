import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'

type Said = { content?: string; status?: number; after?: Promise<unknown>; tokens?: number | 'unsaid' }
export type Scripted = { url: string; bodies: { messages: { content: string }[] }[]; stop(): Promise<void> }

/** A chat server that answers as a test tells it, call by call; `after` holds a reply back. */
export async function scriptedServer(answer: (content: string, n: number) => Said): Promise<Scripted> {
  const bodies: Scripted['bodies'] = []
  const server: Server = createServer(async (request, response) => {
    let text = ''
    for await (const chunk of request) text += chunk
    const body = JSON.parse(text) as Scripted['bodies'][number]
    const n = bodies.push(body) - 1
    const said = answer(body.messages.at(-1)!.content, n)
    await said.after
    response.writeHead(said.status ?? 200, { 'content-type': 'application/json' })
    if (said.status)
      return response.end(JSON.stringify({ error: { message: 'no', type: 'x', param: null, code: null } }))
    const tokens = said.tokens ?? 5
    const usage = tokens !== 'unsaid' && { prompt_tokens: 10, completion_tokens: tokens, total_tokens: 10 + tokens }
    return response.end(
      JSON.stringify({
        model: 'scripted',
        choices: [{ index: 0, message: { role: 'assistant', content: said.content ?? 'ok' }, finish_reason: 'stop' }],
        ...(usage && { usage }),
      }),
    )
  })
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve))
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/v1`,
    bodies,
    async stop() {
      server.closeAllConnections()
      await new Promise(resolve => server.close(resolve))
    },
  }
}
