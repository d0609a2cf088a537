import { StillroomError } from '../../errors/index.ts'
import type { Rec } from '../../records/index.ts'
import {
  ancestorsOf,
  callsBehind,
  type Exchange,
  exchanges,
  type Rejected,
  recordsById,
  rejectsOf,
} from '../../run/index.ts'
import type { Run } from '../commands.ts'
import { divided } from '../divided.ts'
import { counted } from '../figures.ts'
import { indent, wrap } from '../layout.ts'
import { look } from '../look.ts'
import { abridged, type Section, sectionLines, sectionsOf, sourceLine } from '../record-text.ts'
import type { Reporter } from '../reporter.ts'

/** Lines that each part of a reject may take unless all is asked for. */
const room = { content: 6, prompt: 14, reply: 10 }

export const run: Run = call =>
  look(call, ({ archive, reporter, runs }) => {
    const { step, reason, n = 10, full = false } = call.given
    const past = runs().next().value!
    const first: Rejected[] = []
    let total = 0
    const aside: { [reason: string]: number } = {}
    for (const reject of rejectsOf(archive.store, past, { ...(step ? { step } : {}), ...(reason ? { reason } : {}) })) {
      // What a step divided stands in its other part: nobody looks for it here unless it is asked for.
      if (!step && !reason && divided.has(reject.reason)) aside[reject.reason] = (aside[reject.reason] ?? 0) + 1
      else if (total++ < n) first.push(reject)
    }
    const apart = Object.entries(aside).map(([name, count]) => `${counted(count, 'record')} for ${name}`)
    if (total === 0 && (step ?? reason)) throw nothing(past.id, step, reason, [...rejectsOf(archive.store, past)])
    const textless = first.flatMap(({ record, conceal }) =>
      record?.kind === 'document' && !conceal ? [record.id] : [],
    )
    const texts = textless.length > 0 ? recordsById(archive.store, past, textless, 'last') : new Map<string, Rec>()
    const records = first.map(({ record }) => record && (texts.get(record.id) ?? record))
    const ancestors = ancestorsOf(
      archive.store,
      past,
      records.filter(record => record !== undefined),
    )
    const found = first.map(reject => exchanges(archive.journal, reject.conceal ? [] : callsBehind(reject)))
    reporter.say(
      reporter.paint(
        'bold',
        `${counted(total, 'reject')} in run ${past.id}${total > first.length ? `, the first ${first.length} shown (-n shows more)` : ''}`,
      ),
    )
    if (apart.length > 0)
      reporter.say(
        ...wrap(`Not shown: ${apart.join(', ')}, which only say on which side of a division they are.`, reporter.width),
      )
    for (const [i, reject] of first.entries()) {
      reporter.say('', rejectLines(reject, records[i], found[i]!, ancestors, reporter, full))
    }
    reporter.result({
      run: past.id,
      total,
      aside,
      rejects: first.map((reject, i) => ({ ...reject, record: records[i], calls: found[i] })),
    })
    return 0
  })

function rejectLines(
  { step, reason, evidence, index }: Rejected,
  record: Rec | undefined,
  calls: Exchange[],
  ancestors: Map<string, Rec>,
  { width, paint }: Reporter,
  full: boolean,
): string[] {
  const inner = width - 2
  const part = (sections: Section[], lines: number): string[] =>
    indent(full ? sectionLines(sections, inner, paint) : abridged(sections, inner, lines, paint))
  const item = index === undefined ? '' : ` (item ${index + 1} of the reply)`
  const lines = [`${paint('yellow', reason)} at ${paint('bold', step)}${item}`]
  if (evidence !== undefined) {
    const found = wrap(`evidence  ${JSON.stringify(evidence)}`, inner)
    lines.push(...indent(full ? found : found.slice(0, 3)))
  }
  if (record) {
    lines.push(`  ${record.kind} ${record.id.slice(0, 12)}, from ${sourceLine(record, ancestors)}`)
    lines.push(...part(sectionsOf(record), room.content))
  }
  for (const { row, request, reply } of calls) {
    lines.push(
      `  ${paint('dim', `call ${row.call.slice(0, 12)} to ${row.provider}/${row.model}, ended with ${row.finish ?? 'no reply'}`)}`,
    )
    const asked = (request?.messages ?? []).map(({ role, content }) => ({
      label: `prompt ${role}`,
      text: content ?? '',
    }))
    lines.push(...part(asked, room.prompt))
    if (!reply) continue
    const error = parseError(evidence, record, row.call)
    const answer = [
      ...(reply.reasoning ? [{ label: 'reasoning', text: reply.reasoning }] : []),
      {
        label: 'reply',
        text: reply.content ?? (reply.rejected ? `${reply.rejected.status} ${reply.rejected.message}` : '(empty)'),
      },
    ]
    lines.push(...part(answer, room.reply))
    if (error) lines.push(...part([{ label: 'error', text: error }], room.content))
  }
  return lines
}

/** What was wrong with a reply: beside its call in the evidence, or the reason of the score that has no value. */
function parseError(evidence: unknown, record: Rec | undefined, call: string): string | undefined {
  if (Array.isArray(evidence)) {
    for (const one of evidence) {
      const error = parseError(one, record, call)
      if (error) return error
    }
  } else if (typeof evidence === 'object' && evidence !== null) {
    const { call: own, detail, ...rest } = evidence as { call?: string; detail?: string }
    if (own === call && detail) return detail
    for (const value of Object.values(rest)) {
      const error = typeof value === 'object' ? parseError(value, undefined, call) : undefined
      if (error) return error
    }
  }
  return Object.values(record?.scores ?? {}).find(score => score.call === call && 'unscored' in score)?.why
}

function nothing(run: string, step: string | undefined, reason: string | undefined, all: Rejected[]): StillroomError {
  const known = [...new Set(all.map(one => `${one.step}: ${one.reason}`))].sort()
  const wanted = [...(reason ? [`for ${reason}`] : []), ...(step ? [`at ${step}`] : [])].join(' ')
  return new StillroomError('SR_NOT_FOUND', `Run ${run} rejected nothing ${wanted}.`, {
    ...(known.length > 0 ? { received: known.join('; ') } : {}),
    hint: 'stillroom show rejects without options shows all',
  })
}
