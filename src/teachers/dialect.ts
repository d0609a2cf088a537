import type { Adaptations } from './adapt.ts'
import { Fault, type Reply, type Request, type Teacher, type Warning, type Wire } from './contract.ts'
import {
  type Answered,
  type Connection,
  type Endpoint,
  errorOf,
  faultOf,
  isFinal,
  post,
  type StreamReader,
  scrub,
  statusOf,
  type VendorError,
} from './post.ts'

/** What a client says and understands, whatever carries it: one call, or a row of a batch. */
export type Dialect = {
  /** The body of a call and what it lacks. `fresh` is the body before anything was learnt of the server. */
  prepare(
    request: Request,
    wire: Wire,
    how?: { stream?: boolean; fresh?: boolean },
  ): { body: Record<string, unknown>; warnings: Warning[] }
  /** The body as it goes out. */
  sent(body: Record<string, unknown>): Record<string, unknown>
  /**
   * The reply in what a server answered. `again` names a parameter that the server refused and that is left out from
   * now on; the reply is then the refusal itself.
   * @throws Fault for what is no reply.
   */
  read(
    answered: Answered,
    body: Record<string, unknown>,
    warnings: Warning[],
    schema: Request['schema'],
  ): { reply: Reply; again?: string }
}

/** Asks call by call, again for as long as the server refuses parameters that can be left out. */
export function asking(
  dialect: Dialect,
  way: Connection & { to: Endpoint; stream: boolean; reader: () => StreamReader },
): Teacher['doGenerate'] {
  const { reader, stream: streamed, ...connection } = way
  let stream = streamed
  return async (request, wire) => {
    for (;;) {
      const { body, warnings } = dialect.prepare(request, wire, { stream })
      const answered = await post({
        ...connection,
        body: dialect.sent(body),
        ...(wire.signal && { signal: wire.signal }),
        ...(wire.limits && { limits: wire.limits }),
        ...(body.stream === true && { stream: reader }),
      }).catch(error => {
        // Asked again it shows that it is at work, however long that takes.
        if (error instanceof Fault && error.stalled) stream = true
        throw error
      })
      const { reply, again } = dialect.read(answered, body, warnings, request.schema)
      if (again === undefined) return reply
    }
  }
}

/** A server that answers in a shape of its own is sick, and no other row suffers for it. */
export function understood<T>(read: () => T): T {
  try {
    return read()
  } catch (error) {
    if (error instanceof Fault) throw error
    throw new Fault('health', `a reply in no known shape: ${(error as Error).message}`)
  }
}

/**
 * The refusal in an answer that is no reply: a final 4xx. Routers report an upstream failure inside a 200; one that says
 * nothing lacks what is named in `missing`.
 * @throws Fault for every other failure.
 */
export function refusedIn(
  { status, json, text, headers }: Answered,
  missing: string,
  secret: string | undefined,
): { status: number; error: VendorError } {
  const failed = status >= 400 || (json as { error?: unknown } | undefined)?.error
  const error = failed ? errorOf(json, text) : { message: missing }
  const final = status < 400 ? statusOf(error) : status
  if (!isFinal(final)) throw faultOf(final, error, headers, secret, Date.now)
  return { status: final, error }
}

/** A final 4xx as a reply: it is journalled, and asking again will not help unless a parameter can be left out. */
export function refusal(
  { status, error }: { status: number; error: VendorError },
  of: {
    adapted: Adaptations
    body: Record<string, unknown>
    warnings: Warning[]
    schema: Request['schema']
    secret: string | undefined
  },
): { reply: Reply; again?: string } {
  const message = scrub(error.message, of.secret)
  const again = status === 413 ? undefined : of.adapted.learn({ ...error, message }, of.body, of.schema)
  const reply: Reply = {
    content: null,
    finish: 'rejected',
    usage: {},
    warnings: of.warnings,
    rejected: { status, message },
  }
  return { reply, ...(again !== undefined && { again }) }
}
