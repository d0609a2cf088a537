import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import type { Io } from '../../src/cli/io.ts'
import { main } from '../../src/cli/main.ts'

/** Runs a command line in this process: a pipe 100 columns wide, at one instant of time. */
export async function commandLine(
  cwd: string,
  line: string,
  more: Partial<Io> = {},
): Promise<{ code: number; out: string; err: string }> {
  let out = ''
  let err = ''
  const argv = [...line.matchAll(/"([^"]*)"|(\S+)/g)].map(([, quoted, bare]) => quoted ?? bare!)
  const code = await main(argv, {
    out: text => {
      out += text
    },
    err: text => {
      err += text
    },
    tty: false,
    width: 100,
    height: 30,
    colour: false,
    env: {},
    cwd,
    now: () => new Date('2026-11-20T10:15:00Z'),
    onInterrupt: () => () => {},
    every: () => () => {},
    wait: () => Promise.reject(new Error('nothing was to be waited for')),
    leave: () => {},
    ...more,
  })
  return { code, out, err }
}

/** What depends on digests of prompts and code, put out of sight: run ids, and shortened and whole digests. */
export function masked(text: string): string {
  return text
    .replace(/\b\d{8}-\d{6}-\d{3}-[0-9a-f]{6}\b/g, '<run>')
    .replace(/\b[0-9a-f]{64}\b/g, '<digest>')
    .replace(/\b[0-9a-f]{32}\b/g, '<id>')
    .replace(/\b(?=[0-9a-f]*\d)[0-9a-f]{12}\b/g, '<digest 12>')
}

type Asked = { messages: { role: string; content: string }[]; model: string }

/** A model server that says what a test wants it to say, over the OpenAI protocol. */
export async function scripted(
  answer: (asked: Asked) => string | Promise<string>,
): Promise<{ url: string; calls: Asked[]; stop(): Promise<void> }> {
  const calls: Asked[] = []
  const server: Server = createServer(async (request, response) => {
    const chunks: Buffer[] = []
    for await (const chunk of request) chunks.push(chunk as Buffer)
    const asked = JSON.parse(Buffer.concat(chunks).toString()) as Asked
    calls.push(asked)
    const message = { role: 'assistant', content: await answer(asked) }
    response.setHeader('content-type', 'application/json')
    response.end(
      JSON.stringify({
        id: 'x',
        object: 'chat.completion',
        created: 0,
        model: `${asked.model}-2026-11`,
        choices: [{ index: 0, message, finish_reason: 'stop' }],
        usage: { prompt_tokens: 1000, completion_tokens: 200, total_tokens: 1200 },
      }),
    )
  })
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve))
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/v1`,
    calls,
    stop: () =>
      new Promise(resolve => {
        server.close(() => resolve())
        server.closeAllConnections()
      }),
  }
}
