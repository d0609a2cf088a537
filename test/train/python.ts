import { spawn } from 'node:child_process'
import { createServer } from 'node:net'
import { dirname, join } from 'node:path'

/** A Python that has the packages of requirements.txt, which `npm run test:train` finds or makes; empty where there is none. */
export const python = process.env.STILLROOM_TRAIN_PYTHON ?? ''

/** A command that was installed beside that Python. */
export const installed = (name: string): string => join(dirname(python), name)

/** Nothing is loaded from or reported to the outside; caches lie in the folder. */
export const offline = (dir: string): { [name: string]: string | undefined } => ({
  ...process.env,
  HF_HUB_OFFLINE: '1',
  HF_DATASETS_OFFLINE: '1',
  HF_HUB_DISABLE_TELEMETRY: '1',
  HF_HOME: join(dir, 'hub'),
  TOKENIZERS_PARALLELISM: 'false',
})

/**
 * Runs a program in a folder to its end; what it said, both ways together.
 * @throws Error with the last lines when it does not end with 0.
 */
export function ran(dir: string, command: string, ...args: string[]): Promise<string> {
  return new Promise((resolve, reject) => {
    const child = spawn(command, args, { cwd: dir, env: offline(dir), stdio: ['ignore', 'pipe', 'pipe'] })
    let said = ''
    for (const stream of [child.stdout, child.stderr]) stream.setEncoding('utf8').on('data', text => (said += text))
    child.on('error', reject)
    child.on('close', code => {
      if (code === 0) resolve(said)
      else reject(new Error(`${[command, ...args].join(' ')} ended with ${code}\n${said.slice(-4000)}`))
    })
  })
}

/** A port that nobody listens on. Between this and its use somebody else may take it, which ends the server at once. */
function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const probe = createServer().on('error', reject)
    probe.listen(0, '127.0.0.1', () => {
      const { port } = probe.address() as { port: number }
      probe.close(() => resolve(port))
    })
  })
}

/**
 * Serves a model of the folder with `transformers serve`, a server of the OpenAI protocol that others wrote, and waits until
 * it is up.
 */
export async function serve(dir: string, model: string): Promise<{ url: string; stop(): Promise<void> }> {
  const port = await freePort()
  const origin = `http://127.0.0.1:${port}`
  const args = ['serve', model, '--host', '127.0.0.1', '--port', String(port), '--device', 'cpu']
  const child = spawn(installed('transformers'), args, {
    cwd: dir,
    env: offline(dir),
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  let said = ''
  for (const stream of [child.stdout, child.stderr]) stream.setEncoding('utf8').on('data', text => (said += text))
  const ended = new Promise<void>(resolve => child.on('close', () => resolve()))
  const gone = ended.then(() => 'gone' as const)
  const stop = async () => {
    child.kill()
    await ended
  }
  for (;;) {
    const up = fetch(`${origin}/health`, { signal: AbortSignal.timeout(2000) }).then(
      ({ ok }) => (ok ? 'up' : 'later'),
      () => 'later',
    )
    const now = await Promise.race([up, gone])
    if (now === 'up') return { url: `${origin}/v1`, stop }
    if (now === 'gone') throw new Error(`transformers serve ended\n${said.slice(-4000)}`)
    await Promise.race([new Promise(resolve => setTimeout(resolve, 200)), gone])
  }
}
