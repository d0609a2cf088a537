import { styleText } from 'node:util'
import type { Plan } from '../recipe/index.ts'
import type { Emit } from '../workspace/index.ts'
import { bars } from './bars.ts'
import type { Call } from './commands.ts'
import { lines } from './lines.ts'

export type Style = 'bold' | 'dim' | 'green' | 'yellow' | 'red' | 'cyan'
/** Colours a text, or leaves it as it is. */
export type Paint = (style: Style, text: string) => string

/** A run while it goes. `notice` stays in sight; `end` leaves the last state standing. */
export type Live = { emit: Emit; notice(text: string): void; end(): void }

/**
 * Where a command says what it has to say. `human` is a terminal, `plain` a pipe (100 columns, no colour, the same bytes
 * for the same run), `json` a program: there `say` is silent and `result` is the one object at the end.
 */
export type Reporter = {
  kind: 'human' | 'plain' | 'json'
  width: number
  paint: Paint
  say(...text: (string | string[])[]): void
  result(value: unknown): void
  follow(plan: Plan): Live
}

export function reporterOf({ io, given }: Pick<Call, 'io' | 'given'>): Reporter {
  const kind = given.json ? 'json' : given.plain || !io.tty ? 'plain' : 'human'
  const colour = kind === 'human' && io.colour
  const paint: Paint = (style, text) => (colour ? styleText(style, text, { validateStream: false }) : text)
  const width = kind === 'human' ? io.width : 100
  const object = (value: unknown): void => io.out(`${JSON.stringify(value)}\n`)
  return {
    kind,
    width,
    paint,
    say(...text) {
      if (kind !== 'json') io.out(`${text.flat().join('\n')}\n`)
    },
    result(value) {
      if (kind === 'json') object(value)
    },
    follow(plan) {
      if (kind === 'human') return bars(plan, { io, width, paint })
      if (kind === 'plain') return lines(plan, io)
      return {
        emit: event => void (event.event === 'call' || event.event === 'air' || object(event)),
        notice: () => {},
        end: () => {},
      }
    },
  }
}

/** Says what is said and draws nothing of a run. */
export const undrawn = (reporter: Reporter): Reporter => ({
  ...reporter,
  follow: () => ({ emit: () => {}, notice: () => {}, end: () => {} }),
})
