import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { lcs, openRougePool, rougeL, rougeTokens } from './index.ts'

/** The recurrence as it stands in every textbook. */
function plainLcs(a: readonly string[], b: readonly string[]): number {
  let above = new Array<number>(b.length + 1).fill(0)
  for (const x of a) {
    const row = [0]
    for (let j = 0; j < b.length; j++) row.push(x === b[j] ? above[j]! + 1 : Math.max(above[j + 1]!, row[j]!))
    above = row
  }
  return above[b.length]!
}

describe('tokens', () => {
  test.each([
    // As the tokenizer of rouge-score without stemming: lower case, a to z and digits alone.
    ['Is this "Self-Instruct"? It isn\'t v2.0!', ['is', 'this', 'self', 'instruct', 'it', 'isn', 't', 'v2', '0']],
    ['snake_case', ['snake', 'case']],
    ['Das Café schließt', ['das', 'café', 'schließt']],
    ['東京のＡＩカフェー2軒', ['東', '京', 'の', 'ai', 'カ', 'フ', 'ェ', 'ー', '2', '軒']],
    ['...', []],
  ])('%s', (text, tokens) => {
    expect(rougeTokens(text)).toEqual(tokens)
  })
  test('words of a script without spaces, where they are asked for', () => {
    expect(rougeTokens('自動車を運転する。', 'words')).toEqual(['自動車', 'を', '運転', 'する'])
  })
})

describe('ROUGE-L', () => {
  test.each([
    // Lin 2004, section 3: of the two candidates the one in the order of the reference has 3 of 4 words, the other 2.
    ['police killed the gunman', 'police kill the gunman', 3 / 4],
    ['police killed the gunman', 'the gunman kill police', 2 / 4],
    ['a b c d', 'a x b y c z d', (2 * 4) / 11],
    ['', 'a', 0],
    ['a', '?', 0],
  ])('%j with %j is %d', (a, b, f) => {
    expect(rougeL(rougeTokens(a), rougeTokens(b))).toBe(f)
  })

  test('the columns give what the plain recurrence gives, over word borders too', () => {
    const text = fc.array(fc.constantFrom('a', 'b', 'c', 'd', 'e'), { maxLength: 110 })
    fc.assert(
      fc.property(text, text, (a, b) => {
        expect(lcs(a, b)).toBe(plainLcs(a, b))
      }),
    )
  })
})

/** What a comparison with every member says. */
function bruteForce(pool: readonly string[][], tokens: string[], atLeast: number) {
  let best: { at: number; rougeL: number } | undefined
  for (const [at, member] of pool.entries()) {
    if (member.length === 0 || tokens.length === 0) continue
    const f = (2 * plainLcs(member, tokens)) / (member.length + tokens.length)
    if (f >= atLeast && (!best || f > best.rougeL)) best = { at, rougeL: f }
  }
  return best
}

test('the pool finds the member that a comparison with each finds, whatever it has learnt', () => {
  const word = fc.constantFrom(...'the the the of a to write list name plan give cat dog'.split(' '))
  const base = fc.array(word, { maxLength: 24 })
  const texts = fc.array(fc.tuple(base, fc.array(fc.tuple(fc.nat(23), word), { maxLength: 4 }), fc.boolean()), {
    minLength: 2,
    maxLength: 24,
  })
  fc.assert(
    fc.property(texts, fc.double({ min: 0.05, max: 1, noNaN: true }), fc.boolean(), (given, atLeast, learns) => {
      const all: string[][] = []
      for (const [fresh, changes, near] of given) {
        const tokens = near && all.length > 0 ? [...all.at(-1)!] : fresh
        for (const [at, other] of changes) if (at < tokens.length) tokens[at] = other
        all.push(tokens)
      }
      const pool = openRougePool(atLeast, learns ? all : [])
      const members: string[][] = []
      for (const tokens of all) {
        expect(pool.nearest(tokens)).toEqual(bruteForce(members, tokens, atLeast))
        pool.add(tokens)
        members.push(tokens)
      }
      expect(pool.size).toBe(all.length)
    }),
    { numRuns: 200 },
  )
})

test('a value at the limit is as like as one over it; a member that is left out is not found', () => {
  const ten = 'a b c d e f g h i j'.split(' ')
  const pool = openRougePool(0.7)
  pool.add(ten)
  expect(pool.nearest([...ten.slice(0, 7), 'x', 'y', 'z'])).toEqual({ at: 0, rougeL: 0.7 })
  expect(pool.nearest([...ten.slice(0, 6), 'x', 'y', 'z', 'w'])).toBeUndefined()
  expect(pool.nearest(ten, at => at === 0)).toBeUndefined()
})
