import { dirname } from 'node:path'
import type { Facets, Json, Kind, Payload, Score } from '../../records/index.ts'
import { Unreadable, utf8Bytes } from '../bytes.ts'
import type { SourceConfig } from '../config.ts'
import { documentItem } from '../document.ts'
import type { SourceFile } from '../files.ts'
import type { Limits } from '../form.ts'
import { assistant, user } from '../messages.ts'
import type { Item } from '../read.ts'
import { bodyMarkdown } from './body.ts'
import { pairsOf } from './pairs.ts'
import { type Post, type Thread, threads } from './posts.ts'
import { headOf, isPlain, rootOf } from './rows.ts'

/**
 * Posts.xml of a Stack Exchange dump, in order of questions. By kind: `conversation`, one of a question and each of its
 * answers; `prompt`, a question with its accepted answer as the reference; `preference`, pairs of answers (`pairsOf`);
 * `document`, a question with all its answers, the best first. Bodies become Markdown, votes stay as scores, and each record
 * is named by its post, so that its id survives edits.
 * License: what a post states of itself, else that of the source. Authors are kept by their number on the site (facets
 * `author` and `asker`): attribution and requests to be forgotten need them, and names are never read. `conversation` is the
 * question, which keeps what came of it in one split.
 */
export async function* postItems(
  file: SourceFile,
  config: SourceConfig,
  kind: Kind,
  { bytes: bound }: Limits,
): AsyncGenerator<Item> {
  const root = await rootElement(file)
  if (root !== 'posts') {
    const error = root === undefined ? 'no XML' : `XML of <${root}>, and no reader takes it`
    throw new Unreadable('unknown-format', error, { error, ...(root === undefined ? {} : { root }) })
  }
  let empty = true
  for await (const one of threads(file, bound)) {
    if ('refused' in one) {
      empty = false
      yield { is: 'rejected', ...one.refused }
    } else
      for (const item of itemsOf(one.thread, { file, config, kind, bound })) {
        empty = false
        yield item
      }
  }
  if (empty) yield { is: 'rejected', reason: 'empty-file', evidence: { bytes: file.size } }
}

/** True for a dump of posts: its first record comes only when all of it has been read. */
export const isPosts = async (file: SourceFile): Promise<boolean> =>
  (await rootElement(file).catch(() => undefined)) === 'posts'

async function rootElement(file: SourceFile): Promise<string | undefined> {
  const head = await headOf(file)
  if (isPlain(file, head)) return rootOf(head.toString('utf8'))
  const chunks = utf8Bytes(file)
  try {
    const first = await chunks.next()
    return first.done ? undefined : rootOf(first.value.toString('utf8', 0, 1 << 16))
  } finally {
    await chunks.return(undefined)
  }
}

type Reading = { file: SourceFile; config: SourceConfig; kind: Kind; bound: number }
/** A post whose text could be read. */
type Said = Post & { text: string }

const makers: { [kind in Kind]?: (question: Said, answers: Said[], thread: Thread, reading: Reading) => Item[] } = {
  conversation: (question, answers, thread, reading) =>
    answers.map(answer => {
      const payload: Payload = { kind: 'conversation', messages: [user(question.text), assistant(answer.text)] }
      const part = `answer ${answer.id} of question ${question.id}`
      return made(payload, { name: `${answer.id}`, part, post: answer, answers: [answer], thread }, reading)
    }),

  prompt(question, answers, thread, reading) {
    const accepted = answers.find(({ id }) => id === thread.accepted)
    if (!accepted) return [refused(question, 'unanswered', { id: question.id, accepted: thread.accepted ?? 'none' })]
    const payload: Payload = { kind: 'prompt', messages: [user(question.text)], reference: accepted.text }
    const part = `question ${question.id} with answer ${accepted.id}`
    return [made(payload, { name: `${question.id}`, part, post: question, answers: [accepted], thread }, reading)]
  },

  preference(question, answers, thread, reading) {
    const pairs = pairsOf(answers, thread.accepted)
    if (pairs.length === 0) return [refused(question, 'no-pair', { id: question.id, answers: answers.length })]
    return pairs.map(([better, worse]) => {
      const sides = { chosen: [assistant(better.text)], rejected: [assistant(worse.text)] }
      const payload: Payload = { kind: 'preference', prompt: [user(question.text)], ...sides }
      const part = `answers ${better.id} and ${worse.id} of question ${question.id}`
      const name = `${better.id}-${worse.id}`
      return made(payload, { name, part, post: better, answers: [better, worse], thread }, reading)
    })
  },

  document(question, answers, thread, reading) {
    const best = answers.toSorted(
      (a, b) => Number(b.id === thread.accepted) - Number(a.id === thread.accepted) || b.score - a.score || a.id - b.id,
    )
    const votes = (n: number) => `${n} ${Math.abs(n) === 1 ? 'vote' : 'votes'}`
    const parts = best.map(({ id, score, text }) => {
      const heading = `Answer (${id === thread.accepted ? 'accepted, ' : ''}${votes(score)})`
      return `## ${heading}\n\n${text}`
    })
    const title = question.given.Title?.trim()
    const text = [title ? `# ${question.text}` : question.text, ...parts].join('\n\n')
    const { file, config, bound } = reading
    const prose = { text, format: 'markdown' as const, title: title || `Question ${question.id}` }
    const item = documentItem(config, file, prose, { format: 'markdown', bound })
    if (item.is === 'rejected') return [{ ...item, row: question.row }]
    const uri = uriOf(config, 'q', question.id)
    const payload = { ...item.payload, ...(uri ? { uri } : {}) } as Payload
    const [name, part] = [`${question.id}`, `question ${question.id}`]
    const whole = made(payload, { name, part, post: question, answers: best, thread }, reading)
    return [{ ...item, ...whole, ...(item.language ? { language: item.language } : {}) } as Item]
  },
}

function* itemsOf(thread: Thread, reading: Reading): Generator<Item> {
  const { question, answers } = thread
  const asked = said(question)
  if (asked === undefined) {
    yield refused(question, 'missing-column', { id: question.id, column: 'Body' })
    for (const { id, row } of answers)
      yield { is: 'rejected', row, reason: 'no-question', evidence: { id, question: question.id } }
    return
  }
  const readable: Said[] = []
  for (const answer of answers) {
    const text = said(answer)
    if (text === undefined) yield refused(answer, 'missing-column', { id: answer.id, column: 'Body' })
    else readable.push({ ...answer, text })
  }
  if (readable.length === 0) yield refused(question, 'unanswered', { id: question.id })
  else yield* makers[reading.kind]!({ ...question, text: asked }, readable, thread, reading)
}

/** The words of a post as Markdown, below its title where it has one. */
function said({ given }: Post): string | undefined {
  const body = bodyMarkdown(given.Body ?? '')
  if (body === '') return undefined
  const title = given.Title?.trim()
  return title ? `${title}\n\n${body}` : body
}

const refused = (post: Post, reason: (Item & { is: 'rejected' })['reason'], evidence: Json): Item => ({
  ...{ is: 'rejected', row: post.row, reason, evidence },
})

const votes = (value: number): Score => ({ method: 'votes', value })

/** What a record is made of: the post it is named by, and the answers in it, the better one first. */
type Made = { name: string; part: string; post: Post; answers: Said[]; thread: Thread }

function made(payload: Payload, { name, part, post, answers, thread }: Made, { file, config }: Reading): Item {
  const { row, id } = post
  const { question, accepted } = thread
  const [first, second] = answers as [Said, Said?]
  const tags = (question.given.Tags ?? '').match(/[^<>|\s]+/g) ?? []
  const authors = [...new Set(answers.flatMap(({ given }) => given.OwnerUserId ?? []))]
  const facets: Facets = {
    conversation: String(question.id),
    ...(tags.length > 0 ? { topic: tags[0]!, tags: tags.join(', ') } : {}),
    ...(authors.length > 0 ? { author: authors.join(', ') } : {}),
    ...(question.given.OwnerUserId === undefined ? {} : { asker: question.given.OwnerUserId }),
  }
  const scores: { [aspect: string]: Score } = { question: votes(question.score) }
  if (payload.kind === 'preference') {
    Object.assign(scores, { chosen: votes(first.score), rejected: votes(second!.score) })
    Object.assign(scores, { margin: votes(first.score - second!.score) })
    scores.accepted = votes(first.id === accepted ? 1 : 0)
  } else if (payload.kind !== 'document') {
    Object.assign(scores, { answer: votes(first.score), accepted: votes(first.id === accepted ? 1 : 0) })
  } else scores.answer = votes(Math.max(...answers.map(({ score }) => score)))
  const uri = uriOf(config, id === question.id ? 'q' : 'a', id)
  const license = licenseOf([question, ...answers], config)
  const folder = dirname(file.path)
  return {
    ...{ is: 'record', payload, rowId: folder === '.' ? name : `${folder}/${name}`, row, part, facets, scores },
    ...(license === undefined ? {} : { license }),
    ...(uri === undefined ? {} : { uri }),
    ...(config.teacher === undefined || payload.kind === 'prompt' ? {} : { teacher: config.teacher }),
  }
}

/** The address of a post: `uri` of a source is that of the site. */
const uriOf = ({ uri }: SourceConfig, path: 'q' | 'a', id: number): string | undefined =>
  uri === undefined ? undefined : `${uri.replace(/\/$/, '')}/${path}/${id}`

/** Licenses that posts state of themselves, all of them; undefined where none does. */
function licenseOf(posts: Post[], { license }: SourceConfig): string | undefined {
  const stated = posts.map(({ given }) => given.ContentLicense?.trim().replace(/\s+/g, '-'))
  if (stated.every(one => !one)) return undefined
  return [...new Set(stated.map(one => one || (license === 'detect' ? 'unknown' : license)))].sort().join(' AND ')
}
