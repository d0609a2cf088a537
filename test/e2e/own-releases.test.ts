import { copyFileSync, cpSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { builtinSteps } from '../../src/builtin-steps.ts'
import { readParquet } from '../../src/records/index.ts'
import { openProject, openSession, releaseRun, run } from '../../src/run/index.ts'
import { folder, runIn, write } from '../support/project.ts'

/** A release of rows that the built-in teacher asked and answered about real documents. */
async function release(): Promise<string> {
  const dir = folder()
  const glossary = join(import.meta.dirname, '../../examples/quickstart/documents/cncf-glossary/en')
  cpSync(glossary, join(dir, 'docs'), { recursive: true })
  const recipe = {
    name: 'first',
    language: 'en',
    seed: 7,
    teachers: { writer: { model: 'builtin/extractive' } },
    sources: { docs: { files: 'docs/*.md', license: 'CC-BY-4.0' } },
    steps: [{ ask: { from: 'docs', teacher: 'writer', questions: 2 } }, { answer: { teacher: 'writer' } }],
    gates: { decontaminated: { override: 'a test without test sets' } },
    release: { version: '0.1.0', license: 'cc-by-4.0', date: '2026-11-20' },
  }
  write(dir, { 'recipe.yaml': JSON.stringify(recipe) })
  const project = await openProject(join(dir, 'recipe.yaml'), builtinSteps)
  const session = openSession(project.workspace, { command: 'test' })
  try {
    const result = await run({ plan: await project.plan(), session, env: {} })
    return (await releaseRun(project, session, result)).dir
  } finally {
    session.close()
  }
}

test('rows of a release stay synthetic, as deep and as licensed, whatever the next recipe declares', async () => {
  const parquet = join(await release(), 'data/sft/train-00000-of-00001.parquet')
  const rows: { [column: string]: unknown }[] = []
  for await (const row of readParquet(parquet)) rows.push(row)
  expect(rows[0]).toMatchObject({ origin: 'synthetic', generation: 2, licenses: ['CC-BY-4.0'] })
  const plain = { messages: rows[0]!.messages, note: 'nothing said' }
  const dir = folder({
    'rows.jsonl': rows.map(row => JSON.stringify(row)).join('\n'),
    'rows.json': JSON.stringify(rows, null, 1),
    'plain.jsonl': JSON.stringify(plain),
  })
  copyFileSync(parquet, join(dir, 'rows.parquet'))
  const lineages = async (files: string, declared: object = {}) => {
    const sources = { given: { files, license: 'MIT', ...declared } }
    const { all } = await runIn(dir, { name: 'next', seed: 1, sources, steps: [{ sample: { from: 'given', n: 1e6 } }] })
    return all.map(({ lineage }) => [lineage.origin, lineage.generation, lineage.source!.license])
  }
  const kept = rows.map(() => ['synthetic', 2, 'CC-BY-4.0'])
  for (const file of ['rows.parquet', 'rows.jsonl', 'rows.json']) {
    expect(await lineages(file, { origin: 'real', generation: 0 })).toEqual(kept)
  }
  expect((await lineages('rows.jsonl', { origin: 'synthetic', generation: 5 }))[0]).toEqual([
    'synthetic',
    5,
    'CC-BY-4.0',
  ])
  expect(await lineages('plain.jsonl')).toEqual([['real', 0, 'MIT']])
  expect(await lineages('plain.jsonl', { origin: 'synthetic' })).toEqual([['synthetic', 1, 'MIT']])

  const { funnel } = await runIn(dir, {
    name: 'mixed',
    seed: 1,
    sources: {
      plain: { files: 'plain.jsonl', license: 'MIT', origin: 'synthetic' },
      passed: { files: 'rows.parquet', license: 'MIT', origin: 'real' },
    },
    steps: [{ mix: { from: 'plain', with: 'passed', real: '50%' } }],
  })
  expect(funnel.mix).toMatchObject({ passed: 1, dropped: { 'not-real': rows.length } })
})
