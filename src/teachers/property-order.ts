import type { Json } from '../records/index.ts'
import type { Request } from './contract.ts'

type Schema = { [key: string]: Json }
const isObject = (value: Json | undefined): value is Schema =>
  typeof value === 'object' && value !== null && !Array.isArray(value)

/**
 * A JSON schema with the properties of each object in the order of `required`, then the others by name. A model writes in
 * this order, so a reason that comes before a mark has to come before it whichever way the request took: canonical JSON,
 * as the journal keeps it, orders all names alike.
 */
export function inOrder<T extends Json>(schema: T): T {
  if (Array.isArray(schema)) return schema.map(inOrder) as T
  if (!isObject(schema)) return schema
  const entries = Object.entries(schema).map(([key, value]) => [key, inOrder(value)] as const)
  const ordered: Schema = Object.fromEntries(entries)
  if (isObject(ordered.properties)) {
    const { properties, required } = ordered
    const first = (Array.isArray(required) ? required : []).filter(
      name => typeof name === 'string' && Object.hasOwn(properties, name),
    )
    const rest = Object.keys(properties)
      .filter(name => !first.includes(name))
      .sort()
    ordered.properties = Object.fromEntries([...(first as string[]), ...rest].map(name => [name, properties[name]!]))
  }
  return ordered as T
}

/** A request as it was before it became canonical JSON, as far as a model can tell. */
export function readRequest(text: string): Request {
  const request = JSON.parse(text) as Request
  const { schema } = request
  return schema ? { ...request, schema: { ...schema, schema: inOrder(schema.schema) } } : request
}
