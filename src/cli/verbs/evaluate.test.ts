import { cpSync, mkdtempSync, readFileSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { commandLine } from '../../../test/support/command-line.ts'
import { handmadeInput, record } from '../../../test/support/handmade-release.ts'
import { exams } from '../../../test/train/lm-eval-exams.ts'
import { type Evaluation, type ItemResult, writeEvaluation } from '../../evaluate/index.ts'
import { digestOf } from '../../records/index.ts'
import { writeRelease } from '../../release/index.ts'

const fixtures = join(import.meta.dirname, '..', '..', '..', 'test', 'fixtures', 'lm-eval')
const folder = () => mkdtempSync(join(tmpdir(), 'stillroom-evaluate-'))

/** A long answer whose end counts, marked with a reason. */
const long = { answer: `<i>${'Step by step. '.repeat(60)}\n\nAnswer: <9>`, why: 'the number is <7>' }

/** Two evaluations of 200 items beside each other: 30 gained and 8 lost. */
function two(): string {
  const dir = folder()
  const scored = (name: string, score: (i: number) => number) => {
    const items = Array.from({ length: 200 }, (_, i): ItemResult => {
      return {
        task: 'pumps',
        item: `q${i}`,
        digest: digestOf(i),
        metric: 'exact',
        score: score(i),
        answer: `${name} says ${i}`,
        ...(name === 'tuned' && i === 1 ? long : {}),
      }
    })
    const tasks = { pumps: { exam: 'e', items: 200, grader: { by: 'verify' }, conditions: { samples: 1 } } }
    const line = {
      task: 'pumps',
      metric: 'exact',
      higherIsBetter: true,
      value: 0,
      low: 0,
      high: 1,
      n: 200,
      ungraded: 0,
    }
    const evaluation: Evaluation = {
      ...{ name, date: '2026-11-20', model: { id: `self/${name}` }, tasks, from: 'stillroom' },
      scores: [{ ...line, scale: [0, 1] }],
    }
    writeEvaluation(join(dir, name), { evaluation, items })
  }
  scored('base', i => (i < 8 || i >= 100 ? 1 : 0))
  scored('tuned', i => (i >= 8 && (i < 38 || i >= 100) ? 1 : 0))
  return dir
}

test('a comparison says in words what moved, draws it, and shows what came out otherwise', async () => {
  const dir = two()
  const { code, out } = await commandLine(dir, 'evaluate compare base tuned --items 1 --out page.html')
  expect(code).toBe(0)
  expect(out).toContain('tuned is better in pumps exact (54.0 % to 65.0 %, 30 gained and 8 lost) than base.')
  expect(out).toMatch(/pumps {2}exact +200 +54\.0 % +65\.0 % +\+11\.0 +\+5\.\d to \+1\d\.\d +better/)
  expect(out).toMatch(/pumps exact {2} *│ +━+●━+ {2}\+30 −8 {2}p <0\.001 {2}finds \d\.\d/)
  expect(out).toContain('  lost  q0\n    base  right  base says 0\n    tuned  wrong  tuned says 0')
  const more = await commandLine(dir, 'evaluate compare base tuned --items 2 --out flips.html')
  expect(more.out).toMatch(/ {4}tuned {2}wrong {2}….*Answer: <9>\n {6}why {2}the number is <7>/)
  const page = readFileSync(join(dir, 'flips.html'), 'utf8')
  expect(page).toMatch(/<td>q1<\/td>.*<b>wrong<\/b><br>….*Answer: &#60;9&#62;<br>.*why: the number is &#60;7&#62;/)
  expect(readFileSync(join(dir, 'page.html'), 'utf8')).toContain('<td class="n">+30 −8</td>')
})

test('exit codes: 0 for what was compared, 3 for what --fail-if looks for, 1 for nothing to compare', async () => {
  const dir = two()
  const code = async (line: string) => (await commandLine(dir, line)).code
  expect(await code('evaluate compare tuned base')).toBe(0)
  expect(await code('evaluate compare tuned base --fail-if worse')).toBe(3)
  expect(await code('evaluate compare base tuned --fail-if worse')).toBe(0)
  expect(await code('evaluate compare base base --fail-if not-better')).toBe(3)
  expect(await code('evaluate compare base tuned --fail-if bad')).toBe(2)
  // The folder that was given to `evaluate --out`: of the one evaluation in it, and of several none.
  cpSync(join(dir, 'tuned'), join(dir, 'out', 'exam-tuned'), { recursive: true })
  expect(await code('evaluate compare base out --fail-if worse')).toBe(0)
  expect((await commandLine(dir, 'evaluate compare base .')).err).toContain('several: base, tuned')
  expect(await code(`evaluate compare base ${fixtures}/tiny-a`)).toBe(1)
  expect(await code('evaluate compare base nowhere')).toBe(2)
})

test('results of the harness are compared as they are, and imported', async () => {
  const dir = folder()
  cpSync(fixtures, dir, { recursive: true })
  const compared = await commandLine(dir, 'evaluate compare tiny-a tiny-b --json')
  expect(compared.code).toBe(0)
  expect(JSON.parse(compared.out).comparisons[0].lines).toHaveLength(4)
  const read = await commandLine(dir, 'evaluate import tiny-a --name "before it all"')
  expect(read.code).toBe(0)
  expect(read.out).toContain('before it all: hf/tiny-a, measured 2026-11-29, 3 tasks, 31 items.')
  const again = await commandLine(dir, 'evaluate compare evaluations/before-it-all tiny-a --json')
  expect(JSON.parse(again.out).comparisons[0].lines[0]).toMatchObject({ gained: 0, lost: 0, items: 24 })
})

test('a file of questions and a release become tasks, whose items keep their ids', async () => {
  const dir = folder()
  const rows = [
    { id: 'a', question: 'One or two?', answer: 'B', choices: ['one', 'two'] },
    { id: 'b', question: 'Two or three?', answer: 'three', choices: ['two', 'three'] },
    { id: 'c', question: 'No answer?' },
  ]
  writeFileSync(join(dir, 'quiz.jsonl'), rows.map(row => `${JSON.stringify(row)}\n`).join(''))
  const file = await commandLine(dir, 'evaluate export quiz.jsonl --json')
  expect(JSON.parse(file.out)).toMatchObject({ out: 'lm-eval/quiz', name: 'quiz', left: { 'missing-column': 1 } })
  const data = readFileSync(join(dir, 'lm-eval/quiz/quiz.jsonl'), 'utf8').trim().split('\n')
  expect(data.map(line => JSON.parse(line))).toMatchObject([
    { id: 'a', answer: 1 },
    { id: 'b', answer: 1 },
  ])

  const { id: _, digest: __, facets: ___, scores: ____, lineage, ...payload } = exams[0]!
  const exam = record('exam', payload, { ...lineage, source: { name: 'quiz', uri: 'quiz.jsonl', license: 'CC0-1.0' } })
  await writeRelease(handmadeInput({ rows: [exam], all: [exam] }), join(dir, 'releases', 'exam-0.1.0'))
  const release = await commandLine(dir, 'evaluate export releases/exam-0.1.0 --name own --out tasks')
  expect(release.out).toContain('1 task of lm-evaluation-harness in tasks:')
  expect(JSON.parse(readFileSync(join(dir, 'tasks/own.jsonl'), 'utf8'))).toMatchObject({
    id: exam.id,
    digest: exam.digest,
  })

  // In the form of a benchmark as well, as `evaluate` reads it.
  const asked = { q_id: 8939, question: '米を作る所は？', choice0: '畑', choice1: '水田', label: 1 }
  writeFileSync(join(dir, 'jcqa.jsonl'), JSON.stringify(asked))
  const layout = await commandLine(dir, 'evaluate export jcqa.jsonl --json')
  expect(JSON.parse(layout.out)).toMatchObject({ tasks: [{ form: 'choice', items: 1 }], left: {} })
  expect(JSON.parse(readFileSync(join(dir, 'lm-eval/jcqa/jcqa.jsonl'), 'utf8'))).toMatchObject({
    id: '8939',
    answer: 1,
  })

  writeFileSync(
    join(dir, 'letters.jsonl'),
    `${JSON.stringify({ question: 'Write?', answer: 'Dear', rubric: 'kind' })}\n`,
  )
  const none = await commandLine(dir, 'evaluate export letters.jsonl')
  expect(none.code).toBe(2)
  expect(none.err).toContain('needs-a-judge')
})
