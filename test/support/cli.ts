import { spawn } from 'node:child_process'
import { join } from 'node:path'

export type Said = { code: number | null; out: string; err: string }

/** Runs the command line in a folder, as a person would. Asynchronous, so that a simulator of this process can answer it. */
export function cli(cwd: string, args: string[], env: { [name: string]: string } = {}): Promise<Said> {
  const bin = join(import.meta.dirname, '..', '..', 'bin', 'stillroom.js')
  return new Promise((resolve, reject) => {
    const child = spawn(process.execPath, [bin, ...args], {
      cwd,
      env: { ...process.env, ...env },
      stdio: ['ignore', 'pipe', 'pipe'],
    })
    const said: Said = { code: null, out: '', err: '' }
    child.stdout.setEncoding('utf8').on('data', text => (said.out += text))
    child.stderr.setEncoding('utf8').on('data', text => (said.err += text))
    child.on('error', reject)
    child.on('close', code => resolve({ ...said, code }))
  })
}
