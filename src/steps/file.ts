import { readFileSync, statSync } from 'node:fs'

/** Reads files with `parse`, and each again only when it was edited: a long-lived process sees what identities are made of. */
export function fromFile<T>(parse: (text: string, file: URL | string) => T): (file: URL | string) => T {
  const loaded = new Map<string, { made: T; stamp: string }>()
  return file => {
    const { mtimeMs, size } = statSync(file)
    const stamp = `${mtimeMs} ${size}`
    const known = loaded.get(String(file))
    if (known?.stamp === stamp) return known.made
    const made = parse(readFileSync(file, 'utf8'), file)
    loaded.set(String(file), { made, stamp })
    return made
  }
}
