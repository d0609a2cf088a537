/** What is wrong with a request, for a vendor's own words. `path` is dotted; empty for the body itself. */
export type Problem = { is: 'unknown' | 'missing' | 'type' | 'value'; path: string; expected: string; received: string }
export type Check = (value: unknown, path: string) => Problem | undefined

const nameOf = (value: unknown) => (value === null ? 'null' : Array.isArray(value) ? 'array' : typeof value)
const wrong = (path: string, expected: string, value: unknown): Problem => ({
  is: 'type',
  path,
  expected,
  received: nameOf(value),
})
const off = (path: string, expected: string, value: unknown): Problem => ({
  is: 'value',
  path,
  expected,
  received: JSON.stringify(value).slice(0, 80),
})
const at = (path: string, key: string | number) => (path ? `${path}.${key}` : String(key))

export const any: Check = () => undefined
export const string: Check = (value, path) => (typeof value === 'string' ? undefined : wrong(path, 'string', value))
export const boolean: Check = (value, path) => (typeof value === 'boolean' ? undefined : wrong(path, 'boolean', value))
export const record: Check = (value, path) => (nameOf(value) === 'object' ? undefined : wrong(path, 'object', value))

export function number(min = Number.NEGATIVE_INFINITY, max = Number.POSITIVE_INFINITY): Check {
  return (value, path) => {
    if (typeof value !== 'number') return wrong(path, 'number', value)
    return value >= min && value <= max ? undefined : off(path, `a value from ${min} to ${max}`, value)
  }
}

export function integer(min = Number.MIN_SAFE_INTEGER, max = Number.MAX_SAFE_INTEGER): Check {
  const inside = number(min, max)
  return (value, path) =>
    typeof value === 'number' && !Number.isInteger(value) ? wrong(path, 'integer', value) : inside(value, path)
}

export function matching(pattern: RegExp): Check {
  return (value, path) =>
    string(value, path) ??
    (pattern.test(value as string) ? undefined : off(path, `a string that matches ${pattern.source}`, value))
}

export function oneOf(...values: (string | number | boolean)[]): Check {
  const known = new Set<unknown>(values)
  return (value, path) => (known.has(value) ? undefined : off(path, `one of ${values.join(', ')}`, value))
}

export function nullable(check: Check): Check {
  return (value, path) => (value === null ? undefined : check(value, path))
}

export function list(check: Check, min = 0): Check {
  return (value, path) => {
    if (!Array.isArray(value)) return wrong(path, 'array', value)
    if (value.length < min) return off(path, `at least ${min} item`, value)
    for (let i = 0; i < value.length; i++) {
      const problem = check(value[i], at(path, i))
      if (problem) return problem
    }
    return undefined
  }
}

/** The first alternative that fits; what the last one says when none does. */
export function either(...checks: Check[]): Check {
  return (value, path) => {
    let problem: Problem | undefined
    for (const check of checks) {
      problem = check(value, path)
      if (!problem) return undefined
    }
    return problem
  }
}

/** An object with exactly these fields. */
export function object(fields: Record<string, Check>, required: readonly string[] = []): Check {
  const known = new Map(Object.entries(fields))
  return (value, path) => {
    if (nameOf(value) !== 'object') return wrong(path, 'object', value)
    const entries = value as Record<string, unknown>
    for (const key of required) {
      if (entries[key] === undefined)
        return { is: 'missing', path: at(path, key), expected: 'a value', received: 'nothing' }
    }
    for (const key in entries) {
      const check = known.get(key)
      if (!check) return { is: 'unknown', path: at(path, key), expected: 'a known field', received: key }
      const problem = check(entries[key], at(path, key))
      if (problem) return problem
    }
    return undefined
  }
}

/** A union told apart by one field. */
export function byField(field: string, variants: Record<string, Check>): Check {
  const values = Object.keys(variants)
  return (value, path) => {
    if (nameOf(value) !== 'object') return wrong(path, 'object', value)
    const tag = (value as Record<string, unknown>)[field]
    if (tag === undefined)
      return { is: 'missing', path: at(path, field), expected: values.join(', '), received: 'nothing' }
    const check = typeof tag === 'string' && Object.hasOwn(variants, tag) ? variants[tag] : undefined
    return check ? check(value, path) : off(at(path, field), `one of ${values.join(', ')}`, tag)
  }
}
