/** Code in the sandbox: small rows a second on two processes, and what the first of them waits for. */
import { gradeCode } from '../src/curate/verify/code.ts'
import { openSandbox } from '../src/sandbox/index.ts'
import { allCodeRows, type CodeRow, someCodeRows } from '../test/support/code-rows.ts'
import type { Figure } from './benches.ts'

const slots = 2
const bare = ({ solution, verifier: { prompt, entry_point, setup, tests } }: CodeRow): string => {
  const code = /```python\n([\s\S]*)\n```/.exec(solution)?.[1] ?? `${prompt}${solution}`
  return [code, setup, ...[tests].flat(), prompt === undefined ? '' : `check(${entry_point})`].join('\n')
}

/** Rows of HumanEval and MBPP where they lie beside the repository, else the slices that come along, over and over. */
const rowsOf = (least: number): CodeRow[] => {
  const rows = allCodeRows() ?? someCodeRows()
  return Array.from({ length: Math.max(least, rows.length) }, (_, i) => rows[i % rows.length]!)
}

export async function* sandboxed(): AsyncGenerator<Figure> {
  const rows = rowsOf(300)
  const sandbox = openSandbox({ slots })
  try {
    for (const language of ['python', 'javascript'] as const) {
      const begun = performance.now()
      await sandbox.run({ language, code: '' })
      yield { metric: `${language}, cold start`, value: (performance.now() - begun) / 1000, unit: 's' }
    }
    // Both processes are up.
    await Promise.all(Array.from({ length: slots }, () => sandbox.run({ language: 'python', code: '' })))
    let right = 0
    const begun = performance.now()
    await Promise.all(
      rows.map(async row => {
        if ((await gradeCode(row.solution, row.verifier, sandbox.run)).verdict === 'right') right++
      }),
    )
    const value = rows.length / ((performance.now() - begun) / 1000)
    const { loadPyodide } = await import('pyodide')
    const python = await loadPyodide({ stderr: () => {} })
    const alone = performance.now()
    for (const row of rows) python.runPython(bare(row), { globals: python.toPy({ __name__: 'row' }) })
    const ceiling = (slots * rows.length) / ((performance.now() - alone) / 1000)
    yield {
      ...{ metric: 'python, rows graded; ceiling: as many bare interpreters', value, unit: 'rows/s', ceiling },
      ...{ ratio: value / ceiling, target: '>= 20', holds: value >= 20 },
    }
    const share = right / rows.length
    yield { metric: 'python, solutions that are right', value: share, unit: '', target: '1', holds: share === 1 }
    const code = 'const fib = n => (n < 2 ? n : fib(n - 1) + fib(n - 2))'
    const job = { language: 'javascript' as const, code, tests: 'assert.equal(fib(12), 144)' }
    const scripts = performance.now()
    await Promise.all(Array.from({ length: 300 }, () => sandbox.run(job)))
    const rate = 300 / ((performance.now() - scripts) / 1000)
    yield { metric: 'javascript, rows run', value: rate, unit: 'rows/s', target: '>= 20', holds: rate >= 20 }
  } finally {
    await sandbox.close()
  }
}
