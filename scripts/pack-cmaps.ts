/**
 * Packs Adobe's predefined CMaps, in the binary form of pdf.js (a folder of `.bcmap` files, `external/bcmaps` of its
 * repository), into the one file that the reader of PDF has beside it. The UTF-8 and UTF-32 encodings are left out: PDF
 * does not name them. `node scripts/pack-cmaps.ts <folder>`
 */
import { globSync, readFileSync, writeFileSync } from 'node:fs'
import { basename, join, resolve } from 'node:path'
import { constants, zstdCompressSync } from 'node:zlib'

const folder = resolve(process.argv[2] ?? '.')
const names = globSync('*.bcmap', { cwd: folder })
  .filter(name => !/UTF(8|32)/.test(name))
  .sort()
const files = names.map(name => readFileSync(join(folder, name)))
// Each name and its length in a line, an empty line, then all bytes.
const index = names.map((name, at) => `${basename(name, '.bcmap')} ${files[at]!.length}\n`).join('')
const packed = zstdCompressSync(Buffer.concat([Buffer.from(`${index}\n`), ...files]), {
  params: { [constants.ZSTD_c_compressionLevel]: 19 },
})
writeFileSync(resolve(import.meta.dirname, '..', 'src', 'sources', 'pdf', 'cmaps.zst'), packed)
console.log(`${names.length} CMaps, ${packed.length} bytes`)
