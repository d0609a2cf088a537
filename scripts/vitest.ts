import { spawnSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'

/**
 * Runs vitest and closes with one line, `N passed, N failed`, and the skipped where there are any. Whatever tests leave in
 * folders for the time being goes with the run. Gives the exit code.
 */
export function vitest(args: string[], more: { [name: string]: string } = {}): number {
  const root = resolve(import.meta.dirname, '..')
  const folder = mkdtempSync(join(tmpdir(), 'stillroom-test-'))
  const report = join(folder, 'report.json')
  const scratch = join(folder, 'tmp')
  mkdirSync(scratch)
  // Dozens of processes are started to be killed; none needs to compile everything anew.
  const compiled = join(root, 'node_modules', '.cache', 'compile')
  const env = { ...process.env, TMPDIR: scratch, NODE_COMPILE_CACHE: compiled, ...more }
  const file = join(root, 'node_modules', 'vitest', 'vitest.mjs')
  const reporters = ['--reporter=default', '--reporter=json', `--outputFile.json=${report}`]
  const ran = spawnSync(process.execPath, [file, 'run', ...reporters, ...args], { cwd: root, stdio: 'inherit', env })
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
  return ran.status === 0 && failed === 0 ? 0 : 1
}
