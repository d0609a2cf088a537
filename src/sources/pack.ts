import { mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs'
import { basename, join, posix, relative, resolve, sep } from 'node:path'
import { z } from 'zod'
import { StillroomError } from '../errors/index.ts'
import { sha256 } from '../records/index.ts'
import { apart, type BenchmarkItem, parts } from './benchmark.ts'

/** A benchmark as data: items in one form, and what is known of them. No clock enters it; the date is one that was given. */
export const packManifest = z.strictObject({
  format: z.literal('stillroom-benchmark-1'),
  name: z.string().regex(/^[A-Za-z0-9_][A-Za-z0-9_-]*$/),
  version: z.string().optional(),
  license: z.string(),
  uri: z.string().optional(),
  date: z.string().optional(),
  items: z.number().int().min(1),
  /** sha256 of `items.jsonl`. */
  digest: z.string(),
  /** Files it was made from, and the columns each part was taken from. */
  files: z.array(
    z.strictObject({
      path: z.string(),
      digest: z.string(),
      items: z.number().int(),
      taken: z.partialRecord(z.enum(parts), z.array(z.string())),
    }),
  ),
})
export type PackManifest = z.output<typeof packManifest>

const files = { manifest: 'manifest.json', items: 'items.jsonl' }
/** The folder beside a recipe in which packs are found by their names. */
export const packFolder = 'benchmarks'

/**
 * Writes a pack into a folder, unless the same one stands there.
 * @throws StillroomError SR_USAGE where another one does.
 */
export function writePack(
  folder: string,
  items: readonly BenchmarkItem[],
  about: Omit<PackManifest, 'format' | 'items' | 'digest'>,
): PackManifest {
  // Files of the same name in several folders give their items the same ids.
  const text = apart(items)
    .map(item => `${JSON.stringify(item)}\n`)
    .join('')
  const manifest: PackManifest = {
    format: 'stillroom-benchmark-1',
    ...about,
    items: items.length,
    digest: sha256(text),
  }
  const known = manifestIn(folder)
  if (known && known.digest !== manifest.digest) {
    throw new StillroomError('SR_USAGE', `${folder} holds another benchmark of that name.`, {
      received: `${known.items} items, digest ${known.digest.slice(0, 12)}`,
      hint: 'Take another --name, or remove the folder first.',
    })
  }
  mkdirSync(folder, { recursive: true })
  const write = (name: string, content: string): void => {
    const draft = join(folder, `${name}.tmp-${process.pid}`)
    writeFileSync(draft, content)
    renameSync(draft, join(folder, name))
  }
  write(files.items, text)
  write(files.manifest, `${JSON.stringify(manifest, null, 2)}\n`)
  return manifest
}

/**
 * The pack that a name means, as the configuration of a source: `<name>` below the folder of packs, else the path of its
 * folder; undefined where there is none.
 * @throws StillroomError SR_SOURCE_READ for one that does not match its manifest.
 */
export function findPack(name: string, base: string): { [option: string]: unknown } | undefined {
  for (const folder of [join(packFolder, name), name]) {
    const manifest = manifestIn(resolve(base, folder))
    if (!manifest) continue
    const path = join(resolve(base, folder), files.items)
    if (sha256(readFileSync(path)) !== manifest.digest) {
      throw new StillroomError('SR_SOURCE_READ', `The benchmark ${basename(folder)} was changed after its import.`, {
        position: { file: path },
        hint: 'Import it again, so that its manifest says what it is.',
      })
    }
    const { license, uri } = manifest
    const below = relative(base, path).split(sep).join(posix.sep)
    return { files: below, license, origin: 'real', kind: 'row', id: 'id', ...(uri === undefined ? {} : { uri }) }
  }
  return undefined
}

function manifestIn(folder: string): PackManifest | undefined {
  try {
    return packManifest.safeParse(JSON.parse(readFileSync(join(folder, files.manifest), 'utf8'))).data
  } catch {
    return undefined
  }
}
