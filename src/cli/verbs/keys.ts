import { signerFor } from '../../run/index.ts'
import { makeWorkspace } from '../../workspace/index.ts'
import type { Run } from '../commands.ts'
import { workspaceFolder } from '../open.ts'
import { reporterOf } from '../reporter.ts'

export const run: Run = async call => {
  const root = workspaceFolder(call, call.args[0])
  makeWorkspace(root)
  const { keyid, publicKey } = signerFor(root, undefined, true)!
  const reporter = reporterOf(call)
  reporter.say(
    publicKey.trimEnd(),
    '',
    `Key ${keyid.slice(0, 16)} signs the releases of this workspace. Give its public half above to whoever checks them:`,
    '',
    '  stillroom verify <release> --key <file>',
  )
  reporter.result({ keyid, publicKey })
  return 0
}
