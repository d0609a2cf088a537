import { StringDecoder } from 'node:string_decoder'
import { Fault } from '../contract.ts'
import { type Connection, endpointOf, errorOf, faultOf, isObject, transportFault } from '../post.ts'

/**
 * A download of JSON lines, one object at a time, no faster than they are taken.
 * @throws Fault when it does not arrive whole.
 */
export async function* lines(
  { dispatcher, headers, secret, now = Date.now }: Connection,
  url: string,
): AsyncGenerator<object> {
  const gone = (error: unknown) => (error instanceof Fault ? error : transportFault(error, secret))
  const response = await dispatcher
    .request({ ...endpointOf(url), method: 'GET', headers: { accept: '*/*', ...headers } })
    .catch(error => Promise.reject(gone(error)))
  const { statusCode: status, body } = response
  if (status < 200 || status >= 300) {
    const text = await body.text().catch(() => '')
    throw faultOf(status, errorOf(parse(text), text), response.headers, secret, now)
  }
  const decoder = new StringDecoder('utf8')
  const parts = body[Symbol.asyncIterator]()
  let rest = ''
  try {
    for (;;) {
      const part = await parts.next().catch(error => Promise.reject(gone(error)))
      rest += part.done ? decoder.end() : decoder.write(part.value as Buffer)
      let from = 0
      for (let end = rest.indexOf('\n'); end >= 0; end = rest.indexOf('\n', from)) {
        yield* value(rest.slice(from, end))
        from = end + 1
      }
      rest = rest.slice(from)
      if (part.done) break
    }
    yield* value(rest)
  } finally {
    // Left early, the rest is not downloaded.
    body.destroy()
  }
}

function* value(line: string): Generator<object> {
  if (!line.trim()) return
  const json = parse(line)
  if (json === undefined) throw new Fault('health', 'a line of the results is no complete JSON')
  if (isObject(json)) yield json
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}
