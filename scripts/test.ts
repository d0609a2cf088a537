/** Runs the tests and closes with one line, `N passed, N failed`. `--long` adds the full kill and fault matrices. */
import { spawnSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'

const root = resolve(import.meta.dirname, '..')
const args = process.argv.slice(2)
const long = args.includes('--long')
const folder = mkdtempSync(join(tmpdir(), 'stillroom-test-'))
const report = join(folder, 'report.json')
// Whatever tests leave in folders for the time being goes with this one.
const scratch = join(folder, 'tmp')
mkdirSync(scratch)
// Dozens of processes are started to be killed; none needs to compile everything anew.
const env = {
  ...process.env,
  TMPDIR: scratch,
  NODE_COMPILE_CACHE: join(root, 'node_modules', '.cache', 'compile'),
  ...(long ? { STILLROOM_LONG: '1' } : {}),
}
const vitest = spawnSync(
  process.execPath,
  [
    join(root, 'node_modules', 'vitest', 'vitest.mjs'),
    'run',
    '--reporter=default',
    '--reporter=json',
    `--outputFile.json=${report}`,
    ...args.filter(a => a !== '--long'),
  ],
  { cwd: root, stdio: 'inherit', env },
)
let passed = 0
let failed = 0
let skipped = 0
try {
  const result = JSON.parse(readFileSync(report, 'utf8'))
  passed = result.numPassedTests
  failed = result.numFailedTests + (result.success || result.numFailedTests > 0 ? 0 : 1)
  skipped = result.numPendingTests + result.numTodoTests
} catch {
  failed = 1
}
rmSync(folder, { recursive: true, force: true })
console.log(`${passed} passed, ${failed} failed${skipped > 0 ? `, ${skipped} skipped` : ''}`)
process.exitCode = vitest.status === 0 && failed === 0 ? 0 : 1
