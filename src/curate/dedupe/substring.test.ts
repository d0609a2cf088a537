import fc from 'fast-check'
import { expect, test } from 'vitest'
import { conversation, document } from '../../../test/support/curate-records.ts'
import { driveGlobal, droppedBy, shardsOf } from '../../../test/support/drive-global.ts'
import type { Rec } from '../../records/index.ts'
import { repeated } from './stretches.ts'
import { dedupeSubstring } from './substring.ts'

const textOf = (record: Rec) => (record.kind === 'document' ? record.text : '')
const cut = (rows: Rec[], options: object) => driveGlobal(dedupeSubstring, [rows], options)

/** The definition, word for word: a run is a copy if an earlier one is equal, and does not overlap it. */
function byDefinition(rows: Rec[], tokens: number): Map<string, string[]> {
  const first = new Map<string, { id: string; at: number }>()
  const left = new Map<string, string[]>()
  for (const row of [...rows].sort((a, b) => (a.id < b.id ? -1 : 1))) {
    const words = textOf(row).split(' ')
    const gone = new Set<number>()
    for (let at = 0; at + tokens <= words.length; at++) {
      const run = words.slice(at, at + tokens).join(' ')
      const found = first.get(run)
      if (!found) first.set(run, { id: row.id, at })
      else if (found.id !== row.id || at >= found.at + tokens) {
        for (let i = at; i < at + tokens; i++) gone.add(i)
      }
    }
    left.set(
      row.id,
      words.filter((_, i) => !gone.has(i)),
    )
  }
  return left
}

test('cuts what the definition cuts, however the rows are sharded and ordered', () => {
  const word = fc.constantFrom('a', 'b', 'c')
  const texts = fc.array(fc.array(word, { minLength: 1, maxLength: 40 }), { maxLength: 8 })
  const sizes = fc.array(fc.nat(3), { maxLength: 8 })
  fc.assert(
    fc.property(texts, fc.integer({ min: 2, max: 9 }), sizes, fc.nat(), (texts, tokens, sizes, turn) => {
      const rows = texts.map((words, i) => document(`r${i}`, words.join(' ')))
      const expected = byDefinition(rows, tokens)
      const moved = rows.map((_, i) => rows[(i + turn) % rows.length]!)
      const { verdicts } = driveGlobal(dedupeSubstring, shardsOf(moved, sizes), {
        tokens,
        characters: 9,
        edges: 'words',
      })
      const left = rows.map(row => {
        const verdict = verdicts.get(row.id)!
        if (verdict.is === 'dropped') return []
        const text = verdict.is === 'fixed' ? textOf(verdict.payload as Rec) : textOf(row)
        return text.split(' ')
      })
      expect(left).toEqual(rows.map(row => expected.get(row.id)!))
    }),
    { numRuns: 200 },
  )
})

const notice =
  'This text is offered without any warranty; the authors answer for nothing that comes of its use, and ask to be told of faults.'
const same =
  'THIS TEXT IS OFFERED without any warranty. The authors answer for nothing that comes of its use and ask to be told of faults!'

test('the first occurrence stays, the others go with the marks around them', () => {
  const rows = [
    document('b', `A still heats a wash.\n\n- “${same}”\n- (A list goes on.)`),
    document('a', `Water boils at 100 degrees. ${notice}\n\nSteam rises.`),
    document('c', `# ${notice}\n`),
    document('d', `It was said that ${notice.slice(0, 60)} and so on.`),
  ]
  const { verdicts, notes } = cut(rows, { tokens: 20 })
  expect(verdicts.get('a')).toEqual({ is: 'passed' })
  expect(verdicts.get('b')).toMatchObject({
    is: 'fixed',
    reason: 'repeated-span',
    payload: { kind: 'document', text: 'A still heats a wash.\n\n- (A list goes on.)' },
  })
  expect(verdicts.get('c')).toMatchObject({
    is: 'dropped',
    reason: 'nothing-left',
    evidence: {
      spans: [{ start: 2, end: 2 + notice.length - 1 }],
      origins: [{ start: 2, of: 'a', ofStart: 28 }],
    },
  })
  expect(verdicts.get('d')).toEqual({ is: 'passed' })
  expect(notes[0]).toMatch(/^2 records repeat spans of 20 words/)
})

test('sentences are cut whole, so that what is left reads on', () => {
  const shared = 'One must not open the valve. It gets hot inside. The pressure has to fall before anyone touches it'
  const rows = [
    document('a', `Heat it. ${shared}. Then wait.`),
    document('b', `Thus: ${shared} or comes near. Then go.`),
    document('c', `“${shared} and goes past, we say.”`),
  ]
  const texts = (edges: string) => cut(rows, { tokens: 10, edges }).kept.slice(1).map(textOf)
  expect(texts('sentences')).toEqual([
    'Thus: One must not open the valve. The pressure has to fall before anyone touches it or comes near. Then go.',
    'The pressure has to fall before anyone touches it and goes past, we say.”',
  ])
  expect(texts('words')).toEqual(['Thus: or comes near. Then go.', 'and goes past, we say.”'])
})

test('flags shares, and drops with evidence', () => {
  const own = 'Nothing here stands anywhere else at all.'
  const rows = [document('a', `${notice} ${own}`), document('b', `${own.slice(0, 20)} ${notice}`), document('c', own)]
  const flagged = cut(rows, { tokens: 20, action: 'flag' }).verdicts
  const shares = ['a', 'b', 'c'].map(id => {
    const { scores } = (flagged.get(id) as { notes: { scores: { [aspect: string]: { value: number } } } }).notes
    return [scores.repeated!.value, scores.copied!.value]
  })
  const [whole, first] = [notice.length - 1, notice.length + 1 + own.length]
  expect(shares[0]).toEqual([Math.round((whole / first) * 1e4) / 1e4, 0])
  expect(shares[1]![0]).toBe(shares[1]![1])
  expect(shares[2]).toEqual([0, 0])
  expect(droppedBy(cut(rows, { tokens: 20, action: 'drop' }).verdicts)).toEqual({ 'repeated-span': ['b'] })
})

test('Japanese counts in characters, half-width ones as full-width ones; voiced sounds are others', () => {
  const ja = '蒸留器は液体を熱して気化させ、冷やして再び液体に戻すことで成分を分ける装置である。'
  const rows = [
    document('a', ja),
    document('b', `前置き。${ja.replace('る装置', '\u308b\u88c5\u7f6e')}「次」の文。`),
    document('c', ja.replaceAll('か', 'が').replaceAll('は', 'ば').replaceAll('し', 'じ').replaceAll('て', 'で')),
    document('d', 'ｶﾞｽを冷やす管はガスの出口に置き、水を下から上へ流す。'),
    document('e', 'ガスを冷やす管はｶﾞｽの出口に置き、水を下から上へ流す。まとめ。'),
  ]
  const { verdicts } = cut(rows, { tokens: 10 })
  expect(verdicts.get('b')).toMatchObject({ payload: { text: '前置き。「次」の文。' } })
  expect(verdicts.get('c')).toEqual({ is: 'passed' })
  expect(verdicts.get('e')).toMatchObject({ payload: { text: 'まとめ。' } })
})

test('of conversations the answers are looked at, each by itself', () => {
  const rows = [
    conversation('a', notice, 'Yes.'),
    conversation('b', notice, `${notice} Indeed.`),
    conversation('c', 'Well?', `First: ${notice} Indeed.`),
    conversation('d', 'Well?', 'This text is offered without any warranty'),
  ]
  const { verdicts } = cut(rows, { tokens: 20 })
  expect(verdicts.get('b')).toEqual({ is: 'passed' })
  expect(verdicts.get('c')).toMatchObject({
    is: 'fixed',
    payload: { messages: [{ content: 'Well?' }, { role: 'assistant', content: 'First:' }] },
  })
})

test('empty, equal and endlessly repeating texts', () => {
  const rows = [document('a', ''), document('b', ' .. '), document('c', 'a'), document('d', 'ha '.repeat(20_000))]
  const { verdicts, kept } = cut(rows, { tokens: 50 })
  expect(verdicts.get('d')).toMatchObject({ is: 'fixed', payload: { text: 'ha '.repeat(50).trim() } })
  expect(kept).toHaveLength(4)
  const equal = Array.from({ length: 30 }, (_, i) => document(`e${i + 10}`, 'one two three four five'))
  expect(cut(equal, { tokens: 5 }).kept.map(row => row.id)).toEqual(['e10'])
  expect(repeated([])).toEqual([])
})
