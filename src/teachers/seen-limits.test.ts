import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { goDuration, seenLimits } from './seen-limits.ts'

const at = Date.parse('2026-11-20T10:00:00Z')
const seen = (headers: Record<string, string>) => seenLimits(headers, () => at)

describe('goDuration', () => {
  it.each([
    ['1s', 1000],
    ['6m0s', 360_000],
    ['20ms', 20],
    ['1h2m3.5s', 3_723_500],
    ['1m', 60_000],
    ['2m59.56s', 179_560],
    ['9.5ms', 9.5],
    ['1d', 86_400_000],
    ['250µs', 0.25],
    ['0s', 0],
    ['12', 12_000],
    [' 0.4 ', 400],
  ])('reads %s', (text, ms) => expect(goDuration(text)).toBeCloseTo(ms, 9))

  it.each(['', 'soon', '-1', '1s later', '5 minutes', '1m2', '.s', '1e3s', 'ms'])('does not guess at %j', text =>
    expect(goDuration(text)).toBeUndefined(),
  )

  it('adds up whatever parts there are', () => {
    const part = fc.tuple(fc.integer({ min: 0, max: 500 }), fc.constantFrom('h', 'm', 's', 'ms'))
    const ms = { h: 3_600_000, m: 60_000, s: 1000, ms: 1 }
    fc.assert(
      fc.property(fc.array(part, { minLength: 1, maxLength: 5 }), parts => {
        const text = parts.map(([count, unit]) => `${count}${unit}`).join('')
        expect(goDuration(text)).toBe(parts.reduce((sum, [count, unit]) => sum + count * ms[unit as 'h'], 0))
      }),
    )
  })
})

describe('seenLimits', () => {
  it('says nothing where no header does', () => {
    expect(
      seen({ 'content-type': 'application/json', 'x-request-id': 'limit', 'x-concurrency-limit': '4' }),
    ).toBeUndefined()
  })

  it('reads OpenAI, whose reset is until the bucket is full', () => {
    const headers = {
      'x-ratelimit-limit-requests': '5000',
      'x-ratelimit-remaining-requests': '4999',
      'x-ratelimit-reset-requests': '12ms',
      'x-ratelimit-limit-tokens': '160000',
      'x-ratelimit-remaining-tokens': '0',
      'x-ratelimit-reset-tokens': '6m0s',
      // Another count of the same, under a name of its own.
      'x-ratelimit-limit-tokens_usage_based': '1',
    }
    expect(seen(headers)).toEqual({
      requests: { limit: 5000, remaining: 4999, resetMs: 12 },
      tokens: { limit: 160_000, remaining: 0, resetMs: 360_000 },
    })
  })

  it('takes -1, as Azure has it, for unknown, and its resets for seconds', () => {
    const headers = {
      'x-ratelimit-limit-tokens': '-1',
      'x-ratelimit-remaining-tokens': '-1',
      'x-ratelimit-reset-tokens': '37',
    }
    expect(seen(headers)).toEqual({ tokens: { resetMs: 37_000 } })
  })

  it('reads Anthropic, with instants told from the clock of the server', () => {
    const headers = {
      date: 'Fri, 20 Nov 2026 09:00:00 GMT',
      'anthropic-ratelimit-requests-limit': '50',
      'anthropic-ratelimit-requests-remaining': '49',
      'anthropic-ratelimit-requests-reset': '2026-11-20T09:00:01.2Z',
      'anthropic-ratelimit-tokens-remaining': '39000',
      'anthropic-ratelimit-input-tokens-limit': '30000',
      'anthropic-ratelimit-input-tokens-reset': '2026-11-20T10:00:30+01:00',
      'anthropic-ratelimit-output-tokens-remaining': '0',
      'anthropic-ratelimit-output-tokens-reset': '2026-11-20T08:59:00Z',
      'anthropic-ratelimit-unified-5h-reset': '1765944000',
    }
    expect(seen(headers)).toEqual({
      requests: { limit: 50, remaining: 49, resetMs: 1200 },
      tokens: { remaining: 39_000 },
      inputTokens: { limit: 30_000, resetMs: 30_000 },
      outputTokens: { remaining: 0, resetMs: 0 },
    })
    const { date, ...undated } = headers
    expect(seen({ ...undated, 'anthropic-ratelimit-requests-reset': '2026-11-20T10:00:05Z' })?.requests?.resetMs).toBe(
      5000,
    )
  })

  it('reads Mistral, whose windows are in the names and whose resets follow from them', () => {
    const headers = {
      'x-ratelimit-limit-req-minute': '720',
      'x-ratelimit-remaining-req-minute': '540',
      'x-ratelimit-limit-tokens-minute': '5000000',
      'x-ratelimit-remaining-tokens-minute': '5000000',
      'x-ratelimit-tokens-query-cost': '52',
      'x-ratelimit-limit-tokens-month': '1000000000',
      'x-ratelimit-remaining-tokens-5-minute': '7',
    }
    expect(seen(headers)).toEqual({
      requests: { limit: 720, remaining: 540, resetMs: 15_000 },
      tokens: { limit: 5_000_000, remaining: 5_000_000, resetMs: 0 },
    })
  })

  it('reads Together and OpenRouter, which name no resource', () => {
    const together = {
      'x-ratelimit-limit': '10',
      'x-ratelimit-remaining': '9',
      'x-ratelimit-reset': '1',
      'x-tokenlimit-limit': '3000',
      'x-tokenlimit-remaining': '2800',
    }
    expect(seen(together)).toEqual({
      requests: { limit: 10, remaining: 9, resetMs: 1000 },
      tokens: { limit: 3000, remaining: 2800 },
    })
    expect(seen({ 'x-ratelimit-reset': String(at + 2500) })).toEqual({ requests: { resetMs: 2500 } })
    expect(seen({ 'x-ratelimit-reset': String(at / 1000 + 3) })).toEqual({ requests: { resetMs: 3000 } })
  })

  it('reads the drafts of the IETF, old and new', () => {
    expect(seen({ 'ratelimit-limit': '100, 100;w=60', 'ratelimit-remaining': '50', 'ratelimit-reset': '30' })).toEqual({
      requests: { limit: 100, remaining: 50, resetMs: 30_000 },
    })
    expect(seen({ ratelimit: 'limit=100, remaining=50, reset=5' })).toEqual({
      requests: { limit: 100, remaining: 50, resetMs: 5000 },
    })
    const both = {
      ratelimit: '"hour";r=900;t=1800, "minute";r=3;t=20;pk=:AbC=:, "bytes";r=0;t=1',
      'ratelimit-policy': '"hour";q=1000;w=3600,"minute";q=60;w=60, "bytes";q=9;qu="content-bytes";w=1',
    }
    expect(seen(both)).toEqual({ requests: { limit: 60, remaining: 3, resetMs: 20_000 } })
  })

  it('never throws, whatever a server sends', () => {
    const name = fc.constantFrom(
      'ratelimit',
      'ratelimit-policy',
      'x-ratelimit-reset-tokens',
      'anthropic-ratelimit-tokens-reset',
    )
    fc.assert(
      fc.property(fc.dictionary(name, fc.string()), headers => {
        const limits = seen(headers) ?? {}
        for (const limit of Object.values(limits))
          for (const value of Object.values(limit)) expect(value).toBeGreaterThanOrEqual(0)
      }),
    )
  })
})
