import { createServer, type RequestListener } from 'node:http'
import type { AddressInfo } from 'node:net'
import { afterEach, describe, expect, it } from 'vitest'
import { Fault, type SeenLimits } from './contract.ts'
import { ask, endpointOf, openAgent, type Post, post } from './post.ts'

const closing: (() => unknown)[] = []
afterEach(async () => {
  for (const close of closing.splice(0).toReversed()) await close()
})

const secret = 'sk-test-0123456789abcdef'

async function serve(listener: RequestListener) {
  const server = createServer(listener)
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve))
  const dispatcher = openAgent(5)
  closing.push(() => {
    server.closeAllConnections()
    return new Promise(resolve => server.close(resolve))
  })
  closing.push(() => dispatcher.destroy())
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/v1/chat`
  const connection = { dispatcher, headers: { authorization: `Bearer ${secret}` }, secret }
  const send = (more: Partial<Post> = {}) => post({ ...connection, to: endpointOf(url), body: { a: 1 }, ...more })
  return {
    url,
    connection,
    send,
    fault: (more?: Partial<Post>) =>
      send(more).then(
        () => undefined,
        error => error,
      ),
  }
}

describe('post', () => {
  it('reads JSON under any content type, with a byte order mark, and cut inside a character', async () => {
    const body = Buffer.from(`\ufeff${JSON.stringify({ text: 'ふかい海 and 🌊' })}`)
    const { send } = await serve((_, response) => {
      response.writeHead(200, { 'content-type': 'text/plain' })
      let at = 0
      const next = () => {
        if (at >= body.length) {
          response.end()
          return
        }
        at += 5
        response.write(body.subarray(at - 5, at), () => setImmediate(next))
      }
      next()
    })
    expect((await send()).json).toEqual({ text: 'ふかい海 and 🌊' })
  })

  it.each([
    ['a page of HTML', '<html><body>busy</body></html>', {}],
    ['JSON that stops', '{"a": [1, 2', {}],
    ['nothing', '', {}],
    ['a body shorter than announced', '{"a": 1}', { 'content-length': '40' }],
  ])('takes 200 with %s for sick', async (_, body, headers) => {
    const { fault } = await serve((_, response) => {
      response.writeHead(200, { 'content-type': 'application/json', ...headers })
      response.end(body)
      if ('content-length' in headers) response.socket!.end()
    })
    expect(await fault()).toMatchObject({ name: 'Fault', policy: 'health' })
  })

  it('takes a reset in mid-body for sick, and says that it may have been worked on', async () => {
    const { fault } = await serve((_, response) => {
      response.writeHead(200)
      response.write('{"a": 1', () => response.socket!.resetAndDestroy())
    })
    expect(await fault()).toMatchObject({ policy: 'health', unsent: false })
  })

  it('hears of limits with a refusal too, once, and not of what comes before the reply', async () => {
    const { fault } = await serve((_, response) => {
      response.writeEarlyHints({ link: '</x>; rel=preload', 'x-ratelimit-limit-requests': '1' })
      response.writeHead(429, { 'retry-after': '7', 'x-ratelimit-remaining-requests': '0' })
      response.end('{"error":{"message":"slow down"}}')
    })
    const heard: SeenLimits[] = []
    const error = await fault({ limits: seen => heard.push(seen) })
    expect(error).toMatchObject({ policy: 'capacity', retryAfter: 7000, message: 'HTTP 429: slow down' })
    expect(heard).toEqual([{ requests: { remaining: 0 } }])
  })

  it('keeps the beginning of an error that repeats the request', async () => {
    const { fault } = await serve((_, reply) => {
      reply.writeHead(500).end(JSON.stringify({ error: { message: `no ${'x'.repeat(100_000)}` } }))
    })
    const { message } = await fault()
    expect(message).toContain('no xxx')
    expect(message.length).toBeLessThan(3000)
  })

  it('ends all calls of a signal with its reason, before and in the middle of a reply', async () => {
    let begun = 0
    const stop = new AbortController()
    const { fault } = await serve((_, response) => {
      response.writeHead(200)
      response.write('{"a":', () => ++begun === 8 && stop.abort(new Error('stopped by hand')))
    })
    const all = await Promise.all(Array.from({ length: 8 }, () => fault({ signal: stop.signal })))
    expect(new Set(all.map(error => error.message))).toEqual(new Set(['stopped by hand']))
    expect((await fault({ signal: stop.signal })).message).toBe('stopped by hand')
    expect(begun).toBe(8)
  })

  it.each([200, 400, 401, 404, 429, 500, 302])('shows no key that a server echoes with %i', async status => {
    const { fault, send } = await serve((request, response) => {
      response.writeHead(status)
      response.end(
        status === 200 ? request.headers.authorization : JSON.stringify({ error: request.headers.authorization }),
      )
    })
    if (status === 400) expect((await send()).status).toBe(400)
    else {
      const error = await fault()
      expect(error).toBeInstanceOf(Fault)
      expect(`${error.message} ${error.stack} ${JSON.stringify(error)}`).not.toContain(secret)
    }
  })
})

describe('ask', () => {
  it('sends what an iterable gives, with its length or without', async () => {
    const got: { length?: string; body: string; type?: string }[] = []
    const { connection, url } = await serve(async (request, response) => {
      let body = ''
      for await (const part of request) body += part
      got.push({ length: request.headers['content-length']!, type: request.headers['content-type']!, body })
      response.end('{}')
    })
    const parts = async function* () {
      yield Buffer.from('one ')
      yield Buffer.from('two')
    }
    const type = 'text/x'
    await ask(connection, 'POST', endpointOf(url), { type, length: 7, parts: parts() })
    await ask(connection, 'POST', endpointOf(url), { type, parts: parts() })
    await ask(connection, 'DELETE', endpointOf(url))
    expect(got).toEqual([
      { length: '7', body: 'one two', type },
      { length: undefined, body: 'one two', type },
      { length: undefined, body: '', type: undefined },
    ])
  })

  it('takes an empty reply, and only the other statuses that it was told', async () => {
    const { connection, url } = await serve((request, response) => {
      response.writeHead(request.method === 'DELETE' ? 204 : 404)
      response.end()
    })
    expect((await ask(connection, 'DELETE', endpointOf(url))).status).toBe(204)
    expect((await ask(connection, 'GET', endpointOf(url), undefined, [404])).status).toBe(404)
    await expect(ask(connection, 'GET', endpointOf(url))).rejects.toMatchObject({ policy: 'route', status: 404 })
  })
})
