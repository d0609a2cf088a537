/** Runs the tests. `--long` adds the full kill and fault matrices. */
import { vitest } from './vitest.ts'

const args = process.argv.slice(2)
const long: { [name: string]: string } = args.includes('--long') ? { STILLROOM_LONG: '1' } : {}
process.exitCode = vitest(
  args.filter(a => a !== '--long'),
  long,
)
