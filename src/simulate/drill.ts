import { isNode, LineCounter, parseDocument } from 'yaml'
import { z } from 'zod'
import { type Diagnostic, type Position, StillroomError } from '../errors/index.ts'
import type { SimulatorOptions } from './options.ts'

const share = z.number().min(0).max(1)
const whole = z.int().min(1)
const amount = z.number().nonnegative()

const fault = z.union(
  [
    z.enum(['reset', 'stall', 'truncated', 'stall-body', 'cut-json', 'not-json', 'text']),
    z.strictObject({
      status: z.int().min(300).max(599),
      message: z.string().optional(),
      headers: z.record(z.string(), z.string()).optional(),
      retryAfterMs: amount.optional(),
    }),
    z.strictObject({ unsupported: z.string() }),
    z.strictObject({ delayMs: amount }),
  ],
  'is no fault: one of reset, stall, truncated, stall-body, cut-json, not-json, text, { status }, { delayMs }, { unsupported }',
)

const drill = z.strictObject({
  faults: z
    .array(
      z.strictObject({
        kind: fault,
        from: whole.optional(),
        to: whole.optional(),
        count: whole.optional(),
        share: share.optional(),
        model: z.string().optional(),
        path: z.string().optional(),
      }),
    )
    .optional(),
  schedule: z.array(fault.nullish().transform(one => one ?? undefined)).optional(),
  batch: z
    .strictObject({
      looks: z.int().min(0).optional(),
      fates: z
        .array(
          z.strictObject({
            looks: z.int().min(0).optional(),
            fails: z.string().optional(),
            expires: share.optional(),
            errors: share.optional(),
            unsupported: z.strictObject({ parameter: z.string(), share: share.optional() }).optional(),
            hangs: z.boolean().optional(),
            losesAnswer: z.boolean().optional(),
          }),
        )
        .optional(),
    })
    .optional(),
  capacity: z
    .strictObject({
      concurrency: whole,
      beyond: z.enum(['refuse', 'queue']).optional(),
      start: whole.optional(),
      perSecond: amount.optional(),
    })
    .optional(),
  cache: z.strictObject({ minTokens: whole.optional() }).optional(),
  prices: z
    .strictObject({
      input: amount,
      output: amount,
      cachedInput: amount.optional(),
      cacheWrite: amount.optional(),
      batch: share.optional(),
    })
    .optional(),
  rejects: z.array(z.string()).optional(),
})

/** What a file can say of a simulator: how it fails, and what it has and costs. */
export type Drill = Pick<
  SimulatorOptions,
  'faults' | 'schedule' | 'batch' | 'capacity' | 'cache' | 'prices' | 'rejects'
>

const example = 'write a list of rules, such as: - { kind: { status: 429 }, from: 10, count: 20 }'

/** Reads a drill as YAML or JSON; a bare list holds rules of faults. Throws SR_USAGE with one diagnostic a mistake. */
export function readDrill(text: string, file: string): Drill {
  const lines = new LineCounter()
  const document = parseDocument(text, { lineCounter: lines, prettyErrors: false })
  const place = (offset: number): Position => {
    const { line, col } = lines.linePos(offset)
    return { file, line: Math.max(1, line), column: Math.max(1, col) }
  }
  const broken = document.errors[0]
  if (broken) {
    throw new StillroomError('SR_USAGE', `${file} is not valid YAML: ${broken.message}`, {
      position: place(broken.pos[0]),
      hint: 'check indentation, colons and quotes around this place',
    })
  }
  const raw: unknown = document.toJS({ maxAliasCount: 100 })
  const bare = Array.isArray(raw)
  const read = drill.safeParse(bare ? { faults: raw } : raw)
  if (read.success) return read.data as Drill
  /** Where a value stands, or what holds it. */
  const positionOf = (path: readonly PropertyKey[]): Position => {
    for (let n = path.length; n > 0; n--) {
      const node = document.getIn(path.slice(0, n), true)
      if (isNode(node) && node.range) return place(node.range[0])
    }
    return place(document.contents?.range?.[0] ?? 0)
  }
  const diagnostics = read.error.issues.map((issue): Diagnostic => {
    const path = bare ? issue.path.slice(1) : issue.path
    const at = path.join('.')
    return {
      code: 'SR_USAGE',
      message: issue.message,
      position: positionOf(path),
      ...(at && { path: at }),
      hint: example,
    }
  })
  const position = diagnostics[0]!.position ?? { file }
  throw new StillroomError('SR_USAGE', `${file} is no description of faults.`, { position, hint: example, diagnostics })
}
