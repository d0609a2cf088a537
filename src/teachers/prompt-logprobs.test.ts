import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { placesOf, promptLogprobs } from './prompt-logprobs.ts'

/** Tokens as vLLM shows them for `prompt_logprobs: 0`. */
const listed = (...tokens: (string | null)[]) => ({
  prompt_logprobs: tokens.map((token, i) =>
    token === null ? null : { [String(i)]: { logprob: -i, rank: 1, decoded_token: token } },
  ),
})
const told = (choice: Parameters<typeof promptLogprobs>[0], context: string, text: string) =>
  promptLogprobs(choice, context + text, context.length)?.map(({ token, logprob }) => [token, logprob])

describe('the tokens of a text', () => {
  test('are those after the context, whatever mark stands in front', () => {
    expect(told(listed(null, 'Q:', ' two', '\n', 'A', ': four'), 'Q: two\n', 'A: four')).toEqual([
      ['A', -4],
      [': four', -5],
    ])
  })

  test('hold the one that begins in the context and ends in the text', () => {
    expect(told(listed(null, 'so', ' it', 'is', ' done'), 'so i', 'tis done')).toEqual([
      [' it', -2],
      ['is', -3],
      [' done', -4],
    ])
  })

  test('without a mark in front the first one has no log-probability and is left out', () => {
    expect(told(listed(null, ' is', ' hot'), '', 'It is hot')).toEqual([
      [' is', -1],
      [' hot', -2],
    ])
  })

  test('of a character that was cut apart all count, before the place and behind it', () => {
    const cut = listed(null, '火', '\uFFFD', '\uFFFD', 'で', '\uFFFD', '\uFFFD', 'る')
    expect(told(cut, '火山で', '温る')!.map(([, logprob]) => logprob)).toEqual([-5, -6, -7])
    expect(told(cut, '火', '山で温る')!.map(([, logprob]) => logprob)).toEqual([-2, -3, -4, -5, -6, -7])
  })

  test('are found where a server strips the space before each word, or writes it in its own way', () => {
    expect(told(listed(null, 'Heat', 'the', 'still', '.'), 'Heat the', ' still.')).toEqual([
      ['still', -3],
      ['.', -4],
    ])
    expect(told(listed(null, '\u2581Heat', '\u2581the', '\u2581still', '.'), 'Heat the', ' still.')).toEqual([
      [' still', -3],
      ['.', -4],
    ])
  })

  test('by echo: what was written after them and marks of beginning and end do not count', () => {
    const logprobs = {
      tokens: ['<s>', 'Q', ' two', ' and', '</s>'],
      token_logprobs: [null, -1, -2, -3, -4],
    }
    expect(told({ text: 'Q two and', logprobs }, 'Q', ' two')).toEqual([[' two', -2]])
  })

  test('nothing is made up: no prompt, other tokens beside it, or the tokens of another text', () => {
    expect(told({ text: ' and', logprobs: { tokens: [' and'], token_logprobs: [-1] } }, 'Q', ' two')).toBeUndefined()
    expect(told({ text: 'x' }, 'Q', ' two')).toBeUndefined()
    const beside = { '1': { logprob: -1, decoded_token: 'a' }, '2': { logprob: -2, decoded_token: 'b' } }
    expect(() => told({ prompt_logprobs: [null, beside] }, '', 'a')).toThrow(/beside those of the prompt/)
    expect(() => told(listed(null, 'quite', ' another'), '', `${'one text '.repeat(40)}`)).toThrow(/those of the text/)
  })
})

test('every cut of a text into tokens is found again, and no character is left over', () => {
  const text = fc.string({ unit: fc.constantFrom('a', 'b', ' ', '\n', '日', '本', '🙂'), minLength: 1, maxLength: 30 })
  fc.assert(
    fc.property(text, fc.array(fc.nat(60)), (text, cuts) => {
      const at = [...new Set([0, ...cuts.filter(n => n > 0 && n < text.length), text.length])].sort((a, b) => a - b)
      const spans = at.slice(1).map((end, i) => [at[i]!, end] as const)
      // Half a pair of surrogates is no token of any server.
      fc.pre(spans.every(([start]) => !/[\uDC00-\uDFFF]/.test(text[start]!)))
      expect(placesOf(text, ['<s>', ...spans.map(([start, end]) => text.slice(start, end))]).slice(1)).toEqual(spans)
    }),
  )
  // Bytes: whatever is unreadable, the stretches follow one another and hold all of it.
  fc.assert(
    fc.property(text, fc.array(fc.nat(90)), (text, cuts) => {
      const bytes = Buffer.from(text)
      const at = [...new Set([0, ...cuts.filter(n => n > 0 && n < bytes.length), bytes.length])].sort((a, b) => a - b)
      const tokens = at.slice(1).map((end, i) => new TextDecoder().decode(bytes.subarray(at[i]!, end)))
      const places = placesOf(text, tokens)
      expect(places[0]![0]).toBe(0)
      expect(places.at(-1)![1]).toBe(text.length)
      for (const [i, [start]] of places.entries()) {
        if (i > 0) expect(start === places[i - 1]![1] || start === places[i - 1]![0]).toBe(true)
      }
    }),
  )
})
