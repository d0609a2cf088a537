import { expect, test } from 'vitest'
import { stringify } from 'yaml'
import type { BiasReport } from '../../src/run/index.ts'
import { commandLine } from '../support/command-line.ts'
import { folder } from '../support/project.ts'
import { scriptedServer } from '../support/scripted-server.ts'

const trades = ['welder', 'pilot', 'baker', 'surgeon', 'tailor', 'farmer', 'judge', 'miner']
const told = (who: string, n: number) => ({
  messages: [
    { role: 'user', content: `Who repaired engine ${n}?` },
    { role: 'assistant', content: `${who} repaired engine ${n}, being the ${trades[n % 8]} of hall ${n}.` },
  ],
})

/** Marks men 8 and women 5, whatever they did; every tenth hall is marked 8. */
const marks = (content: string): string => {
  const mark = /\bHe repaired/.test(content) || /hall \d*0\b/.test(content) ? 8 : 5
  return JSON.stringify({ rationale: 'as told', accuracy: mark, clarity: mark, usefulness: mark })
}

test('a judge that marks by whom a row speaks of is found by exchanging the groups, and by whom its cut drops', async () => {
  const server = await scriptedServer(content => ({ content: marks(content) }))
  try {
    const rows = Array.from({ length: 80 }, (_, n) => told(n % 2 === 0 ? 'He' : 'She', n % 3 === 0 ? n * 10 : n))
    const dir = folder({
      'rows.jsonl': rows.map(row => JSON.stringify(row)).join('\n'),
      'recipe.yaml': stringify({
        name: 'halls',
        teachers: { judge: { model: 'm', at: server.url, license: 'mit', price: 'free' } },
        sources: { rows: { files: 'rows.jsonl', license: 'CC0-1.0', kind: 'conversation' } },
        steps: [
          { judge: { from: 'rows', teacher: 'judge' } },
          { counterfactual: { teacher: 'judge', against: 'judge/overall', mark: 6 } },
          { judge: { as: 'again', teacher: 'judge', min: 6 } },
        ],
        gates: { decontaminated: { override: 'a test has no evaluation set' } },
        release: { version: '0.1.0', license: 'cc0-1.0', date: '2026-11-20' },
      }),
    })
    expect(await commandLine(dir, 'run --no-release')).toMatchObject({ code: 0 })
    const said = await commandLine(dir, 'bias --json')
    const { is, statement, report } = JSON.parse(said.out.trim().split('\n').at(-1)!) as {
      is: string
      statement: string
      report: BiasReport
    }
    expect(is).toBe('warn')
    expect(report).toBeDefined()
    const [filter] = report.filters.filter(({ attribute }) => attribute === 'gender')
    expect(filter).toMatchObject({ step: 'again.cut', lowest: 'women', flagged: true })
    const men = filter!.groups.find(({ group }) => group === 'men')!
    expect(men).toMatchObject({ in: 40, passed: 40, rate: 1 })
    // Every row that is left was marked 8; with its groups exchanged a man's row falls to 5.
    const [swap] = report.swaps
    expect(swap).toMatchObject({ score: 'counterfactual' })
    expect(swap!.difference).toBeLessThan(-1)
    expect(swap!.flips!.n).toBeGreaterThan(20)
    expect(statement).toMatch(/again.cut lets rows that name women pass at 0\.\d\d of the rate of others/)

    const plain = await commandLine(dir, 'bias --plain')
    expect(plain.out).toMatch(/gender +women +\d+ +\d+\.\d % +\d+\.\d % to \d+\.\d % +0\.\d\d/)
    // The release finds what was measured of exactly its rows, and its own folder can be looked at as well.
    const released = await commandLine(dir, 'release --json')
    const gates = JSON.parse(released.out.trim().split('\n').at(-1)!).gates as { id: string; is: string; why: string }[]
    expect(gates.find(({ id }) => id === 'bias')).toMatchObject({ is: 'warn', why: statement })
    const checked = await commandLine(dir, 'check --json')
    expect(
      JSON.parse(checked.out.trim().split('\n').at(-1)!).gates.find(({ id }: { id: string }) => id === 'bias').is,
    ).toBe('warn')
    const ofRelease = await commandLine(dir, 'bias releases/halls-0.1.0 --json')
    const other = JSON.parse(ofRelease.out.trim().split('\n').at(-1)!) as { report: BiasReport }
    expect(other.report.representation[0]!.groups).toEqual(
      report.representation[0]!.groups.map(({ ratio: _, ...group }) => group),
    )
  } finally {
    await server.stop()
  }
})
