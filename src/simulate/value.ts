import type { Json } from '../records/index.ts'
import {
  type Material,
  type Pick,
  paragraphs,
  person,
  question,
  reading,
  relevant,
  rewriting,
  shortAnswer,
  task,
  worksOnInput,
} from './prose.ts'

type Schema = { [key: string]: Json | undefined }

/** Where values come from: `steady` is shared by the draws that agree, `free` is each draw's own. */
export type Source = { material: Material; steady: Pick; free: Pick; variant: number }

/** A JSON value that validates against the schema (draft 2020-12 as zod writes it), about the prompt's text. */
export function valueFor(schema: Json | undefined, source: Source): Json {
  return make(schema ?? {}, {
    ...source,
    root: schema ?? {},
    name: '',
    path: '$',
    depth: 0,
    position: 0,
    siblings: [],
    about: '',
  })
}

type Place = Source & {
  root: Json
  /** Nearest property name: what a string is meant to be. */
  name: string
  path: string
  depth: number
  /** Index in the nearest array. */
  position: number
  siblings: string[]
  about: string
}

function make(schema: Json, place: Place): Json {
  if (typeof schema !== 'object' || schema === null || Array.isArray(schema))
    return schema === false ? null : text({}, place)
  if (typeof schema.$ref === 'string')
    return make(resolve(schema.$ref, place.root), { ...place, depth: place.depth + 1 })
  if (schema.const !== undefined) return schema.const
  if (Array.isArray(schema.examples) && schema.examples.length > 0)
    return schema.examples[Math.floor(place.free(place.path) * schema.examples.length)]!
  if (Array.isArray(schema.enum)) return schema.enum[Math.floor(place.steady(place.path) * schema.enum.length)]!
  if (Array.isArray(schema.allOf)) return make(merge(schema), place)
  const options = (schema.anyOf ?? schema.oneOf) as Json[] | undefined
  if (Array.isArray(options)) return make(choose(options, place), place)
  const here = { ...place, about: typeof schema.description === 'string' ? schema.description : place.about }
  switch (typeOf(schema, here)) {
    case 'object':
      return object(schema, here)
    case 'array':
      return array(schema, here)
    case 'integer':
    case 'number':
      return number(schema, here)
    case 'boolean':
      return here.steady(here.path) < 0.7
    case 'null':
      return null
    default:
      return text(schema, here)
  }
}

function typeOf(schema: Schema, place: Place): string {
  if (typeof schema.type === 'string') return schema.type
  if (Array.isArray(schema.type)) {
    const real = schema.type.filter(type => type !== 'null')
    return String(real[Math.floor(place.steady(`${place.path}?`) * real.length)] ?? 'null')
  }
  if (schema.properties) return 'object'
  if (schema.items || schema.prefixItems) return 'array'
  return schema.minimum !== undefined || schema.maximum !== undefined ? 'number' : 'string'
}

/** Follows a local pointer such as `#/$defs/node`. */
function resolve(ref: string, root: Json): Json {
  let found: Json | undefined = root
  for (const part of ref.replace(/^#\/?/, '').split('/').filter(Boolean)) {
    found = (found as Schema | undefined)?.[decodeURIComponent(part).replaceAll('~1', '/').replaceAll('~0', '~')]
  }
  return found ?? {}
}

function merge(schema: Schema): Schema {
  const { allOf, ...base } = schema
  const merged: Schema = { ...base }
  for (const part of allOf as Schema[]) {
    for (const [key, value] of Object.entries(part)) {
      if (key === 'properties') merged.properties = { ...(merged.properties as object), ...(value as object) }
      else if (key === 'required')
        merged.required = [...new Set([...((merged.required as Json[]) ?? []), ...(value as Json[])])]
      else merged[key] = value
    }
  }
  return merged
}

/** Deep inside a recursive schema the alternative that ends it; else any but null. */
function choose(options: Json[], place: Place): Json {
  const isNull = (option: Json) => (option as Schema | null)?.type === 'null'
  if (place.depth > 4) {
    const ends = options.find(
      option => !['object', 'array'].includes(String((option as Schema).type)) && !(option as Schema).$ref,
    )
    if (ends) return ends
  }
  const real = options.filter(option => !isNull(option))
  return real[Math.floor(place.steady(`${place.path}|`) * real.length)] ?? options[0]!
}

/** Properties that hold the number of a fenced part. */
const namesPart = /^(?:document|source|passage|text|extract)(?:[-_ ]?(?:number|index|id))?$/i

function object(schema: Schema, place: Place): Json {
  const properties = (schema.properties ?? {}) as { [key: string]: Json }
  const required = new Set((schema.required ?? []) as string[])
  const siblings = Object.keys(properties)
  if (place.material.declared.length > 0 && properties.name && properties.arguments) return toolCall(place)
  const made: { [key: string]: Json } = {}
  let here = place
  for (const name of siblings) {
    if (place.depth > 4 && !required.has(name)) continue
    made[name] = make(properties[name]!, {
      ...here,
      name,
      path: `${place.path}.${name}`,
      depth: place.depth + 1,
      siblings,
      about: '',
    })
    // What stands beside the number of a document is about that document.
    const part = namesPart.test(name) ? place.material.numbered[Number(made[name]) - 1] : undefined
    if (part !== undefined) here = { ...here, material: { ...here.material, ...reading(part) } }
  }
  for (const name of required)
    if (!(name in made)) made[name] = text({}, { ...place, name, path: `${place.path}.${name}` })
  const asked = siblings.find(name => isAsked.test(name))
  if (asked && place.material.declared.length > 0 && Array.isArray(made.calls)) made[asked] = wish(made.calls, place)
  return made
}

const isAsked = /question|quer(?:y|ies)|prompt|instruction|task|message|問/i

/** A call of one of the tools that the prompt declares, by its schema. One in twelve is wrong, as models are at times. */
function toolCall(place: Place): Json {
  const { declared } = place.material
  const start = Math.floor(place.steady('tool') * declared.length)
  const { name, parameters } = declared[(start + place.position) % declared.length]!
  const root = (parameters ?? { type: 'object' }) as Schema
  const path = `${place.path}.arguments`
  const given = make(root, { ...place, root, name: 'arguments', path, depth: 0, siblings: [], about: '' })
  const slip = place.free(`${place.path} slip`)
  if (slip < 1 / 24) return { name: `${name}_v2`, arguments: given }
  const [first] = slip < 1 / 12 ? ((root.required ?? []) as string[]) : []
  if (first !== undefined) delete (given as Schema)[first]
  return { name, arguments: given }
}

/** What a user would say who wants these calls made; without any, a question near to what the tools are about. */
function wish(calls: Json[], place: Place): string {
  const { material, free, position } = place
  const wants = (calls as { name?: string; arguments?: Json }[]).flatMap(({ name, arguments: given }) => {
    const tool = material.declared.find(one => one.name === name)
    const values = Object.values((given ?? {}) as Schema)
      .flat()
      .filter(value => typeof value !== 'boolean')
    return tool ? [`${(tool.description ?? tool.name).replace(/[.。]\s*$/, '')}: ${values.join(', ')}`] : []
  })
  if (wants.length === 0) return question(material, free('question'), position)
  return material.japanese ? `お願いします。${wants.join('。')}。` : `Please help me with this. ${wants.join('. ')}.`
}

/** As many items as the schema fixes, else as the prompt asks for, such as `10 questions`, within the schema's bounds. */
function array(schema: Schema, place: Place): Json {
  const items = schema.items as Schema | undefined
  const bounded = schema.minItems !== undefined || schema.maxItems !== undefined || items?.enum !== undefined
  if (items?.type === 'integer' && !bounded && place.material.numbered.length > 0) return chosen(place)
  const prefix = (schema.prefixItems ?? []) as Json[]
  const asked = demanded(place)
  const low = Number(schema.minItems ?? (place.depth > 4 || asked === 0 ? 0 : 1))
  const high = Number(schema.maxItems ?? Number.POSITIVE_INFINITY)
  const wanted = low === high ? low : (asked ?? (low > 1 ? low : 3))
  const count = place.depth > 4 ? low : Math.max(prefix.length, Math.min(high, Math.max(low, wanted)))
  const seen = new Set<string>()
  const made: Json[] = []
  for (let i = 0; made.length < count && i < count * 8; i++) {
    const path = `${place.path}[${i}]`
    const value = make(prefix[i] ?? items ?? {}, { ...place, path, depth: place.depth + 1, position: i })
    const key = schema.uniqueItems ? JSON.stringify(value) : String(i)
    if (seen.has(key)) continue
    seen.add(key)
    made.push(value)
  }
  return made
}

/** The numbers of fenced parts that a referee would put together: most of them, the first always. */
function chosen(place: Place): Json[] {
  const numbers = place.material.numbered.map((_, i) => i + 1)
  return numbers.filter(n => n === 1 || place.steady(`${place.path}.${n}`) < 0.75)
}

/** The number before the array's own name in the prompt, or before any word for items. */
function demanded(place: Place): number | undefined {
  const stem = place.name
    .replace(/[^\p{L}].*$/u, '')
    .replace(/(?:ies|s)$/, '')
    .toLowerCase()
  const demand = `${place.about}\n${place.material.demand}`.toLowerCase()
  if (stem.length > 2) {
    const found = new RegExp(`(\\d{1,3})\\s+(?:[\\p{L}-]+\\s+){0,4}?${stem}`, 'u').exec(demand)
    if (found) return Number(found[1])
  }
  const japanese = /(\d{1,3})\s*(?:個|件|つ|問|文|人|名)/.exec(demand)
  return japanese ? Number(japanese[1]) : undefined
}

/** Spread over the range with more weight above the middle, as graders give marks. */
function number(schema: Schema, place: Place): Json {
  const parts = place.material.numbered.length
  if (parts > 0 && namesPart.test(place.name))
    return 1 + ((place.position + Math.floor(place.steady(place.path.replace(/\[\d+\][^[]*$/, '')) * parts)) % parts)
  const whole = typeOf(schema, place) === 'integer'
  const step = Number(schema.multipleOf ?? (whole ? 1 : 0.01))
  const bound = (value: Json | undefined, safe: number) =>
    typeof value === 'number' && Math.abs(value) < 2 ** 52 ? value : safe
  const scale = /(\d+)\s*(?:to|-|–)\s*(\d+)/.exec(place.about)
  let low = Math.max(bound(schema.minimum, -Infinity), bound(schema.exclusiveMinimum, -Infinity) + step)
  let high = Math.min(bound(schema.maximum, Infinity), bound(schema.exclusiveMaximum, Infinity) - step)
  if (!Number.isFinite(low)) low = Number.isFinite(high) ? Math.min(0, high) : Number(scale?.[1] ?? 1)
  if (!Number.isFinite(high)) high = Math.max(low, Number(scale?.[2] ?? 10))
  const u = (place.steady(place.path) + place.steady(`${place.path}+`)) / 2
  const from = Math.ceil(low / step - 1e-9)
  const to = Math.floor(high / step + 1e-9)
  const value = (from + Math.floor(u ** 0.8 * (to - from + 1))) * step
  return whole ? Math.round(value) : Number(Math.min(value, high).toFixed(6))
}

const formats: Record<string, string> = {
  date: '2026-01-15',
  'date-time': '2026-01-15T09:30:00Z',
  time: '09:30:00Z',
  duration: 'PT15M',
  email: 'reader@example.org',
  hostname: 'example.org',
  uri: 'https://example.org/reading',
  ipv4: '192.0.2.1',
  ipv6: '2001:db8::1',
  uuid: '0b9d9a1e-5c1f-4f5e-8a52-3c1d2e4f5a6b',
}

/** A sentence, phrase, question or answer by what the property is called, inside the schema's bounds. */
function text(schema: Schema, place: Place): string {
  if (typeof schema.format === 'string' && formats[schema.format]) return formats[schema.format]!
  let value = phrase(place)
  if (typeof schema.pattern === 'string') value = fitting(schema.pattern, value, place)
  const low = Number(schema.minLength ?? 0)
  const high = Number(schema.maxLength ?? Number.POSITIVE_INFINITY)
  for (let i = 0; value.length < low; i++) value += ` ${place.material.sentences[i % place.material.sentences.length]}`
  return value.length > high ? value.slice(0, high) : value
}

function phrase(place: Place): string {
  const { material, name, path, position, siblings, free, steady, variant } = place
  const { phrases, sentences } = material
  if (/^(?:rewrit|evolv)/i.test(name)) return rewriting(material, free('rewriting'))
  if (/^(?:instruction|task|created)/i.test(name)) return task(material, free('task'), position)
  if (name === 'input' && siblings.includes('instruction') && !worksOnInput(position)) return ''
  if (isAsked.test(name)) return question(material, free('question'), position)
  if (/answer|final|result|solution|答/i.test(name)) {
    const short =
      /final|short|result/i.test(name) ||
      siblings.some(other => /reason|explan|step|work|thought|solution|rationale/i.test(other) && other !== name)
    return short ? shortAnswer(material, steady(path), variant) : paragraphs(material, free, path)
  }
  if (/persona|character|人物/i.test(name)) return person(material, free('persona'), position)
  if (/title|topic|name|label|tag|keyword|subject|category|audience|style|term|concept|entity/i.test(name)) {
    return phrases[(Math.floor(steady(path.replace(/\[\d+\]/g, '')) * phrases.length) + position) % phrases.length]!
  }
  if (/response|completion|essay|article|story|body|text|content|output|improved/i.test(name))
    return paragraphs(material, free, path)
  // Word for word and short, as prompts want their evidence.
  if (/evidence|quote|excerpt/i.test(name)) {
    const sentence = claimed(place)
    // One in twelve is not word for word, as models are at times.
    const slip = free(`${path} slip`) < 1 / 12
    if (material.japanese) return slip ? sentence.slice(3, 6) + sentence.slice(10, 40) : sentence.slice(0, 40)
    const words = sentence.split(' ').slice(0, 12)
    return words.toSpliced(2, slip ? 1 : 0).join(' ')
  }
  if (/reason|explan|rationale|thought|why|comment|critique|feedback|justif|analysis|summary|steps?/i.test(name)) {
    return relevant(material, 2, free(path)).join(material.japanese ? '' : ' ')
  }
  if (/sentence|claim|statement/i.test(name)) return claimed(place)
  return sentences[(Math.floor(free(path.replace(/\[\d+\]/g, '')) * sentences.length) + position) % sentences.length]!
}

/** The sentence that a claim and its evidence share: lists in lists count together. */
function claimed({ material: { sentences }, free, path }: Place): string {
  const place = [...path.matchAll(/\[(\d+)\]/g)].reduce((sum, [, n]) => sum + Number(n), 0)
  return sentences[(Math.floor(free('evidence') * sentences.length) + place) % sentences.length]!
}

/** Something that matches the pattern: the value itself, its slug, or a common shape. */
function fitting(pattern: string, value: string, place: Place): string {
  const expression = new RegExp(pattern, 'u')
  const slug = place.material.phrases[place.position % place.material.phrases.length]!.toLowerCase()
    .replace(/[^a-z0-9]+/g, '-')
    .replace(/^-|-$/g, '')
  const digits = String(Math.floor(place.steady(place.path) * 1e6)).padStart(6, '1')
  const shapes = [
    value,
    place.material.phrases[0]!,
    slug,
    slug.replaceAll('-', '_'),
    slug.split('-')[0]!,
    digits,
    ...[1, 2, 3, 4, 5].map(n => digits.slice(0, n)),
    'A',
    'B',
    'a',
    'AB',
    'A1',
    'yes',
    'x',
    '1.0.0',
    ...Object.values(formats),
  ]
  return shapes.find(shape => expression.test(shape)) ?? value
}
