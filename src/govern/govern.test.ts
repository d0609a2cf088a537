import { mkdtempSync, readdirSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import {
  type Acceptance,
  blocking,
  builtinGates,
  evaluateGates,
  type Facts,
  modelLicense,
  normaliseLicense,
  type Route,
  readAcceptances,
  register,
  termsVerdict,
  writeAcceptance,
} from './index.ts'

const route = (provider: string, model: string, more: Partial<Route> = {}): Route => ({
  provider,
  model,
  paid: true,
  ...more,
})
const openai = register.entries.find(entry => entry.id === 'openai')!
const accept = (provider: string, version: string): Acceptance => ({ provider, version, by: 'Ada', at: '2026-11-20' })

describe('terms verdict', () => {
  test.each([
    [route('builtin', 'extractive', { paid: false }), {}, 'allowed', true],
    [route('simulate', 'any', { paid: false }), {}, 'allowed', true],
    [route('deepseek', 'deepseek-chat'), {}, 'allowed', true],
    [route('openai', 'gpt-6'), { product: 'domain' }, 'needs-authorisation', false],
    [route('openai', 'gpt-6'), { product: 'assistant' }, 'prohibited', false],
    [route('openai', 'gpt-6'), { product: 'classifier', distribute: 'private' }, 'allowed-with-obligations', true],
    // An exception that asks for two facts is not met by one of them.
    [route('openai', 'gpt-6'), { product: 'classifier' }, 'needs-authorisation', false],
    [route('mistral', 'mistral-large'), {}, 'unknown', false],
    [route('nobody', 'x'), {}, 'unknown', false],
    [route('self', 'Qwen/Qwen3-32B', { paid: false }), {}, 'allowed', true],
    [route('self', 'my-finetune', { paid: false }), {}, 'unknown', true],
    [route('self', 'my-finetune', { paid: false, license: 'MIT License' }), {}, 'allowed', true],
    [route('self', 'qwen3-32b'), {}, 'unknown', false],
    [route('self', 'qwen3-32b', { license: 'apache-2.0' }), {}, 'allowed', true],
    [route('self', 'deepseek-chat', { terms: 'deepseek' }), {}, 'allowed', true],
    [route('ollama', 'llama3.2:1b', { paid: false }), { users: 'under-700M' }, 'allowed-with-obligations', true],
    [route('ollama', 'llama3.2:1b', { paid: false }), { users: 'over-700M' }, 'needs-authorisation', true],
    [route('ollama', 'llama3:8b', { paid: false }), {}, 'prohibited', true],
    [route('openrouter', 'qwen/qwen3-32b'), {}, 'allowed-with-obligations', true],
    [route('openrouter', 'qwen/qwen3-max'), {}, 'needs-authorisation', false],
    [route('openrouter', 'openai/gpt-6'), {}, 'needs-authorisation', false],
  ] as const)('%o for %o is %s', (way, purpose, verdict, mayCall) => {
    expect(termsVerdict(way, purpose)).toMatchObject({ verdict, mayCall })
  })

  test('an acceptance opens a paid route, and only for the version that was read', () => {
    const current = termsVerdict(route('openai', 'gpt-6'), {}, [accept('openai', openai.version)])
    expect(current).toMatchObject({ verdict: 'needs-authorisation', mayCall: true, accepted: { by: 'Ada' } })
    const stale = termsVerdict(route('openai', 'gpt-6'), {}, [accept('openai', '2025-05-31')])
    expect(stale.mayCall).toBe(false)
    expect(stale.why).toContain('2025-05-31')
    // A router passes on other vendors' terms: accepting one vendor accepts no other.
    const other = termsVerdict(route('openrouter', 'anthropic/claude'), {}, [
      accept('openrouter/openai', openai.version),
    ])
    expect(other.mayCall).toBe(false)
  })

  test('the register says for every entry how sure it is and dates it', () => {
    expect(new Set(register.entries.map(entry => entry.id)).size).toBe(register.entries.length)
    for (const entry of register.entries) {
      expect(entry.version, entry.id).toMatch(/^(\d{4}(-\d\d-\d\d)?|not-reviewed)$/)
      expect(['confirmed', 'secondary', 'recalled'], entry.id).toContain(entry.sure)
    }
    for (const id of Object.values(register.vendors))
      expect(
        register.entries.some(entry => entry.id === id),
        id,
      ).toBe(true)
  })
})

test('a choice of licenses is an SPDX expression with the duties of the easier one, a sum has both', () => {
  expect(normaliseLicense('MIT OR Apache-2.0')).toMatchObject({ spdx: 'MIT OR Apache-2.0', hub: 'mit' })
  expect(normaliseLicense('CC-BY-SA-4.0 OR MIT').hub).toBe('mit')
  expect(normaliseLicense('(Apache-2.0 OR MIT) AND CC-BY-4.0')).toMatchObject({
    spdx: '(Apache-2.0 OR MIT) AND CC-BY-4.0',
    traits: expect.arrayContaining(['attribution']),
  })
  expect(normaliseLicense('cc-by-4.0 AND CC-BY-SA-4.0')).toEqual({
    spdx: 'CC-BY-4.0 AND CC-BY-SA-4.0',
    hub: 'other',
    traits: ['attribution', 'share-alike'],
  })
})

describe('acceptances', () => {
  const terms = () => mkdtempSync(join(tmpdir(), 'stillroom-terms-'))

  test('are written whole, one a version, history kept', () => {
    const dir = terms()
    expect(readAcceptances(dir)).toEqual([])
    for (const version of ['2025-05-31', openai.version, openai.version])
      writeAcceptance(dir, accept('openai', version))
    expect(readAcceptances(dir).map(one => one.version)).toEqual(['2025-05-31', openai.version])
    expect(readdirSync(dir)).toEqual(['terms.json'])
  })

  test.each(['provider', 'version', 'by', 'at'] as const)('need %s', field => {
    const dir = terms()
    expect(() => writeAcceptance(dir, { ...accept('openai', '1'), [field]: ' ' })).toThrow(
      expect.objectContaining({ code: 'SR_USAGE' }),
    )
    expect(readAcceptances(dir)).toEqual([])
  })

  test('a damaged file is an error, never an empty list', () => {
    const dir = terms()
    writeFileSync(join(dir, 'terms.json'), '{"format":1,"accept')
    expect(() => readAcceptances(dir)).toThrow(expect.objectContaining({ code: 'SR_WORKSPACE' }))
  })
})

test.each([
  ['CC-BY-4.0', 'cc-by-4.0', 'CC-BY-4.0'],
  ['CC BY-NC-SA 3.0', 'cc-by-nc-sa-3.0', 'CC-BY-NC-SA-3.0'],
  ['Creative Commons Attribution-ShareAlike 4.0 International', 'cc-by-sa-4.0', 'CC-BY-SA-4.0'],
  ['CC0 1.0 Universal', 'cc0-1.0', 'CC0-1.0'],
  ['public domain', 'cc0-1.0', 'CC0-1.0'],
  ['Apache License, Version 2.0', 'apache-2.0', 'Apache-2.0'],
  ['The MIT License', 'mit', 'MIT'],
  ['llama3.1', 'llama3.1', 'LicenseRef-llama3.1'],
  ['proprietary', 'other', 'LicenseRef-proprietary'],
  ['', 'unknown', 'NOASSERTION'],
])('license %j is %s on the Hub and %s in SPDX', (text, hub, spdx) => {
  expect(normaliseLicense(text)).toMatchObject({ hub, spdx })
})

test.each([
  ['meta-llama/Llama-4-Scout-17B', 'llama4'],
  ['meta-llama/Llama-3.3-70B-Instruct', 'llama3.x'],
  ['meta-llama/Meta-Llama-3-8B', 'llama3'],
  ['deepseek-ai/DeepSeek-R1-Distill-Llama-8B', 'llama3.x'],
  ['deepseek-ai/DeepSeek-R1', 'mit'],
  ['google/gemma-3-27b-it', 'gemma'],
  ['google/gemma-4-12b', 'apache-2.0'],
  ['Qwen/Qwen2.5-3B', undefined],
  ['codellama', undefined],
])('weights %s follow %s', (model, id) => {
  expect(modelLicense(model)?.id).toBe(id)
})

describe('gates', () => {
  const counts = {
    in: 0,
    passed: 0,
    fixed: 0,
    expanded: 0,
    consumed: 0,
    dropped: {},
    items: 0,
    made: 0,
    lost: {},
    repairs: {},
  }
  const check = { key: 'clear', verb: 'decontaminate', about: '', options: { against: ['gsm8k'] } }
  const answer = { key: 'answer', verb: 'answer', about: '', options: {}, counts: { ...counts, in: 3, made: 3 } }
  const ran = { ...check, counts: { ...counts, in: 10, passed: 8, dropped: { contaminated: 2 } } }
  const teacher = (way: Route, accepted: Acceptance[] = []) => ({
    name: 'writer',
    id: `${way.provider}/${way.model}`,
    route: way,
    languageModel: true,
    verdict: termsVerdict(way, {}, accepted),
  })
  const facts = (more: Partial<Facts>): Facts => ({
    use: 'fine-tuning',
    purpose: {},
    teachers: [],
    steps: [answer, ran],
    ...more,
  })
  const is = (id: string, given: Facts, overrides = {}, at: 'plan' | 'data' = 'data') =>
    evaluateGates(builtinGates, given, overrides, at).find(report => report.id === id)!

  test('terms: unsettled paid terms block, unknown free weights say what is missing, an acceptance settles', () => {
    expect(is('terms', facts({ teachers: [teacher(route('mistral', 'm'))] })).is).toBe('block')
    const free = is('terms', facts({ teachers: [teacher(route('self', 'mine', { paid: false }))] }))
    expect(free).toMatchObject({
      is: 'unknown',
      why: expect.stringContaining('mine'),
      wayOut: expect.stringContaining('license:'),
    })
    // A free route may call, but what its license prohibits still stops a release.
    expect(is('terms', facts({ teachers: [teacher(route('ollama', 'llama3:8b', { paid: false }))] })).is).toBe('block')
    const accepted = teacher(route('openai', 'gpt-6'), [accept('openai', openai.version)])
    expect(is('terms', facts({ teachers: [accepted] })).is).toBe('pass')
    expect(is('terms', facts({ teachers: [accepted, teacher(route('mistral', 'm'))] })).is).toBe('block')
  })

  test('decontaminated: asks for the step, after the last text was written, with rows', () => {
    expect(is('decontaminated', facts({}))).toMatchObject({
      is: 'pass',
      evidence: [{ against: ['gsm8k'], compared: 10, hits: 2 }],
    })
    expect(is('decontaminated', facts({ steps: [answer] }))).toMatchObject({ is: 'block', wayOut: expect.any(String) })
    expect(is('decontaminated', facts({ steps: [ran, answer] })).is).toBe('block')
    const mixed = { ...check, key: 'mix', verb: 'mix-share', joins: true }
    expect(is('decontaminated', facts({ steps: [ran, mixed] }))).toMatchObject({
      is: 'block',
      wayOut: expect.stringContaining('mix'),
    })
    expect(is('decontaminated', facts({ steps: [mixed, ran] })).is).toBe('pass')
    // A person's edit brings in words as a teacher does; what never reaches the release does not count.
    const edited = { ...check, key: 'review', verb: 'review', rewritten: 1 }
    expect(is('decontaminated', facts({ steps: [ran, edited] }))).toMatchObject({
      is: 'block',
      why: expect.stringContaining('review'),
    })
    expect(is('decontaminated', facts({ steps: [ran, { ...answer, aside: true }] })).is).toBe('pass')
    expect(is('decontaminated', facts({ steps: [{ ...check, counts }] })).is).toBe('unknown')
    expect(is('decontaminated', facts({ steps: [check] }), {}, 'plan').is).toBe('pass')
    expect(is('decontaminated', facts({ steps: [], use: 'eval-set' }))).toMatchObject({ is: 'warn', required: false })
  })

  test('canaries: taken out behind the last row that is made, by the step that knows them; one that came out is told', () => {
    const at = (steps: Facts['steps'], more: Partial<Facts> = {}) => is('canaries', facts({ steps, ...more }))
    const planted = { key: 'canaries', verb: 'canaries-join', about: '', options: {}, joins: true as const }
    const found = { planted: 20, found: 0, grade: 'pass', why: '0 of 20 came out' }
    const check = { key: 'out', verb: 'canary-check', about: '', options: { planted: 'canaries' }, counts, found }
    expect(at([answer])).toBeUndefined()
    expect(at([planted, answer]).is).toBe('block')
    expect(at([planted, answer, check])).toMatchObject({ is: 'pass', why: expect.stringContaining('0 of 20') })
    expect(at([planted, check, answer])).toMatchObject({ is: 'block', why: expect.stringContaining('answer') })
    expect(at([planted, answer, { ...check, options: { planted: 'others' } }]).is).toBe('block')
    expect(at([planted, answer, { ...check, found: undefined }] as Facts['steps']).is).toBe('unknown')
    const few = { ...check, found: { ...found, grade: 'insufficient sample' } }
    expect(at([planted, answer, few]).is).toBe('unknown')
    const leaked = { ...check, found: { ...found, found: 1, grade: 'fail' } }
    expect(at([planted, answer, leaked]).is).toBe('warn')
    expect(at([planted, answer, leaked], { use: 'privacy' }).is).toBe('block')
    // Whatever the steps say: a row that is there is there.
    const row = { rows: { canaries: 1 } as Facts['rows'] & object }
    expect(
      evaluateGates(
        builtinGates.filter(({ id }) => id === 'canaries'),
        facts(row),
      )[0]!.is,
    ).toBe('block')
  })

  test('an override lets a block through and repeats its reason; an empty one is refused', () => {
    const open = facts({ steps: [answer] })
    expect(blocking(evaluateGates(builtinGates, open)).map(report => report.id)).toEqual(['decontaminated'])
    const reports = evaluateGates(builtinGates, open, {
      decontaminated: { override: 'No public benchmark covers this field.' },
    })
    expect(blocking(reports)).toEqual([])
    expect(reports.find(report => report.id === 'decontaminated')).toMatchObject({
      is: 'block',
      override: 'No public benchmark covers this field.',
    })
    expect(() => evaluateGates(builtinGates, open, { decontaminated: { override: ' ' } })).toThrow(/no reason/)
  })

  test('residual error: an audit bounds it from above; one that is sure of more wrong rows than right ones blocks', () => {
    const audit = (least: number, most: number) => ({ statement: 'said', sha256: 'a', least, most })
    const of = (...audits: Facts['audits'] & object) => is('residual-error', facts({ audits })).is
    expect([of(), of(audit(0, 0.1)), of(audit(0.1, 0.4)), of(audit(0.6, 0.9))]).toEqual([
      ...['unknown', 'pass', 'warn', 'block'],
    ])
    // A judge that was held to nothing bounds nothing.
    expect(is('residual-error', facts({ audits: [{ statement: 'said', sha256: 'a' }] })).is).toBe('unknown')
    const judging = { ...check, key: 'judge.score', verb: 'judge-score' }
    const known = (audits: Facts['audits'] & object) => is('judge-calibrated', facts({ steps: [judging], audits })).is
    expect([known([]), known([{ ...audit(0, 0.1), known: 48 }])]).toEqual(['unknown', 'pass'])
  })

  test('real rows: what counts is how often a model was trained on synthetic text, and what the release before had', () => {
    const rows = (real: number, depths: { [depth: string]: number }, more: Partial<Facts> = {}) => {
      const written = Object.values(depths).reduce((a, b) => a + b, 0)
      const seeds = { queries: written, documents: 0, nothing: 0 }
      const copies = { rows: 0, of: 0, textbook: false }
      const seen = { rows: real + written, real, depths, seeds, licenses: [], writers: [], copies, robots: {} }
      return is('real-rows', facts({ rows: seen, ...more })).is
    }
    const previous = { version: '1.0.0', named: true, real: 5, synthetic: 0, realKept: 0, syntheticKept: 0 }
    expect([rows(0, { 1: 50 }), rows(10, { 2: 90 }), rows(9, { 2: 91 }), rows(0, { 0: 3 })]).toEqual([
      ...['warn', 'pass', 'block', 'pass'],
    ])
    expect(rows(0, { 1: 50 }, { previous })).toBe('block')
  })
})
