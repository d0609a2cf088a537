import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { parquetWriter } from '../../../src/records/index.ts'
import type { FormName } from '../../../src/sources/forms.ts'
import { tar, tarMember, zip } from '../archives.ts'

/** A small valid file of a form around a text: what mutators break. */
export type Sample = {
  ending: string
  /** The text lands where the form keeps its words, as it stands: what it does to markup is part of the fault. */
  build(text: Buffer): Buffer
}

const before = (text: string, ...parts: (string | Buffer)[]): Buffer =>
  Buffer.concat([Buffer.from(text), ...parts.map(part => Buffer.from(part as string))])

/** One sample a form: a form without one does not compile. */
export const samples: { [name in FormName]: Sample } = {
  markdown: { ending: 'md', build: text => before('# Title\n\n- a list\n- of two\n\n', text, '\n') },
  rst: { ending: 'rst', build: text => before('Title\n=====\n\n.. note:: a note\n\n', text, '\n') },
  text: { ending: 'txt', build: text => text },
  jsonl: {
    ending: 'jsonl',
    build: text => before('{"text":"one"}\n{"text":"', text, '"}\n{"text":"three"}\n'),
  },
  csv: { ending: 'csv', build: text => before('id,text\n1,one\n2,"', text, '"\n3,three\n') },
  parquet: {
    ending: 'parquet',
    build: text =>
      onDisk(path => {
        const writer = parquetWriter(path, { text: 'string', n: 'int' })
        for (let n = 0; n < 20; n++) writer.row({ text: n === 1 ? text.toString() : `row ${n}`, n })
        writer.end()
      }),
  },
  sqlite: {
    ending: 'sqlite',
    build: text =>
      onDisk(path => {
        const database = new DatabaseSync(path)
        database.exec('create table notes (id integer primary key, text text)')
        const insert = database.prepare('insert into notes (text) values (?)')
        for (let n = 0; n < 20; n++) insert.run(n === 1 ? text.toString() : `row ${n}`)
        database.close()
      }),
  },
  zip: {
    ending: 'zip',
    build: text =>
      zip([
        { name: 'a.md', content: '# A' },
        { name: 'b/c.txt', content: text },
        { name: 'd.jsonl', content: '{"text":"d"}\n' },
      ]),
  },
  tar: {
    ending: 'tar',
    build: text => tar(tarMember('a.md', '# A'), tarMember('b/c.txt', text), tarMember('d.jsonl', '{"text":"d"}\n')),
  },
}

function onDisk(write: (path: string) => void): Buffer {
  const folder = mkdtempSync(join(tmpdir(), 'sample-'))
  try {
    const path = join(folder, 'file')
    write(path)
    return readFileSync(path)
  } finally {
    rmSync(folder, { recursive: true })
  }
}

/** Words in two languages, so that there is something to read. */
export const words = Buffer.from(
  'A valve opens when the pressure behind it rises, and closes when it falls. 弁は圧力が上がると開き、下がると閉じる。',
)
