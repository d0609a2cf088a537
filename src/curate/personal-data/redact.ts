import { createHmac } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { StillroomError } from '../../errors/index.ts'
import type { Json, Payload, Rec, Score } from '../../records/index.ts'
import type { Outcome } from '../../steps/index.ts'
import { type Entity, entities } from './entities.ts'
import { rewrite } from './fields.ts'
import type { Finding } from './scan.ts'
import { surrogate } from './surrogate.ts'

/** What becomes of what was found. Secrets are dropped whatever is said. */
export const actions = ['drop', 'mask', 'placeholder', 'surrogate'] as const
export type Action = (typeof actions)[number]

type Actions = Action | { [E in Entity | 'others']?: Action }

/** The action for an entity, out of one for all or a table with `others`. */
const actionFor =
  (given: Actions) =>
  (name: Entity): Action =>
    typeof given === 'string' ? given : (given[name] ?? given.others ?? 'surrogate')

/** A finding with the field it stands in. */
export type Place = Finding & { at: string }

/** Finds in one field; `hint` is what the field is called. */
export type Find = (text: string, at: string, hint?: string) => Finding[]

/** Everything found in a payload, in the order of its fields. */
export function places(payload: Payload, find: Find): Place[] {
  const found: Place[] = []
  rewrite(payload, (text, at, hint) => {
    for (const finding of find(text, at, hint)) found.push({ ...finding, at })
    return text
  })
  return found
}

/** What becomes of a record: passed as it is, dropped without leaving its content, or with everything in its place replaced. */
export function redacted(
  record: Rec,
  found: readonly Place[],
  action: Actions,
  key: string | undefined,
  method: string,
): Outcome {
  if (found.length === 0) return { is: 'passed' }
  const does = actionFor(action)
  const dropped = found.filter(one => does(one.entity) === 'drop')
  if (dropped.length > 0)
    return { is: 'dropped', reason: 'personal-data', evidence: evidence(dropped, key), conceal: true }
  const payload = replaced(record, found, does, key)
  return { is: 'fixed', reason: 'redacted', payload, notes: { scores: countScores(found, method) } }
}

/** The payload with everything in its place replaced. Numbers of placeholders go by record: the same value has the same one. */
export function replaced(
  payload: Payload,
  found: readonly Place[],
  action: (entity: Entity) => Action,
  key: string | undefined,
): Payload {
  const numbers = new Map<string, string>()
  const next = highest(payload)
  const stand = ({ entity, value }: Place, shown: string): string => {
    const { label } = entities[entity]
    switch (action(entity)) {
      case 'mask':
        return shown.replace(/[\p{L}\p{N}]/gu, '*')
      case 'surrogate':
        return surrogate(entity, value, shown, key ?? missingKey())
      default: {
        const known = `${label} ${value}`
        const number = numbers.get(known)
        if (number) return number
        const count = (next.get(label) ?? 0) + 1
        next.set(label, count)
        numbers.set(known, `<${label}_${count}>`)
        return `<${label}_${count}>`
      }
    }
  }
  const byField = Map.groupBy(found, place => place.at)
  return rewrite(payload, (text, at) => {
    const here = byField.get(at)
    if (!here) return text
    let out = ''
    let last = 0
    for (const place of here) {
      out += text.slice(last, place.start) + stand(place, text.slice(place.start, place.end))
      last = place.end
    }
    return out + text.slice(last)
  })
}

/** Placeholders that are there already, by label: an earlier pass, or the source, wrote them. */
function highest(payload: Payload): Map<string, number> {
  const found = new Map<string, number>()
  rewrite(payload, text => {
    if (text.includes('<')) {
      for (const [, label, n] of text.matchAll(/<([A-Z][A-Z_]{1,30})_(\d{1,6})>/g)) {
        found.set(label!, Math.max(found.get(label!) ?? 0, Number(n)))
      }
    }
    return text
  })
  return found
}

/** What was found, without a word of it: entity, field, offsets, and a keyed hash by which equal values are told. */
export function evidence(found: readonly Place[], key: string | undefined): Json {
  const shown = found.slice(0, 20).map(({ entity, rule, at, start, end, value }) => ({
    entity,
    ...(rule ? { rule } : {}),
    at,
    span: [start, end],
    ...(key === undefined ? {} : { hash: hashed(value, key) }),
  }))
  return { found: shown, total: found.length }
}

const hashed = (value: string, key: string) =>
  createHmac('sha256', key).update(`evidence\0${value}`).digest('hex').slice(0, 16)

/** How often each entity was found. */
function countScores(found: readonly Place[], method: string): { [aspect: string]: Score } {
  const counts = new Map<string, number>()
  for (const { entity } of found) counts.set(entity, (counts.get(entity) ?? 0) + 1)
  return Object.fromEntries(
    [...counts].sort(([a], [b]) => (a < b ? -1 : 1)).map(([entity, value]) => [entity, { method, value }]),
  )
}

const keys = new Map<string, string>()

/** The project's key out of its file, read once a process; without a file nothing can be told apart by hash. */
export function keyIn(file: string | undefined): string | undefined {
  if (file === undefined) return undefined
  let key = keys.get(file)
  if (key === undefined) {
    try {
      key = readFileSync(file, 'utf8').trim()
    } catch {
      return missingKey(file)
    }
    if (key.length < 32) {
      throw new StillroomError('SR_KEY_MISSING', 'The key for surrogates is too short.', {
        expected: 'at least 32 characters made by chance',
        received: `${key.length} characters`,
        hint: 'remove the file, and a new key is made; values then get other surrogates than before',
      })
    }
    keys.set(file, key)
  }
  return key
}

function missingKey(file?: string): never {
  throw new StillroomError('SR_KEY_MISSING', 'Surrogates need the key of the project.', {
    expected: `a file with 64 hexadecimal digits made by chance${file === undefined ? '' : ` at ${file}`}`,
    hint: 'openssl rand -hex 32 makes one; keep it out of releases and of version control',
  })
}
