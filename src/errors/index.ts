/** Errors and diagnostics: stable codes, positions and hints as data; rendering apart. */
export { type Code, codes, exits } from './codes.ts'
export { type Diagnostic, type Position, StillroomError } from './error.ts'
export { errorJson, renderDiagnostic, renderError } from './render.ts'
