import { cpSync, mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'

const root = join(import.meta.dirname, '..', '..')

/**
 * The ready recipes and examples, copied into a folder to be run there. Noise is made with one key each time, which is no
 * secret: by chance one table in some dozens has a closest record that a gate takes for a copy.
 */
export function copyRecipes(folder: string): void {
  // What a run leaves beside a recipe is no part of it.
  const filter = (path: string) => !/[\\/](?:\.stillroom|releases|training|evaluations)$/.test(path)
  for (const name of ['recipes', 'examples']) cpSync(join(root, name), join(folder, name), { recursive: true, filter })
  const keys = join(folder, 'recipes', '.stillroom', 'keys')
  mkdirSync(keys, { recursive: true })
  writeFileSync(join(keys, 'noise'), 'no-secret-for-ready-recipes-only'.repeat(2))
}
