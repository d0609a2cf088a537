import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import { madeId, type Rec, random } from '../src/records/index.ts'
import { type ReleaseInput, writeRelease } from '../src/release/index.ts'
import { compareReleases } from '../src/run/index.ts'
import { handmadeInput, record } from '../test/support/handmade-release.ts'
import type { Figure } from './benches.ts'

setFlagsFromString('--expose-gc')
/** Without what others left behind, what a comparison holds can be told. */
const collect = runInNewContext('gc') as () => void
const rows = 100_000
const each = 10

/** A row of about `words` words made of a document, with a mark; both versions make the same of the same. */
function* made(words: number, version: number): Generator<{ document: Rec; row: Rec }> {
  const vocabulary = 'valve pressure opens when the boiler reaches its limit and a second spring keeps it shut'.split(
    ' ',
  )
  for (let d = 0; d < rows / each; d++) {
    // One document in ten is read by each version alone.
    if (d % 20 === version) continue
    const source = { name: 'handbook', license: 'CC-BY-4.0', uri: `docs/${d}.md` }
    const document = record(`doc ${d}`, { kind: 'document', text: `document ${d}` }, { source })
    for (let i = 0; i < each; i++) {
      const next = random(`row ${d} ${i}`)
      const text = Array.from({ length: words }, () => vocabulary[Math.floor(next() * vocabulary.length)]).join(' ')
      // One row in ten reads otherwise, and one in ten has another mark.
      const content = i === 3 && version > 0 ? `${text}, as version ${version} says` : text
      const value = i === 7 ? next() * 10 + version : 5
      const call = `${d} ${i} ${i === 3 ? version : ''}`
      const row = record(
        `row ${d} ${i}`,
        {
          kind: 'conversation',
          messages: [
            { role: 'user', content: `What of ${d}, ${i}?` },
            { role: 'assistant', content },
          ],
        },
        {
          ...{ origin: 'synthetic', generation: 1, parents: [{ id: document.id, role: 'subject' }] },
          made: { step: 'answer', version: 'answer@1', teachers: ['self/solver'], prompts: ['p'], calls: [call] },
        },
        { facets: { tokens: words }, scores: { 'judge/overall': { method: 'rubric', value } } },
      )
      yield { document, row: { ...row, id: madeId([document.id], 'answer', i) } }
    }
  }
}

async function release(dir: string, words: number, version: number): Promise<void> {
  const documents = new Map<string, Rec>()
  async function* records(): AsyncGenerator<Rec> {
    for (const { document, row } of made(words, version)) {
      documents.set(document.id, document)
      yield row
    }
  }
  const input: ReleaseInput = {
    ...handmadeInput({ rows: [], all: [] }),
    version: `0.${version}.0`,
    records: records(),
    lookup: async id => documents.get(id),
  }
  await writeRelease(input, dir)
}

/** Two releases of 100,000 rows of which a part differs, compared by their folders alone; then rows ten times as long. */
export async function* diffs(): AsyncGenerator<Figure> {
  const dir = mkdtempSync(join(tmpdir(), 'stillroom-diff-'))
  try {
    let short = 0
    for (const words of [40, 400]) {
      const [a, b] = [join(dir, `a${words}`), join(dir, `b${words}`)] as [string, string]
      await release(a, words, 1)
      await release(b, words, 2)
      const began = performance.now()
      let lines = 0
      for (const one of [a, b]) lines += readFileSync(join(one, 'provenance.jsonl'), 'utf8').split('\n').length
      const read = (performance.now() - began) / 1000
      collect()
      let most = 0
      const look = setInterval(() => {
        most = Math.max(most, process.memoryUsage().heapUsed)
      }, 5)
      const before = process.memoryUsage().heapUsed
      const start = performance.now()
      const { rows } = await compareReleases([a, b])
      const value = (performance.now() - start) / 1000
      clearInterval(look)
      const found = rows.rows
      const sum = found.same + found.changed + found.onlyA + found.onlyB
      yield {
        metric: `${found.a} and ${found.b} rows of ${words} words compared (beside it: reading ${lines} lines)`,
        value,
        unit: 's',
        ceiling: read,
        ratio: value / read,
        target: '<= 10',
        holds: value <= 10,
      }
      yield {
        metric: `${found.same} + ${found.changed} + ${found.onlyA} + ${found.onlyB} rows accounted for`,
        value: sum,
        unit: 'rows',
        target: `= ${found.union}`,
        holds: sum === found.union && found.same + found.changed + found.onlyA === found.a,
      }
      const heap = (most - before) / 1e6
      if (short === 0) {
        short = heap
        yield { metric: 'heap on top', value: heap, unit: 'MB' }
      } else {
        yield {
          metric: 'heap on top with ten times the text',
          value: heap,
          unit: 'MB',
          ceiling: short,
          ratio: heap / short,
        }
      }
    }
  } finally {
    rmSync(dir, { recursive: true, force: true })
  }
}
