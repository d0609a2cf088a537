import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { afterEach, describe, expect, it, test } from 'vitest'
import { teacherConfig } from './config.ts'
import type { Teacher } from './contract.ts'
import { openTeacher } from './open.ts'
import { resolveTeacher } from './presets.ts'

const closing: (() => unknown)[] = []
afterEach(async () => {
  for (const close of closing.splice(0).toReversed()) await close()
})

/** A server that gives each request what stands next in the list, and keeps what it was asked. */
async function scripted(replies: { status?: number; body: unknown }[]): Promise<{ url: string; bodies: object[] }> {
  const bodies: object[] = []
  const server = createServer(async (request, response) => {
    let text = ''
    for await (const part of request) text += part
    bodies.push(JSON.parse(text))
    const { status = 200, body } = replies[bodies.length - 1]!
    response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body))
  })
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve))
  closing.push(() => new Promise(resolve => server.close(resolve)))
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/v1`, bodies }
}
function open(url: string, config: object = {}): Teacher {
  const opened = openTeacher('e', teacherConfig.parse({ model: 'm', at: url, ...config }), { env: {} })
  closing.push(() => opened.close?.())
  return opened
}
const vectors = (...list: unknown[]) => ({ body: { data: list.map((embedding, index) => ({ index, embedding })) } })

describe('what a server sends as vectors', () => {
  it('is brought into the order of the texts, in either encoding', async () => {
    // 1 and -2.5 as 32-bit floats, little-endian (IEEE 754): 00 00 80 3f and 00 00 20 c0.
    const base64 = Buffer.from('0000803f000020c0', 'hex').toString('base64')
    const data = [
      { index: 1, embedding: [3, 4] },
      { index: 0, embedding: base64 },
    ]
    const { url, bodies } = await scripted([{ body: { data, model: 'served', usage: { total_tokens: 7 } } }])
    expect(await open(url).doEmbed!(['a', 'b'], { dimensions: 2 })).toEqual({
      vectors: [new Float32Array([1, -2.5]), new Float32Array([3, 4])],
      served: 'served',
      usage: { input: 7, output: 0 },
    })
    expect(bodies).toEqual([{ model: 'm', input: ['a', 'b'], encoding_format: 'base64', dimensions: 2 }])
  })

  test.each([
    ['one too few', vectors([1]), /1 vectors came for 2 texts/],
    ['one too many', vectors([1], [1], [1]), /3 vectors came for 2 texts/],
    ['two for one text', { body: { data: [0, 0].map(index => ({ index, embedding: [1] })) } }, /index 0/],
    ['one for no text', { body: { data: [0, 2].map(index => ({ index, embedding: [1] })) } }, /index 2/],
    ['two lengths', vectors([1, 2], [1]), /1 dimensions came where 2/],
    ['an empty one', vectors([1], []), /a vector is none/],
    ['words', vectors(['a'], ['b']), /a vector is none/],
    ['half a number', vectors('AAAAAAA=', 'AAAAAAA='), /broke off/],
    ['nothing', { body: { object: 'list' } }, /without vectors/],
    ['an error within', { body: { error: { message: 'upstream', code: 503 } } }, /HTTP 503: upstream/],
  ])('is no reply: %s', async (_, reply, message) => {
    const { url } = await scripted([reply])
    await expect(open(url).doEmbed!(['a', 'b'], {})).rejects.toMatchObject({
      name: 'Fault',
      policy: 'health',
      message: expect.stringMatching(message),
    })
  })

  it('of another length than asked will never come', async () => {
    const { url } = await scripted([vectors([1, 2, 3])])
    await expect(open(url).doEmbed!(['a'], { dimensions: 2 })).rejects.toMatchObject({ policy: 'route' })
  })
})

describe('what is sent', () => {
  it('is nothing for no texts', async () => {
    const { url, bodies } = await scripted([])
    expect(await open(url).doEmbed!([], {})).toEqual({ vectors: [], usage: { input: 0, output: 0 } })
    expect(bodies).toEqual([])
  })

  it('has no encoding any more after a refusal in any words, and no key in what is told of it', async () => {
    const message = 'Only float encodings are supported, sk-secret-0123456789'
    const refused = { status: 422, body: { detail: message } }
    const { url, bodies } = await scripted([refused, vectors([1]), vectors([1]), refused])
    const embedder = open(url)
    for (const text of ['a', 'b']) expect((await embedder.doEmbed!([text], {})).vectors).toHaveLength(1)
    expect(bodies.map(body => 'encoding_format' in body)).toEqual([true, false, false])
    const { rejected } = await embedder.doEmbed!(['c'], {})
    expect(rejected).toEqual({ status: 422, message: expect.not.stringContaining('sk-secret') })
  })

  it('follows the provider: names, limits, and who makes vectors at all', () => {
    const of = (config: object) => resolveTeacher('e', teacherConfig.parse(config)).embeds
    expect(of({ model: 'mistral/codestral-embed' })).toMatchObject({ texts: 256, dimensionsName: 'output_dimension' })
    expect(of({ model: 'google/gemini-embedding-2', texts: 7 })).toMatchObject({ texts: 7, numbers: true })
    expect(of({ model: 'openai/text-embedding-3-small' })).toEqual({ texts: 2048, tokens: 300_000 })
    expect(of({ model: 'anthropic/claude' })).toBeUndefined()
    expect(of({ model: 'deepseek/deepseek-chat' })).toBeUndefined()
    expect(of({ model: 'm', at: 'http://localhost:1', protocol: 'anthropic' })).toBeUndefined()
  })
})
