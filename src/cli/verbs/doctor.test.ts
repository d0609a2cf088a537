import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { stringify } from 'yaml'
import { commandLine } from '../../../test/support/command-line.ts'
import { documents } from '../../../test/support/documents.ts'
import { folder } from '../../../test/support/project.ts'
import { type SimulatorOptions, simulator } from '../../../test/support/simulators.ts'

const price = { input: 1, output: 4 }

/** Asks about a teacher of a recipe, served by a simulator of these options. */
async function asked(options: SimulatorOptions, teacher: object, env: { [name: string]: string } = {}) {
  const server = await simulator(options)
  const writer = { model: 'writer', at: `${server.url}/v1`, license: 'apache-2.0', price, ...teacher }
  const recipe = {
    name: 'asked',
    teachers: { writer },
    sources: { docs: { files: 'docs/*.md', license: 'cc0-1.0' } },
    steps: [{ ask: { from: 'docs', teacher: 'writer' } }],
  }
  const dir = folder({ ...documents(1), 'recipe.yaml': stringify(recipe) })
  const said = await commandLine(dir, 'doctor --teacher writer', { env })
  const json = await commandLine(dir, 'doctor --teacher writer --json', { env })
  return { server, dir, ...said, result: JSON.parse(json.out) }
}

const found = ({ abilities }: { abilities: { name: string; is: string }[] }) =>
  Object.fromEntries(abilities.map(({ name, is }) => [name, is]))

test('of a teacher that can everything, all of it, with its calls and what they cost', async () => {
  const { server, code, out, result } = await asked({ headers: 'openai', limits: { rpm: 600 } }, {})
  expect(code).toBe(0)
  expect(server.stats.calls).toBe(6)
  expect(found(result)).toEqual({
    reply: 'works',
    'JSON schema': 'works',
    seed: 'works',
    samples: 'works',
    'log-probabilities': 'works',
    // The prompts of a probe are shorter than what any server keeps.
    'prompt caching': 'unsaid',
    batch: 'works',
    'token counts': 'works',
  })
  expect(result).toMatchObject({ calls: 3, served: 'writer', limits: { requests: { limit: 600 } } })
  const { input, output } = result.tokens
  expect(result.usd).toBeCloseTo((input * price.input + output * price.output) / 1e6, 9)
  expect(out).toMatch(/3 calls \(and 1 request that nobody charges for\), answered by writer, /)
  expect(out).toMatch(/Limits that it tells: requests \d+ left of 600/)
})

test('of a server that refuses what it does not know, what is refused, and that it answers all the same', async () => {
  const rejects = ['seed', 'response_format', 'logprobs', 'top_logprobs', 'temperature']
  const { server, code, out, result } = await asked(
    { rejects, faults: [{ kind: { status: 404 }, path: 'GET /batches' }] },
    {},
  )
  expect(code).toBe(0)
  expect(found(result)).toMatchObject({
    reply: 'works',
    'JSON schema': 'part',
    seed: 'no',
    'log-probabilities': 'no',
    batch: 'no',
    parameter: 'part',
  })
  // Without a seed the same question again would say nothing.
  expect(result.calls).toBe(2)
  expect(server.stats.invalid + server.stats.answered).toBeGreaterThan(2)
  expect(out).toMatch(/temperature was left out/)
})

test('terms come first: a paid route that they do not allow is not asked', async () => {
  const { server, code, err, result } = await asked({}, { license: 'llama2' })
  expect(code).toBe(3)
  expect(err).toMatch(/^SR_TERMS {2}Teacher writer \(self\): .*No call was made\./)
  expect(result.error).toMatchObject({ code: 'SR_TERMS', hint: expect.stringContaining('stillroom terms accept') })
  expect(server.stats.calls).toBe(0)
})

test('a wrong key, model or address is named, with what to do about it, and no key is printed', async () => {
  const secret = 'sk-wrong-0123456789abcdef'
  const key = await asked({ key: 'sk-right-0123456789abcdef' }, { key: 'MY_KEY' }, { MY_KEY: secret })
  expect(key).toMatchObject({ code: 1, result: { error: { code: 'SR_TEACHER_REJECTS' } } })
  expect(key.err).toContain('refuses the key in MY_KEY')
  expect(key.out + key.err + JSON.stringify(key.result)).not.toContain(secret)

  const model = await asked({ models: ['writer-large', 'judge'] }, { model: 'writer-larg' })
  expect(model.result.error).toMatchObject({ code: 'SR_TEACHER_REJECTS', hint: 'did you mean writer-large?' })
  expect(model.err).toContain('has no model writer-larg.')

  const { server, dir } = model
  const ask = (at: string) => commandLine(dir, `doctor --teacher judge --at ${at}`)
  expect(await ask(`${server.url}/nowhere`)).toMatchObject({
    code: 1,
    err: expect.stringContaining('There is no model server at'),
  })
  await server.stop()
  expect(await ask(`${server.url}/v1`)).toMatchObject({
    code: 1,
    err: expect.stringMatching(/^SR_TEACHER_DOWN {2}Nothing answers at .*\n.*ECONNREFUSED.*\n.*start the server/),
  })
  expect(await commandLine(dir, 'doctor --teacher nobody')).toMatchObject({
    code: 2,
    err: expect.stringContaining('writer'),
  })
})

test('a call that failed after it was sent is told beside what the others cost, and no secret of an address', async () => {
  const { server, dir, out, err } = await asked({ faults: [{ kind: 'truncated', from: 2, to: 2 }] }, {})
  expect([err, out.replace(/\s+/g, ' ')]).toEqual([
    '',
    expect.stringMatching(/they cost \S+, besides a call that failed and may be charged\. They are not .* budget\./),
  ])
  const at = `${server.url.replace('//', '//me:p@ss@')}/v1`
  const said = await commandLine(dir, `doctor --teacher judge --at ${at} --json`)
  const shown = await commandLine(dir, `doctor --teacher judge --at ${at}`)
  for (const text of [said.out, said.err, shown.out, shown.err]) expect(text).not.toContain('p@ss')
})

test('alone it looks at machine, recipe and workspace, one line each, and fails for what would fail a run', async () => {
  const recipe = {
    name: 'looked-at',
    teachers: { writer: { model: 'deepseek/deepseek-chat', price } },
    sources: { docs: { files: 'docs/*.md', license: 'cc0-1.0' } },
    steps: [{ ask: { from: 'docs', teacher: 'writer' } }],
  }
  const dir = folder({ ...documents(1), 'recipe.yaml': stringify(recipe) })
  const look = async (env: { [name: string]: string }) => {
    const said = await commandLine(dir, 'doctor', { env })
    const { checks } = JSON.parse((await commandLine(dir, 'doctor --json', { env })).out)
    const is = Object.fromEntries(checks.map((check: { name: string; is: string }) => [check.name, check.is]))
    return { ...said, is }
  }
  const bare = await look({})
  expect(bare.code).toBe(1)
  expect(bare.is).toMatchObject({ node: 'ok', loopback: 'ok', recipe: 'ok', 'teacher writer': 'fail', workspace: 'ok' })
  expect(bare.out).toMatch(
    /fail {2}teacher writer +deepseek\/deepseek-chat needs DEEPSEEK_API_KEY, .*\n +-> export DEEPSEEK/,
  )

  const secret = 'sk-0123456789abcdef'
  const keyed = await look({ DEEPSEEK_API_KEY: secret })
  expect(keyed.code).toBe(0)
  expect(keyed.out).toContain('set: DEEPSEEK_API_KEY (deepseek)')
  expect(keyed.out).not.toContain(secret)

  mkdirSync(join(dir, '.stillroom'))
  writeFileSync(
    join(dir, '.stillroom', 'journal.sqlite'),
    'no database at all, and longer than a header of one is, so that it is read',
  )
  writeFileSync(join(dir, '.stillroom', 'terms.json'), '{ "format": 2 }')
  writeFileSync(join(dir, 'recipe.yaml'), 'name: looked-at\nstep: []\n')
  const broken = await look({})
  expect(broken).toMatchObject({ code: 1, is: { recipe: 'fail', journal: 'fail', terms: 'fail', lock: 'ok' } })
  expect(broken.out).toMatch(/fail {2}journal +damaged: file is not a database/)
})
