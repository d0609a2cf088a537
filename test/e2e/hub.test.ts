import { appendFileSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { stringify } from 'yaml'
import { writeRelease } from '../../src/release/index.ts'
import { commandLine } from '../support/command-line.ts'
import { handmadeInput, handmadeRecords } from '../support/handmade-release.ts'
import { type HubServer, hubServer } from '../support/hub-server.ts'
import { folder, runIn, write } from '../support/project.ts'

const token = 'hf_secret0123456789'
let hub: HubServer
let env: { [name: string]: string }
beforeEach(async () => {
  hub = await hubServer({ [token]: { name: 'ann', orgs: ['works'] }, hf_reads: { name: 'ann', role: 'read' } })
  env = { HF_ENDPOINT: hub.url, HF_TOKEN: token }
})
afterEach(() => hub.stop())

async function release(more: object = {}): Promise<string> {
  const dir = folder()
  await writeRelease(handmadeInput(handmadeRecords(), more), join(dir, 'release'))
  return dir
}
const push = (dir: string, words: string, others: object = {}) =>
  commandLine(dir, `push release --to ann/pumps ${words}`, { env, ...others })
const main = (repo: string) => hub.repos.get(repo)!.branches.get('main')!.files
const writes = () => hub.asked.filter(line => /^POST .*(commit|tag|create|objects)/.test(line))

test('a release goes up whole, in one commit under its version, and comes back as a source with the same rows', async () => {
  const dir = await release()
  const said = await push(dir, '')
  expect(said, said.err).toMatchObject({ code: 0 })
  expect(said.out).toContain('pushed to a private repository that was made for it')
  expect(`${said.out}${said.err}`).not.toContain(token)
  const repo = hub.repos.get('ann/pumps')!
  expect(repo.private).toBe(true)
  expect(repo.commits.map(({ title }) => title)).toEqual(['initial commit', 'pumps 0.1.0'])
  expect([...repo.tags.keys()]).toEqual(['0.1.0'])
  const files = main('ann/pumps')
  const own = readdirSync(join(dir, 'release'), { recursive: true, withFileTypes: true }).filter(one => one.isFile())
  expect(files.size).toBe(own.length + 1)
  for (const entry of own) {
    const path = join(entry.parentPath, entry.name)
    expect(files.get(path.slice(join(dir, 'release/').length))!.content.equals(readFileSync(path)), path).toBe(true)
  }
  expect(hub.lfs.size).toBeGreaterThan(0)
  expect(hub.leaked).toEqual([])

  // Again: nothing is written. Other content under the same version: refused.
  hub.asked.length = 0
  expect((await push(dir, '')).out).toContain('it is there already, nothing was written')
  expect(writes()).toEqual([])
  const other = await release({ license: 'mit' })
  const refused = await push(other, '')
  expect(refused.code).toBe(2)
  expect(refused.err).toContain('SR_RELEASE_EXISTS')
  expect(writes()).toEqual([])

  // Killed between commit and tag: the next push only tags.
  repo.tags.clear()
  expect((await push(dir, '')).code).toBe(0)
  expect(writes().map(line => line.split('/').at(-2))).toEqual(['tag'])

  const source = { hub: 'ann/pumps', revision: '0.1.0', license: 'cc-by-4.0', id: 'id' }
  const recipe = { name: 'next', sources: { given: source }, steps: [{ sample: { from: 'given', n: 100 } }] }
  const here = folder({ 'recipe.yaml': stringify(recipe) })
  const ran = await commandLine(here, 'run --json', { env })
  expect(ran, ran.out).toMatchObject({ code: 0 })
  expect(hub.leaked).toEqual([])
  hub.asked.length = 0
  const shown = await commandLine(here, 'show rows -n 9 --json')
  expect(hub.asked).toEqual([])
  const { rows } = JSON.parse(shown.out.trim().split('\n').at(-1)!)
  const local = folder()
  const files2 = join(dir, 'release/data/sft/train-00000-of-00001.parquet')
  const plain = await runIn(local, { ...recipe, sources: { given: { files: files2, license: 'cc-by-4.0', id: 'id' } } })
  type Row = {
    id: string
    messages?: unknown
    lineage: { origin: string; generation: number; source: { license: string } }
  }
  const content = (all: Row[]) =>
    all
      .map(({ id, messages, lineage: { origin, generation, source } }) => ({
        id,
        messages,
        origin,
        generation,
        license: source.license,
      }))
      .sort((a, b) => (a.id < b.id ? -1 : 1))
  expect(content(rows)).toEqual(content(plain.all as never))
  expect(rows[0].lineage.source.uri).toBe(
    `hf://datasets/ann/pumps@${repo.tags.get('0.1.0')!.sha}/data/sft/train-00000-of-00001.parquet`,
  )
})

test('what must not go up does not, and says why', async () => {
  const dir = await release()
  const no = async (words: string, code: number, text: RegExp, others: object = {}) => {
    hub.asked.length = 0
    const said = await push(dir, words, others)
    expect([said.code, said.err], said.out).toEqual([code, expect.stringMatching(text)])
    expect(writes()).toEqual([])
    expect(said.err).not.toContain(token)
  }
  await no('', 2, /SR_KEY_MISSING.*HF_TOKEN is not set/, { env: { HF_ENDPOINT: hub.url } })
  await no('', 2, /no token of the Hub/, { env: { ...env, HF_TOKEN: 'sk-none' } })
  await no('', 1, /does not accept the token/, { env: { ...env, HF_TOKEN: 'hf_unknown' } })
  await no('', 1, /may only read/, { env: { ...env, HF_TOKEN: 'hf_reads' } })
  await no('--to bob/pumps', 1, /belongs to ann, who is not of bob/)
  await no('--to pumps', 2, /names no repository/)
  await no('--version 2', 2, /has its version from its recipe/)
  const gone = { env: { ...env, HF_ENDPOINT: 'http://127.0.0.1:9' }, fetch: undefined }
  await no('', 2, /HF_ENDPOINT holds no address/, { env: { ...env, HF_ENDPOINT: 'hub.example' } })
  hub.put('ann/seen', { 'README.md': '# Seen' })
  await no('--to ann/seen', 2, /is public, and everybody would see/)
  hub.put('ann/other', { 'rows.csv': 'a,b' }, { private: true })
  await no('--to ann/other', 2, /holds data that is no release/)
  hub.put('ann/fans', { 'manifest.json': '{"format":1,"name":"fans","files":[]}' }, { private: true })
  await no('--to ann/fans', 2, /holds releases of fans/)
  appendFileSync(join(dir, 'release/README.md'), 'Edited.')
  await no('', 1, /SR_VERIFY.*not pushed[\s\S]*README.md/)

  const recipe = { ...handmadeInput(handmadeRecords()).recipe, purpose: { distribute: 'private' as const } }
  const kept = await release({ recipe })
  expect(await push(kept, '--public')).toMatchObject({ code: 3, err: expect.stringContaining('distribute: private') })
  // Only what is asked for: nobody hears of a dry run, and it needs no token.
  const dry = await push(kept, '--dry-run --json', { env: { HF_ENDPOINT: gone.env.HF_ENDPOINT } })
  expect(JSON.parse(dry.out)).toMatchObject({ dry: true, repo: 'ann/pumps', version: '0.1.0' })
  expect((await push(kept, '--dry-run', { env })).out).toContain('data/sft/train-00000-of-00001.parquet')
  expect(await push(kept, '', { env })).toMatchObject({ code: 0 })
})

test('a later version takes out what the one before left, and leaves alone what others put there', async () => {
  const dir = await release({ rowsPerFile: 1 })
  expect(await push(dir, '--public')).toMatchObject({ code: 0, out: expect.stringContaining('a public repository') })
  hub.put('ann/pumps', { 'pictures/pump.svg': '<svg/>', 'data/extra.parquet': 'not ours' })
  const next = await release({ version: '0.2.0' })
  const said = await push(next, '--public --json')
  const result = JSON.parse(said.out.trim().split('\n').at(-1)!)
  expect(result.removed).toEqual([
    'data/extra.parquet',
    'data/sft/train-00000-of-00002.parquet',
    'data/sft/train-00001-of-00002.parquet',
  ])
  expect([...main('ann/pumps').keys()]).toEqual(expect.arrayContaining(['pictures/pump.svg', 'manifest.json']))
  expect([...hub.repos.get('ann/pumps')!.tags.keys()]).toEqual(['0.1.0', '0.2.0'])
})

test('any folder with a card goes up: without a version it is brought up to date', async () => {
  const dir = folder({
    'release/README.md': '---\nlicense: mit\n---\n',
    'release/data/train.jsonl': '{"text":"one"}\n',
  })
  expect(await push(dir, '')).toMatchObject({ code: 0, out: expect.stringContaining('license: mit') })
  expect((await push(dir, '')).out).toContain('nothing was written')
  write(dir, { 'release/data/more.jsonl': '{"text":"two"}\n' })
  rmSync(join(dir, 'release/data/train.jsonl'))
  expect(await push(dir, '--version v2')).toMatchObject({ code: 0 })
  expect([...main('ann/pumps').keys()].sort()).toEqual(['.gitattributes', 'README.md', 'data/more.jsonl'])
  expect([...hub.repos.get('ann/pumps')!.tags.keys()]).toEqual(['v2'])
  rmSync(join(dir, 'release/README.md'))
  expect(await push(dir, '')).toMatchObject({ code: 1, err: expect.stringContaining('has no card') })
})

const card = '---\nlicense: cc-by-nc-4.0\nconfigs:\n- config_name: default\n  data_files: "*.jsonl"\n---\n'
const lines = (...texts: string[]) => texts.map(text => `${JSON.stringify({ text })}\n`).join('')
const recipeOf = (source: object) => ({
  name: 'pulled',
  sources: { pages: { hub: 'ann/pages', license: 'CC-BY-4.0', ...source } },
  steps: [{ sample: { from: 'pages', n: 10 } }],
  release: { version: '0.1.0', license: 'cc-by-4.0', date: '2026-11-20' },
})

test('a branch is pinned when it is first read; later runs ask nobody, and --verify tells that it moved', async () => {
  const first = hub.put('ann/pages', { 'README.md': card, 'a.jsonl': lines('one', 'two') }, { private: true })
  const dir = folder({ 'recipe.yaml': stringify(recipeOf({})) })
  const planned = await commandLine(dir, 'plan', { env })
  expect(planned.err).toBe(`Reading a.jsonl of hf://datasets/ann/pages@${first} to see what it holds.\n`)
  expect(planned.out).toContain('CC-BY-4.0 in the recipe and cc-by-nc-4.0 on its own page')
  expect(await commandLine(dir, 'run --no-release', { env })).toMatchObject({ code: 0 })
  const second = hub.put('ann/pages', { 'a.jsonl': lines('three') })
  hub.asked.length = 0
  expect(await commandLine(dir, 'run --no-release')).toMatchObject({ code: 0 })
  expect(await commandLine(dir, 'replay')).toMatchObject({ code: 0 })
  expect(hub.asked).toEqual([])
  const moved = await commandLine(dir, 'run --no-release --verify', { env })
  expect(moved).toMatchObject({ code: 1, err: expect.stringContaining(`revision: ${second}`) })
  write(dir, { 'recipe.yaml': stringify(recipeOf({ revision: second })) })
  const told = await commandLine(dir, 'run --no-release --show 1', { env })
  expect(told.out).toContain('three')
})

test('files come whole or not at all: a broken answer is asked for again, other bytes are refused', async () => {
  hub.put('ann/pages', { 'README.md': card, 'a.jsonl': lines('one'), 'b.jsonl.gz': '' })
  const times = new Map<string, number>()
  hub.fault = request => {
    const n = times.get(request) ?? 0
    times.set(request, n + 1)
    return n === 0
      ? request.includes('/resolve/')
        ? 'cut'
        : { status: 503, headers: { 'retry-after': '0.001' } }
      : undefined
  }
  const dir = folder({ 'recipe.yaml': stringify(recipeOf({ kind: 'document' })) })
  expect(await commandLine(dir, 'run --no-release', { env })).toMatchObject({ code: 0 })
  expect([...times.values()].every(n => n === 2)).toBe(true)
  hub.fault = undefined as never

  const sha = hub.put('ann/pages', { 'README.md': '# No configs', 'train.parquet': 'these are the bytes' })
  for (const [oid, bytes] of hub.lfs) hub.lfs.set(oid, Buffer.from(bytes.toString().replace('are', 'ARE')))
  write(dir, { 'recipe.yaml': stringify(recipeOf({ revision: sha, kind: 'row' })) })
  const said = await commandLine(dir, 'run --no-release', { env })
  expect(said).toMatchObject({ code: 1, err: expect.stringContaining('is not what the Hub names') })
  expect(readdirSync(join(dir, `.stillroom/hub/ann/pages@${sha}`))).not.toContain('train.parquet')
})

test.each([
  ['an unknown repository', { hub: 'ann/none' }, /ann\/none@main is not to be found.*[\s\S]*HF_TOKEN/],
  ['a private one without a token', { hub: 'ann/closed' }, /is not to be found[\s\S]*set HF_TOKEN/],
  ['an unknown revision', { revision: 'v9' }, /has no such revision|no such revision/],
  ['an unknown split', { split: 'dev' }, /no split `dev`[\s\S]*train/],
  ['a gated one', { hub: 'ann/gated' }, /is gated[\s\S]*ask for access/],
  ['no data', { hub: 'ann/words' }, /no data file that can be read/],
  ['files and hub', { files: 'a.csv' }, /give one of files, urls, hub and attach/],
  ['a name without an owner', { hub: 'pages' }, /<owner>\/<name>/],
])('a source that cannot be read is told with its place in the recipe: %s', async (_, source, text) => {
  hub.put('ann/pages', { 'a.jsonl': lines('one') })
  hub.put('ann/closed', { 'a.jsonl': lines('one') }, { private: true })
  hub.put('ann/gated', { 'a.jsonl': lines('one') }, { gated: true })
  hub.put('ann/words', { 'README.md': '# Words', 'words.docx': 'x' })
  const dir = folder({ 'recipe.yaml': stringify(recipeOf(source)) })
  const said = await commandLine(dir, 'plan', { env: { HF_ENDPOINT: hub.url } })
  expect(said.code).not.toBe(0)
  expect(said.err).toMatch(text)
  expect(said.err).toMatch(/recipe\.yaml:\d+:\d+/)
})

test('an erasure takes the copy of a file that held it, and the next run reads the rest of it again', async () => {
  const long = 'a sentence about the pump that is long enough to be known again'
  const sha = hub.put('ann/pages', { 'a.jsonl': lines(`Ann Example wrote ${long}`, 'two'), 'b.jsonl': lines('three') })
  const dir = folder({ 'recipe.yaml': stringify(recipeOf({})) })
  expect(await commandLine(dir, 'run --no-release', { env })).toMatchObject({ code: 0 })
  const copies = () => readdirSync(join(dir, `.stillroom/hub/ann/pages@${sha}`))
  expect(copies()).toEqual(['a.jsonl', 'b.jsonl'])
  const erased = await commandLine(dir, 'erase --subject "Ann Example" --note "request of 3 March" --by me --yes')
  expect(erased, erased.err).toMatchObject({ code: 0 })
  expect(copies()).toEqual(['b.jsonl'])
  const again = await commandLine(dir, 'run --no-release --json', { env })
  const { funnel } = JSON.parse(again.out.trim().split('\n').at(-1)!)
  expect(funnel.pages).toMatchObject({ in: 3, passed: 2, dropped: { erased: 1 } })
})
