import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { gzipSync, zstdCompressSync } from 'node:zlib'
import type { FormName } from '../../../src/sources/forms.ts'
import { tar, tarMember, zip } from '../archives.ts'

/** Files of a form made to cost much more than they weigh; `size` is how much, in bytes or levels. */
type Made = { [label: string]: (size: { bytes: number; deep: number }) => Buffer | string }
type Table = { [name in FormName]?: Made }

const zeros = (bytes: number): Buffer => Buffer.alloc(bytes)

/** A deflate stream that expands a thousandfold, in whatever the form keeps such streams in. */
export const bombs: Table = {
  text: {
    'txt.gz': ({ bytes }) => gzipSync(Buffer.alloc(bytes, 'a ')),
    'txt.zst': ({ bytes }) => zstdCompressSync(Buffer.alloc(bytes, 'a ')),
  },
  jsonl: {
    'jsonl.gz': ({ bytes }) =>
      gzipSync(Buffer.concat([Buffer.from('{"text":"'), Buffer.alloc(bytes, 'a '), Buffer.from('"}\n')])),
    json: ({ bytes }) => `[${'1,'.repeat(bytes / 200)}1]`,
  },
  csv: {
    'csv.gz': ({ bytes }) => gzipSync(Buffer.concat([Buffer.from('text\n"'), Buffer.alloc(bytes, 'a ')])),
    csv: ({ bytes }) => `${'c,'.repeat(bytes / 100)}c\n${'1,'.repeat(bytes / 100)}1\n`,
  },
  zip: {
    zip: ({ bytes }) =>
      zip([
        { name: 'a.txt', content: zeros(bytes) },
        { name: 'b.jsonl', content: Buffer.alloc(bytes, ' ') },
        { name: 'c.md', content: 'C' },
      ]),
    'zip.gz': ({ bytes }) => gzipSync(zip([{ name: 'a.csv', content: zeros(bytes), method: 0 }])),
    'many.zip': ({ deep }) =>
      zip(Array.from({ length: Math.min(60_000, deep) }, (_, i) => ({ name: `${i}.md`, content: '', method: 0 }))),
    'overlap.zip': ({ bytes }) => overlapping(bytes),
  },
  tar: {
    'tar.gz': ({ bytes }) =>
      gzipSync(tar(tarMember('a.txt', zeros(bytes)), tarMember('b.unread', zeros(bytes)), tarMember('c.md', 'C'))),
    'headers.tar.gz': ({ deep }) =>
      gzipSync(
        Buffer.concat([
          ...Array.from({ length: Math.min(20_000, deep) }, () => tarMember('x', '17 path=a/b.md\n', 'x')),
          tar(tarMember('c.md', 'C')),
        ]),
      ),
  },
  sqlite: {
    sqlite: () => {
      const folder = mkdtempSync(join(tmpdir(), 'sample-'))
      const database = new DatabaseSync(join(folder, 'x'))
      database.exec('create view v as with recursive c(x) as (select 1 union all select x + 1 from c) select x from c')
      database.close()
      const made = readFileSync(join(folder, 'x'))
      rmSync(folder, { recursive: true })
      return made
    },
  },
}

/** Members that share one stream of many bytes: each is small in the list, and all together are not. */
function overlapping(bytes: number): Buffer {
  const whole = zip([{ name: 'a.csv', content: Buffer.alloc(bytes, 'a,b\n') }])
  const start = whole.indexOf('PK\x01\x02')
  const entry = whole.subarray(start, whole.indexOf('PK\x05\x06', start))
  const entries = Array.from({ length: 50 }, (_, i) => {
    const one = Buffer.from(entry)
    one.write(`${String.fromCharCode(97 + (i % 26))}.csv`, 46)
    return one
  })
  const end = Buffer.from(whole.subarray(whole.indexOf('PK\x05\x06', start)))
  for (const at of [8, 10]) end.writeUInt16LE(entries.length, at)
  end.writeUInt32LE(entry.length * entries.length, 12)
  return Buffer.concat([whole.subarray(0, start), ...entries, end])
}

/** Levels inside levels. */
export const nests: Table = {
  markdown: {
    md: ({ deep }) =>
      `${'> '.repeat(deep)}quoted\n\n${'[('.repeat(deep)}\n\n${Array.from({ length: Math.min(deep, 2000) }, (_, i) => `${' '.repeat(2 * i)}- a`).join('\n')}`,
    'tags.md': ({ deep }) => `${'<div>'.repeat(deep)}x`,
  },
  rst: {
    rst: ({ deep }) =>
      `${'*`'.repeat(deep)}\n\n${Array.from({ length: Math.min(deep, 1000) }, (_, i) => `${'   '.repeat(i)}.. note::\n`).join('\n')}`,
  },
  jsonl: {
    jsonl: ({ deep }) => `${'{"a":'.repeat(deep)}1${'}'.repeat(deep)}\n{"text":"after"}\n`,
    'array.json': ({ deep }) => `[${'['.repeat(deep)}${']'.repeat(deep)},{"text":"after"}]`,
    'open.json': ({ deep }) => '['.repeat(10 * deep),
  },
  csv: { csv: ({ deep }) => `text\n${'"'.repeat(2 * deep)}\n${'"a","'.repeat(deep)}` },
  zip: {
    zip: ({ deep }) => {
      let inner = zip([{ name: 'a.md', content: 'in' }])
      for (let i = 0; i < Math.min(deep, 500); i++) inner = zip([{ name: 'z.zip', content: inner, method: 0 }])
      return inner
    },
    'folders.zip': ({ deep }) => zip([{ name: `${'a/'.repeat(Math.min(deep, 30_000))}b.md`, content: 'B' }]),
  },
  tar: {
    'tar.gz': ({ deep }) => {
      let inner = tar(tarMember('a.md', 'in'))
      for (let i = 0; i < Math.min(deep, 200); i++) inner = gzipSync(tar(tarMember('t.tgz', inner)))
      return inner
    },
    'txt.gz': ({ deep }) => {
      let inner: Buffer = Buffer.from('in')
      for (let i = 0; i < Math.min(deep, 500); i++) inner = gzipSync(inner)
      return inner
    },
  },
}

/** What a password protects. */
export const encrypted: Table = {
  zip: {
    zip: () =>
      zip([
        { name: 'a.md', content: 'x', flags: 1 },
        { name: 'b.md', content: 'x', flags: 1, method: 99 },
      ]),
    'list.zip': () => zip([{ name: 'a.md', content: 'x', flags: 0x41 }]),
  },
}
