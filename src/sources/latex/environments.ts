import {
  argument,
  block,
  body,
  display,
  heading,
  maths,
  type Opened,
  optional,
  overlay,
  paragraph,
  type Reading,
  skipSpace,
  words,
} from './reading.ts'
import { cellsOf, spanOf, tableOf, unruled } from './tables.ts'
import { displays, dropped, lists, openings, statements, tables } from './words.ts'

export const isEnvironment = (name: string): boolean =>
  Object.hasOwn(displays, name) ||
  Object.hasOwn(lists, name) ||
  tables.has(name) ||
  dropped.has(name) ||
  name === 'document'

/** An environment: what is read whole, and what only changes how its inside is written. */
export function begin(reading: Reading): void {
  const { scene, writer } = reading
  const name = argument(reading).trim()
  const plain = name.replace(/\*$/, '')
  if (dropped.has(plain)) {
    body(reading, name)
    paragraph(reading)
    return
  }
  if (Object.hasOwn(displays, name)) {
    const inside = body(reading, name)
    if (inside !== undefined)
      display(reading, displays[name] ? `\\begin{${name}}${inside.trimEnd()}\n\\end{${name}}` : inside)
    return
  }
  if (name === 'math') {
    const inside = body(reading, name)
    if (inside !== undefined) maths(reading, inside)
    return
  }
  if (tables.has(name)) {
    table(reading, name)
    return
  }
  if (name === 'abstract') {
    const inside = body(reading, name)
    if (inside === undefined) return
    if (reading.inner) reading.head.abstract ??= inside
    else abstract(reading, inside)
    return
  }
  const opened: Opened = { name }
  reading.open.push(opened)
  const shallow = writer.containers.length < 12 && !reading.inner
  if (Object.hasOwn(lists, name)) {
    paragraph(reading)
    optional(reading)
    for (let i = openings[name] ?? 0; i > 0; i--) argument(reading)
    opened.list = lists[name]!
    opened.count = 0
    if (!shallow) return
    const depth = writer.containers.length
    opened.close = () => {
      writer.end()
      writer.containers.length = depth
    }
    writer.containers.push({ rest: '', list: true })
    return
  }
  if (/^(?:quote|quotation|displayquote|verse)$/.test(name)) {
    paragraph(reading)
    if (!shallow) return
    const depth = writer.containers.length
    opened.close = () => {
      writer.end()
      writer.containers.length = depth
    }
    writer.containers.push({ rest: '> ' })
    return
  }
  const said =
    scene.theorems.get(name) ??
    scene.theorems.get(plain) ??
    (Object.hasOwn(statements, plain) ? statements[plain] : undefined)
  if (said !== undefined) {
    paragraph(reading)
    const more = optional(reading)
    const title = words(reading, said)
    const named =
      more === undefined
        ? title
        : plain === 'proof'
          ? `${title}: ${words(reading, more)}`
          : `${title} (${words(reading, more)})`
    const mark = `**${named}.** `
    const before = writer.blocks.length
    writer.text(mark)
    opened.close = () => {
      // A picture alone leaves nothing to be stated.
      if (writer.blocks.length === before && writer.line.join('').trim() === mark.trim()) writer.line = []
      paragraph(reading)
    }
    skipSpace(reading)
    return
  }
  if (name === 'frame') {
    overlay(reading)
    optional(reading)
    if (reading.text[reading.at] === '{') heading(reading, argument(reading), 3)
    return
  }
  if (/^(?:block|alertblock|exampleblock)$/.test(name)) {
    overlay(reading)
    const title = words(reading, argument(reading))
    if (title) block(reading, `**${title}**`)
    return
  }
  if (/^(?:center|document|minipage|flushleft|flushright)$/.test(name) || !reading.inner) paragraph(reading)
  optional(reading)
  for (let i = openings[name] ?? 0; i > 0; i--) {
    optional(reading)
    argument(reading)
  }
}

export function end(reading: Reading): void {
  const name = argument(reading).trim()
  const at = reading.open.findLastIndex(one => one.name === name)
  if (at < 0) return
  while (reading.open.length > at) {
    const opened = reading.open.pop()!
    if (opened.close) opened.close()
    else paragraph(reading)
  }
}

export function abstract(reading: Reading, inside: string): void {
  const { writer, scene, head } = reading
  const name = scene.japanese ? '概要' : 'Abstract'
  writer.block(name, { level: 2, name })
  reading.run({ ...reading, text: inside, at: 0, open: [], head })
  writer.end()
}

export function item(reading: Reading): void {
  const { writer } = reading
  const own = reading.open.findLast(({ list }) => list !== undefined)
  overlay(reading)
  const label = optional(reading)
  if (!own) {
    paragraph(reading)
    writer.text('- ')
    return
  }
  own.count = (own.count ?? 0) + 1
  const term = label === undefined ? '' : words(reading, label)
  const named = term !== '' && (own.list === 'term' || /\p{L}{3}/u.test(term))
  if (reading.inner || !own.close) {
    writer.text(own.list === 'number' ? ` (${own.count}) ` : ' ')
    if (named) writer.text(`${term} `)
    return
  }
  writer.end()
  const mark = own.list === 'number' && label === undefined ? `${own.count}. ` : '- '
  const container = writer.containers.at(-1)
  if (container) {
    container.first = mark
    container.rest = ' '.repeat(mark.length)
  }
  if (named) writer.text(`**${term}** `)
  else if (term !== '' && !/^[\W_]$/.test(term)) writer.text(`${term} `)
  skipSpace(reading)
}

/** A step of an algorithm is a line of its own. */
export function bullet(reading: Reading): void {
  const container = reading.writer.containers.at(-1)
  paragraph(reading)
  if (!reading.inner && container?.list) {
    container.first = '- '
    container.rest = '  '
  }
}

export function table(reading: Reading, name: string): void {
  const { scene } = reading
  const inside = body(reading, name)
  if (inside === undefined) return
  const inner: Reading = { ...reading, text: inside, at: 0, open: [] }
  optional(inner)
  for (let i = /^(?:tabular\*|tabularx|tabulary|xltabular)$/.test(name) ? 2 : 1; i > 0; i--) argument(inner)
  const rows = cellsOf(inside.slice(inner.at), scene.fuel).map(row =>
    row.flatMap((cell, i) => {
      const bare = i === 0 ? unruled(cell) : cell
      return [words(reading, bare), ...Array.from({ length: Math.min(40, spanOf(bare)) - 1 }, () => '')]
    }),
  )
  const made = tableOf(rows.map(row => row.map(cell => cell.replace(/\s+/g, ' '))))
  if (made === undefined) return
  if (reading.inner) reading.writer.text(` ${rows.map(row => row.filter(cell => cell !== '').join(', ')).join('; ')} `)
  else reading.writer.block(made)
}
