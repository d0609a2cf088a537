import { type Diagnostic, type Position, StillroomError } from './error.ts'

function where(position: Position | undefined): string {
  if (!position) return ''
  return [position.file, position.line, position.column].filter(part => part !== undefined).join(':')
}

/** One diagnostic as a few plain lines. */
export function renderDiagnostic(d: Diagnostic): string {
  const lines = [`${where(d.position) ? `${where(d.position)}  ` : ''}${d.code}  ${d.message}`]
  if (d.path) lines.push(`  at        ${d.path}`)
  if (d.expected) lines.push(`  expected  ${d.expected}`)
  if (d.received) lines.push(`  received  ${d.received}`)
  if (d.hint) lines.push(`  hint      ${d.hint}`)
  return lines.join('\n')
}

/** Any thrown value as words for a terminal; a stack only for mistakes of our own. */
export function renderError(error: unknown): string {
  if (!StillroomError.is(error))
    return `SR_INTERNAL  ${error instanceof Error ? (error.stack ?? error.message) : error}`
  if (error.diagnostics.length > 0) return error.diagnostics.map(renderDiagnostic).join('\n\n')
  return renderDiagnostic(error)
}

/** The same as data, for `--json`. */
export function errorJson(error: unknown): Record<string, unknown> {
  if (!StillroomError.is(error)) return { code: 'SR_INTERNAL', message: String(error) }
  const { code, message, hint, position, expected, received, diagnostics } = error
  return { code, message, hint, position, expected, received, ...(diagnostics.length ? { diagnostics } : {}) }
}
