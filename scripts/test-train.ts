/**
 * Trains, serves and measures a tiny model with the trainers that exports and configs are written for. Python with these is
 * taken from STILLROOM_TRAIN_PYTHON, or installed once under `node_modules/.cache`; where it cannot be had, the tests are
 * skipped and say so.
 */
import { spawnSync } from 'node:child_process'
import { existsSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { vitest } from './vitest.ts'

const root = resolve(import.meta.dirname, '..')
const venv = join(root, 'node_modules', '.cache', 'python-train')
const requirements = join(root, 'test', 'train', 'requirements.txt')
/** In a finished environment: what was asked for when it was made. */
const stamp = join(venv, 'requirements.txt')
const minutes = (n: number) => n * 60_000

/** Where Python with the trainers is, or the reason why it could not be had. */
function pythonWithTrainers(): { python: string } | { missing: string } {
  const given = process.env.STILLROOM_TRAIN_PYTHON
  if (given) return { python: resolve(given) }
  const python = join(venv, process.platform === 'win32' ? 'Scripts/python.exe' : 'bin/python')
  const wanted = readFileSync(requirements, 'utf8')
  if (existsSync(stamp) && readFileSync(stamp, 'utf8') === wanted) return { python }
  console.log('installing the trainers into node_modules/.cache/python-train, once; this takes minutes')
  rmSync(venv, { recursive: true, force: true })
  // A registry that is not there is not asked dozens of times for each package.
  const env = { PIP_RETRIES: '2', PIP_DISABLE_PIP_VERSION_CHECK: '1', ...process.env }
  const steps: [what: string, command: string, args: string[]][] = [
    ['python3 -m venv', 'python3', ['-m', 'venv', venv]],
    ['pip install -r test/train/requirements.txt', python, ['-m', 'pip', 'install', '-q', '-r', requirements]],
    // What it asks for beside these serves tasks and tables that are not used here, and cannot be had everywhere.
    ['pip install lm-eval', python, ['-m', 'pip', 'install', '-q', '--no-deps', 'lm-eval==0.4.13']],
  ]
  for (const [what, command, args] of steps) {
    const ran = spawnSync(command, args, { env, encoding: 'utf8', timeout: minutes(20) })
    if (ran.status === 0) continue
    const said = (ran.stderr ?? '')
      .trimEnd()
      .split('\n')
      .filter(line => !line.startsWith('WARNING'))
      .slice(-2)
    return {
      missing: [`${what} ${ran.error ? `could not run: ${ran.error.message}` : 'failed'}`, ...said].join('\n  '),
    }
  }
  writeFileSync(stamp, wanted)
  return { python }
}

const found = pythonWithTrainers()
if ('missing' in found) {
  console.log(`skipped: no Python with the trainers.\n  ${found.missing}`)
  console.log('Set STILLROOM_TRAIN_PYTHON to a Python that has the packages of test/train/requirements.txt.')
}
process.exitCode = vitest(
  ['--config', join('test', 'train', 'vitest.config.ts'), ...process.argv.slice(2)],
  'python' in found
    ? { STILLROOM_TRAIN_PYTHON: found.python, STILLROOM_PYTHON: found.python }
    : { STILLROOM_TRAIN_PYTHON: '' },
)
