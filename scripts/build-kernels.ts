/**
 * Builds what `src/kernels` commits: `unicode.json` (classes of code points) and `kernels.wasm` (AssemblyScript with SIMD).
 * Both are the same bytes wherever they are built; `--check` builds in memory and exits 1 when the committed files differ.
 */
import { readFileSync, writeFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import asc from 'assemblyscript/asc'
import { is } from '../src/kernels/classes.ts'

const kernels = resolve(import.meta.dirname, '..', 'src', 'kernels')

/** Scripts that write no spaces between words. */
const scripts = ['Han', 'Hiragana', 'Katakana', 'Thai', 'Khmer', 'Lao', 'Myanmar']
const unspaced = new RegExp(
  `^(?=[\\p{L}\\p{N}\\p{M}])[${scripts.map(script => `\\p{Script=${script}}`).join('')}ー々〆ｰ]$`,
  'u',
)
/** Half-width voiced sound marks: letters to Unicode, but they belong to the kana before them. */
const voiced = /^[ﾞﾟ]$/

function bitsOf(code: number, seconds: ReadonlySet<number>): number {
  const point = String.fromCodePoint(code)
  if (/[\p{Cn}\p{Co}]/u.test(point)) return 0
  const selector = /\p{Variation_Selector}/u.test(point)
  const changes =
    code > 0x7f &&
    !(code >= 0xd800 && code < 0xe000) &&
    (point.normalize('NFKC') !== point || point.toLowerCase() !== point || /\p{M}/u.test(point) || seconds.has(code))
  return (
    (/\p{L}/u.test(point) && !voiced.test(point) ? is.letter : 0) |
    (/\p{N}/u.test(point) ? is.number : 0) |
    ((/\p{M}/u.test(point) && !selector) || voiced.test(point) ? is.mark : 0) |
    (unspaced.test(point) ? is.unspaced : 0) |
    (/\p{White_Space}/u.test(point) ? is.space : 0) |
    (/\p{Cf}/u.test(point) || selector ? is.format : 0) |
    (point === '_' ? is.joiner : 0) |
    (changes ? is.fold : 0)
  )
}

/** The classes of all code points as runs, `bits:length` in base 36. */
export function unicode(): string {
  // What can join with the code point before it under NFC: everything but the first of a decomposition.
  const seconds = new Set<number>()
  for (let code = 0; code < 0x110000; code++) {
    if (code >= 0xd800 && code < 0xe000) continue
    const point = String.fromCodePoint(code)
    const parts = point.normalize('NFD')
    if (parts !== point) for (const part of [...parts].slice(1)) seconds.add(part.codePointAt(0)!)
  }
  const runs: string[] = []
  let [at, bits] = [0, bitsOf(0, seconds)]
  for (let code = 1; code <= 0x110000; code++) {
    const next = code < 0x110000 ? bitsOf(code, seconds) : -1
    if (next === bits) continue
    runs.push(bits.toString(36) + (code - at > 1 ? `:${(code - at).toString(36)}` : ''))
    at = code
    bits = next
  }
  return `${JSON.stringify({ unicode: process.versions.unicode, runs: runs.join(' ') }, undefined, 2)}\n`
}

/** The compiled module: no names, no source paths, no static data. */
export async function wasm(): Promise<Uint8Array> {
  let binary: Uint8Array | undefined
  const { error, stderr } = await asc.main(
    [
      'assembly/index.ts',
      ...['--outFile', 'kernels.wasm'],
      ...['--runtime', 'stub', '--use', 'abort=', '--noAssert'],
      ...['--enable', 'simd', '--optimizeLevel', '3', '--shrinkLevel', '0'],
      ...['--initialMemory', '32', '--maximumMemory', '65536'],
    ],
    {
      readFile: (name, base) => {
        try {
          return readFileSync(resolve(kernels, base, name), 'utf8')
        } catch {
          return null
        }
      },
      writeFile: (_, contents) => {
        binary = contents as Uint8Array
      },
      listFiles: () => [],
    },
  )
  if (error || !binary) throw new Error(`The kernels do not compile.\n${stderr}`)
  return binary
}

if (import.meta.main) {
  const built = { 'unicode.json': Buffer.from(unicode()), 'kernels.wasm': Buffer.from(await wasm()) }
  for (const [name, bytes] of Object.entries(built)) {
    const path = join(kernels, name)
    if (!process.argv.includes('--check')) {
      writeFileSync(path, bytes)
      console.log(`${name}  ${bytes.length} bytes`)
    } else if (!bytes.equals(readFileSync(path))) {
      console.error(`src/kernels/${name} is not what its sources give; run: npm run build:kernels`)
      process.exitCode = 1
    }
  }
}
