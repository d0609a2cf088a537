import { resolve } from 'node:path'
import { StillroomError } from '../../errors/index.ts'
import { verifyRelease } from '../../release/index.ts'
import type { Run } from '../commands.ts'
import { counted } from '../figures.ts'
import { keyGiven } from '../key-file.ts'
import { here } from '../open.ts'
import { reporterOf } from '../reporter.ts'

export const run: Run = async call => {
  const { io } = call
  const dir = resolve(io.cwd, call.args[0]!)
  const key = keyGiven(call)
  const { problems, manifest, digest, signed } = await verifyRelease(dir, key === undefined ? {} : { key })
  const reporter = reporterOf(call)
  reporter.result({ dir, ok: problems.length === 0, problems, digest, signed: signed ?? null, rows: manifest?.rows })
  for (const { file, line, message } of problems)
    reporter.say(`${[file, line].filter(part => part !== undefined).join(':')}  ${message}`)
  if (problems.length > 0) {
    const error = new StillroomError('SR_VERIFY', `${counted(problems.length, 'problem')} in ${here(io, dir)}.`, {
      hint: 'a release is never mended: take it again from where it was published, or release anew',
    })
    if (reporter.kind !== 'json') throw error
    return error.exit
  }
  const rows = Object.values(manifest?.rows ?? {})
    .flatMap(splits => Object.values(splits))
    .reduce((a, b) => a + b, 0)
  reporter.say(
    manifest === undefined
      ? `${here(io, dir)} holds a certificate of erasure${signed ? ', as it was signed' : ''}.`
      : `${manifest.name} ${manifest.version}: ${counted(manifest.files.length, 'file')} and ${counted(rows, 'row')} are as the manifest says (${digest?.slice(0, 12)}).`,
    signed === undefined
      ? 'Nobody signed it: whoever changes a file can change what it is checked against.'
      : signed.trusted
        ? `Signed by the key that was named, ${signed.keyid.slice(0, 16)}.`
        : `Signed by ${signed.keyid.slice(0, 16)}, a key that came with the release; --key checks by one you trust.`,
  )
  return 0
}
