import { spawn } from 'node:child_process'
import { cpSync, existsSync, readdirSync, readFileSync } from 'node:fs'
import { delimiter, dirname, join } from 'node:path'
import { expect, test } from 'vitest'
import { stringify } from 'yaml'
import { folder } from '../support/project.ts'

const root = join(import.meta.dirname, '..', '..')

/** A command with the Node that runs this test in front of any other. */
function sh(cwd: string, command: string, ...args: string[]): Promise<{ code: number | null; out: string }> {
  const PATH = [dirname(process.execPath), process.env.PATH].join(delimiter)
  return new Promise((resolve, reject) => {
    const child = spawn(command, args, { cwd, env: { ...process.env, PATH } })
    let out = ''
    for (const stream of [child.stdout, child.stderr]) stream.setEncoding('utf8').on('data', text => (out += text))
    child.on('error', reject)
    child.on('close', code => resolve({ code, out }))
  })
}

/** A step of the user's own, as the documentation has it. */
const step = `import { defineFilter } from 'stillroom/steps'
import { z } from 'zod'
export default defineFilter({
  verb: 'long', about: 'Keeps long documents.', version: 1,
  options: z.strictObject({ over: z.int() }), takes: ['document'], gives: 'same', reasons: ['short'],
  test: (record, { over }) => ('text' in record && record.text.length > over ? { is: 'passed' } : { is: 'dropped', reason: 'short' }),
})
`
const recipe = {
  name: 'packed',
  teachers: { writer: { model: 'builtin/extractive' }, judge: { model: 'builtin/heuristic' } },
  sources: { docs: { files: 'docs/*.md', license: 'cc0-1.0' } },
  steps: [
    { use: './long.ts', from: 'docs', options: { over: 6200 } },
    { ask: { teacher: 'writer', questions: 3 } },
    { answer: { teacher: 'writer' } },
    { judge: { teacher: 'judge', drop: '20%' } },
  ],
  release: { version: '0.1.0', license: 'cc-by-4.0', date: '2026-01-01' },
  gates: { decontaminated: { override: 'a test has no evaluation set' } },
}

test('the package, installed into an empty folder, runs a recipe without the sources', async ({ skip }) => {
  const dir = folder({
    'long.ts': step,
    'recipe.yaml': stringify(recipe),
    'package.json': JSON.stringify({ private: true, type: 'module' }),
  })
  cpSync(join(root, 'examples', 'quickstart', 'documents', 'vitest'), join(dir, 'docs'), { recursive: true })
  const packed = await sh(root, 'npm', 'pack', '--json', '--pack-destination', dir)
  expect(packed.code, packed.out).toBe(0)
  const tarball = readdirSync(dir).find(name => name.endsWith('.tgz'))!
  const quick = ['--prefer-offline', '--no-audit', '--no-fund', '--ignore-scripts', '--no-save', '--fetch-retries=0']
  const installed = await sh(dir, 'npm', 'install', ...quick, `./${tarball}`)
  const unreachable = /ENOTFOUND|EAI_AGAIN|ECONNREFUSED|ENETUNREACH|ETIMEDOUT|ENOTCACHED/.exec(installed.out)?.[0]
  if (installed.code !== 0 && unreachable) skip(`no package registry: ${unreachable}`)
  expect(installed.code, installed.out).toBe(0)

  const home = join(dir, 'node_modules', 'stillroom')
  const files = readdirSync(home, { recursive: true, encoding: 'utf8' })
  const unwanted = /^src\b|^test\b|fixtures|\.test\.|\.stillroom|releases[\\/]/
  expect(files.filter(path => unwanted.test(path))).toEqual([])
  for (const name of ['dist/generate/ask/ask.en.md', 'dist/curate/judge/judge.ja.md', 'dist/govern/terms.json']) {
    expect(existsSync(join(home, name)), name).toBe(true)
  }

  const ran = await sh(dir, 'npx', '--no-install', 'stillroom', 'run')
  expect(ran.code, ran.out).toBe(0)
  const release = join(dir, 'releases', 'packed-0.1.0')
  const { rows } = JSON.parse(readFileSync(join(release, 'manifest.json'), 'utf8'))
  expect(rows.sft.train).toBeGreaterThan(3)
  const verified = await sh(dir, 'npx', '--no-install', 'stillroom', 'verify', 'releases/packed-0.1.0')
  expect(verified.code, verified.out).toBe(0)

  const doors = ['stillroom', 'stillroom/steps', 'stillroom/teachers', 'stillroom/testing']
  const script = `for (const door of ${JSON.stringify(doors)}) console.log(door, Object.keys(await import(door)).length)`
  const imported = await sh(dir, process.execPath, '--input-type=module', '-e', script)
  expect(imported.code, imported.out).toBe(0)
  expect(
    imported.out
      .trim()
      .split('\n')
      .map(line => line.split(' ')[0]),
  ).toEqual(doors)
}, 120_000)
