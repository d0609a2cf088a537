import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { stringify } from 'yaml'
import type { GateReport } from '../../src/govern/index.ts'
import type { Rec } from '../../src/records/index.ts'
import { commandLine } from '../support/command-line.ts'
import { folder } from '../support/project.ts'

const glossary = (name: string): string =>
  readFileSync(join(import.meta.dirname, `../../examples/quickstart/documents/cncf-glossary/en/${name}.md`), 'utf8')
    .replace(/^---[\s\S]*?---/, '')
    .split(/\n\n+/)
    .map(text => (text.startsWith('## ') ? `<h2>${text.slice(3)}</h2>` : `<p>${text}</p>`))
    .join('\n')

test('pages become rows where their site lets them; what is reserved is out before a teacher sees it', async () => {
  const server = createServer((request, response) => {
    const send = (body: string, headers: object = {}) =>
      response.writeHead(200, { 'content-type': 'text/html; charset=utf-8', ...headers }).end(body)
    if (request.url === '/robots.txt') return send('User-agent: *\nAllow: /open\nDisallow: /closed')
    if (request.url === '/open') return send(`<title>Cluster</title>${glossary('cluster')}`)
    if (request.url === '/closed') return send(`<title>Abstraction</title>${glossary('abstraction')}`)
    if (request.url === '/mine')
      return send(`<title>Debugging</title>${glossary('debugging')}`, { 'tdm-reservation': '1' })
    return response.writeHead(404).end()
  })
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve))
  const site = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  const dir = folder({
    'recipe.yaml': stringify({
      name: 'pages',
      teachers: { writer: { model: 'builtin/extractive' } },
      sources: {
        site: {
          urls: ['/open', '/closed', '/mine', '/missing'].map(path => site + path),
          license: 'CC-BY-4.0',
          crawl: { delay: 0 },
        },
      },
      steps: [{ ask: { from: 'site', teacher: 'writer', questions: 3 } }, { answer: { teacher: 'writer' } }],
      gates: { decontaminated: { override: 'a test has no evaluation set' } },
      release: { version: '0.1.0', license: 'cc-by-4.0', date: '2026-11-20' },
    }),
  })
  try {
    expect(await commandLine(dir, 'run --no-release')).toMatchObject({ code: 0 })
  } finally {
    server.closeAllConnections()
    await new Promise(resolve => server.close(resolve))
  }
  // The site is gone: what was read lies in the workspace, and a release asks for nothing.
  const released = await commandLine(dir, 'release --json')
  expect(released.code).toBe(0)
  const { gates, dir: out } = JSON.parse(released.out.trim().split('\n').at(-1)!) as {
    gates: GateReport[]
    dir: string
  }
  expect(gates.find(({ id }) => id === 'robots')).toMatchObject({
    is: 'pass',
    why: 'Every page that was read is open to it. Left out: 1 disallowed, 1 reserved of site.',
  })
  const lines = readFileSync(join(out, 'provenance.jsonl'), 'utf8').trimEnd().split('\n')
  const records = lines.map(line => JSON.parse(line) as Pick<Rec, 'id' | 'kind' | 'lineage'>)
  const documents = records.filter(({ kind }) => kind === 'document')
  expect(documents.map(({ lineage }) => lineage.source)).toEqual([
    {
      ...{ name: 'site', uri: `${site}/open`, license: 'CC-BY-4.0', format: 'markdown' },
      robots: {
        ...{ decision: 'allow', rule: 'Allow: /open', version: 'robots 1' },
        signals: { 'robots.txt': 'read' },
      },
    },
  ])
  const rejects = await commandLine(dir, 'show rejects --step site --json')
  for (const reason of ['disallowed', 'reserved', 'not-found']) expect(rejects.out).toContain(reason)
  expect(rejects.out).toContain('header tdm-reservation')
  expect(rejects.out).not.toContain('troubleshoot')

  // Erased, a page lies nowhere any more and is never asked for again; nor do figures of its rows stay.
  const workspace = join(dir, '.stillroom')
  mkdirSync(join(workspace, 'measured'))
  writeFileSync(join(workspace, 'measured', 'bias.json'), '{"example": "a row"}')
  expect(readdirSync(join(workspace, 'pages'))).toHaveLength(5)
  expect(await commandLine(dir, `erase --row ${documents[0]!.id} --yes`)).toMatchObject({ code: 0, err: '' })
  expect(existsSync(join(workspace, 'measured'))).toBe(false)
  expect(readdirSync(join(workspace, 'pages'))).toHaveLength(4)
  await commandLine(dir, 'run --no-release')
  expect((await commandLine(dir, 'show rejects --step site --json')).out).toMatch(/"reason": ?"erased"/)
  expect(readdirSync(join(workspace, 'pages'))).toHaveLength(4)
})
