import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { z } from 'zod'
import { instruct, readStructured, reask, splitThinking } from './structured.ts'

const schema = z.strictObject({ score: z.int().min(1).max(5), why: z.string() })
const good = { score: 4, why: 'It says "so" {plainly}, doesn\'t it?' }
const json = JSON.stringify(good)

describe('readStructured', () => {
  it.each([
    ['strict JSON', json],
    ['white space', `\n  ${json}\n`],
    ['a fenced block', `Here you are:\n\`\`\`json\n${json}\n\`\`\`\nAnything else?`],
    ['prose around it', `The result is ${json}. I hope it helps [1].`],
    ['a citation in brackets before it', `As asked in [1], {sic}: ${json}`],
    ['thinking before it', `<think>\nMaybe {"score": 1, "why": "bad"}?\n</think>\n${json}`],
    ['a trailing comma', `{"score": 4, "why": ${JSON.stringify(good.why)},}`],
    ['a missing comma and bare keys', `{score: 4 why: ${JSON.stringify(good.why)}}`],
    ['a comment', `{"score": 4, // of five\n"why": ${JSON.stringify(good.why)}}`],
  ])('reads %s', (_, content) => {
    expect(readStructured(content, schema)).toEqual({ data: good })
  })

  it.each([
    ['nothing', '', 'empty'],
    ['prose alone', 'I would rather not say.', 'no JSON'],
    ['a value out of range', '{"score": 9, "why": "x"}', '- score: '],
    ['a missing field', '{"score": 3}', '- why: '],
    ['an added field', '{"score": 3, "why": "x", "extra": 1}', 'extra'],
    ['a number in quotes', '{"score": "3", "why": "x"}', '- score: '],
  ])('names what is wrong with %s', (_, content, words) => {
    expect(readStructured(content, schema)).toEqual({ errors: expect.stringContaining(words) })
  })

  it('never completes what was cut off, at any length', () => {
    const list = z.array(z.union([schema, z.string(), z.number()]))
    const whole = JSON.stringify([good, good])
    fc.assert(
      fc.property(fc.integer({ min: 1, max: whole.length - 1 }), fc.boolean(), (length, fenced) => {
        const cut = fenced ? `\`\`\`json\n${whole.slice(0, length)}` : whole.slice(0, length)
        expect(readStructured(cut, list)).toHaveProperty('errors')
        expect(readStructured(cut, schema)).toHaveProperty('errors')
      }),
    )
  })

  it('gives back any value that JSON can hold', () => {
    fc.assert(
      fc.property(fc.jsonValue(), value => {
        expect(readStructured(JSON.stringify(value), z.any())).toEqual({ data: JSON.parse(JSON.stringify(value)) })
      }),
    )
  })
})

describe('asking', () => {
  const request = {
    messages: [
      { role: 'system' as const, content: 'You grade.' },
      { role: 'user' as const, content: 'Grade this.' },
    ],
    schema: { name: 'grade', schema: { type: 'object', properties: { score: { type: 'integer' } } } },
  }

  it('puts the schema into the last user message, once', () => {
    const worded = instruct(request)
    expect(worded.schema).toBeUndefined()
    expect(worded.messages[0]).toEqual(request.messages[0])
    expect(worded.messages[1]!.content).toMatch(/^Grade this\.\n\n[\s\S]*"score"/)
    expect(instruct(worded)).toEqual(worded)
  })

  it('asks again with the reply and its errors, and keeps the schema', () => {
    const again = reask(request, '{"score": 9}', '- score: too big')
    expect(again.schema).toEqual(request.schema)
    expect(again.messages.slice(0, 2)).toEqual(request.messages)
    expect(again.messages[2]).toEqual({ role: 'assistant', content: '{"score": 9}' })
    expect(again.messages[3]!.content).toContain('- score: too big')
  })

  it('splits only a leading, closed block of thought', () => {
    expect(splitThinking('<think>\na\n</think>\n\nb')).toEqual({ reasoning: 'a', content: 'b' })
    expect(splitThinking('Use <think>x</think> tags')).toEqual({ content: 'Use <think>x</think> tags' })
    // The chat template opened the block; other models have marks of their own.
    expect(splitThinking('a\n</think>\n\nb')).toEqual({ reasoning: 'a', content: 'b' })
    expect(splitThinking('[THINK]a[/THINK]b')).toEqual({ reasoning: 'a', content: 'b' })
    expect(splitThinking('It ends with </think> then.')).toEqual({ content: 'It ends with </think> then.' })
    expect(splitThinking('<think>never closed')).toEqual({ content: '<think>never closed' })
  })
})
