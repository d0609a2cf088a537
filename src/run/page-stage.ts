import { join } from 'node:path'
import type { Stage } from '../recipe/index.ts'
import { fileId, sha256 } from '../records/index.ts'
import {
  fetchPages,
  type Page,
  type Prose,
  proseOf,
  readersVersion,
  type SourceConfig,
  Unreadable,
} from '../sources/index.ts'
import { count } from './counts.ts'
import { suppression } from './erase/suppression.ts'
import { noRecord, sealSource } from './source-stage.ts'
import { type StageEnv, type StageOutput, taskKey } from './stage.ts'
import { knownOr, newShards, type TaskOutput, writeTask } from './write-task.ts'

/** What decides the records of a page: all but when it was asked for. */
const digestOfPage = ({ at: _, ...page }: Page): string => sha256(JSON.stringify(page))

/**
 * Reads the pages of a source into shards. What robots.txt disallows and what is reserved is dropped here, before any step
 * sees it, and the decision with its signals stands in the lineage of what may be read.
 */
export async function pageStage(stage: Stage, env: StageEnv, verify: boolean): StageOutput {
  const config = env.plan.recipe.sources[stage.key] as SourceConfig
  const { agent, delay, bytes } = { agent: 'stillroom', delay: 2, bytes: 5_000_000, ...config.crawl }
  const all = [...new Set(config.urls!.map(url => new URL(url).href))].sort()
  // A page that was erased is not asked for: it would lie here again.
  const kept = suppression(env.paths.root)
  const erased = all.filter(url => kept?.holds(stage.key, url, { id: fileId(stage.key, url), digest: '' }))
  const urls = all.filter(url => !erased.includes(url))
  const pages = await fetchPages(urls, {
    folder: join(env.paths.root, 'pages'),
    ...{ agent, delay, bytes, again: verify, offline: env.closed },
    now: () => env.clock.now(),
    sleep: ms => env.clock.sleep(ms),
    check: () => env.stop.check(),
  })
  const key = taskKey(
    stage,
    [`readers ${readersVersion}`, ...pages.map(page => `${page.url} ${digestOfPage(page)}`)],
    ...(kept ? [kept.state] : []),
  )
  env.emit({ event: 'stage-sized', stage: stage.key, tasks: 1 })
  const read = async (output: TaskOutput): Promise<void> => {
    for (const url of erased) {
      output.counts.in++
      count(output.counts.dropped, 'erased')
      output.reject(JSON.stringify({ step: stage.key, reason: 'erased', evidence: { file: url } }))
    }
    for (const page of pages) {
      output.counts.in++
      env.stop.check()
      const { title, text, language, unread } = page.rejected ? { text: '' } : await readPage(page, bytes)
      const rejected =
        page.rejected ?? unread ?? (text === '' ? { reason: 'empty-file', detail: 'a page without text' } : undefined)
      if (rejected) {
        const { reason, detail } = rejected
        count(output.counts.dropped, reason)
        const evidence = { file: page.url, found: { detail, ...(page.note ? { robots: page.note } : {}) } }
        output.reject(JSON.stringify({ step: stage.key, reason, evidence }))
        continue
      }
      const payload = { kind: 'document' as const, text, ...(title ? { title } : {}), uri: page.final ?? page.url }
      const file = { path: page.url, below: page.url }
      const item = {
        is: 'record' as const,
        payload,
        ...(language ? { language } : {}),
        ...(/html/.test(page.type ?? '') ? { format: 'markdown' as const } : {}),
      }
      const record = sealSource(stage.key, config, file, item, new Map(), page.note)
      if (kept?.holds(stage.key, page.url, record)) {
        count(output.counts.dropped, 'erased')
        output.reject(JSON.stringify({ step: stage.key, reason: 'erased', evidence: { file: page.url } }))
        continue
      }
      output.counts.passed++
      output.write({ record, trail: [] })
    }
  }
  const done = await knownOr(stage, key, env, () => writeTask(stage.id, stage.key, key, env.store, read))
  const asSide = env.plan.stages.some(s => Object.values(s.side).flat().includes(stage.key))
  if (asSide && done.output.length === 0) throw noRecord(stage.key, done.funnel[stage.key]?.dropped ?? {})
  return newShards([done], env).map(shard => Promise.resolve(shard))
}

type Read = Prose & { unread?: { reason: string; detail: string } }

/** What a page says, as a file with it would be read; nothing where there is none. */
export async function readPage({ url, body = '', type = '' }: Page, bound = 32 * 2 ** 20): Promise<Read> {
  if (!/html/.test(type)) return { text: body.trim() }
  try {
    // It was decoded when it was fetched.
    return await proseOf(Buffer.from(body), { path: url, format: 'html', bound, charset: 'utf-8' })
  } catch (error) {
    if (!(error instanceof Unreadable)) throw error
    return { text: '', unread: { reason: error.reason, detail: error.message } }
  }
}
