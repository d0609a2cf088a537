import { readdirSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { stringify } from 'yaml'
import { commandLine as stillroom } from '../../../test/support/command-line.ts'
import { folder, write } from '../../../test/support/project.ts'
import type { RulePreview } from '../../curate/index.ts'

const english = (n: number) => ['the', 'still', ...Array.from({ length: n - 3 }, (_, i) => `word${i}`), 'and'].join(' ')
const texts: [id: string, text: string, title?: string][] = [
  ['a', english(40)],
  ['b', english(48), 'Vapour'],
  ['c', english(49)],
  ['d', english(50)],
  ['e', english(60)],
  ['f', english(100)],
  // Not one stop word, and no list to look for any.
  ['g', Array.from({ length: 80 }, (_, i) => `term${i}`).join(' ')],
  ['h', '蒸留は沸点の違いで液体を分ける方法です。'.repeat(4)],
]
const files = (rules: object) => ({
  'd.jsonl': texts.map(([id, text, title]) => JSON.stringify({ id, text, title })).join('\n'),
  'recipe.yaml': stringify({
    name: 'rules',
    sources: { d: { files: 'd.jsonl', license: 'CC0-1.0', kind: 'document', id: 'id' } },
    steps: [{ rules }],
  }),
})
const only = Object.fromEntries(
  [
    'max-words',
    'min-mean-word-length',
    'max-mean-word-length',
    'max-hashes-per-word',
    'max-ellipses-per-word',
    'max-bullet-lines',
    'max-ellipsis-lines',
    'min-alphabetic-words',
  ].map(option => [option, false]),
)
const later = (minutes: number) => ({ now: () => new Date(Date.UTC(2026, 10, 20, 11, minutes)) })
const tasks = (dir: string) => readdirSync(join(dir, '.stillroom/tasks')).length

test('what each threshold drops alone and first, at other values, and texts on both sides', async () => {
  const dir = folder(files({ 'gopher-quality': only }))
  expect((await stillroom(dir, 'show rules')).err).toMatch(/no workspace/)
  expect((await stillroom(dir, 'run')).code).toBe(0)
  const { out, err } = await stillroom(dir, 'show rules -n 2')
  expect(err).toBe('')
  const run = /run (\S+)/.exec(out)![1]!
  expect(out.replaceAll(run, 'RUN').replaceAll(/\b[0-9a-f]{12}\b/g, 'ID')).toBe(`\
rules.cut: keeps 4 of 8 texts of run RUN

Rule              Keeps  Values         5 %  median  95 %  alone  first
gopher-quality
  min-words       >= 50  ▅█|▅ ▅  ▅▅  ▅   40      60   100      3      3
  min-stop-words   >= 2  ▂          |█    0       2     2      1      1

Does not apply to 1 text (no stop words): gopher-quality.min-stop-words.

gopher-quality.min-words  >= 50, by words: drops 3 alone and 3 first, for few-words
  at       25: 0   40: 0   50: 3   63: 5   100: 7
  drops         49  ID  the still word0 word1 word2 word3 word4 word5 word6 word7 word8 w…
                48  ID  Vapour: the still word0 word1 word2 word3 word4 word5 word6 word7…
  keeps         50  ID  the still word0 word1 word2 word3 word4 word5 word6 word7 word8 w…
                60  ID  the still word0 word1 word2 word3 word4 word5 word6 word7 word8 w…

gopher-quality.min-stop-words  >= 2, by words: drops 1 alone and 1 first, for few-stop-words
  at       1: 1   2: 1   3: 7   4: 7
  drops          0  ID  term0 term1 term2 term3 term4 term5 term6 term7 term8 term9 term1…
  keeps          2  ID  the still word0 word1 word2 word3 word4 word5 word6 word7 word8 w…
                 2  ID  Vapour: the still word0 word1 word2 word3 word4 word5 word6 word7…
`)
})

test('another threshold is previewed over the stored scores, and replays without measuring again', async () => {
  const dir = folder(files({ profiles: 'gopher-quality', 'gopher-quality': only }))
  await stillroom(dir, 'run')
  const before = tasks(dir)
  const set = '--set rules.gopher-quality.min-words=49'
  const said = JSON.parse((await stillroom(dir, `show rules ${set} --step rules --json`)).out)
  const [{ kept, rules }] = said.steps as { kept: number; rules: RulePreview[] }[] as [
    { kept: number; rules: RulePreview[] },
  ]
  expect([kept, rules[0]!.alone, rules[0]!.dropped.map(({ value }) => value)]).toEqual([5, 2, [48, 40]])
  expect(tasks(dir)).toBe(before)
  const replayed = JSON.parse((await stillroom(dir, `replay ${set} --json`, later(1))).out)
  expect(replayed).toMatchObject({ rows: 5, calls: 0 })
  // The one new task is the cut.
  expect(tasks(dir)).toBe(before + 1)
  // What was measured by words says nothing of another tokenizer.
  const other = await stillroom(dir, 'show rules --set rules.gopher-quality.tokenizer=tokens')
  expect(other.out).toMatch(/keeps 0 of 8[\s\S]*did not measure them \(8 texts; run the recipe\)/)
})

test('a recipe without rules, and a step that has none, are told apart', async () => {
  const dir = folder(files({ profiles: 'mc4' }))
  await stillroom(dir, 'run')
  expect((await stillroom(dir, 'show rules --step other')).err).toMatch(/no step other[\s\S]*one of rules/)
  write(dir, { 'recipe.yaml': files({})['recipe.yaml'].replace('rules: {}', 'sample: { n: 2 }') })
  expect((await stillroom(dir, 'show rules')).err).toMatch(/no step with rules/)
})
