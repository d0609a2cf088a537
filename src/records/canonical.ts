import { hash } from 'node:crypto'
import type { Sha } from './record.ts'

/**
 * JSON with sorted keys, no white space and without undefined members, after RFC 8785 (strings and numbers are written
 * as ECMAScript does, keys sort by UTF-16 code units). Equal values give equal bytes.
 */
export function canonical(value: unknown): string {
  if (value === null || typeof value !== 'object') return JSON.stringify(value) ?? 'null'
  if (Array.isArray(value)) return `[${value.map(canonical).join(',')}]`
  const object = value as Record<string, unknown>
  const parts: string[] = []
  for (const key of Object.keys(object).sort()) {
    if (object[key] !== undefined) parts.push(`${JSON.stringify(key)}:${canonical(object[key])}`)
  }
  return `{${parts.join(',')}}`
}

export function sha256(data: string | Uint8Array): Sha {
  return hash('sha256', data, 'hex')
}

/** Digest of any JSON value through its canonical form. */
export function digestOf(value: unknown): Sha {
  return sha256(canonical(value))
}
