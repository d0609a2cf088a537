import fc from 'fast-check'
import { expect, test } from 'vitest'
import { conversation, document, exam } from '../../../test/support/curate-records.ts'
import { carried, driveGlobal, shardsOf } from '../../../test/support/drive-global.ts'
import { benchmarks, cleanDocuments, disguises, planted } from '../../../test/support/planted.ts'
import type { Rec } from '../../records/index.ts'
import { decontaminate } from './decontaminate.ts'
import type { Evidence } from './overlaps.ts'

const question =
  'Natalia sold clips to 48 of her friends in April, and then she sold half as many clips in May. How many clips did she sell altogether?'
const sibling = 'In March she sold half as many clips in May. How many clips did she sell altogether?'
const tests = [exam('q1', question, '72'), exam('q2', sibling, '10'), exam('q3', 'What is the boiling point?', 'water')]

const drive = (rows: Rec[][], options: object = {}, side: Rec[] = tests) =>
  driveGlobal(decontaminate, rows, { against: ['gsm'], ...options }, { side: { gsm: [side] } })
const evidenceOf = (rows: Rec[], options: object = {}, side: Rec[] = tests): (Evidence | undefined)[] => {
  const { verdicts } = drive([rows], options, side)
  return rows.map(r => {
    const v = verdicts.get(r.id)!
    return v.is === 'dropped' ? (v.evidence as unknown as Evidence) : undefined
  })
}
const found = (rows: Rec[], options: object = {}, side: Rec[] = tests) =>
  [...drive([rows], options, side).verdicts].filter(([, v]) => v.is !== 'passed').map(([id]) => id)

test('names every item that shares a run, the most covered first, with both texts', () => {
  const said = 'Take this: and then she sold half as many clips in May. How many clips did she sell altogether? Thanks'
  const [hit] = evidenceOf([conversation('r', 'x', said)])
  expect(hit).toMatchObject({ set: 'gsm', item: 'q2', field: 'prompt', where: 'completion', run: 15, items: 2 })
  expect(hit!.others).toMatchObject([{ item: 'q1', run: 17 }])
  expect(hit!.coverage).toBeCloseTo(15 / 17, 3)
  expect(hit!.row).toEqual({
    before: 'Take this: and then ',
    match: 'she sold half as many clips in May. How many clips did she sell altogether',
    after: '? Thanks',
    at: [20, 94],
  })
  expect(hit!.test).toMatchObject({ before: 'In March ', after: '?' })
  expect(hit!.sets).toEqual({ gsm: { items: 2, of: 3 } })
})

test('ten words are enough, nine are not; prompts and completions are looked at apart', () => {
  const ten = 'and then she sold half as many clips in May'
  expect(evidenceOf([conversation('a', ten, 'x')])[0]).toMatchObject({ where: 'prompt', run: 10 })
  expect(evidenceOf([conversation('a', ten.replace('and ', ''), 'x')])[0]).toBeUndefined()
  expect(evidenceOf([conversation('a', 'and then she sold half', 'as many clips in May')])[0]).toBeUndefined()
  expect(evidenceOf([conversation('a', ten, 'x')], { coverage: 0.5 })[0]).toBeUndefined()
  expect(evidenceOf([conversation('a', question, 'x')], { coverage: 1 })[0]).toMatchObject({ coverage: 1 })
})

test('reasoning and arguments of tools are looked at like answers', () => {
  const thought = conversation('a', 'x', 'y')
  thought.messages[1]!.reasoning = `I recall: ${question}`
  const called = conversation('b', 'x', 'y')
  called.messages[1]!.tool_calls = [{ type: 'function', function: { name: 'ask', arguments: { q: question } } }]
  expect(found([thought, called])).toEqual(['a', 'b'])
})

test('short questions match as a line or sentence of their own, short answers never', () => {
  const short = (text: string) => evidenceOf([conversation('a', text, 'water')])[0]
  expect(short('What is the boiling point')).toMatchObject({ item: 'q3', coverage: 1 })
  expect(short('Please say:\nwhat is the boiling point?')).toMatchObject({ item: 'q3' })
  expect(short('Q3) What is the boiling point? Explain.')).toMatchObject({ item: 'q3' })
  expect(short('What is the boiling point of tar')).toBeUndefined()
  expect(short('Tell me what is the boiling point.')).toBeUndefined()
})

test('numbers in a row are no leak, and addresses are no text of an item', () => {
  const side: Rec[] = [exam('n', 'Sum them: 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11 and 12, all of them.', '78')]
  expect(found([document('a', 'Count: 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13.')], {}, side)).toEqual([])
  const { kind: _, text: __, ...around } = document('u', '')
  const link = 'https://a.org/one/two/three/four/five/six/seven/eight/nine/ten'
  const row: Rec = { ...around, kind: 'row', columns: { id: 7, source: link, question } }
  const hits = evidenceOf([document('a', `See ${link}`), document('b', question)], {}, [row])
  expect(hits).toMatchObject([undefined, { item: '7', field: 'question' }])
})

test('Japanese runs are counted in characters, mixed ones in both, and voiced kana stay apart', () => {
  const ja = '蒸留とは、混合物を加熱して沸点の低い成分を先に気化させ、それを冷やして集める操作のことである。'
  const side = [document('j', ja)]
  const run = (n: number) => [...ja.replace(/[、。]/g, '')].slice(0, n).join('')
  const of = (text: string, options = {}) => evidenceOf([document('a', text)], options, side)[0]
  expect(of(`まず${run(20)}を`)).toMatchObject({ item: 'j', run: 20, row: { before: 'まず', match: run(20) } })
  expect(of(`まず${run(19)}や`)).toBeUndefined()
  expect(of(`まず${run(29)}や`, { characters: 30 })).toBeUndefined()
  expect(of(run(20).replaceAll('が', 'か').replaceAll('混', '婚'))).toBeUndefined()
  // Half of either makes a whole: five words and ten characters.
  const mixed = [document('m', 'one two three four five 一二三四五六七八九十')]
  const half = 'so one two three four five 一二三四五六七八九'
  expect(found([document('a', `${half}十`), document('b', half)], {}, mixed)).toEqual(['a'])
})

test('what NFKC joins is found, and shown as it was written', () => {
  const ja = 'ガラスのグラスを２つならべてデジタルカメラで写真を撮る方法を教えてください'
  const narrow = 'ｶﾞﾗｽのｸﾞﾗｽを2つならべてﾃﾞｼﾞﾀﾙｶﾒﾗで写真を撮る方法を教えてください'
  const [hit] = evidenceOf([document('a', `質問。\nえっと、${narrow}。以上`)], {}, [document('j', ja)])
  expect(hit).toMatchObject({ coverage: 1, row: { before: '質問。\nえっと、', match: narrow, after: '。以上' } })
})

test('a copied run of any item is always found, whatever stands around it', () => {
  const words = fc.array(fc.constantFrom('p', 'q', 'r', 's', 't', 'u'), { minLength: 4, maxLength: 20 })
  fc.assert(
    fc.property(fc.array(words, { minLength: 1, maxLength: 4 }), fc.nat(), fc.nat(), (items, a, b) => {
      const item = items[a % items.length]!
      const start = b % (item.length - 3)
      const row = conversation('r', 'z', `zz ${item.slice(start, start + 4).join(' ')} zz`)
      const side = items.map((w, i) => document(`i${i}`, w.join(' ')))
      const [hit] = evidenceOf([row], { ngram: 4 }, side)
      expect([hit, ...hit!.others].map(o => o?.item)).toContain(`i${a % items.length}`)
    }),
    { numRuns: 30 },
  )
})

test('verdicts depend on neither the order of rows, of items, nor on shards', () => {
  const items = benchmarks.gsm8k!().slice(0, 12)
  const side = items.map(({ id, prompt, answer }) => exam(`test ${id}`, prompt, answer))
  const clean = cleanDocuments('en').slice(0, 6)
  const rows: Rec[] = items.map((item, i) =>
    document(item.id, planted(clean[i % 6]!.text, i % 3 ? item.prompt : '', item.id)),
  )
  const options = { profile: 'gpt3', common: { rows: 2 } }
  const expected = JSON.stringify([...drive([rows], options, side).verdicts].sort())
  fc.assert(
    fc.property(fc.shuffledSubarray(rows, { minLength: 12 }), fc.shuffledSubarray(side, { minLength: 12 }), (r, s) => {
      const { verdicts } = drive(shardsOf(r, [5, 1, 3]), options, s)
      expect(JSON.stringify([...verdicts].sort())).toBe(expected)
    }),
    { numRuns: 5 },
  )
})

test('planted leaks are found in every dress, and nothing in clean documents', () => {
  for (const [set, read] of Object.entries(benchmarks)) {
    const items = read()
    const side = items.map(({ id, prompt, answer }) => exam(`test ${id}`, prompt, answer))
    const clean = cleanDocuments(set === 'jcommonsenseqa' ? 'ja' : 'en')
    expect(
      found(
        cleanDocuments().map(({ name, text }) => document(name, text)),
        {},
        side,
      ),
    ).toEqual([])
    const least = set === 'jcommonsenseqa' ? 90 : 97
    for (const kind of ['verbatim', 're-cased', 're-punctuated', 'in full or half width']) {
      const rows = items.map((item, i) =>
        document(item.id, planted(clean[i % clean.length]!.text, disguises[kind]!(item.prompt), item.id)),
      )
      expect(found(rows, {}, side).length, `${set} ${kind}`).toBeGreaterThanOrEqual(least)
    }
  }
})

test('cosmopedia: over half of the characters in common blocks', () => {
  const head = 'one two three four five six seven eight nine ten'
  const item = `${head} and then the rest is quite different from anything that is said of it`
  const side = [exam('q', item, '1')]
  const more = `${head} whereas and then the rest is quite unlike all of it`
  const rows = [document('a', head), document('b', more), document('c', item)]
  expect(found(rows, { profile: 'cosmopedia' }, side)).toEqual(['b', 'c'])
  // 48 characters and 26, since "of it", five more, is too short a block.
  expect(evidenceOf(rows, { profile: 'cosmopedia' }, side)[1]!.coverage).toBeCloseTo(74 / item.length, 4)
})

test('tulu: over half of the units, by 8-grams of one row; and sets hit by more than 2 % are told', () => {
  const words = Array.from({ length: 20 }, (_, i) => `word${String.fromCharCode(97 + i)}`)
  const side = [
    exam('q', words.join(' '), '1'),
    exam('other', 'Something else altogether that nobody has asked yet', '2'),
  ]
  const take = (n: number) => `so ${words.slice(0, n).join(' ')} it is`
  const apart = `${take(8)} then ${words.slice(10, 18).join(' ')} end`
  const rows = [document('ten', take(10)), document('eleven', take(11)), document('apart', apart)]
  expect(found(rows, { profile: 'tulu' }, side)).toEqual(['eleven', 'apart'])
  expect(evidenceOf(rows, { profile: 'tulu' }, side)[2]).toMatchObject({ coverage: 0.8, run: 8 })
  expect(drive([rows], { profile: 'tulu' }, side).notes).toEqual([
    'gsm: 1 of 2 items (50 %) found in 2 rows, more than the 2 % that Tulu 3 tolerates',
  ])
})

test('gpt3: cuts 200 characters on each side, drops short pieces and documents in over ten', () => {
  const leak = 'and then she sold half as many clips in May. How many clips did she'
  const before = `${'b'.repeat(299)} `.repeat(2)
  const after = ` ${'a'.repeat(419)}`
  const rows = [
    document('cut', `${before}${leak}${after}`, {}),
    document('short', `too short. ${leak}${after}`),
    document('gone', `x ${leak} y`),
    document('pieces', Array.from({ length: 11 }, () => `${'p'.repeat(700)} ${leak} `).join('')),
  ]
  const { verdicts } = drive([rows], { profile: 'gpt3' })
  expect(verdicts.get('cut')).toMatchObject({
    is: 'fixed',
    reason: 'overlap-cut',
    payload: { kind: 'document', text: `${before.slice(0, -200)}\n\n${after.slice(200)}` },
  })
  expect(verdicts.get('short')).toMatchObject({ is: 'fixed', payload: { text: after.slice(200) } })
  expect(verdicts.get('gone')).toMatchObject({ is: 'dropped', evidence: { item: 'q2', items: 2 } })
  expect(verdicts.get('pieces')).toMatchObject({ is: 'dropped' })
  expect(drive([[conversation('c', leak, 'x')]], { profile: 'gpt3' }).verdicts.get('c')).toMatchObject({
    is: 'dropped',
  })
})

test('common n-grams alone are no leak, by items or by rows, and are reported', () => {
  const frame = 'Choose the correct answer to the following question about the subject named here'
  const side = ['tides', 'magma', 'enzymes'].map(topic =>
    exam(topic, `${frame}: ${topic} in the long run of things`, '1'),
  )
  const rows = [
    ...['r1', 'r2', 'r3'].map(id => document(id, `${frame}: what is a still?`)),
    document('leak', `${frame}: magma in the long run of things`),
  ]
  expect(found(rows, {}, side)).toHaveLength(4)
  for (const common of [{ items: 2 }, { rows: 3 }]) {
    const { verdicts, notes } = drive(shardsOf(rows, [2]), { common }, side)
    expect([...verdicts].flatMap(([id, { is }]) => (is === 'dropped' ? [id] : []))).toEqual(['leak'])
    expect(verdicts.get('leak')).toMatchObject({ evidence: { item: 'magma', items: 1, run: 20 } })
    const where = 'rows' in common ? '3 items and 4 rows' : '3 items'
    expect(notes).toEqual([
      'gsm: 1 of 3 items (33 %) found in 1 row, more than the 2 % that Tulu 3 tolerates',
      `4 common n-grams were ignored, first of all "choose the correct answer to the following question about the" in ${where}`,
    ])
  }
})

test('decon-like: gaps are followed, the answer must stand near, short items stand alone', () => {
  const asked =
    'A distiller fills a copper still with forty litres of wine, heats it slowly over a wood fire, throws away what comes first, keeps what comes in the middle, and stops when the thermometer shows ninety degrees. Which part of the still turns the vapour into liquid again?'
  const side = [...benchmarks.mbpp!().map(i => exam(i.id, i.prompt, i.answer)), exam('still', asked, 'the copper worm')]
  const gaps = disguises['with an insertion']!(asked)
  const rows = [
    conversation('with answer', gaps, 'It is the copper worm.'),
    conversation('question alone', gaps, 'I do not know.'),
    conversation('far', `${gaps}\n${'filler words '.repeat(30)}\nthe copper worm`, 'x'),
    conversation('half', asked.slice(0, 130), 'The copper worm.'),
  ]
  expect(found(rows, { profile: 'decon-like' }, side)).toEqual(['with answer'])
  expect(evidenceOf(rows, { profile: 'decon-like' }, side)[0]).toMatchObject({ item: 'still', where: 'prompt' })
  const alone = { profile: 'decon-like', gaps: { answer: false } }
  expect(found(rows, alone, side)).toEqual(['with answer', 'question alone', 'far'])
  // Nine words, too few for n-grams of five to tell.
  const short = 'Write a function that tells which numbers are prime.'
  const placed = [document('a', `Hint. ${short}`), document('b', `Hint ${short.slice(0, -1)} of mine`)]
  expect(found(placed, alone, [...side, exam('short', short, 'def f')])).toEqual(['a'])
})

test('rows without text, of one character, all alike or huge do no harm', () => {
  const same = 'tick '.repeat(50_000)
  const side = [exam('ticks', 'tick '.repeat(10_000), 'tock'), exam('other', question, ' ')]
  const rows = [
    document('empty', ''),
    document('one', 'x'),
    document('marks', '--- ... !!!'),
    document('same', `${same}!`),
    document('huge', `${'lorem ipsum dolor sit amet '.repeat(10_000)}\n${question}`),
    conversation('null', '', ''),
  ]
  for (const profile of [undefined, 'cosmopedia', 'tulu', 'gpt3', 'decon-like']) {
    const options = { profile, gaps: { answer: false } }
    const hits = found(rows, options, side)
    for (const id of ['same', 'huge']) expect(hits, profile).toContain(id)
    for (const id of ['empty', 'one', 'marks', 'null']) expect(hits).not.toContain(id)
  }
  expect(evidenceOf([rows[3]!], {}, side)[0]).toMatchObject({ coverage: 1, run: 10_000 })
})

test('a row that stands in the set itself is no copy of itself', () => {
  const row = exam('q1', question, '72')
  expect(found([row, exam('copy', question, '72')], {}, [row])).toEqual(['copy'])
})

test('a set without text is an error: looking for nothing finds nothing', () => {
  expect(() => evidenceOf([document('a', 'x')], {}, [])).toThrow(/"gsm" holds no text/)
})

test('what is given to the last look depends on the benchmarks alone, unless rows are counted', () => {
  const [gather] = decontaminate.passes
  const options = (more: object) => decontaminate.options.parse({ against: ['gsm'], ...more })
  const brought = gather!.survey(tests, options({}), { seed: '', side: 'gsm', vector: () => undefined }).get(0)
  const sliced = (more: object) => {
    const combined = gather!.combine([gather!.decide(0, carried(brought), options(more))], options(more))
    return gather!.slice!(combined, ['a'], undefined)
  }
  expect(sliced({})).toBeUndefined()
  expect(sliced({ profile: 'gpt3' })).toMatchObject({ counting: true })
})

test('a question that is mostly numbers is matched entire', () => {
  const asked = 'What is 12 + 34 + 56 + 78 + 90 + 11 + 22 + 33 + 44 + 55?'
  const side = [exam('n', asked, '435')]
  expect(found([conversation('a', asked, 'x'), conversation('b', asked.replace('55', '56'), 'x')], {}, side)).toEqual([
    'a',
  ])
  expect(drive([[conversation('a', 'x', 'y')]], {}, [exam('n', '1 2 3 4 5 6 7 8 9 10 11 12', '')]).notes).toEqual([
    'gsm: none of 1 item was found',
    'gsm: 1 item too short to be compared',
  ])
})

test('sets may have any name, those of properties of objects too', () => {
  const against = ['constructor', '__proto__']
  const side = Object.fromEntries(against.map(name => [name, [tests]]))
  const ran = driveGlobal(
    decontaminate,
    [[conversation('a', question, 'x')], [conversation('b', question, 'y')]],
    {
      against,
    },
    { side },
  )
  for (const id of ['a', 'b']) {
    const { sets } = (ran.verdicts.get(id) as unknown as { evidence: Evidence }).evidence
    expect(Object.entries(sets)).toEqual(against.sort().map(name => [name, { items: 2, of: 3 }]))
  }
  expect(({} as { items?: number }).items).toBeUndefined()
  expect(ran.notes).toHaveLength(2)
  for (const name of against) expect(ran.notes!.join('\n')).toContain(`${name}: 2 of 3 items (67 %) found in 2 rows`)
})
