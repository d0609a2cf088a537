import type { Opened } from './open.ts'
import { type Codes, type Drawn, type Matrix, placed, ruler, times } from './rules.ts'
import { type Box, type Face, median, type Rule, type Run, type Sheet } from './sheet.ts'

type Style = { fontFamily?: string; vertical?: boolean }
type Item = { str: string; width: number; height: number; transform: Matrix; fontName: string }
/** A run with the direction in which it is written: 0 to the right, 1 down, 2 to the left, 3 up; undefined for askew. */
type Turned = { run: Run; turn: number | undefined }

/** What one page shows. Throws whatever pdf.js throws about the page. */
export async function readPage({ pdfjs, file }: Opened, number: number): Promise<Sheet> {
  const page = await file.getPage(number)
  try {
    const { transform, width, height } = page.getViewport({ scale: 1 })
    const content = await page.getTextContent()
    const drawn = await drawing(page, pdfjs.OPS as unknown as Codes, transform as unknown as Matrix)
    const faces = new Map<string, Face>()
    const face = (name: string): Face => {
      const known = faces.get(name)
      if (known) return known
      const found = faceOf(fontOf(page, name), content.styles[name] as Style | undefined)
      faces.set(name, found)
      return found
    }
    const shown: Turned[] = []
    const advances = new Map<Face, number[]>()
    const items = (content.items as unknown as Item[]).filter(item => item.str !== undefined && item.str.trim() !== '')
    const ciphers = ciphersOf(items)
    const letters = { all: 0, garbled: 0 }
    for (const item of items) {
      letters.all += item.str.length
      if (ciphers.has(item.fontName)) {
        letters.garbled += item.str.length
        continue
      }
      letters.garbled += item.str.match(nothing)?.filter(sign => !bullets[sign]).length ?? 0
      const font = fontOf(page, item.fontName)
      const text = cleaned(/dingbats|wingdings/i.test(font.name ?? '') ? symbols(item.str, font.name!) : item.str)
      if (text.trim() === '') continue
      const vertical = (content.styles[item.fontName] as Style | undefined)?.vertical === true
      const turned = runOf(item, text, times(transform as unknown as Matrix, item.transform), vertical)
      turned.run.face = face(item.fontName)
      if (item.str.length >= 4 && item.height > 0)
        listed(advances, turned.run.face).push(item.width / item.height / item.str.length)
      shown.push(turned)
    }
    for (const [one, widths] of advances) if (one.mono && isUneven(widths)) one.mono = false
    const { garbled, all } = letters
    return {
      page: number,
      painted: drawn.painted,
      garbled,
      letters: all,
      ...upright(shown, drawn.rules, width, height),
    }
  } finally {
    page.cleanup()
  }
}

/** Fonts whose codes stand for other letters than they say, as charts have them: nearly all signs, of many kinds. */
function ciphersOf(items: readonly Item[]): Set<string> {
  const texts = new Map<string, string[]>()
  for (const { str, fontName } of items) listed(texts, fontName).push(str.replace(/\s|(.)\1{2,}/g, ''))
  const found = new Set<string>()
  for (const [name, parts] of texts) {
    const text = parts.join('')
    const signs = text.match(/[!-/:-@[-`{-~]/g) ?? []
    if (text.length >= 30 && signs.length > 0.45 * text.length && new Set(signs).size >= 8) found.add(name)
  }
  return found
}

/** Characters that say nothing. */
const nothing = /[\p{Co}\ufffd]|(?![\t\n\r])\p{Cc}/gu

/** Symbols that fonts for bullets have in the area for private use. */
const bullets: { [code: string]: string } = {
  '\uf0b7': '•',
  '\uf0a7': '▪',
  '\uf0d8': '➢',
  '\uf0fc': '✓',
  '\uf0a8': '◦',
}

function listed<K, V>(lists: Map<K, V[]>, key: K): V[] {
  const list = lists.get(key) ?? []
  lists.set(key, list)
  return list
}

/** Letters of different widths: many fonts are said to have one width, and have not. Gaps in a run make it wider. */
function isUneven(widths: readonly number[]): boolean {
  const usual = median(widths) ?? 0
  return widths.filter(width => Math.abs(width - usual) < 0.04 * usual).length < 0.6 * widths.length
}

const wingdings: { [plain: string]: string } = {
  l: '●',
  n: '■',
  '§': '▪',
  ü: '✓',
  û: '✗',
  Ø: '➢',
  q: '❑',
  v: '❖',
  à: '→',
}
const zapf: { [plain: string]: string } = {
  '%': '☎',
  '*': '☛',
  '+': '☞',
  H: '★',
  l: '●',
  n: '■',
  s: '▲',
  t: '▼',
  u: '◆',
  w: '◗',
}

/** What fonts of symbols show for letters, where the file says nothing of it. */
function symbols(text: string, font: string): string {
  const own = /wingdings/i.test(font) ? wingdings : zapf
  return text.replace(/[!-~\u00a1-\u00ff]/g, letter => {
    const code = letter.charCodeAt(0)
    return own[letter] ?? (own === zapf && code < 0x7f ? String.fromCharCode(0x2700 + code - 0x20) : letter)
  })
}

function cleaned(text: string): string {
  return text
    .replace(nothing, character => bullets[character] ?? '')
    .replace(/[\ufb00-\ufb06]/g, ligature => ligature.normalize('NFKC'))
    .replace(/[\ufe10-\ufe19\ufe30-\ufe48]/g, upright => fullWidth(upright.normalize('NFKC')))
    .replace(/[\u00a0\u2000-\u200a\u202f\t]/g, ' ')
    .replace(/[\u200b\u2060\ufeff]/g, '')
}

/** Signs as they stand between characters of full width. */
const fullWidth = (sign: string): string =>
  sign.replace(/^[!-~]$/, plain => String.fromCharCode(plain.charCodeAt(0) + 0xfee0))

/** A page that draws more than this is a drawing: its lines are not looked for, and what it draws is not held. */
const mostDrawn = 100_000

type Chunk = Drawn & { lastChunk: boolean }
type Pumped = { _renderPageChunk?(chunk: Chunk, state: { streamReader?: { cancel(why: Error): void } }): void }

/**
 * Lines that the page draws. pdf.js loads what fonts are called only with the operators of a page, and would hold them all:
 * each stretch is looked at and let go.
 */
async function drawing(
  page: Awaited<ReturnType<Opened['file']['getPage']>>,
  codes: Codes,
  base: Matrix,
): Promise<{ rules: Rule[]; painted: boolean }> {
  const { take, seen } = ruler(codes, base)
  const pumped = page as unknown as Pumped
  const held = pumped._renderPageChunk
  let count = 0
  if (held)
    pumped._renderPageChunk = (chunk, state) => {
      if (count > mostDrawn) return
      count += chunk.fnArray.length
      take(chunk)
      const enough = count > mostDrawn
      const last = chunk.lastChunk || enough
      held.call(page, { ...chunk, fnArray: [], argsArray: [], length: 0, lastChunk: last } as Chunk, state)
      if (enough) state.streamReader?.cancel(new Error('enough is seen'))
    }
  try {
    const list = await page.getOperatorList()
    if (!held) take(list as unknown as Drawn)
    return count > mostDrawn ? { rules: [], painted: true } : seen()
  } catch {
    // Lines and names of fonts help the text, which is there without them.
    return { rules: [], painted: true }
  }
}

type Font = { name?: string; bold?: boolean; black?: boolean; italic?: boolean }

function fontOf(page: Awaited<ReturnType<Opened['file']['getPage']>>, name: string): Font {
  const objects = (page as unknown as { commonObjs: { has(name: string): boolean; get(name: string): Font } })
    .commonObjs
  return objects.has(name) ? objects.get(name) : {}
}

/** Weight and width out of the names that makers of fonts give, as the flags in files are often unset or wrong. */
function faceOf({ name = '', bold, black, italic }: Font, style: Style | undefined): Face {
  const plain = name.replace(/^[A-Z]{6}\+/, '')
  const named = /mono|courier|consol|menlo|typewriter|inconsolata|source ?code|fira ?code|^cmtt|^txtt|^ectt|fixed/i
  const proportional = /^cm(?!tt)|gothic|mincho|ming|song|hei|kai/i
  return {
    bold: bold === true || black === true || /bold|black|heavy|semibold|demi|medi(?!um)|^cmbx|^sfbx|-b$/i.test(plain),
    italic: italic === true || /ital|obli|slant|^cmti|^cmmi/i.test(plain),
    mono: named.test(plain) || (style?.fontFamily === 'monospace' && !proportional.test(plain)),
  }
}

/** `at` takes the unit square of the font to the sheet. */
function runOf(item: Item, text: string, at: Matrix, vertical: boolean): Turned {
  const size = vertical ? Math.hypot(at[0], at[1]) : Math.hypot(at[2], at[3]) || Math.hypot(at[0], at[1])
  const length = vertical ? item.height : item.width
  // The way of the writing: along x of the font, or down its y.
  const [dx, dy] = vertical ? [-at[2], -at[3]] : [at[0], at[1]]
  const angle = Math.atan2(dy, dx) / (Math.PI / 2)
  const nearest = Math.round(angle)
  const turn = Math.abs(angle - nearest) < 0.03 ? (nearest + 4) % 4 : undefined
  const norm = Math.hypot(dx, dy) || 1
  const [x, y] = placed(at, 0, 0)
  const end = [x + (dx / norm) * length, y + (dy / norm) * length] as const
  const run = { text, size, baseline: 0, face: { bold: false, italic: false, mono: false }, ...spread([x, y], end) }
  // Vertical writing is centred on its line; the position of a glyph is at its top.
  const below = vertical ? size * 0.35 : 0
  return { run: { ...run, baseline: below }, turn }
}

const spread = (from: readonly [number, number], to: readonly [number, number]): Box => ({
  left: Math.min(from[0], to[0]),
  right: Math.max(from[0], to[0]),
  top: Math.min(from[1], to[1]),
  bottom: Math.max(from[1], to[1]),
})

/** Turns the page so that most of its text reads to the right; text in another direction (stamps, axes) is left out. */
function upright(
  shown: Turned[],
  rules: Rule[],
  width: number,
  height: number,
): Pick<Sheet, 'runs' | 'rules' | 'width' | 'height'> {
  const letters = [0, 0, 0, 0]
  for (const { run, turn } of shown) if (turn !== undefined) letters[turn]! += run.text.length
  const main = letters.indexOf(Math.max(...letters))
  const box = (given: Box): Box => {
    if (main === 1)
      return { left: given.top, right: given.bottom, top: width - given.right, bottom: width - given.left }
    if (main === 2)
      return {
        left: width - given.right,
        right: width - given.left,
        top: height - given.bottom,
        bottom: height - given.top,
      }
    if (main === 3)
      return { left: height - given.bottom, right: height - given.top, top: given.left, bottom: given.right }
    return given
  }
  const runs: Run[] = []
  for (const { run, turn } of shown) {
    if (turn !== main) continue
    const turned = box(run)
    const baseline = turned.bottom + run.baseline
    runs.push({ ...run, ...turned, baseline, top: baseline - run.size * 0.75, bottom: baseline + run.size * 0.2 })
  }
  return {
    runs: inside(withoutShadows(runs), main % 2 === 1 ? height : width, main % 2 === 1 ? width : height),
    rules: rules.map(rule => ({ ...box(rule), across: main % 2 === 1 ? !rule.across : rule.across })),
    width: main % 2 === 1 ? height : width,
    height: main % 2 === 1 ? width : height,
  }
}

/** What lies off the page is not seen by anybody. */
function inside(runs: Run[], width: number, height: number): Run[] {
  return runs.filter(run => run.right > 0 && run.left < width && run.bottom > 0 && run.top < height)
}

/** Without text that is printed twice on nearly one place, as some programs make bold type and shadows. */
function withoutShadows(runs: Run[]): Run[] {
  const seen = new Map<string, Run[]>()
  return runs.filter(run => {
    const same = seen.get(run.text) ?? []
    seen.set(run.text, [...same.slice(-20), run])
    const near = (other: Run): boolean =>
      Math.abs(other.left - run.left) < run.size * 0.15 && Math.abs(other.baseline - run.baseline) < run.size * 0.15
    return !same.some(near)
  })
}
