import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { gunzipSync } from 'node:zlib'
import type { Verifier } from '../../src/records/index.ts'

/** A problem of a benchmark, with the solution that its authors give. */
export type CodeRow = { id: string; solution: string; verifier: Verifier & { entry_point: string } }

const root = join(import.meta.dirname, '..', '..')
const data = process.env.STILLROOM_DATA ?? join(root, '../shared/data')

function rowsOf(file: string): { [column: string]: any }[] {
  const bytes = readFileSync(file)
  const text = (file.endsWith('.gz') ? gunzipSync(bytes) : bytes).toString('utf8')
  return text.trim().split('\n').map(line => JSON.parse(line)) // biome-ignore format: one thought
}

const humaneval = (file: string): CodeRow[] =>
  rowsOf(file).map(({ task_id, prompt, canonical_solution, test, entry_point }) => ({
    id: task_id,
    solution: canonical_solution,
    verifier: { kind: 'code', language: 'python', tests: test, entry_point, prompt },
  }))
const mbpp = (file: string): CodeRow[] =>
  rowsOf(file).map(({ task_id, code, test_list, test_setup_code }) => ({
    id: `MBPP/${task_id}`,
    solution: `\`\`\`python\n${code}\n\`\`\``,
    verifier: {
      ...{ kind: 'code', language: 'python', tests: test_list, setup: test_setup_code },
      // What the first test calls, past wrappers such as `set(` and `math.isclose(`; the code defines it.
      entry_point: [...test_list[0].matchAll(/(\w+)\s*\(/g)]
        .map(([, name]) => name!)
        .find(name => code.includes(`def ${name}`))!,
    },
  }))

/** The slices that lie beside the code: 10 problems of HumanEval, 20 of MBPP. */
export const someCodeRows = (): CodeRow[] => [
  ...humaneval(join(root, 'test/fixtures/code/humaneval.jsonl')),
  ...mbpp(join(root, 'examples/quickstart/tests/mbpp.jsonl')).slice(0, 20),
]
/** All rows, where the folder of public data is there. */
export function allCodeRows(): CodeRow[] | undefined {
  const files = [join(data, 'humaneval/HumanEval.jsonl.gz'), join(data, 'mbpp/mbpp.1-510.jsonl')] as const
  return files.every(existsSync) ? [...humaneval(files[0]), ...mbpp(files[1])] : undefined
}

/** The solution with another function after it: one that does nothing, and one whose result is another of the same type. */
export function mutants({ solution, verifier: { prompt, entry_point: name } }: CodeRow): string[] {
  const code = /```python\n([\s\S]*)\n```/.exec(solution)?.[1] ?? `${prompt}${solution}`
  return [
    `def ${name}(*args, **more):\n    return None`,
    `__right = ${name}
def ${name}(*args, **more):
    result = __right(*args, **more)
    if isinstance(result, bool): return not result
    if isinstance(result, (int, float, complex)): return result + 1
    if isinstance(result, str): return result + "x"
    if isinstance(result, (list, tuple)): return result + type(result)([0])
    return 0 if result is None else None`,
  ].map(other => `\`\`\`python\n${code}\n${other}\n\`\`\``)
}
