import { describe, expect, test } from 'vitest'
import type { Ran } from '../../sandbox/index.ts'
import { codeJob, gradeCode } from './code.ts'

const tests = 'assert add(1, 2) == 3'
const verifier = { kind: 'code', language: 'python', tests, entry_point: 'add' }
const codeFrom = (completion: string, more = {}) => codeJob(completion, { ...verifier, ...more })!.code
const right = 'def add(a, b):\n    return a + b\n'

describe('what is run of a completion', () => {
  test.each([
    ['the whole text without a fence', right, right],
    ['a fence', `Here:\n\n\`\`\`python\n${right}\`\`\`\nIt adds.`, right],
    ['a fence without a language', `\`\`\`\n${right}\`\`\``, right],
    ['a fence that is never closed', `\`\`\`py\n${right}`, right],
    ['not what shows its use, nor a shell', `\`\`\`sh\nls\n\`\`\`\n\`\`\`python\n${right}\`\`\`\n\`\`\`python\nprint(add(1, 2))\n\`\`\``, right], // biome-ignore format: one case a line
    [
      'helpers that stand before',
      `\`\`\`python\nzero = 0\n\`\`\`\nand\n\`\`\`python\n${right}\`\`\``,
      `zero = 0\n\n${right}`,
    ],
    ['the last version', `\`\`\`python\ndef add(a, b): return 0\n\`\`\`\nBetter:\n\`\`\`python\n${right}\`\`\``, `def add(a, b): return 0\n\n${right}`], // biome-ignore format: one case a line
    [
      'no sentences around it',
      `Sure! Here it is:\n\nimport math\n${right}\nThis adds both numbers.\nFor example, 3.\n`,
      `\nimport math\n${right}`,
    ],
    [
      'long strings as they are',
      `def add(a, b):\n    """Adds.\nBoth of them.\n    """\n    return a + b\n`,
      `def add(a, b):\n    """Adds.\nBoth of them.\n    """\n    return a + b\n`,
    ],
    ['nothing where every fence is of another language', '```java\nint add;\n```', ''],
  ])('%s', (_, completion, code) => {
    expect(codeFrom(completion)).toBe(code)
  })

  const prompt = 'from typing import List\n\n\ndef add(a: int, b: int) -> int:\n    """Adds."""\n'
  test.each([
    ['a body', '    return a + b\n', `${prompt.trimEnd()}\n    return a + b\n`],
    ['a body that lost its indentation', 'c = a\nreturn c + b', `${prompt.trimEnd()}\n    c = a\n    return c + b`],
    ['the function again', `\`\`\`python\n${right}\`\`\``, `from typing import List\n\n\n\n${right}`],
  ])('%s that continues a prompt', (_, completion, code) => {
    expect(codeFrom(completion, { prompt })).toBe(code)
  })

  test('JavaScript without its exports, and a `check` called with the entry point', () => {
    const job = codeJob('```js\nexport default function add(a, b) { return a + b }\n```', {
      ...{ kind: 'code', language: 'javascript', entry_point: 'add', setup: 'const three = 3' },
      tests: ['function check(f) { assert.equal(f(1, 2), three) }'],
    })!
    expect(job.code).toBe('function add(a, b) { return a + b }\n')
    expect(job.tests).toBe('const three = 3\nfunction check(f) { assert.equal(f(1, 2), three) }\ncheck(add)')
  })
})

test.each<[string, Partial<Ran>, object]>([
  ['right', { ended: 'ok' }, { verdict: 'right' }],
  ['wrong', { ended: 'failed', error: 'AssertionError' }, { verdict: 'wrong', why: 'AssertionError' }],
  ['wrong', { ended: 'crashed' }, { verdict: 'wrong', why: 'crashed' }],
  ['undecided', { ended: 'failed', missing: 'numpy' }, { verdict: 'undecided', why: 'needs numpy' }],
])('%s when it ended so: %o', async (_, ran, grade) => {
  expect(await gradeCode(right, verifier, async () => ({ stdout: '', ...ran }) as Ran)).toEqual(grade)
})

test('without tests nothing is decided, and without code nothing is run', async () => {
  const never = () => Promise.reject(new Error('was run'))
  expect(await gradeCode(right, { ...verifier, tests: [] }, never)).toMatchObject({ verdict: 'undecided' })
  expect(await gradeCode('```java\n```', verifier, never)).toEqual({ verdict: 'wrong', why: 'no code' })
})
