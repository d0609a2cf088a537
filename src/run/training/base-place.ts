import { existsSync, readFileSync, realpathSync } from 'node:fs'
import { basename, isAbsolute, join, relative } from 'node:path'
import { type Sha, sha256 } from '../../records/index.ts'

/** What a model is called where others read it; `config` is the digest of the config.json of a folder elsewhere. */
export type BasePlace = { model: string; config?: Sha }

/**
 * A name on the Hub and a relative path stay as they are. An absolute one is that of one machine: below the folder of the
 * recipe it is told relative to the folder of the training, elsewhere by its last name and what its config.json is.
 */
export function basePlace(model: string, folder: string, root: string): BasePlace {
  if (!isAbsolute(model)) return { model }
  const real = (path: string) => (existsSync(path) ? realpathSync(path) : path)
  const below = relative(real(root), real(model))
  if (below !== '' && !below.startsWith('..') && !isAbsolute(below))
    return { model: relative(real(folder), real(model)) }
  const file = join(model, 'config.json')
  return { model: basename(model), ...(existsSync(file) ? { config: sha256(readFileSync(file)) } : {}) }
}
