import { basename, join, relative, resolve } from 'node:path'
import { StillroomError } from '../../errors/index.ts'
import { trainers } from '../../recipe/index.ts'
import { exportRelease, releaseOfRecipe } from '../../run/index.ts'
import { exportReasons, reasonings, targetNamed, tooLongPolicies } from '../../train/index.ts'
import type { Call, Run } from '../commands.ts'
import { bytes, counted, thousands } from '../figures.ts'
import { table, wrap } from '../layout.ts'
import { oneOf } from '../one-of.ts'
import { here, recipeIfAny } from '../open.ts'
import { reporterOf } from '../reporter.ts'

/** Writes a release as a trainer or a vendor reads it. */
export const run: Run = async call => {
  const { io, given } = call
  const reporter = reporterOf(call)
  const target = targetNamed(call.args[0]!)
  const { release, tokenizer, instead } = await releaseOf(call)
  const out = resolve(
    io.cwd,
    given.out ??
      join('exports', [basename(release), target.name, ...(given.type === undefined ? [] : [given.type])].join('-')),
  )
  const dry = given.dryRun === true
  const { type, context } = given
  const reasoning = oneOf('--reasoning', given.reasoning, reasonings)
  const tooLong = oneOf('--too-long', given.tooLong, tooLongPolicies)
  if (tooLong !== undefined && context === undefined) {
    throw new StillroomError('SR_USAGE', '--too-long needs a length.', {
      expected: '--context with a number of tokens',
    })
  }
  const done = await exportRelease({
    ...{ release, target: target.name },
    ...(dry ? {} : { out }),
    ...(type === undefined ? {} : { type }),
    ...(reasoning === undefined ? {} : { reasoning }),
    ...(context === undefined ? {} : { context }),
    ...(tooLong === undefined ? {} : { tooLong }),
    // A tokenizer is counted with where it is named here, or something is to be held against its counts.
    ...(tokenizer !== undefined && (context !== undefined || given.tokenizer !== undefined) ? { tokenizer } : {}),
  })
  const { origin, ...told } = { ...done, warnings: [...(instead === undefined ? [] : [instead]), ...done.warnings] }
  const files = done.types.flatMap(one => one.files)
  const folder = here(io, out)
  const tokens = done.tokenizer !== undefined
  reporter.say(
    `${origin.name} ${origin.version} for ${target.name}: ${counted(done.rows, 'row')} ${dry ? 'would lie' : 'lie'} in ${folder}.`,
    '',
    table(
      [
        { head: 'file', flex: true },
        { head: 'rows', right: true },
        { head: 'bytes', right: true },
        ...(tokens ? [{ head: 'tokens', right: true }] : []),
      ],
      files.map(file => [
        file.path,
        thousands(file.rows),
        bytes(file.bytes),
        ...(tokens ? [thousands(file.tokens)] : []),
      ]),
      reporter.width,
      text => reporter.paint('bold', text),
    ),
  )
  const others = done.files.filter(path => !files.some(file => file.path === path))
  if (others.length > 0) reporter.say('', ...wrap(`Beside them: ${others.join(', ')}.`, reporter.width))
  const left = Object.entries(done.leftOut) as [keyof typeof exportReasons, number][]
  if (left.length > 0) {
    reporter.say(
      '',
      `Left out${dry ? '' : ', one by one in left-out.jsonl'}:`,
      ...table(
        [{ head: '', right: true }, { head: '' }, { head: '', flex: true }],
        left.map(([reason, n]) => [thousands(n), reason, exportReasons[reason]]),
        reporter.width - 2,
      ).map(line => `  ${line}`),
    )
  }
  if (done.cut > 0) reporter.say('', `${counted(done.cut, 'row')} cut to ${context} tokens.`)
  for (const [what, n] of Object.entries(done.lost))
    reporter.say('', ...wrap(`Lost of ${counted(n, 'row')}: ${what}, which the format cannot hold.`, reporter.width))
  for (const text of told.warnings)
    reporter.say('', ...wrap(`${reporter.paint('yellow', 'Note')}  ${text}.`.replace(/\.\.$/, '.'), reporter.width))
  if (!dry) {
    const first = files[0]!.path
    reporter.say(
      '',
      ...wrap(
        `Read as a source again, rows keep their names: { files: ${relative(io.cwd, join(out, first))}, id: id, license: ${origin.license} }`,
        reporter.width,
      ),
      ...((trainers as readonly string[]).includes(target.name) ? ['Next: stillroom train plan'] : []),
      ...(target.name === 'hub' ? [`Next: stillroom push ${folder} --to <owner/name>`] : []),
    )
  }
  reporter.result({ release: here(io, release), ...told, out: dry ? null : folder })
  return 0
}

/** The release that is named, or that of the recipe here; and the tokenizer that its tokens count by. */
async function releaseOf(call: Call): Promise<{ release: string; tokenizer?: string; instead?: string }> {
  const { io, given, args } = call
  const named = given.tokenizer === undefined ? undefined : resolve(io.cwd, given.tokenizer)
  const project = await recipeIfAny(call)
  const own = project?.recipe.tokenizer
  const tokenizer =
    given.tokenizer === 'o200k_base'
      ? given.tokenizer
      : (named ?? (own && project ? resolve(project.base, own) : undefined))
  const counting = tokenizer === undefined ? {} : { tokenizer }
  if (args[1] !== undefined) return { release: resolve(io.cwd, args[1]), ...counting }
  const found = project && releaseOfRecipe(project.base, project.recipe)
  if (found) return { release: found.dir, ...counting, ...(found.instead ? { instead: found.instead } : {}) }
  throw new StillroomError(
    'SR_NOT_FOUND',
    project ? `${project.recipe.name} has no release here.` : 'There is no recipe here.',
    {
      expected: 'stillroom export <target> <folder of a release>',
      hint: 'stillroom run makes a release; --recipe names the recipe of another folder',
    },
  )
}
