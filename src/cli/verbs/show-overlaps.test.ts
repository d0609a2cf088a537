import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { commandLine } from '../../../test/support/command-line.ts'
import { folder } from '../../../test/support/project.ts'

const question =
  'A baker fills six trays with nine rolls each and sells all but seven of them. How many rolls does she sell?'
const ja = '蒸留で最初に出てくる留分を取り除くのはなぜですか。理由を二つ挙げて説明してください。'
const row = (asked: string, answered: string) =>
  JSON.stringify({
    messages: [
      { role: 'user', content: asked },
      { role: 'assistant', content: answered },
    ],
  })

const base = () =>
  folder({
    'gsm/test.jsonl': [
      JSON.stringify({ question, answer: 'She sells 54 - 7 = 47 rolls.' }),
      JSON.stringify({ question: 'How long does a still take to heat?', answer: 'An hour.' }),
    ].join('\n'),
    'gsm/LICENSE': 'MIT License',
    'own.csv': `question\n${ja}\n`,
    'rows.jsonl': [
      row(`Solve this. ${question.toUpperCase()}`, '47'),
      row('教えて', `問いは「${ja.slice(0, 30)}」でした。`),
      row('Where is the worm of a still?', 'In the cooling tub.'),
    ].join('\n'),
    'recipe.yaml': `name: t
sources:
  rows: { files: rows.jsonl, license: MIT }
steps:
  - decontaminate: { from: rows, against: [bakery, own.csv] }
`,
  })

test('a benchmark is imported, named in a recipe, and what is found of it is shown side by side', async () => {
  const dir = base()
  const said = await commandLine(dir, 'import benchmark gsm --name bakery --license MIT --date 2026-11-20')
  expect(said).toEqual({
    code: 0,
    err: '',
    out: `test.jsonl: 2 items
  prompt from question; answer from answer

  1
    prompt  A baker fills six trays with nine rolls each and sells all but seven of them. How many
            rolls does she sell?
    answer  She sells 54 - 7 = 47 rolls.

  2
    prompt  How long does a still take to heat?
    answer  An hour.

2 items of bakery written to benchmarks/bakery. In a recipe beside it:

  - decontaminate: { against: [bakery] }
`,
  })
  expect(JSON.parse(readFileSync(join(dir, 'benchmarks/bakery/manifest.json'), 'utf8'))).toMatchObject({
    name: 'bakery',
    license: 'MIT',
    date: '2026-11-20',
    items: 2,
    files: [{ path: 'test.jsonl', items: 2, taken: { prompt: ['question'], answer: ['answer'] } }],
  })
  const ran = await commandLine(dir, 'run')
  expect(ran.out).toContain('decontaminate: bakery: 1 of 2 items (50 %) found in 1 row, more than the 2 %')
  const shown = await commandLine(dir, 'show overlaps')
  expect(shown.err).toBe('')
  expect(shown.out.replace(/run \S+/, 'run R').replace(/conversation [0-9a-f]{12}/g, 'conversation C')).toBe(`\
2 rows of run R dropped for what they share with test sets

Test set  Items found  Items    Share  Rows  By Tulu 3
bakery              1      2   50.0 %     1  over 2 %
own.csv             1      1  100.0 %     1  over 2 %

bakery 1  100.0 % of its prompt, 22 units in a row, in the prompt of conversation C at decontaminate
  row                                             │ test
  Solve this. ⟦A BAKER FILLS SIX TRAYS WITH NINE  │ ⟦A baker fills six trays with nine rolls each
  ROLLS EACH AND SELLS ALL BUT SEVEN OF THEM. HOW │ and sells all but seven of them. How many rolls
  MANY ROLLS DOES SHE SELL⟧?                      │ does she sell⟧?

own.csv row 1  72.5 % of its prompt, 29 units in a row, in the completion of conversation C at decontaminate
  row                                             │ test
  問いは「⟦蒸留で最初に出てくる留分を取り除くのは │ ⟦蒸留で最初に出てくる留分を取り除くのはなぜです
  なぜですか。理由を二つ⟧」でした。               │ か。理由を二つ⟧挙げて説明してください。
`)
  const json = JSON.parse((await commandLine(dir, 'show overlaps recipe.yaml -n 1 --json')).out)
  expect(json).toMatchObject({
    total: 2,
    sets: [{ set: 'bakery', items: 1, of: 2, share: 0.5, rows: 1, over: true }, { set: 'own.csv' }],
    overlaps: [{ kind: 'conversation', evidence: { set: 'bakery', item: '1', row: { before: 'Solve this. ' } } }],
  })
})

test('what is missing or wrong is said with what to do', async () => {
  const dir = base()
  const say = async (line: string) => {
    const { code, err } = await commandLine(dir, line)
    return `${code} ${err.split('\n')[0]}`
  }
  expect(await say('import benchmark gsm --license MIT')).toMatch(/^2 .*--name is missing/)
  expect(await say('import benchmark gsm --name a/b --license MIT')).toMatch(/^2 .*cannot name a folder/)
  expect(await say('import benchmark nowhere --name n --license MIT')).toMatch(/^1 .*no benchmark at nowhere/)
  expect(await say('import benchmark gsm --name n --license MIT --columns prompt=q')).toMatch(/^2 .*no column q/)
  expect(await say('import benchmark gsm --name n --license MIT --columns ask=q')).toMatch(/^2 .*names no part/)
  expect(await say('run')).toMatch(/^2 .*`bakery`/)
})
