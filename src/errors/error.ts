import { type Code, codes } from './codes.ts'

/** Where in a user's file something is wrong. Lines and columns start at 1. */
export type Position = { file: string; line?: number; column?: number }

/** One finding about user input, as data; `render` turns it into words. */
export type Diagnostic = {
  code: Code
  message: string
  position?: Position
  /** Dotted path inside the document, for example `steps.2.judge.drop`. */
  path?: string
  expected?: string
  received?: string
  hint?: string
}

const mark = Symbol.for('stillroom.error')

/** The one error class. `code` is stable, `exit` follows from it, `hint` says what to do next. */
export class StillroomError extends Error {
  readonly [mark] = true
  readonly code: Code
  readonly hint: string | undefined
  readonly position: Position | undefined
  readonly expected: string | undefined
  readonly received: string | undefined
  readonly diagnostics: Diagnostic[]

  constructor(
    code: Code,
    message: string,
    more: {
      hint?: string
      position?: Position
      expected?: string
      received?: string
      diagnostics?: Diagnostic[]
      cause?: unknown
    } = {},
  ) {
    super(message, more.cause === undefined ? undefined : { cause: more.cause })
    this.name = 'StillroomError'
    this.code = code
    this.hint = more.hint
    this.position = more.position
    this.expected = more.expected
    this.received = more.received
    this.diagnostics = more.diagnostics ?? []
  }

  /** Exit code of a command that ends with this error (the table in `codes.ts`). */
  get exit(): number {
    return codes[this.code].exit
  }

  /** Survives two copies of the package in one process, which `instanceof` does not. */
  static is(value: unknown): value is StillroomError {
    return typeof value === 'object' && value !== null && mark in value
  }
}
