import { expect, test } from 'vitest'
import type { Parent, Rec } from '../records/index.ts'
import { sectionsOf, sourceLine } from './record-text.ts'

test('a row that was fitted on a whole table names no row of it, and is of no unknown source', () => {
  const row = (parents: Parent[]) =>
    ({ kind: 'row', id: 'r', lineage: { parents, made: { step: 'mst' } } }) as unknown as Rec
  expect(sourceLine(row([{ id: 'c', role: 'corpus' }]), new Map())).toBe(
    'mst, fitted on a whole input: no single row of it',
  )
  expect(sourceLine(row([{ id: 'gone', role: 'subject' }]), new Map())).toBe('source unknown')
})

test('a conversation names the tools it was held with, which tells why none of them was called', () => {
  const messages = [{ role: 'user', content: 'Sing.' }]
  const tools = ['find_train', 'add_reminder'].map(name => ({ type: 'function', function: { name } }))
  const shown = (more: object) => sectionsOf({ kind: 'conversation', messages, ...more } as Rec)
  expect(shown({ tools })[0]).toEqual({ label: 'tools', text: 'find_train, add_reminder' })
  expect(shown({})).toEqual([{ label: 'user', text: 'Sing.' }])
})
