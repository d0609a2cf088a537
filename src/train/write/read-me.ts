import { titleOf, versionOf } from '../lint/index.ts'
import type { Training } from '../phase.ts'
import { shellWord } from './shell-word.ts'

/** How to run a training by hand, for whoever finds the folder: commands in order, and what they were written for. */
export function readMe(training: Training): string {
  const out = [
    `# Training ${training.name} ${training.version}`,
    '',
    'Written by stillroom; `stillroom train run` runs all of it. By hand, in this folder:',
    '',
  ]
  const said = new Set<string>()
  for (const [i, { phase, written, merge }] of training.phases.entries()) {
    const { rows, heldOut, release } = phase.data
    out.push(`## ${i + 1}. ${phase.name}: ${phase.method}`, '')
    out.push(
      `${rows} rows of ${release.name} ${release.version}, ${heldOut} held out. Leaves its result in \`${written.output}\`.`,
      '',
    )
    out.push('```sh', written.command.map(shellWord).join(' '))
    if (written.resume) out.push('# after a stop, from the last checkpoint:', written.resume.map(shellWord).join(' '))
    if (merge) out.push(`# whole weights, in ${merge.output}:`, merge.command.map(shellWord).join(' '))
    out.push('```', '')
    said.add(`${titleOf(phase.trainer)} ${versionOf(phase.trainer)}`)
  }
  out.push(`The configs were held against the keys of ${[...said].join(' and ')}.`, '')
  return out.join('\n')
}
