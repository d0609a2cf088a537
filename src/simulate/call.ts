import type { IncomingMessage, ServerResponse } from 'node:http'
import { unit } from '../records/index.ts'
import type { Place, Slots } from './capacity.ts'
import type { FaultPlan } from './faults.ts'
import type { Ledger, SimulatorEntry } from './ledger.ts'
import type { SimulatorFault, SimulatorOptions } from './options.ts'
import type { Protocol } from './protocol.ts'
import type { Question, Respondent } from './question.ts'
import type { RateLimits } from './rate.ts'
import { type Failure, failureOf, isFailure, stranger } from './refuse.ts'
import { isSpoilt, type Outgoing, send, sendEvents } from './send.ts'

/** A call of a model that has arrived whole. */
export type Call = { req: IncomingMessage; res: ServerResponse; path: string; protocol: Protocol; text: string }

type Parts = { respondent: Respondent; ledger: Ledger; faults: FaultPlan; rate: RateLimits; slots: Slots }

/** Calls of a model from their arrival to the last byte of the reply: checked, failed by plan, limited, served in a slot. */
export function callHandler(options: SimulatorOptions, { respondent, ledger, faults, rate, slots }: Parts) {
  const { seed = 1, latencyMs = 0, msPerToken = 0, limits = {} } = options

  /** A range is drawn by number of arrival: time is no part of a reply. */
  const latency = (n: number) =>
    typeof latencyMs === 'number' ? latencyMs : latencyMs[0] + unit(seed, n) * (latencyMs[1] - latencyMs[0])

  function serve(
    { res, protocol }: Call,
    entry: SimulatorEntry,
    question: Question,
    place: Place,
    fault?: SimulatorFault,
  ) {
    const replied = respondent.reply(question)
    rate.spend(replied.used.output)
    const late = typeof fault === 'object' && 'delayMs' in fault ? fault.delayMs : 0
    const ms = latency(entry.n) + msPerToken * replied.used.output + late
    const spoilt = isSpoilt(fault) ? fault : undefined
    const finish = (status: number, whole: boolean) => {
      replied.begins()
      ledger.answered(question, replied, whole)
      ledger.latencies.add(ledger.note(entry, status))
      // A reply that falls silent keeps its slot until the caller hangs up.
      if (spoilt !== 'stall-body') place.leave()
    }
    if (question.body.stream) {
      sendEvents(res, protocol.events(replied.body, question.body), ms, rate.headers(), spoilt, finish)
      return
    }
    const end = () => {
      const status = send(res, { status: 200, body: JSON.stringify(replied.body), headers: rate.headers() }, spoilt)
      finish(status, status === 200 && (spoilt === undefined || spoilt === 'text'))
    }
    if (ms > 0) setTimeout(end, ms)
    else end()
  }

  /** Refusals come at once, failures of the server when a reply would have come. */
  function fail({ res, protocol }: Call, entry: SimulatorEntry, fault: Failure | 'reset') {
    const end = () => {
      const status = fault === 'reset' ? 0 : send(res, failureOf(fault, protocol, rate.retryAfter))
      ledger.note(entry, status)
      if (fault === 'reset') res.destroy()
    }
    const late = fault === 'reset' || ('status' in fault && fault.status >= 500) ? latency(entry.n) : 0
    if (late > 0) setTimeout(end, late)
    else end()
  }

  return (call: Call) => {
    const { req, res, path, protocol, text } = call
    const { counts } = ledger
    const entry = ledger.entry('POST', path)
    counts.calls++
    const invalid = (out: Outgoing) => {
      counts.invalid++
      ledger.note(entry, send(res, out))
    }
    let body: unknown
    try {
      body = JSON.parse(text)
    } catch {
      const message = 'We could not parse the JSON body of your request.'
      return invalid({ status: 400, body: JSON.stringify(protocol.error(400, message)) })
    }
    entry.body = body
    const unknown = stranger(options.key, req.headers, protocol)
    if (unknown) return invalid(unknown)
    const question = respondent.read(body, protocol, req.headers)
    if (!('asked' in question)) {
      if (question.model !== undefined) entry.model = question.model
      return invalid({ status: question.status, body: JSON.stringify(question.body) })
    }
    const { asked, request, draw } = question
    entry.model = asked.model
    entry.request = request
    entry.draw = draw
    ledger.asked(question)

    const fault = faults.chat(path, asked.model, request, draw)
    if (fault !== undefined) counts.faults++
    if (fault === 'reset' || isFailure(fault)) return fail(call, entry, fault)

    const full = slots.refuses()
    const wait = full ? 0 : rate.take(asked.input ?? 0)
    if (full || wait > 0) {
      counts.limited++
      const headers = { ...rate.headers(), ...rate.retryAfter(limits.retryAfterMs ?? (wait || 1000)) }
      const refused = JSON.stringify(protocol.error(429, 'Rate limit reached.'))
      return void ledger.note(entry, send(res, { status: 429, body: refused, headers }))
    }
    // Until it is served: the caller may go before.
    ledger.note(entry, 0)
    const place = slots.enter(place => void (fault === 'stall' || serve(call, entry, question, place, fault)))
    if (!place.gone) res.on('close', place.leave)
  }
}
