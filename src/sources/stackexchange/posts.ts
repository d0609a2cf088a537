import { closeSync, createWriteStream, openSync, readSync } from 'node:fs'
import { DatabaseSync } from 'node:sqlite'
import { pipeline } from 'node:stream/promises'
import { setImmediate } from 'node:timers/promises'
import type { Json } from '../../records/index.ts'
import { utf8Bytes } from '../bytes.ts'
import type { SourceFile } from '../files.ts'
import type { SourceReason } from '../reasons.ts'
import { scratch } from '../scratch.ts'
import { type Attributes, attributesOf, headOf, isPlain, stretches } from './rows.ts'

/** A post, and the row of the file it stands in. */
export type Post = { id: number; row: number; score: number; given: Attributes }
export type Thread = { question: Post; accepted: number | undefined; answers: Post[] }
export type Refused = { row: number; reason: SourceReason; evidence: { [name: string]: Json } }

const [question, answer] = ['1', '2']
/** Rows between two moments in which others get their turn. */
const turn = 2000

/** Bytes of one row at most: sites take posts of 30,000 characters. */
const longestRow = 2 ** 22
/** Answers of one question; a thousand are a rarity on any site. */
const mostAnswers = 10_000

type Placed = { id: number; row: number; at: number; length: number; score: number; accepted: number | null }

/**
 * The questions of a dump in order of their ids, each with its answers in order of theirs, however far apart they stand; and
 * every post that belongs to none. Only where posts stand is kept, in a database beside the temporary files of the system
 * (about 50 bytes a post), so that memory does not grow with the dump; a packed dump is unpacked there first.
 */
export async function* threads(
  file: SourceFile,
  most: number,
): AsyncGenerator<{ thread: Thread } | { refused: Refused }> {
  const bound = Math.min(most, longestRow)
  const room = scratch()
  let database: DatabaseSync | undefined
  let handle: number | undefined
  try {
    database = new DatabaseSync(room.file())
    const absolute = await plainFile(file, room)
    handle = openSync(absolute, 'r')
    database.exec('pragma journal_mode = off; pragma synchronous = off; pragma cache_size = -32000')
    database.exec(
      'create table post (id integer primary key, question integer, accepted integer, score integer, at integer, length integer, row integer); begin',
    )
    const insert = database.prepare('insert or ignore into post values (?, ?, ?, ?, ?, ?, ?)')
    for await (const { row, at, length, bytes } of stretches(absolute, bound)) {
      if (row % turn === 0) await setImmediate()
      const refused = (reason: SourceReason, evidence: { [name: string]: Json }) => ({
        refused: { row, reason, evidence },
      })
      const given = bytes === undefined ? undefined : attributesOf(bytes)
      if (given === undefined) yield refused('line-too-long', { bytes: length, bound })
      else if (typeof given === 'string') yield refused('invalid-xml', { byte: at, error: given })
      else {
        const { Id, PostTypeId, ParentId, AcceptedAnswerId, Score, DeletionDate } = given
        const id = wholeNumber(Id)
        const parent = PostTypeId === answer ? wholeNumber(ParentId) : null
        if (id === undefined) yield refused('missing-column', { column: 'Id' })
        else if (DeletionDate !== undefined) yield refused('deleted', { id })
        else if (PostTypeId !== question && PostTypeId !== answer)
          yield refused('wrong-shape', { id, PostTypeId: PostTypeId ?? 'none', error: 'neither question nor answer' })
        else if (parent === undefined) yield refused('no-question', { id })
        else {
          const score = Number.isInteger(Number(Score)) ? Number(Score ?? 0) : 0
          const { changes } = insert.run(id, parent, wholeNumber(AcceptedAnswerId) ?? null, score, at, length, row)
          if (Number(changes) === 0) yield refused('duplicate-id', { id })
        }
      }
    }
    database.exec('commit; create index answers on post (question, id) where question is not null')
    const read = ({ id, row, at, length, score }: Placed): Post => {
      const bytes = Buffer.alloc(length)
      readSync(handle!, bytes, 0, length, at)
      return { id, row, score, given: attributesOf(bytes) as Attributes }
    }
    const columns = 'id, row, at, length, score, accepted'
    const answers = database.prepare(`select ${columns} from post where question = ? order by id`)
    const questions = database.prepare(`select ${columns} from post where question is null order by id`)
    const sizeOf = database.prepare('select count(*) as answers, sum(length) as bytes from post where question = ?')
    const rowsOf = database.prepare('select id, row from post where question = ? order by id')
    let n = 0
    for (const one of questions.iterate() as Iterable<unknown> as Iterable<Placed>) {
      if (++n % turn === 0) await setImmediate()
      const of = sizeOf.get(one.id) as { answers: number; bytes: number | null }
      if (of.answers > mostAnswers || (of.bytes ?? 0) > most) {
        // The answers of a question lie in memory together.
        const evidence = { id: one.id, answers: of.answers, bytes: of.bytes ?? 0, bound: most }
        yield { refused: { row: one.row, reason: 'over-limit', evidence } }
        for (const { id, row } of rowsOf.iterate(one.id) as Iterable<unknown> as Iterable<Placed>)
          yield { refused: { row, reason: 'no-question', evidence: { id, question: one.id } } }
        continue
      }
      const placed = answers.all(one.id) as unknown as Placed[]
      yield { thread: { question: read(one), accepted: one.accepted ?? undefined, answers: placed.map(read) } }
    }
    const lost = database.prepare(
      'select id, row, question from post a where question is not null and not exists (select 1 from post q where q.id = a.question and q.question is null) order by id',
    )
    for (const { id, row, question } of lost.iterate() as Iterable<unknown> as Iterable<{
      id: number
      row: number
      question: number
    }>)
      yield { refused: { row, reason: 'no-question', evidence: { id, question } } }
  } finally {
    if (handle !== undefined) closeSync(handle)
    database?.close()
    room.remove()
  }
}

const wholeNumber = (value: string | undefined): number | undefined =>
  value !== undefined && /^\d{1,15}$/.test(value) ? Number(value) : undefined

/** The file, or its text as UTF-8 where it is packed or UTF-16: places in it have to be found again. */
async function plainFile(file: SourceFile, room: ReturnType<typeof scratch>): Promise<string> {
  if (isPlain(file, await headOf(file))) return file.absolute
  const plain = room.file()
  await pipeline(utf8Bytes(file), createWriteStream(plain))
  return plain
}
