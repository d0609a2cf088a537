import { hash } from 'node:crypto'
import type { Sha } from './record.ts'

/**
 * JSON with sorted keys, no white space and without undefined members, after RFC 8785 (strings and numbers are written
 * as ECMAScript does, keys sort by UTF-16 code units). Equal values give equal bytes.
 */
export function canonical(value: unknown): string {
  if (typeof value === 'string') return JSON.stringify(value)
  if (value === null || typeof value !== 'object') return JSON.stringify(value) ?? 'null'
  let text = ''
  if (Array.isArray(value)) {
    for (const item of value) text += `${text === '' ? '' : ','}${canonical(item)}`
    return `[${text}]`
  }
  const object = value as Record<string, unknown>
  for (const key of Object.keys(object).sort()) {
    if (object[key] !== undefined) text += `${text === '' ? '' : ','}${quoted(key)}:${canonical(object[key])}`
  }
  return `{${text}}`
}

/** Keys are few and come again: quoted once. */
const quotedKeys = new Map<string, string>()
function quoted(key: string): string {
  let text = quotedKeys.get(key)
  if (text === undefined) {
    text = JSON.stringify(key)
    if (quotedKeys.size < 4096) quotedKeys.set(key, text)
  }
  return text
}

export function sha256(data: string | Uint8Array): Sha {
  return hash('sha256', data, 'hex')
}

/** Digest of any JSON value through its canonical form. */
export function digestOf(value: unknown): Sha {
  return sha256(canonical(value))
}
