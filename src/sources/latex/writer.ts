/** What stands before lines inside of a list or a quotation: `first` once, at its first line. */
type Container = { first?: string; rest: string; list?: boolean; begun?: boolean }
type Block = { text: string; level?: number; tight?: boolean; name?: string; prefix?: string }

/** A break of a line that stays one. */
export const lineBreak = '\ufdd2'

const cjk = '\\u3001-\\u30ff\\u3400-\\u9fff\\uf900-\\ufaff\\uff01-\\uff60'
const joins = new RegExp(`(?<=[${cjk}])\\n(?=[${cjk}])`, 'g')

/** One paragraph of lines: ends of lines are spaces, and nothing between characters of Chinese and Japanese. */
export function flowed(text: string): string {
  return text
    .replace(/[ \t\u00a0]+/g, ' ')
    .replace(/ ?\n ?/g, '\n')
    .replace(joins, '')
    .replace(/[ \n]+/g, ' ')
    .replace(/ +(?=[.,;:](?:\s|$))/g, '')
    .replace(/\( +/g, '(')
    .replace(/ ?\ufdd2[ \ufdd2]*/g, '\n')
    .trim()
}

/** Gathers blocks of Markdown with their headings; `containers` are the lists and quotations it stands in. */
export class Writer {
  readonly blocks: Block[] = []
  readonly containers: Container[] = []
  readonly notes: string[] = []
  line: string[] = []
  private noted = 0

  text(piece: string): void {
    this.line.push(piece)
  }

  /** The last character that was written in this paragraph. */
  get last(): string {
    return this.line.at(-1)?.at(-1) ?? ''
  }

  /** Ends the paragraph; notes that were made in it follow. */
  end(): void {
    const text = flowed(this.line.join(''))
    this.line = []
    // What begins like a heading, a rule or a quotation is none.
    if (text !== '') this.put(text.replace(/^(?=#{1,6}\s|>|(?:[-*_] ?){3,}$)/, '\\'))
    while (this.noted < this.notes.length) {
      const n = this.noted++
      this.put(`[^${n + 1}]: ${this.notes[n]}`)
    }
  }

  block(text: string, more: Pick<Block, 'level' | 'name'> = {}): void {
    this.end()
    if (text.trim() !== '') this.put(text, more)
  }

  private put(text: string, more: Pick<Block, 'level' | 'name'> = {}): void {
    const own = this.containers.at(-1)
    // Items stand line by line; the first one has a blank line before it, but inside of another item.
    const tight = own?.list === true && own.first !== undefined && (own.begun === true || this.containers.length > 1)
    if (own) own.begun = true
    const head = this.containers.map(one => one.first ?? one.rest).join('')
    const rest = this.containers.map(one => one.rest).join('')
    for (const one of this.containers) delete one.first
    const lines = text.split('\n')
    const whole = lines.map((line, i) => ((i === 0 ? head : rest) + line).trimEnd()).join('\n')
    this.blocks.push({ text: whole, tight, prefix: rest.trimEnd().endsWith('>') ? rest.trimEnd() : '', ...more })
  }
}

/** Markdown of blocks, with the places of headings. */
export function joined(blocks: readonly Block[]): { text: string; headings: [at: number, name: string][] } {
  const levels = [...new Set(blocks.flatMap(({ level }) => (level === undefined ? [] : [level])))].sort((a, b) => a - b)
  const out: string[] = []
  const headings: [number, string][] = []
  let at = 0
  let before: Block | undefined
  for (const block of blocks) {
    const between = !before
      ? ''
      : block.tight && before.level === undefined
        ? '\n'
        : before.prefix && block.prefix
          ? `\n${block.prefix}\n`
          : '\n\n'
    const mark = block.level === undefined ? '' : `${'#'.repeat(Math.min(6, 1 + levels.indexOf(block.level)))} `
    if (block.name) headings.push([at + between.length, block.name])
    out.push(between, mark, block.text)
    at += between.length + mark.length + block.text.length
    before = block
  }
  return { text: out.join(''), headings }
}
