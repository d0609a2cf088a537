import { parse } from 'yaml'
import { z } from 'zod'
import { StillroomError } from '../errors/index.ts'
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
  'no known fault',
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

/** Reads a drill as YAML or JSON; a bare list holds rules of faults. Throws SR_USAGE with one diagnostic a mistake. */
export function readDrill(text: string, file: string): Drill {
  let raw: unknown
  try {
    raw = parse(text)
  } catch (error) {
    throw new StillroomError('SR_USAGE', `${file} is not valid YAML: ${(error as Error).message}`, {
      position: { file },
      hint: 'write a list of rules, such as: - { kind: { status: 429 }, from: 10, count: 20 }',
      cause: error,
    })
  }
  const read = drill.safeParse(Array.isArray(raw) ? { faults: raw } : raw)
  if (read.success) return read.data as Drill
  throw new StillroomError('SR_USAGE', `${file} is no description of faults.`, {
    position: { file },
    hint: 'write a list of rules, such as: - { kind: { status: 429 }, from: 10, count: 20 }',
    diagnostics: read.error.issues.map(issue => ({
      code: 'SR_USAGE' as const,
      message: issue.message,
      position: { file },
      path: issue.path.join('.'),
    })),
  })
}
