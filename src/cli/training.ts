import { existsSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { StillroomError } from '../errors/index.ts'
import { trainConfig } from '../recipe/index.ts'
import type { Project, TrainInput } from '../run/index.ts'
import type { Call } from './commands.ts'
import { oneOf } from './one-of.ts'
import { openRecipe } from './open.ts'
import { type Given, options } from './options.ts'

/** What a training command is about: the folder of a release where one is named, else a recipe. */
export async function trainingSource(call: Call): Promise<Project | string> {
  const [named] = call.args
  const dir = named === undefined ? undefined : resolve(call.io.cwd, named)
  if (dir !== undefined && existsSync(join(dir, 'manifest.json'))) return dir
  return openRecipe(call, named)
}

/** The flags of a training command as what a recipe would say. Throws SR_USAGE for a word that is none. */
export function trainFlags(given: Given): TrainInput {
  const { base, size, gpu, gpus, adapter, method, context, tooLong } = given
  const defined = <T extends object>(block: T) =>
    Object.fromEntries(Object.entries(block).filter(([, value]) => value !== undefined))
  const { shape } = trainConfig
  oneOf('--adapter', adapter, shape.adapter.unwrap().options)
  oneOf('--method', method, shape.preference.unwrap().shape.method.unwrap().options)
  oneOf('--too-long', tooLong, shape['too-long'].unwrap().options)
  if (size !== undefined && !shape.size.safeParse(size).success) {
    throw new StillroomError('SR_USAGE', '--size does not say a size.', {
      expected: '8B, 360M or 30B-A3B',
      received: size,
    })
  }
  const hardware = defined({ gpu, gpus })
  return {
    ...defined({ base, size, adapter, context, 'too-long': tooLong }),
    ...(Object.keys(hardware).length > 0 ? { hardware } : {}),
    ...(method === undefined ? {} : { preference: { method } }),
  } as TrainInput
}

/** The same flags as they were written, for the command that comes next. */
export const trainWords = (given: Given): string[] =>
  (['base', 'size', 'gpu', 'gpus', 'adapter', 'method', 'context', 'tooLong'] as const).flatMap(name => {
    const value = given[name]
    return value === undefined ? [] : [options[name].flags.split(' ')[0]!, String(value)]
  })
