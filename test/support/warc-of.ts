import { gzipSync } from 'node:zlib'

/** A record as it is written: `type` response, resource, ...; fields over those it has by itself. */
export type Written = {
  type?: string
  uri?: string
  body: string | Uint8Array
  fields?: { [name: string]: string | undefined }
}

/** A record of a WARC file, with the two line ends behind it (ISO 28500, 5). */
export function recordOf({ type = 'conversion', uri = 'https://example.org/a', body, fields = {} }: Written): Buffer {
  const block = Buffer.from(body)
  const all: { [name: string]: string | undefined } = {
    'WARC-Type': type,
    'WARC-Target-URI': uri,
    'Content-Type': type === 'response' ? 'application/http; msgtype=response' : 'text/plain',
    'Content-Length': String(block.length),
    ...fields,
  }
  const lines = Object.entries(all).flatMap(([name, value]) => (value === undefined ? [] : [`${name}: ${value}\r\n`]))
  return Buffer.concat([Buffer.from(`WARC/1.0\r\n${lines.join('')}\r\n`), block, Buffer.from('\r\n\r\n')])
}

/** Records as a file: plain, a gzip member each, or one gzip stream around all. */
export function warcOf(records: Buffer[], packed: 'plain' | 'members' | 'stream' = 'plain'): Buffer {
  if (packed === 'members') return Buffer.concat(records.map(record => gzipSync(record)))
  const all = Buffer.concat(records)
  return packed === 'stream' ? gzipSync(all) : all
}

/** What a server answered, with its head. */
export function answer(body: string | Uint8Array, headers: { [name: string]: string } = {}, status = 200): Buffer {
  const all = { 'Content-Type': 'text/plain; charset=utf-8', ...headers }
  const lines = Object.entries(all).map(([name, value]) => `${name}: ${value}\r\n`)
  return Buffer.concat([Buffer.from(`HTTP/1.1 ${status} \r\n${lines.join('')}\r\n`), Buffer.from(body)])
}
