import { existsSync, writeFileSync } from 'node:fs'
import { basename, join, resolve } from 'node:path'
import { fileURLToPath } from 'node:url'
import { StillroomError } from '../../errors/index.ts'
import { proveRow } from '../../release/index.ts'
import { releaseRun } from '../../run/index.ts'
import type { Call, Run } from '../commands.ts'
import { counted } from '../figures.ts'
import { gateLines } from '../gates.ts'
import { keyGiven } from '../key-file.ts'
import { here, openRecipe, takeWorkspace } from '../open.ts'
import { reporterOf } from '../reporter.ts'
import { signedBy } from '../summary.ts'

export const run: Run = async call => {
  const { io, given } = call
  if (given.prove !== undefined) return prove(call, given.prove)
  const key = keyGiven(call)
  const project = await openRecipe(call, call.args[0])
  const reporter = reporterOf(call)
  const session = takeWorkspace(call, project, 'release')
  try {
    const released = await releaseRun(project, session, undefined, {
      partial: given.partial ?? false,
      ...(given.out ? { out: resolve(io.cwd, given.out) } : {}),
      ...(key === undefined ? {} : { key }),
    })
    reporter.say(
      gateLines(released.gates, reporter),
      '',
      `${counted(released.rows, 'row')} released to ${here(io, released.dir)}${released.existed ? ' (was there, unchanged)' : ''}.`,
      signedBy(released),
      given.partial
        ? 'Roots whose replies were not all there are left out: with them it needs another `release.version`.'
        : [],
    )
    reporter.result(released)
    return 0
  } finally {
    session.close()
  }
}

/** Writes the proof of a row of a release: the one that is named, or that the recipe says. */
async function prove(call: Call, id: string): Promise<number> {
  const { io, given } = call
  const named = resolve(io.cwd, call.args[0] ?? '.')
  const dir = existsSync(join(named, 'manifest.json')) ? named : await releaseOfRecipe(call)
  const proof = await proveRow(dir, id.toLowerCase())
  const out = resolve(io.cwd, given.out ?? `${basename(dir)}-${proof.id.slice(0, 12)}.proof.json`)
  const text = `${JSON.stringify(proof, null, 1)}\n`
  writeFileSync(out, text)
  const reporter = reporterOf(call)
  reporter.say(
    `Proof of row ${proof.id} in ${here(io, out)} (${Math.ceil(text.length / 1024)} KiB). Anybody checks it with Node alone:`,
    '',
    `  node ${here(io, fileURLToPath(new URL('../../../bin/verify-proof.mjs', import.meta.url)))} ${here(io, out)}`,
    ...(proof.signature ? [] : ['', 'The release is not signed: the proof holds for whoever has its manifest.']),
  )
  reporter.result({ id: proof.id, out, signed: proof.signature !== undefined })
  return 0
}

async function releaseOfRecipe(call: Call): Promise<string> {
  const project = await openRecipe(call, call.args[0])
  const { name, release } = project.recipe
  const dir = join(project.base, 'releases', `${name}-${release?.version}`)
  if (release && existsSync(join(dir, 'manifest.json'))) return dir
  throw new StillroomError('SR_NOT_FOUND', `There is no release at ${here(call.io, dir)}.`, {
    hint: 'stillroom release writes it; or name the folder of a release',
  })
}
