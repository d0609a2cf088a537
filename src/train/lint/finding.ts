import type { Code, Diagnostic } from '../../errors/index.ts'
import type { Path } from '../../recipe/index.ts'

/** An error stops the trainer or makes it train something else than what is written; a warning is worth knowing. */
export type Severity = 'error' | 'warning'
export type Finding = Diagnostic & { severity: Severity }

/** A finding before it has a position in the file. */
export type Remark = {
  severity: Severity
  code: Extract<Code, `SR_TRAIN_${string}`>
  message: string
  path: Path
  part: 'key' | 'value'
  expected?: string
  received?: string
  hint?: string
}

/** A config as it was read: what stands at its keys. */
export type Values = { [key: string]: unknown }

export const isValues = (value: unknown): value is Values =>
  typeof value === 'object' && value !== null && !Array.isArray(value)

/** A value for `received`, short. */
export function shown(value: unknown): string {
  const text = value === undefined ? 'nothing' : value === null ? 'an empty value' : JSON.stringify(value)
  return text.length > 80 ? `${text.slice(0, 77)}...` : text
}

type More = { expected?: string; hint?: string; value?: unknown; severity?: Severity }

/** Two settings that cannot hold together, told at the one that is to be changed. */
export const conflict = (key: string | Path, message: string, more: More = {}): Remark =>
  told('CONFLICT', key, message, more)
/** A value that the trainer refuses, or that does not do what it seems to. */
export const wrong = (key: string | Path, message: string, more: More = {}): Remark => told('VALUE', key, message, more)

function told(kind: 'CONFLICT' | 'VALUE', key: string | Path, message: string, more: More): Remark {
  const { value, severity = 'error', expected, hint } = more
  return {
    severity,
    code: `SR_TRAIN_${kind}`,
    message,
    path: typeof key === 'string' ? [key] : key,
    part: kind === 'VALUE' ? 'value' : 'key',
    ...(expected ? { expected } : {}),
    ...('value' in more ? { received: shown(value) } : {}),
    ...(hint ? { hint } : {}),
  }
}

/** The same remark as a warning. */
export const warned = (remark: Remark): Remark => ({ ...remark, severity: 'warning' })
