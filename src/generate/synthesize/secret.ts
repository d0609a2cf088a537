import { readFileSync } from 'node:fs'
import { StillroomError } from '../../errors/index.ts'

/** The key that noise is made with. It belongs to the project: whoever has it can take the noise off again. */
export function secretIn(file: string): string {
  let key = ''
  try {
    key = readFileSync(file, 'utf8').trim()
  } catch {
    // Told below.
  }
  if (key.length >= 32) return key
  throw new StillroomError('SR_KEY_MISSING', 'Noise needs a key that nobody else has.', {
    expected: `64 hexadecimal digits made by chance in ${file}`,
    hint: 'openssl rand -hex 32 makes one; keep it out of releases and of version control',
  })
}
