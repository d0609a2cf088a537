import { closeSync, ftruncateSync, openSync, readSync, writeSync } from 'node:fs'
import { resolve } from 'node:path'
import { StillroomError } from '../../errors/index.ts'
import type { Slug } from '../../records/index.ts'
import { type Completion, type Exported, exported, readExport } from '../../sources/index.ts'
import { presets, storedCompletions } from '../../teachers/index.ts'
import type { Run } from '../commands.ts'
import { counted, thousands } from '../figures.ts'
import { reporterOf } from '../reporter.ts'

/** Completions between two words on the progress. */
const often = 1000

export const run: Run = async call => {
  const { io, given } = call
  const { from, model } = given
  if (!from) {
    throw new StillroomError('SR_USAGE', '--from is missing.', {
      expected: 'an export as JSON Lines, or the base URL of an API',
      hint: 'stillroom import completions --from https://api.openai.com/v1',
    })
  }
  const metadata = labels(given.metadata ?? [])
  const remote = /^https?:\/\//.test(from)
  const out = given.out ?? 'completions.jsonl'
  const stop = new AbortController()
  const forget = io.onInterrupt(() => stop.abort(interrupted()))
  const reporter = reporterOf(call)
  const key = remote ? keyOf(from, given.key, io.env) : undefined
  const file = openLines(resolve(io.cwd, out))
  const rejected: { [reason: Slug]: number } = {}
  const models = new Set<string>()
  let [imported, others] = [0, 0]
  try {
    const rows = remote
      ? fetched(from, { key, model, metadata, skip: id => file.ids.has(id), signal: stop.signal })
      : readExport(from, io.cwd)
    for await (const row of rows) {
      if (stop.signal.aborted) throw stop.signal.reason
      if (!('completion' in row)) {
        rejected[row.reason] = (rejected[row.reason] ?? 0) + 1
        continue
      }
      const { completion } = row
      if (file.ids.has(completion.id) || !fits(completion, model, metadata)) continue
      file.write(completion)
      models.add(completion.model)
      others += row.others
      imported++
      if (imported % often === 0) reporter.say(`${thousands(imported)} completions`)
    }
  } finally {
    file.close()
    forget()
  }
  const kept = file.ids.size - imported
  reporter.say(
    `${counted(imported, 'completion')} imported into ${out}${kept > 0 ? `, beside ${thousands(kept)} that were there` : ''}.`,
  )
  for (const [reason, n] of Object.entries(rejected)) reporter.say(`${thousands(n)} left out: ${reason}.`)
  if (others > 0) reporter.say(`${counted(others, 'alternative choice')} left out: the first one counts.`)
  if (models.size > 0) {
    const provider = isOpenAi(from) ? 'openai' : '<provider>'
    const teacher = models.size === 1 ? `${provider}/${[...models][0]}` : provider
    reporter.say(
      '',
      'As a source of a recipe:',
      '',
      `  completions: { files: ${out}, license: proprietary, teacher: ${teacher} }`,
    )
  }
  reporter.result({ out, imported, known: kept, rejected, others, models: [...models].sort() })
  return 0
}

const interrupted = () =>
  new StillroomError('SR_INTERRUPTED', 'The import was interrupted.', {
    hint: 'what came so far is kept: run the same command again to go on',
  })

/** `k=v` pairs, as stored completions are labelled. */
function labels(given: string[]): { [label: string]: string } {
  return Object.fromEntries(
    given.map(text => {
      const at = text.indexOf('=')
      if (at > 0) return [text.slice(0, at), text.slice(at + 1)]
      throw new StillroomError('SR_USAGE', `--metadata ${text} names no value.`, {
        hint: 'write --metadata project=tutor',
      })
    }),
  )
}

const fits = (completion: Completion, model: string | undefined, metadata: { [label: string]: string }) =>
  (model === undefined || completion.model === model) &&
  Object.entries(metadata).every(([label, value]) => completion.metadata[label] === value)

const isOpenAi = (from: string) =>
  URL.canParse(from) && new URL(from).hostname === new URL(presets.openai.baseUrl).hostname

/** A key goes where it belongs: that of OpenAI to OpenAI, any other only where it is named. */
function keyOf(
  from: string,
  variable: string | undefined,
  env: Record<string, string | undefined>,
): string | undefined {
  const name = variable ?? (isOpenAi(from) ? presets.openai.key : undefined)
  const key = name && env[name]?.trim()
  if (name === undefined || key) return key || undefined
  throw new StillroomError(
    'SR_KEY_MISSING',
    `The import needs an API key, and the environment variable ${name} is not set.`,
    {
      hint: `Set it before the import: export ${name}=... Another variable is named with --key.`,
    },
  )
}

async function* fetched(
  baseUrl: string,
  query: Omit<Parameters<typeof storedCompletions>[0], 'baseUrl'>,
): AsyncGenerator<Exported> {
  for await (const { completion, messages } of storedCompletions({ baseUrl, ...query }))
    yield exported(completion, messages)
}

/**
 * The file that is written, with the ids it has. A line that a killed import left half written is taken off again.
 * @throws StillroomError SR_USAGE for a file of something else, which stays as it is.
 */
function openLines(path: string): { ids: Set<string>; write(completion: Completion): void; close(): void } {
  const fd = openSync(path, 'a+')
  const ids = new Set<string>()
  const enter = (line: string) => {
    if (line.trim() !== '') ids.add(idOf(line, path))
  }
  let rest = Buffer.alloc(0)
  let at = 0
  const chunk = Buffer.alloc(1 << 20)
  for (let n = readSync(fd, chunk, 0, chunk.length, at); n > 0; n = readSync(fd, chunk, 0, chunk.length, at)) {
    at += n
    let held = Buffer.concat([rest, chunk.subarray(0, n)])
    for (let end = held.indexOf(10); end >= 0; end = held.indexOf(10)) {
      enter(held.subarray(0, end).toString())
      held = held.subarray(end + 1)
    }
    rest = Buffer.from(held)
  }
  const tail = rest.toString()
  if (tail.startsWith(start) && !isJson(tail)) ftruncateSync(fd, at - rest.length)
  else if (tail !== '') {
    enter(tail)
    writeSync(fd, '\n')
  }
  return {
    ids,
    write(completion) {
      writeSync(fd, `${JSON.stringify(completion)}\n`)
      ids.add(completion.id)
    },
    close: () => closeSync(fd),
  }
}

/** How every line begins that this command writes. */
const start = '{"id":'

function isJson(text: string): boolean {
  try {
    JSON.parse(text)
    return true
  } catch {
    return false
  }
}

function idOf(line: string, path: string): string {
  const { id, messages } = (isJson(line) ? JSON.parse(line) : {}) as Partial<Completion>
  if (typeof id === 'string' && Array.isArray(messages)) return id
  throw new StillroomError('SR_USAGE', `${path} holds lines that no import wrote.`, {
    hint: 'name another file with --out',
  })
}
