import { existsSync } from 'node:fs'
import { basename, dirname, join, resolve } from 'node:path'
import { StillroomError } from '../errors/index.ts'
import { type Project, placesIn, readTraining, releaseOfRecipe } from '../run/index.ts'
import type { Training } from '../train/index.ts'
import type { Call } from './commands.ts'
import { here, openRecipe, recipeIn } from './open.ts'

/**
 * The training that a command is about: its folder, or that of the recipe named or of this folder. Where a recipe leads to
 * it, the recipe comes along. Throws SR_TRAINING, SR_RECIPE_*.
 */
export async function openTraining(call: Call): Promise<{ folder: string; training: Training; project?: Project }> {
  const { io, args } = call
  const named = resolve(io.cwd, args[0] ?? '.')
  const path = basename(named) === 'training.json' ? dirname(named) : named
  if (existsSync(join(path, 'training.json'))) return { folder: path, training: readTraining(placesIn(path)) }
  const project = await openRecipe(call, args[0])
  const { name, release } = project.recipe
  const folder = join(project.base, 'training', `${name}-${release?.version ?? '0.0.0'}`)
  // Where the version of the recipe is not released, another stands in, and its training has that one's name.
  const other = releaseOfRecipe(project.base, project.recipe)
  for (const dir of [folder, ...(other ? [join(project.base, 'training', basename(other.dir))] : [])])
    if (existsSync(join(dir, 'training.json'))) return { folder: dir, training: readTraining(placesIn(dir)), project }
  throw new StillroomError('SR_TRAINING', `There is no training at ${here(io, folder)}.`, {
    hint: 'write one with: stillroom train write',
  })
}

/** The recipe behind a training, for its purpose and gates; undefined where it is not there any more. */
export async function recipeOf(
  call: Call,
  folder: string,
  { recipe, recipeFile }: Training,
): Promise<Project | undefined> {
  const dir = resolve(folder, recipe)
  const file = recipeFile === undefined ? recipeIn(dir) : join(dir, recipeFile)
  return file !== undefined && existsSync(file) ? openRecipe(call, file) : undefined
}
