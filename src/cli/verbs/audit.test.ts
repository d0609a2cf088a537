import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { stringify } from 'yaml'
import { masked, scripted, commandLine as stillroom } from '../../../test/support/command-line.ts'
import { folder } from '../../../test/support/project.ts'
import { unit } from '../../records/index.ts'
import type { Evidence } from '../../run/index.ts'

type Solution = { id: string; prompt: string; completion: string; correct: boolean }
const fixtures = join(import.meta.dirname, '../../../test/fixtures/gsm8k-solutions')
const solutions = readFileSync(join(fixtures, 'solutions.first30.jsonl'), 'utf8')
  .trim()
  .split('\n')
  .map(line => JSON.parse(line) as Solution)
const [known, rows] = [solutions.slice(0, 48), solutions.slice(48)]
const wrong = rows.filter(row => !row.correct).length

/** A judge that knows the truth of each solution, and errs on some of them: always on the same. */
let errs = 0
let server: Awaited<ReturnType<typeof scripted>>
beforeAll(async () => {
  server = await scripted(({ messages }) => {
    const text = messages.map(message => message.content).join('\n')
    const asked = solutions.find(({ prompt, completion }) => text.includes(prompt) && text.includes(completion))
    if (!asked) return 'I do not know this one.'
    const right = asked.correct !== unit('errs', asked.id) < errs
    return JSON.stringify({ reason: 'Worked out anew.', verdict: right ? 'right' : 'wrong' })
  })
})
afterAll(() => server.stop())

const jsonl = (given: object[]) => given.map(row => JSON.stringify(row)).join('\n')

function workshop(more: object = {}): string {
  const teacher = (model: string) => ({ model, at: server.url, license: 'apache-2.0', price: 'free' })
  const recipe = {
    name: 'sums',
    teachers: { referee: teacher('referee-70b'), twin: teacher('gpt-4.1') },
    sources: {
      solutions: { files: 'solutions.jsonl', id: 'id', license: 'MIT', kind: 'conversation', teacher: 'openai/gpt-3' },
    },
    steps: [{ clean: { from: 'solutions', checks: ['refusals'] } }],
    gates: { decontaminated: { override: 'a test without test sets' }, terms: { override: 'a test of audits alone' } },
    release: { version: '0.1.0', license: 'mit', date: '2026-11-20' },
    ...more,
  }
  return folder({
    'recipe.yaml': stringify(recipe),
    'solutions.jsonl': jsonl(rows.map(({ correct: _, ...row }) => row)),
    'known.jsonl': jsonl(known.map(({ correct, ...row }) => ({ ...row, verdict: correct ? 'right' : 'wrong' }))),
  })
}
const evidence = async (dir: string, line: string) => {
  const said = await stillroom(dir, `audit ${line} --json`)
  expect([said.code, said.err, said.code === 0 ? '' : said.out]).toEqual([0, '', ''])
  return JSON.parse(said.out.trim().split('\n').at(-1)!) as Evidence & { file: string }
}

test('a judge of another family, corrected on gold rows; the card of the release states it', async () => {
  errs = 0.1
  const dir = workshop()
  expect((await stillroom(dir, 'run --no-release')).code).toBe(0)
  const said = await stillroom(dir, 'audit -n 60 --teacher referee --gold known.jsonl')
  // Stages that ask at the same time end in any order.
  const lines = masked(said.out)
    .split('\n')
    .filter(line => !/^[\w-]+: \d+ records/.test(line))
  expect(lines.join('\n')).toMatchInlineSnapshot(`
    "3 stages as before

    teacher  model             calls  replayed  tokens in     out  cost
    referee  self/referee-70b    108              108,000  21,600    $0
    It cost $0.

    judged by                    rows  wrong  unsure  estimate     95 % interval
    self/referee-70b, corrected    60     37       0    67.7 %  40.9 % to 92.7 %

    Of rows of known truth the judge found the wrong ones (29 of 33, 71.7 % to 96.6 %) and cleared the
    right ones (14 of 15, 68.0 % to 99.9 %).

    At most 92.7 % of the 72 rows are wrong (95 %, interval 40.9 % to 92.7 %): self/referee-70b called
    37 of 60 drawn rows wrong, corrected for its errors on 48 rows of known truth (29 of 33 wrong ones
    found, 14 of 15 right ones cleared).

    The evidence lies in .stillroom/audits/rows-seed-1.json.
    The card of the next release (a new version, if this one is out) states it: stillroom release.
    "
  `)
  const calls = server.calls.length
  expect(calls).toBe(60 + 48)
  const first = readFileSync(join(dir, '.stillroom/audits/rows-seed-1.json'), 'utf8')
  // The same audit asks nobody and writes the same bytes.
  await stillroom(dir, 'audit -n 60 --teacher referee --gold known.jsonl')
  expect(server.calls.length).toBe(calls)
  expect(readFileSync(join(dir, '.stillroom/audits/rows-seed-1.json'), 'utf8')).toBe(first)
  const { statement, result } = JSON.parse(first) as Evidence
  expect(result.judge!.low).toBeLessThanOrEqual(wrong / rows.length)
  expect(result.judge!.high).toBeGreaterThanOrEqual(wrong / rows.length)

  expect((await stillroom(dir, 'release')).code).toBe(0)
  const card = readFileSync(join(dir, 'releases/sums-0.1.0/README.md'), 'utf8')
  expect(card).toContain(`## Wrong rows\n\n- ${statement} Drawn by seed 1; evidence sha256`)
  expect(card).not.toContain('not estimated by an audit')
  // An audit is no run of the recipe: what looks at the last run sees the rows.
  expect(JSON.parse((await stillroom(dir, 'show rows -n 100 --json')).out).rows).toHaveLength(rows.length)
})

test('a judge of the family that wrote is refused unless that is wanted, and then named', async () => {
  const dir = workshop()
  await stillroom(dir, 'run --no-release')
  const refused = await stillroom(dir, 'audit -n 5 --teacher twin')
  expect(refused.code).toBe(2)
  expect(refused.err).toMatch(/of a family that wrote these rows[\s\S]*--same-family/)
  const allowed = await evidence(dir, '-n 5 --teacher twin --same-family')
  expect(allowed.by.sameFamily).toEqual(['openai'])
  expect(allowed.statement).toMatch(/How often it errs is not known.*of a family that wrote rows: openai/)
})

test('people judge in a file: written, filled in from the top, read back, checked', async () => {
  errs = 0
  const dir = workshop()
  await stillroom(dir, 'run --no-release')
  const written = await stillroom(dir, 'audit -n 20 --people mine.csv')
  expect(written.out).toMatch(/20 rows of 72, drawn by seed 1, to judge in mine.csv; mine.md says how/)
  expect(readFileSync(join(dir, 'mine.md'), 'utf8')).toMatch(/The answer is wrong if/)
  const empty = await stillroom(dir, 'audit -n 20 --people mine.csv')
  expect(empty).toMatchObject({ code: 2 })
  expect(empty.err).toMatch(/Nobody has judged a row yet/)

  const lines = readFileSync(join(dir, 'mine.csv'), 'utf8')
    .trimEnd()
    .split(/\r\n(?=[0-9a-f]{32},)/)
  expect(lines).toHaveLength(21)
  const fill = (word: (i: number, line: string) => string) =>
    writeFileSync(
      join(dir, 'mine.csv'),
      [
        lines[0]!,
        ...lines.slice(1).map((line, i) => line.replace(/,,,,([0-9a-f]{12})$/, `,${word(i, line)},,Ada,$1`)),
      ].join('\r\n'),
    )
  const truth = (line: string) => {
    const text = line.replaceAll('""', '"')
    return rows.find(({ prompt, completion }) => text.includes(prompt) && text.includes(completion))!.correct
  }
  // Ten looked at, one of them skipped and one undecided.
  fill((i, line) => (i > 9 || i === 3 ? '' : i === 5 ? ' Unsure ' : truth(line) ? 'right' : 'WRONG'))
  const { result, rows: judged, statement } = await evidence(dir, '-n 20 --people mine.csv --teacher referee')
  expect(result).toMatchObject({ size: 72, drawn: 20, by: 'people', people: { n: 10, unsure: 2 }, judge: { n: 20 } })
  // This judge is always right, and so it agrees.
  expect(result.both).toMatchObject({ n: 8, kappa: { kappa: 1 } })
  expect(result.people!.high).toBeGreaterThanOrEqual(wrong / rows.length)
  expect(judged.filter(row => row.people)[0]!.people).toEqual([{ call: expect.any(String), by: 'Ada' }])
  expect(statement).toMatch(/^At most .*: Ada found \d of 10 drawn rows wrong. 2 that could not be told count as wrong/)

  fill(() => 'perhaps')
  expect((await stillroom(dir, 'audit -n 20 --people mine.csv')).err).toMatch(/row 1: `perhaps` is no verdict/)
  fill(() => 'right')
  expect((await stillroom(dir, 'audit -n 20 --seed 2 --people mine.csv')).err).toMatch(
    /judges rows that were not drawn/,
  )
})

test('a release is audited without its recipe by people, and with one by a teacher that knows who wrote', async () => {
  errs = 0
  const dir = workshop()
  expect((await stillroom(dir, 'run')).code).toBe(0)
  const release = join(dir, 'releases/sums-0.1.0')
  const byJudge = await evidence(dir, `releases/sums-0.1.0 -n 30 --teacher referee`)
  expect(byJudge).toMatchObject({ writers: ['openai/gpt-3'], result: { size: 72, judge: { n: 30, unsure: 0 } } })
  expect(byJudge.file).toBe('releases/audits/sums-0.1.0-seed-1.json')
  const released = JSON.parse((await stillroom(dir, 'show rows -n 100 --json')).out).rows as { id: string }[]
  expect(released.map(({ id }) => id)).toEqual(expect.arrayContaining(byJudge.rows.map(({ id }) => id)))
  expect((await stillroom(dir, 'audit releases/sums-0.1.0 --teacher twin')).err).toMatch(/family that wrote/)

  const elsewhere = folder()
  const written = await stillroom(elsewhere, `audit ${release} -n 3 --people audit.jsonl`)
  expect(written).toMatchObject({ code: 0, err: '' })
  expect(existsSync(join(elsewhere, '.stillroom'))).toBe(false)
  const file = join(elsewhere, 'audit.jsonl')
  writeFileSync(file, readFileSync(file, 'utf8').replaceAll('"verdict":""', '"verdict":"right"'))
  const byPeople = await evidence(elsewhere, `${release} -n 3 --people audit.jsonl`)
  expect(byPeople.result.people).toMatchObject({ n: 3, wrong: 0, low: 0 })
  expect((await stillroom(dir, `verify ${release}`)).code).toBe(0)
})
