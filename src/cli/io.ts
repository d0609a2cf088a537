import { createInterface } from 'node:readline/promises'

/** The world outside of a command: injected, so that commands run in a test as they do in a terminal. */
export type Io = {
  out(text: string): void
  err(text: string): void
  /** Somebody looks at the output as it comes. */
  tty: boolean
  /** Cells in a line. */
  width: number
  /** Lines that a drawing may take. */
  height: number
  colour: boolean
  env: Record<string, string | undefined>
  cwd: string
  now(): Date
  /** Asks a person; absent where nobody can answer. */
  question?(text: string): Promise<string>
  /** Calls back on every interrupt; returns what stops listening. */
  onInterrupt(heard: () => void): () => void
  /** Calls back every so many milliseconds; returns what stops it. */
  every(ms: number, tick: () => void): () => void
  /** Waits so many milliseconds. */
  wait(ms: number): Promise<void>
  /** Tells the process that started this one in the background; absent where none did. */
  tellStarter?(message: unknown): void
  /** Ends the process without waiting for anything. */
  leave(code: number): void
}

export function systemIo(): Io {
  const { stdin, stdout, stderr, env } = process
  // `stillroom show ... | head` closes the pipe early, which is no failure.
  stdout.on('error', error => {
    if ((error as NodeJS.ErrnoException).code !== 'EPIPE') throw error
    process.exit(0)
  })
  const tty = stdout.isTTY === true
  return {
    out: text => void stdout.write(text),
    err: text => void stderr.write(text),
    tty,
    get width() {
      return tty ? Math.min(Math.max(stdout.columns || 100, 60), 140) : 100
    },
    get height() {
      return stdout.rows || 24
    },
    colour: tty && !env.NO_COLOR && env.TERM !== 'dumb',
    env,
    cwd: process.cwd(),
    now: () => new Date(),
    ...(tty && stdin.isTTY
      ? {
          async question(text: string) {
            const lines = createInterface({ input: stdin, output: stdout })
            try {
              return await lines.question(text)
            } finally {
              lines.close()
            }
          },
        }
      : {}),
    onInterrupt(heard) {
      process.on('SIGINT', heard)
      process.on('SIGTERM', heard)
      return () => {
        process.off('SIGINT', heard)
        process.off('SIGTERM', heard)
      }
    },
    every(ms, tick) {
      const timer = setInterval(tick, ms)
      timer.unref()
      return () => clearInterval(timer)
    },
    wait: ms => new Promise(resolve => setTimeout(resolve, ms)),
    ...(process.send
      ? {
          // Who started it may be gone by then.
          tellStarter: (message: unknown) => void (process.connected && process.send?.(message, () => {})),
        }
      : {}),
    leave: code => process.exit(code),
  }
}
