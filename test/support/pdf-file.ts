import { createHash } from 'node:crypto'

/** Text at a place of the page, in points from its top left corner; `y` is the baseline. */
export type Put = {
  at: [x: number, y: number]
  text: string
  size?: number
  font?: 'plain' | 'bold' | 'mono' | 'japanese' | 'vertical' | 'subset' | 'unmapped'
  /** Degrees, against the clock. */
  turn?: number
}
/** A line from one point to another. */
export type Draw = { from: [x: number, y: number]; to: [x: number, y: number] }
export type PdfPage = (Put | Draw | 'picture')[]
export type PdfOptions = {
  title?: string
  language?: string
  /** Needed to open the file; empty for one that only its owner may change. */
  password?: string
  outline?: string[]
}

const [width, height] = [595, 842]
const fonts = {
  plain: '<</Type/Font/Subtype/Type1/BaseFont/Helvetica/Encoding/WinAnsiEncoding>>',
  bold: '<</Type/Font/Subtype/Type1/BaseFont/Helvetica-Bold/Encoding/WinAnsiEncoding>>',
  mono: '<</Type/Font/Subtype/Type1/BaseFont/Courier/Encoding/WinAnsiEncoding>>',
  // Codes in UTF-16, glyphs by the CMap that every reader of PDF is expected to have.
  japanese: cid('UniJIS-UTF16-H', ''),
  vertical: cid('UniJIS-UTF16-V', ''),
  // Glyphs by number, as subsets of fonts have them, with and without a map to Unicode.
  subset: cid('Identity-H', '/ToUnicode %map'),
  unmapped: cid('Identity-H', '').replaceAll('Japan1', 'Identity').replaceAll('Mincho', 'Subset'),
}

function cid(encoding: string, more: string): string {
  const info = '/CIDSystemInfo<</Registry(Adobe)/Ordering(Japan1)/Supplement 2>>'
  const below = `<</Type/Font/Subtype/CIDFontType0/BaseFont/Mincho${info}/DW 1000/FontDescriptor<</Type/FontDescriptor/FontName/Mincho/Flags 4/FontBBox[0 -200 1000 800]/ItalicAngle 0/Ascent 800/Descent -200/StemV 80>>>>`
  return `<</Type/Font/Subtype/Type0/BaseFont/Mincho/Encoding/${encoding}/DescendantFonts[${below}]${more}>>`
}

/** A PDF file of pages of A4, as small as it can be written by hand. */
export function pdfFile(pages: readonly PdfPage[], options: PdfOptions = {}): Buffer {
  const bodies: string[] = []
  const add = (body: string): number => bodies.push(body)
  const lock = options.password === undefined ? undefined : locked(options.password)
  const stream = (content: string, dict = ''): string => {
    const bytes = Buffer.from(content, 'latin1')
    const held = lock ? lock.encrypt(bytes, bodies.length + 1) : bytes
    return `<<${dict}/Length ${held.length}>>stream\n${held.toString('latin1')}\nendstream`
  }
  const text = (value: string): string => {
    const bytes = Buffer.from(`\ufeff${value}`, 'utf16le').swap16()
    return `<${(lock ? lock.encrypt(bytes, bodies.length + 1) : bytes).toString('hex')}>`
  }
  add('') // The catalogue and the tree of pages are known when the pages are.
  add('')
  const map = add(stream(toUnicode))
  const names = Object.entries(fonts).map(([name, body]) => `/${name} ${add(body.replace('%map', `${map} 0 R`))} 0 R`)
  const picture = add(
    stream('\x7f', '/Type/XObject/Subtype/Image/Width 1/Height 1/BitsPerComponent 8/ColorSpace/DeviceGray'),
  )
  const kids = pages.map(page => {
    const content = add(stream(page.map(contentOf).join('\n')))
    const resources = `<</Font<<${names.join('')}>>/XObject<</picture ${picture} 0 R>>>>`
    return add(
      `<</Type/Page/Parent 2 0 R/MediaBox[0 0 ${width} ${height}]/Contents ${content} 0 R/Resources${resources}>>`,
    )
  })
  const info = options.title === undefined ? '' : `/Info ${add(`<</Title${text(options.title)}>>`)} 0 R`
  let outline = ''
  if (options.outline) {
    const first = bodies.length + 2
    const last = first + options.outline.length - 1
    outline = `/Outlines ${add(`<</Type/Outlines/First ${first} 0 R/Last ${last} 0 R/Count ${options.outline.length}>>`)} 0 R`
    options.outline.forEach((title, at) => {
      add(`<</Title${text(title)}/Parent ${first - 1} 0 R${first + at < last ? `/Next ${first + at + 1} 0 R` : ''}>>`)
    })
  }
  const language = options.language ? `/Lang(${options.language})` : ''
  bodies[0] = `<</Type/Catalog/Pages 2 0 R${lock ? '' : language}${outline}>>`
  bodies[1] = `<</Type/Pages/Kids[${kids.map(kid => `${kid} 0 R`).join(' ')}]/Count ${kids.length}>>`
  const encrypt = lock ? `/Encrypt ${add(lock.dict)} 0 R/ID[<${lock.id}><${lock.id}>]` : ''

  let file = '%PDF-1.7\n'
  const offsets = bodies.map((body, at) => {
    const offset = file.length
    file += `${at + 1} 0 obj\n${body}\nendobj\n`
    return offset
  })
  const start = file.length
  const table = offsets.map(offset => `${String(offset).padStart(10, '0')} 00000 n \n`).join('')
  file += `xref\n0 ${bodies.length + 1}\n0000000000 65535 f \n${table}`
  file += `trailer<</Size ${bodies.length + 1}/Root 1 0 R${info}${encrypt}>>\nstartxref\n${start}\n%%EOF\n`
  return Buffer.from(file, 'latin1')
}

function contentOf(shown: PdfPage[number]): string {
  if (shown === 'picture') return `q ${width} 0 0 ${height} 0 0 cm /picture Do Q`
  if ('from' in shown) {
    const [[x1, y1], [x2, y2]] = [shown.from, shown.to]
    return `0.5 w ${x1} ${height - y1} m ${x2} ${height - y2} l S`
  }
  const { at, text, size = 10, font = 'plain', turn = 0 } = shown
  const angle = (turn * Math.PI) / 180
  const matrix = [Math.cos(angle), Math.sin(angle), -Math.sin(angle), Math.cos(angle), at[0], height - at[1]]
  return `BT /${font} ${size} Tf ${matrix.map(value => value.toFixed(4)).join(' ')} Tm ${coded(text, font)} Tj ET`
}

function coded(text: string, font: NonNullable<Put['font']>): string {
  if (font === 'japanese' || font === 'vertical') return `<${Buffer.from(text, 'utf16le').swap16().toString('hex')}>`
  if (font === 'subset' || font === 'unmapped')
    return `<${[...text].map(letter => (letter.codePointAt(0)! ^ 0x3000).toString(16).padStart(4, '0')).join('')}>`
  return `(${text.replace(/[\\()]/g, '\\$&')})`
}

/** What `subset` shows its glyphs for: their numbers are the code points with two bits turned. */
const toUnicode = `/CIDInit/ProcSet findresource begin 12 dict begin begincmap/CMapName/X def/CMapType 2 def
1 begincodespacerange<0000><ffff>endcodespacerange
7 beginbfrange<0000><00ff><3000><7000><7fff><4000><6000><6fff><5000><5000><5fff><6000><4000><4fff><7000><b000><bfff><8000><a000><afff><9000>endbfrange endcmap end end`

/** The standard security handler, revision 3, RC4 of 128 bits (ISO 32000-1, 7.6.3). */
function locked(password: string): { dict: string; id: string; encrypt(bytes: Buffer, object: number): Buffer } {
  const padding = Buffer.from('28bf4e5e4e758a4164004e56fffa01082e2e00b6d0683e802f0ca9fe6453697a', 'hex')
  const padded = (word: string): Buffer => Buffer.concat([Buffer.from(word, 'latin1'), padding]).subarray(0, 32)
  const md5 = (...parts: Buffer[]): Buffer => createHash('md5').update(Buffer.concat(parts)).digest()
  const id = md5(Buffer.from('stillroom'))
  const again = (bytes: Buffer): Buffer => {
    let digest = bytes
    for (let round = 0; round < 50; round++) digest = md5(digest)
    return digest
  }
  const chain = (key: Buffer, bytes: Buffer): Buffer => {
    let out = bytes
    for (let round = 0; round < 20; round++) out = rc4(Buffer.from(key.map(byte => byte ^ round)), out)
    return out
  }
  const owner = chain(again(md5(padded('owner'))), padded(password))
  const rights = Buffer.from([0xfc, 0xff, 0xff, 0xff])
  const key = again(md5(padded(password), owner, rights, id))
  const user = Buffer.concat([chain(key, md5(padding, id)), Buffer.alloc(16)])
  return {
    id: id.toString('hex'),
    dict: `<</Filter/Standard/V 2/R 3/Length 128/P -4/O<${owner.toString('hex')}>/U<${user.toString('hex')}>>>`,
    encrypt(bytes, object) {
      const number = Buffer.from([object & 255, (object >> 8) & 255, (object >> 16) & 255, 0, 0])
      return rc4(md5(key, number), bytes)
    },
  }
}

function rc4(key: Buffer, bytes: Buffer): Buffer {
  const state = Array.from({ length: 256 }, (_, at) => at)
  for (let i = 0, j = 0; i < 256; i++) {
    j = (j + state[i]! + key[i % key.length]!) & 255
    ;[state[i], state[j]] = [state[j]!, state[i]!]
  }
  let [i, j] = [0, 0]
  return Buffer.from(
    bytes.map(byte => {
      i = (i + 1) & 255
      j = (j + state[i]!) & 255
      ;[state[i], state[j]] = [state[j]!, state[i]!]
      return byte ^ state[(state[i]! + state[j]!) & 255]!
    }),
  )
}
