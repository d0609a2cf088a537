import { cpSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { stringify } from 'yaml'
import { masked, scripted, commandLine as stillroom } from '../../test/support/command-line.ts'
import { folder, write } from '../../test/support/project.ts'

/** The judge spoils its reply about one valve until it is told not to. */
let spoilt = true
let server: Awaited<ReturnType<typeof scripted>>
beforeAll(async () => {
  server = await scripted(({ model, messages }) => {
    const text = messages.map(message => message.content).join('\n')
    const valve = /valve number (\d+)/i.exec(text)?.[1] ?? '?'
    if (model === 'writer') {
      const question = `At which pressure does valve number ${valve} open?`
      return JSON.stringify({ questions: [{ question, difficulty: 'easy' }] })
    }
    if (model === 'solver') return `Valve number ${valve} opens when the pressure passes ${Number(valve) * 7} bar.`
    if (valve === '2' && spoilt) return 'I would rather not put a number on it.'
    const mark = Number(valve) + 2
    return JSON.stringify({
      rationale: `The figure for valve ${valve} is right.`,
      accuracy: mark,
      clarity: mark,
      usefulness: mark,
    })
  })
})
afterAll(() => server.stop())

function workshop(more: object = {}): string {
  const price = { input: 1, output: 2 }
  const teacher = (model: string) => ({ model, at: server.url, license: 'apache-2.0', price })
  const recipe = {
    name: 'valves',
    seed: 1,
    teachers: { writer: teacher('writer'), solver: teacher('solver'), judge: teacher('judge') },
    sources: { notes: { files: 'notes/*.md', license: 'CC0-1.0' } },
    steps: [
      { ask: { from: 'notes', teacher: 'writer', questions: 1 } },
      { answer: { teacher: 'solver' } },
      { judge: { teacher: 'judge', drop: 0.5 } },
    ],
    ...more,
  }
  const notes = Object.fromEntries(
    [1, 2, 3, 4, 5].map(n => [
      `notes/valve-${n}.md`,
      `# Valve ${n}\n\nValve number ${n} opens when pressure passes ${n * 7} bar.\n`,
    ]),
  )
  return folder({ 'recipe.yaml': stringify(recipe), ...notes })
}

test('a run, and everything that can be asked about it afterwards', async () => {
  spoilt = true
  const dir = workshop()
  const first = await stillroom(dir, 'run')
  expect(first).toMatchObject({ code: 0, err: '' })
  expect(masked(first.out)).toMatchInlineSnapshot(`
    "notes: 5 records (0.0 s)
    ask: 5 records (0.0 s)
    answer: 5 records (0.0 s)
    judge.score: 5 records (0.0 s)
    judge.cut: 2 records (0.0 s)
    Run <run> is done: 2 rows in 0.0 s.

    step         in  kept  made  dropped  lost  why
    notes         5     5
    ask           5           5
    answer        5           5
    judge.score   5     5
    judge.cut     5     2              3        2 bottom-share, 1 unscored

    judge.cut: 2 of 4 scored rows are the lowest share; the best of them has 5

    teacher  model        calls  replayed  tokens in    out     cost
    judge    self/judge       6                6,000  1,200  $0.0084
    solver   self/solver      5                5,000  1,000  $0.0070
    writer   self/writer      5                5,000  1,000  $0.0070
    It cost $0.02, $0.01 a kept row.

    Calls, tasks and the log of this run lie in .stillroom.
    Next: stillroom show rows, stillroom show rejects.
    "
  `)

  // Unchanged, it asks nobody and decides the same.
  const calls = server.calls.length
  const second = await stillroom(dir, 'run')
  expect(server.calls.length).toBe(calls)
  expect(second.out).toMatch(/Verdicts as in run /)

  const rows = JSON.parse((await stillroom(dir, 'show rows -n 1 --json')).out).rows as { id: string }[]
  const story = await stillroom(dir, `show ${rows[0]!.id.slice(0, 10)}`)
  expect(masked(story.out)).toMatchInlineSnapshot(`
    "conversation <id>
      user       At which pressure does valve number 5 open?
      assistant  Valve number 5 opens when the pressure passes 35 bar.

    source     notes/valve-5.md (CC0-1.0)
    origin     synthetic, generation 2, made by answer (draw@2), language en
    facets     difficulty easy, audience a graduate student, draw 0
    descent    subject prompt <digest 12> made by ask: At which pressure does valve number 5 open?
                 subject document <digest 12> read from notes: Valve 5
               context document <digest 12>, as above
    prompts    answer.en.md <digest 12>
               ask.en.md <digest 12>
    calls      ask: self/writer (writer-2026-11), 2026-11-20, 1,000 + 200 tokens, $0.0014, stop
               answer: self/solver (solver-2026-11), 2026-11-20, 1,000 + 200 tokens, $0.0014, stop
               judge: self/judge (judge-2026-11), 2026-11-20, 1,000 + 200 tokens, $0.0014, stop
    terms      self/writer: allowed, Apache License 2.0, version 2.0
               self/solver: allowed, Apache License 2.0, version 2.0
               self/judge: allowed, Apache License 2.0, version 2.0
    scores     judge/accuracy 7, clarity 7, usefulness 7, overall 7, by self/judge
                 The figure for valve 5 is right.
    passed     judge.score, judge.cut
    gates      terms pass, decontaminated block
    ended      kept: a row of run <run>-2
    "
  `)
  const lines = story.out.trimEnd().split('\n')
  expect(lines.length).toBeLessThanOrEqual(40)
  expect(Math.max(...lines.map(line => line.length))).toBeLessThanOrEqual(100)

  const rejects = (await stillroom(dir, 'show rejects --reason unscored')).out
  expect(rejects).toContain('I would rather not put a number on it.')
  expect(rejects).toMatch(/error\s+There is no JSON value in the reply\./)
  expect(rejects).toMatch(/prompt system\s+You judge answers/)

  // Another cut over the same replies: what a run would give, and not a call.
  const replayed = await stillroom(dir, 'replay --set judge.drop=25% --json')
  expect(JSON.parse(replayed.out)).toMatchObject({ rows: 3, calls: 0, unpaid: [] })
  expect(server.calls.length).toBe(calls)

  spoilt = false
  const retried = await stillroom(dir, 'retry --reason unscored')
  expect(retried.out).toMatch(/1 reject for unscored: 2 calls to self\/judge will be asked again\./)
  const third = await stillroom(dir, 'run')
  expect(server.calls.length).toBe(calls + 1)
  expect(third.out).toMatch(/judge\.cut .*no longer drops 1 record/)
})

test('an interrupt stops cleanly, and the same command goes on without asking twice', async () => {
  spoilt = false
  const dir = workshop()
  const before = server.calls.length
  const heard: (() => void)[] = []
  const left: number[] = []
  const stopped = await stillroom(dir, 'run', {
    onInterrupt(interrupt) {
      heard.push(interrupt)
      return () => {}
    },
    out() {
      // As soon as the first stage is through, with calls still to come.
      if (server.calls.length === before) for (const interrupt of heard.splice(0)) interrupt()
    },
    leave: code => void left.push(code),
  })
  expect(stopped).toMatchObject({ code: 130, err: expect.stringContaining('run the same command again') })
  expect(left).toEqual([])
  expect((await stillroom(dir, 'status')).out).toMatch(
    /interrupted[\s\S]*Next: stillroom run.* goes on where it stopped/,
  )
  expect(await stillroom(dir, 'run')).toMatchObject({ code: 0 })
  expect(server.calls.length - before).toBe(15)
})

test('a second interrupt leaves at once', async () => {
  const left: number[] = []
  const twice = {
    onInterrupt(interrupt: () => void) {
      interrupt()
      interrupt()
      return () => {}
    },
    leave: (code: number) => void left.push(code),
  }
  await stillroom(workshop(), 'run', twice)
  expect(left).toEqual([130])
})

test('what is wrong goes to stderr with a code and a way out, and decides the exit code', async () => {
  const dir = workshop()
  expect(await stillroom(dir, 'rum')).toMatchObject({
    code: 2,
    err: expect.stringMatching(/SR_USAGE[\s\S]*did you mean run/),
  })
  expect(await stillroom(dir, 'run --limit many')).toMatchObject({ code: 2 })
  expect(await stillroom(dir, 'run nowhere.yaml')).toMatchObject({
    code: 2,
    err: expect.stringContaining('SR_RECIPE_MISSING'),
  })
  expect(await stillroom(dir, 'status')).toMatchObject({ code: 1, err: expect.stringContaining('SR_NOT_FOUND') })
  expect(await stillroom(dir, 'replay --set judge.drop')).toMatchObject({ code: 2 })
  const data = await stillroom(dir, 'show zz --json')
  expect(data).toMatchObject({ code: 1, err: '' })
  expect(JSON.parse(data.out).error.code).toBe('SR_NOT_FOUND')
  const typo = workshop({ sead: 3 })
  const wrong = await stillroom(typo, 'plan')
  expect(wrong.code).toBe(2)
  expect(wrong.err).toMatch(/recipe\.yaml:\d+:1 {2}SR_RECIPE_KEY[\s\S]*seed/)
})

test('a route whose terms nobody accepted makes no call, and runs after the acceptance', async () => {
  const teacher = { model: 'writer', at: server.url, price: { input: 1, output: 2 } }
  const dir = workshop({
    teachers: { writer: teacher },
    steps: [{ ask: { from: 'notes', teacher: 'writer', questions: 1 } }],
  })
  const calls = server.calls.length
  expect(await stillroom(dir, 'run')).toMatchObject({
    code: 3,
    err: expect.stringContaining('terms accept self/writer'),
  })
  expect(server.calls.length).toBe(calls)
  expect(await stillroom(dir, 'terms accept self/writr --by reader --version 1')).toMatchObject({ code: 2 })
  expect(await stillroom(dir, 'terms accept self/writer --by "a reader" --version 2026-10-01')).toMatchObject({
    code: 0,
  })
  expect((await stillroom(dir, 'terms')).out).toMatch(/2026-10-01 by a reader, 2026-11-20/)
  expect(await stillroom(dir, 'run')).toMatchObject({ code: 0 })
  expect(server.calls.length).toBe(calls + 5)
})

test('plan asks nobody, and knows after a run how many records reach the first paid step', async () => {
  const dir = workshop()
  const calls = server.calls.length
  const before = JSON.parse((await stillroom(dir, 'plan --json')).out)
  expect(before.firstPaid).toMatchObject({ step: 'ask', records: null })
  expect(before.sources).toMatchObject([{ name: 'notes', files: 5, license: 'CC0-1.0' }])
  expect(before.teachers[0].terms).toMatchObject({ verdict: 'allowed', mayCall: true })
  expect(server.calls.length).toBe(calls)
  await stillroom(dir, 'run')
  expect(JSON.parse((await stillroom(dir, 'plan --json')).out).firstPaid).toMatchObject({ records: 5 })
  expect((await stillroom(dir, 'plan')).out).toMatch(/What it came to in run .*\nstep +rows +calls/)
})

test('init writes a recipe that plans, and never over another', async () => {
  const dir = folder()
  cpSync(join(import.meta.dirname, '../../examples/quickstart/documents/cncf-glossary'), join(dir, 'docs'), {
    recursive: true,
  })
  write(dir, {
    'docs/api/gates.rst': 'Gates\n=====\n\nA gate is a rule with evidence. It passes, warns or blocks.\n',
    'queries.jsonl': '{"prompt":"how do i open a pod"}\n',
    'README.md': 'left out: it lies beside the folders of documents',
  })
  expect(await stillroom(dir, 'init --yes --no-preview')).toMatchObject({ code: 0, err: '' })
  const text = readFileSync(join(dir, 'recipe.yaml'), 'utf8')
  expect(text).toContain("docs: { files: 'docs/**/*.{md,rst}', license: CC-BY-4.0 }   # by docs/LICENSE")
  expect(text).toContain('like: queries')
  expect(await stillroom(dir, 'plan')).toMatchObject({ code: 0 })
  expect(await stillroom(dir, 'init --yes')).toMatchObject({ code: 2 })
  expect(readFileSync(join(dir, 'recipe.yaml'), 'utf8')).toBe(text)
})

test('under --json a run is events and one result, and nothing for single calls', async () => {
  const dir = workshop()
  const { out, code } = await stillroom(dir, 'run --json')
  const objects = out
    .trimEnd()
    .split('\n')
    .map(line => JSON.parse(line))
  expect(code).toBe(0)
  expect(objects[0]).toMatchObject({ event: 'run-started' })
  expect(objects.some(object => object.event === 'call')).toBe(false)
  expect(objects.at(-1)).toMatchObject({ status: 'done', rows: 3, calls: { judge: { sent: 5 } } })
})
