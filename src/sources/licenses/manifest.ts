import { normaliseLicense } from '../../govern/index.ts'

/** Files that state the license of the folder they lie in. */
export const manifests = ['package.json', 'Cargo.toml', 'pyproject.toml'] as const

/**
 * SPDX expression that a manifest states; undefined where it states none, or one that is not known. `UNLICENSED` of
 * package.json keeps all rights.
 */
export function licenseOfManifest(name: string, text: string): string | undefined {
  const stated = name === 'package.json' ? ofPackage(text) : ofToml(text, name)
  if (stated === undefined) return undefined
  if (stated === 'UNLICENSED') return 'proprietary'
  // Cargo wrote a choice with a slash.
  const expression = stated.replace(/(?<=\S)\/(?=\S)/g, ' OR ')
  const { spdx, traits } = normaliseLicense(expression)
  return spdx === 'NOASSERTION' || traits.includes('custom') || /LicenseRef-/.test(spdx) ? undefined : spdx
}

function ofPackage(text: string): string | undefined {
  try {
    const { license, licenses } = JSON.parse(text) as { license?: unknown; licenses?: unknown }
    const all = (license === undefined ? [licenses].flat() : [license]).flatMap(one => {
      const id = typeof one === 'object' ? (one as { type?: unknown } | null)?.type : one
      return typeof id === 'string' ? [id] : []
    })
    return all.length > 0 ? all.join(' OR ') : undefined
  } catch {
    return undefined
  }
}

/** The field of the tables that describe a package, read line by line: other tables have licenses of other things. */
function ofToml(text: string, name: string): string | undefined {
  const tables = name === 'Cargo.toml' ? ['package', 'workspace.package'] : ['project', 'tool.poetry']
  let table = ''
  for (const line of text.slice(0, 200_000).split('\n')) {
    const head = /^\s*\[([\w.-]+)\]/.exec(line)
    if (head) table = head[1]!
    if (!tables.includes(table)) continue
    const stated = /^\s*license\s*=\s*(?:\{[^}\n]{0,80}?\btext\s*=\s*)?["']([^"'\n]{1,200})["']/.exec(line)
    if (stated) return stated[1]
  }
  return undefined
}
