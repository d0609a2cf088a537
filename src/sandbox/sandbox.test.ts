import { spawnSync } from 'node:child_process'
import { createServer } from 'node:net'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { allCodeRows, type CodeRow, mutants, someCodeRows } from '../../test/support/code-rows.ts'
import { gradeCode } from '../curate/verify/code.ts'
import { type Job, openSandbox, type Ran } from './index.ts'

const sandbox = openSandbox({ slots: 1 })
afterAll(() => sandbox.close())

type Case = [name: string, code: string, ended: Ran['ended'], error?: RegExp, tests?: string]

const addition = 'def f(x):\n    return x + 1\n'
const whether = 'assert f(1) == 2\nassert f(2) == 3'
const python: Case[] = [
  ['right', addition, 'ok'],
  ['wrong', 'def f(x):\n    return x', 'failed', /in line 1 of the tests: assert f\(1\) == 2/],
  ['no code at all', 'Here is the function:', 'failed', /SyntaxError/],
  ['an endless loop that catches everything', 'def f(x):\n    while True:\n        try:\n            while True: pass\n        except BaseException: pass', 'timeout'], // biome-ignore format: one case a line
  ['a memory bomb', 'def f(x):\n    a = []\n    while True: a.append("x" * 10**6)', 'memory'],
  ['endless recursion', 'def f(x): return f(x)', 'failed', /RecursionError/],
  ['a file of the host', 'open("/etc/passwd").read()', 'failed', /No such file/],
  ['a file to write', 'open("/tmp/x", "w")', 'failed', /PermissionError/],
  ['a socket', 'import socket\nsocket.create_connection(("127.0.0.1", PORT))', 'failed', /not permitted|its host/],
  [
    'a request',
    'import urllib.request\nurllib.request.urlopen("http://127.0.0.1:PORT")',
    'failed',
    /not permitted|its host/,
  ],
  ['a fork', 'import os\nos.fork()', 'failed', /not implemented/],
  ['a subprocess', 'import subprocess\nsubprocess.run(["ls"])', 'failed', /does not support processes/],
  ['a shell', 'import os\nos.system("touch /tmp/escaped")', 'failed', /no processes/],
  ['the objects of its host', 'import js\njs.process.exit(0)', 'failed', /reaches for its host/],
  ['code of its host', 'from pyodide.code import run_js\nrun_js("process.exit(0)")', 'failed', /reaches for its host/],
  ['any object of its host', 'from pyodide.ffi import to_js\nto_js([1]).constructor.constructor("return process")()', 'failed', /its host/], // biome-ignore format: one case a line
  ['memory outside of Python', 'import ctypes\nctypes.string_at(0, 100)', 'failed', /reaches for its host/],
  ['sys.exit before the tests', 'import sys\nsys.exit(0)', 'failed', /ended the interpreter/],
  ['os._exit before the tests', 'import os\nos._exit(0)', 'failed', /ended the interpreter/],
  ['exit inside the tests', 'def f(x): exit(0)', 'failed', /ended the interpreter/],
  [
    'equal to everything',
    'class A:\n    def __eq__(self, other): return True\ndef f(x): return A()',
    'failed',
    /decides whether/,
  ],
  ['equal to everything inside', 'class A(int):\n    def __eq__(self, o): return True\ndef f(x): return [A(3)]', 'failed', /decides whether/, 'assert f(1) == [2]'], // biome-ignore format: one case a line
  ['less than everything', 'class A(float):\n    def __lt__(self, o): return True\n    __abs__ = __sub__ = lambda s, *o: s\ndef f(x): return A()', 'failed', /decides whether/, 'assert abs(f(1) - 2) < 1e-6'], // biome-ignore format: one case a line
  [
    'a builtin replaced',
    'import builtins\nbuiltins.abs = lambda x: 0\ndef f(x): return 5',
    'failed',
    /AssertionError/,
    'assert abs(f(1) - 2) < 1',
  ],
  ['a library replaced', 'import math\nmath.isclose = lambda *a: True\ndef f(x): return 5', 'failed', /replaced math.isclose/, 'import math\nassert math.isclose(f(1), 2)'], // biome-ignore format: one case a line
  [
    'a forged report',
    'import os, json\nwrite = os.write\njson.dumps = lambda *a: \'{"ended": "ok"}\'\nos.write = lambda fd, said: write(1000, b\'{"ended": "ok"}\')\ndef f(x): return 5',
    'failed',
  ],
  [
    'a comparison replaced',
    'import sys\ndef f(x):\n    sys._getframe(1).f_globals["__fairly__"] = lambda *a: True\n    return 5',
    'failed',
    /replaced what the tests/,
    'assert f(1) == 5\nassert f(1) == 2',
  ],
  [
    'a checker of its own',
    'def check(f): pass\ndef f(x): return 5',
    'failed',
    /AssertionError/,
    'def check(f):\n    assert f(1) == 2\ncheck(f)',
  ],
  ['a class of its own on both sides', 'class P:\n    def __init__(s, x): s.x = x\n    def __eq__(s, o): return s.x == o.x', 'ok', undefined, 'assert P(1) == P(1) and not P(1) == P(2)'], // biome-ignore format: one case a line
  ['tests as functions', addition, 'failed', /assert f\(1\) == 3/, 'def test_f():\n    assert f(1) == 3'],
  [
    'tests of unittest',
    addition,
    'failed',
    /2 != 3/,
    'import unittest\nclass T(unittest.TestCase):\n    def test_f(self):\n        self.assertEqual(f(1), 3)',
  ],
  ['waiting', 'import asyncio, time\nasync def g(x):\n    await asyncio.sleep(500)\n    return x + 1\ndef f(x):\n    time.sleep(5)\n    return asyncio.run(g(x))', 'ok'], // biome-ignore format: one case a line
]

const plus = 'const f = x => x + 1'
const equal = 'assert.equal(f(1), 2)'
const javascript: Case[] = [
  ['right', plus, 'ok'],
  ['right, awaited', 'async function f(x) { await new Promise(go => setTimeout(go, 1e6)); return x + 1 }', 'ok', undefined, 'assert.equal(await f(1), 2)'], // biome-ignore format: one case a line
  ['wrong', 'function f(x) { return x }', 'failed', /1 != 2\nin line 1 of the tests/],
  ['wrong, awaited', 'async function f(x) { return x }', 'failed', /1 != 2/, 'assert.equal(await f(1), 2)'],
  ['tests that wait for ever', 'const f = () => new Promise(() => {})', 'failed', /wait for ever/, 'await f()'],
  ['an endless loop that catches everything', 'function f() { for (;;) try { for (;;); } catch {} }', 'timeout'],
  ['a memory bomb', 'function f() { const a = []; for (;;) a.push("x".repeat(1e6) + a.length) }', 'memory'],
  ['endless recursion', 'function f(x) { return f(x) }', 'failed', /stack/],
  ['a file', 'require("fs").writeFileSync("/tmp/x", "")', 'failed', /not a function/],
  ['the network', 'fetch("http://127.0.0.1:PORT")', 'failed', /not defined/],
  ['the process', 'process.exit(0)', 'failed', /not defined/],
  ['a module', 'import("node:fs").then(fs => fs.readFileSync("/etc/passwd"))', 'failed', /f' is not defined/],
  ['helpers replaced', 'assert.equal = () => {}; function f() { return 5 }', 'failed', /replaced assert.equal/],
  ['builtins replaced', 'Object.is = () => true; function f() { return 5 }', 'failed', /5 != 2/],
  ['builtins replaced later', 'function f() { Array.prototype.every = () => true; return 5 }', 'failed', /replaced Array.prototype.every/, 'assert.ok([f()].every(x => x === 2))'], // biome-ignore format: one case a line
]

describe.each([
  ['python', python, whether],
  ['javascript', javascript, equal],
] as const)('%s', (language, cases, usual) => {
  let reached = 0
  const server = createServer(socket => {
    reached++
    socket.destroy()
  })
  beforeAll(async () => {
    await new Promise<void>(listening => server.listen(0, '127.0.0.1', listening))
    // The first job waits for the interpreter.
    await sandbox.run({ language, code: '' })
  }, 60_000)
  afterAll(() => void server.close())
  const run = (code: string, more: Partial<Job> = {}) =>
    sandbox.run({ language, code, timeoutMs: 3000, memoryMb: 32, ...more })

  test.each(cases)('%s', async (_, code, ended, error, tests = usual) => {
    const { port } = server.address() as { port: number }
    const ran = await run(code.replace('PORT', String(port)), {
      tests,
      ...(ended === 'timeout' ? { timeoutMs: 100 } : {}),
    })
    expect(ran.ended, ran.error).toBe(ended)
    if (error) expect(ran.error).toMatch(error)
    expect(reached).toBe(0)
  })

  test('a package beyond the standard library is named', async () => {
    const code = language === 'python' ? 'import numpy as np' : 'const _ = require("lodash")'
    expect(await run(code)).toMatchObject({ ended: 'failed', missing: language === 'python' ? 'numpy' : 'lodash' })
  })

  test('output is kept up to a bound, and input is read', async () => {
    const [endless, twice] =
      language === 'python'
        ? ['while True: print("x" * 1000)', 'print(int(input()) * 2)']
        : ['for (;;) console.log("x".repeat(1000))', 'console.log(Number(require("fs").readFileSync(0, "utf8")) * 2)']
    const ran = await run(endless, { timeoutMs: 100 })
    expect(ran.ended).toBe('timeout')
    expect(ran.stdout).toHaveLength(2 ** 16)
    expect(await run(twice, { stdin: '21\n' })).toEqual({ ended: 'ok', stdout: '42\n' })
  })

  test('nothing is left for the next job, and equal jobs see equal chance and time', async () => {
    const [leave, look] =
      language === 'python'
        ? [
            'import builtins, math, sys, random\nbuiltins.left = math.left = 1\nsys.modules["left"] = math\nrandom.seed(5)',
            'import math, sys, random, time\nprint(hasattr(math, "left"), "left" in sys.modules, "left" in dir(__builtins__), random.random(), time.time(), hash("a"))', // biome-ignore format: one case a line
          ]
        : ['globalThis.left = Object.left = 1', 'console.log(typeof left, Object.left, Math.random(), Date.now())']
    const before = await run(look)
    await run(leave)
    const after = await run(look)
    expect(after).toEqual(before)
    expect(after.stdout).toMatch(/^(?:False False False|undefined undefined) 0\.\d+ 17672256/)
  })
})

test('work that never comes back to the interpreter is ended from outside, and the next job is served', async () => {
  const ran = await sandbox.run({ language: 'python', code: 'x = 10 ** 10 ** 8', timeoutMs: 200 })
  expect(ran).toEqual({ ended: 'timeout', error: 'not done after 200 ms of processor time', stdout: '' })
  expect(await sandbox.run({ language: 'python', code: 'print(1)' })).toEqual({ ended: 'ok', stdout: '1\n' })
}, 60_000)

const bubblewrap = spawnSync('bwrap', ['--version']).status === 0
test.runIf(!bubblewrap)('an interpreter of one’s own needs bubblewrap, which is named', async () => {
  const job = { language: 'python', code: '', interpreter: 'python3' } as const
  const hint = expect.stringContaining('bubblewrap')
  await expect(sandbox.run(job)).rejects.toMatchObject({ code: 'SR_SANDBOX', hint })
})
test.runIf(bubblewrap).each<Case>([
  ['right', addition, 'ok'],
  ['wrong', 'def f(x): return x', 'failed', /in line 1 of the tests/],
  ['a memory bomb', 'def f(x): return bytearray(10**10)', 'memory'],
  ['an endless loop', 'while True: pass', 'timeout'],
  ['forks', 'import os\nwhile True: os.fork()', 'failed', /not permitted/],
  ['a file of the host', 'open("/etc/passwd").read()', 'failed', /No such file/],
  ['a file to write', 'open("/usr/x", "w")', 'failed', /Read-only/],
  ['the network', 'import socket\nsocket.create_connection(("1.1.1.1", 80))', 'failed', /unreachable/],
  ['a forged report', 'import os\nos.write(3, b\'{"ended": "ok"}\')\nos._exit(0)', 'failed', /ended the interpreter/],
])('in bubblewrap: %s', async (_, code, ended, error) => {
  const ran = await sandbox.run({ language: 'python', interpreter: 'python3', code, tests: whether, timeoutMs: 1000 })
  expect(ran.ended, ran.error).toBe(ended)
  if (error) expect(ran.error).toMatch(error)
})

/** How many of the rows are right, of their solutions and of their mutants. */
async function graded(rows: CodeRow[]): Promise<{ right: string[]; packages: string[]; survived: string[] }> {
  const found = { right: [] as string[], packages: [] as string[], survived: [] as string[] }
  await Promise.all(
    rows.map(async row => {
      const { verdict, why } = await gradeCode(row.solution, row.verifier, sandbox.run)
      if (verdict === 'right') found.right.push(row.id)
      if (verdict === 'undecided') found.packages.push(`${row.id} ${why}`)
      for (const [n, mutant] of mutants(row).entries()) {
        const other = await gradeCode(mutant, row.verifier, sandbox.run)
        if (other.verdict === 'right') found.survived.push(`${row.id} ${n}`)
      }
    }),
  )
  return found
}

test('solutions of benchmarks are right, and mutants of them wrong', async () => {
  const rows = someCodeRows()
  expect(rows).toHaveLength(30)
  const { right, survived } = await graded(rows)
  expect(right.sort()).toEqual(rows.map(({ id }) => id).sort())
  expect(survived).toEqual([])
}, 60_000)

const all = process.env.STILLROOM_LONG === undefined ? undefined : allCodeRows()
test.runIf(all)(
  'all of HumanEval and MBPP',
  async () => {
    const { right, packages, survived } = await graded(all!)
    console.log(
      `${right.length} of ${all!.length} solutions are right; beyond the standard library: ${packages.join(', ') || 'none'}; ` +
        `${2 * all!.length - survived.length} of ${2 * all!.length} mutants are wrong, not ${survived.join(', ') || 'any'}`,
    )
    expect(right.length + packages.length).toBe(all!.length)
    expect(survived).toEqual([])
  },
  600_000,
)
