import {
  closeSync,
  existsSync,
  fsyncSync,
  mkdirSync,
  openSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
} from 'node:fs'
import { dirname, join } from 'node:path'

/** Secrets of a workspace, one file each, readable by their owner alone. None is ever printed or written elsewhere. */
const keyFile = (root: string, name: string): string => join(root, 'keys', name)

export function readKey(root: string, name: string): string | undefined {
  const file = keyFile(root, name)
  return existsSync(file) ? readFileSync(file, 'utf8') : undefined
}

/** The key of that name, made now where there is none; it is on the disk when this returns. */
export function keyOrNew(root: string, name: string, make: () => string): string {
  const known = readKey(root, name)
  if (known !== undefined) return known
  const file = keyFile(root, name)
  mkdirSync(dirname(file), { recursive: true, mode: 0o700 })
  const made = make()
  const fd = openSync(`${file}.tmp`, 'w', 0o600)
  try {
    writeFileSync(fd, made)
    fsyncSync(fd)
  } finally {
    closeSync(fd)
  }
  renameSync(`${file}.tmp`, file)
  return made
}

/** Destroys a key: what was hashed with it can be matched with nothing any more. */
export function destroyKey(root: string, name: string): boolean {
  const file = keyFile(root, name)
  if (!existsSync(file)) return false
  const fd = openSync(file, 'r+')
  try {
    writeFileSync(fd, Buffer.alloc(readFileSync(file).length))
    fsyncSync(fd)
  } finally {
    closeSync(fd)
  }
  rmSync(file)
  return true
}
