/**
 * A document as sections of plain blocks: what the rules of the built-in teachers read. Markdown and reStructuredText
 * lose their markup, code blocks stay as they are, and what cannot be shown in an answer becomes a `gap`.
 */
export type Block =
  | { type: 'paragraph' | 'aside'; text: string }
  | { type: 'code'; text: string }
  | { type: 'list'; items: string[]; ordered: boolean }
  | { type: 'gap' }
/** `languages` are those of its code blocks, shown or not; `hidden` says that some cannot be shown. */
export type Section = { path: string[]; blocks: Block[]; languages: string[]; hidden: boolean }
export type Outline = { title: string; sections: Section[]; terms: Set<string> }

/** Stands for text that only the original page can show (an unresolved reference): its sentence is not usable. */
export const hole = '\uE000'

const wide = /[\p{Script=Han}\p{Script=Hiragana}\p{Script=Katakana}、。「」（）]/u

/** Joins wrapped lines: without a space between characters of scripts that write none. */
function unwrap(lines: string[]): string {
  let out = ''
  for (const line of lines.map(l => l.trim()).filter(l => l !== '')) {
    const glue = out === '' || (wide.test(out.at(-1)!) && wide.test(line[0]!)) ? '' : ' '
    out += glue + line
  }
  return out
}

/** Runs `change` on everything outside inline code. */
export function outsideCode(text: string, change: (part: string) => string): string {
  return text
    .split(/(``.+?``|`[^`]+`)/)
    .map((part, i) => (i % 2 ? part : change(part)))
    .join('')
}

const entities: { [name: string]: string } = {
  amp: '&',
  lt: '<',
  gt: '>',
  quot: '"',
  nbsp: ' ',
  '#39': "'",
  mdash: '—',
  ndash: '–',
}

/** Markdown inline markup to plain text; inline code keeps its marks. */
export function plainMarkdown(text: string): string {
  const linked = text
    .replace(/!\[[^\]]*\]\([^)]*\)/g, '')
    .replace(/\[\^[^\]]+\]/g, '')
    .replace(
      /\[((?:[^[\]]|\[[^\]]{0,200}\]){1,400})\](?:\([^()\s]*(?:\([^()]*\)[^()]*)*(?:\s+"[^"]*")?\)|\[[^\]]*\])/g,
      '$1',
    )
    .replace(/\[(`[^`]+`)\]/g, '$1')
    .replace(/\{#[\w-]+\}/g, '')
    .replace(/\{\{[%<].*?[%>]\}\}/g, '')
  const doubled = linked.replace(/`` ?(.+?) ?``/g, (_, code: string) => `\`${code.replaceAll('`', '')}\``)
  return outsideCode(doubled, part =>
    part
      .replace(/\\\*/g, '\uE003')
      .replace(/\\_/g, '\uE004')
      .replace(/<sup>([^<]*)<\/sup>/g, (_, power: string) => (/\s/.test(power) ? `^(${power})` : `^${power}`))
      .replace(/<\/?[A-Za-z][^<>]*>/g, '')
      .replace(/(\*\*|__)(?=\S)(.+?)(?<=\S)\1/g, '$2')
      .replace(/(?<![\w*])\*(?=[^\s*])([^*]+?)(?<=[^\s*])\*(?![\w*])/g, '$1')
      .replace(/(?<![\w_])_(?=[^\s_])([^_]+?)(?<=[^\s_])_(?![\w_])/g, '$1')
      .replace(/&(#?\w+);/g, (whole, name: string) => entities[name] ?? whole)
      .replace(/\\([\\`{}[\]()#+\-.!<>])/g, '$1')
      .replace(/\uE003/g, '*')
      .replace(/\uE004/g, '_')
      .replace(/\p{Extended_Pictographic}\uFE0F?/gu, ''),
  )
    .replace(/\*\*(`[^`]+`)\*\*/g, '$1')
    .replace(/\s+/g, ' ')
    .trim()
}

const codeRoles =
  /^(?:c-api|class|cpy-file|data|envvar|exc|file|gh-label|keyword|kbd|meth|mod|option|program|samp|attr|command|const|opcode|type|macro|makevar)$/

/** reStructuredText inline markup to plain text; roles that need their target's title become a hole. */
export function plainRst(text: string): string {
  return text
    .replace(/``(.+?)``/g, (_, code: string) => `\uE001${code}\uE002`)
    .replace(/:(?:[\w-]+:)?([\w-]+):`([^`]+)`/g, (_, role: string, body: string) => {
      const titled = /^(.+?)\s*<[^>]+>$/.exec(body)
      const name = titled?.[1] ?? body.replace(/^[~!]/, '')
      if (role === 'pep') return titled ? name : `PEP ${name}`
      if (role === 'term' || role === 'abbr') return name
      if (role === 'func') return `\uE001${name.replace(/\(\)$/, '')}()\uE002`
      if (codeRoles.test(role)) return `\uE001${name}\uE002`
      return titled ? name : hole
    })
    .replace(/`([^`<]+?)\s*<[^>]+>`__?/g, '$1')
    .replace(/`([^`]+)`__?/g, '$1')
    .replace(/(?<![\w`])([A-Za-z][\w.-]*[A-Za-z0-9])__?(?![\w`])/g, '$1')
    .replace(/\|[\w -]+\|/g, hole)
    .replace(/(\*\*|\*)(?=\S)(.+?)(?<=\S)\1/g, '$2')
    .replace(/\\(.)/g, '$1')
    .replace(/ -{2,3} /g, ' — ')
    .replace(/\p{Extended_Pictographic}\uFE0F?/gu, '')
    .replace(/[\uE001\uE002]/g, '`')
    .replace(/\s+/g, ' ')
    .trim()
}

/** Phrases set in emphasis: where a text does that with a noun, it usually introduces it. */
function emphasised(text: string): string[] {
  return [...text.matchAll(/(?<![\w*_`])(?:_([^_\n`]{3,40})_|\*\*?([^*\n`]{3,40})\*\*?)(?![\w*_`])/g)].map(m =>
    (m[1] ?? m[2])!.toLowerCase(),
  )
}

/** Code that an answer can show: not an include that only the book's build resolves, not a page-long listing. */
function codeBlock(lines: string[], info: string): Block {
  const indent = Math.min(...lines.filter(l => l.trim() !== '').map(l => /^ */.exec(l)![0].length))
  const body = lines
    .map(l => l.slice(Number.isFinite(indent) ? indent : 0))
    .join('\n')
    .replace(/^\n+|\s+$/g, '')
  const language = /^[A-Za-z0-9+#-]*/.exec(info.trim())![0]
  if (body === '' || /\{\{#|--snip--/.test(body) || lines.length > 45) return { type: 'gap' }
  return { type: 'code', text: `\`\`\`${language}\n${body}\n\`\`\`` }
}

function isRst(text: string): boolean {
  if (/^#{1,6} \S|^```/m.test(text)) return false
  return /^\.\. [\w-]+::|^\.\. _|^[^\s].*\n(?:={4,}|-{4,}|~{4,}|\^{4,}|\*{4,})$|:\w+:`|``\w/m.test(text)
}

/** `title` may be a path of headings, as chunks carry it: its first part names the document. */
export function outline(text: string, title = ''): Outline {
  const clean = text.replace(/\r\n?/g, '\n').replace(/^\uFEFF/, '')
  const rst = isRst(clean)
  const front = /^---\n([\s\S]*?)\n---\n/.exec(clean)
  const given = /^title:\s*["']?(.+?)["']?\s*$/im.exec(front?.[1] ?? '')?.[1]
  const body = (front ? clean.slice(front[0].length) : clean).replace(/<!--[\s\S]*?-->/g, '')
  const reader = rst ? new RstReader() : new MarkdownReader()
  reader.read(body.split('\n'))
  const sections = reader.sections.filter(section => section.blocks.length > 0 || section.path.length > 0)
  const name =
    plainMarkdown((given || title).split(' › ')[0]!).replace(/\s+\|.*$/, '') ||
    (reader.sections.find(s => s.path.length > 0)?.path[0] ?? '')
  return { title: name, sections, terms: new Set(emphasised(body)) }
}

/** What both readers share: the open section, its headings and the paragraph being gathered. */
class Reader {
  sections: Section[] = [{ path: [], blocks: [], languages: [], hidden: false }]
  heads: { level: number; text: string }[] = []
  lines: string[] = []
  aside = false
  plain: (text: string) => string = plainMarkdown

  heading(level: number, text: string): void {
    this.flush()
    this.heads = this.heads.filter(head => head.level < level)
    this.heads.push({ level, text: this.plain(text) })
    this.sections.push({ path: this.heads.map(head => head.text), blocks: [], languages: [], hidden: false })
  }
  code(lines: string[], info: string): void {
    const language = /^[A-Za-z]+/.exec(info.trim())?.[0].toLowerCase()
    if (language) this.sections.at(-1)!.languages.push(language)
    const block = codeBlock(lines, info)
    if (block.type === 'gap') this.sections.at(-1)!.hidden = true
    this.push(block)
  }
  push(block: Block): void {
    this.flush()
    this.sections.at(-1)!.blocks.push(block)
  }
  flush(): void {
    const text = this.plain(unwrap(this.lines))
    this.lines = []
    if (text !== '') this.sections.at(-1)!.blocks.push({ type: this.aside ? 'aside' : 'paragraph', text })
  }
  /** Reads list items that start at `i`; returns the line after them. */
  list(lines: string[], i: number, marker: RegExp): number {
    const items: string[][] = []
    let broken = false
    const base = /^ */.exec(lines[i]!)![0].length
    const ordered = /^\s*\d/.test(lines[i]!)
    let at = i
    for (; at < lines.length; at++) {
      const line = lines[at]!
      const indent = /^ */.exec(line)![0].length
      if (line.trim() === '') {
        const next = lines[at + 1] ?? ''
        if (next.trim() === '' || (/^ */.exec(next)![0].length <= base && !marker.test(next))) break
      } else if (marker.test(line) && indent <= base + 1) items.push([line.replace(marker, '')])
      else if (marker.test(line)) broken = true
      else if (/^\s*(?:```|\.\. |~~~)/.test(line) || /::$/.test(line)) broken = true
      else if (indent <= base && /[.。]\s*$/.test(lines[at - 1]!) && /^\p{Lu}/u.test(line.trim())) break
      else if (indent > base || !/^(?:#|>|<|:::)/.test(line)) items.at(-1)?.push(line)
      else break
    }
    const texts = items.map(item => this.plain(unwrap(item)))
    const usable =
      !broken && texts.length > 1 && texts.every(t => t !== '' && !t.includes(hole)) && texts.join('').length < 1500
    this.push(usable ? { type: 'list', items: texts, ordered } : { type: 'gap' })
    return at
  }
}

class MarkdownReader extends Reader {
  read(lines: string[]): void {
    const marker = /^\s*(?:[-*+]|\d+[.)])\s+/
    for (let i = 0; i < lines.length; ) {
      const line = lines[i]!
      const open = /^(\s*)(`{3,}|~{3,})(.*)$/.exec(line)
      const head = /^(#{1,6})\s+(.*?)\s*#*$/.exec(line)
      if (open) {
        let end = i + 1
        while (end < lines.length && !lines[end]!.trim().startsWith(open[2]!)) end++
        this.code(lines.slice(i + 1, end), open[3]!.replace(/[,{\s].*$/, ''))
        i = end + 1
        continue
      }
      if (head) this.heading(head[1]!.length, head[2]!)
      else if (/^\s*$/.test(line)) this.flush()
      else if (/^\s*\[[^\]]+\]:\s/.test(line)) this.flush()
      else if (/^\s*:::/.test(line)) {
        this.flush()
        this.aside = /^\s*:::+\s*\w/.test(line)
      } else if (/^\s*\|/.test(line)) {
        this.push({ type: 'gap' })
        while (i + 1 < lines.length && /^\s*\|/.test(lines[i + 1]!)) i++
      } else if (/^\s*<\/?[A-Za-z]/.test(line) && !/^\s*<https?:/.test(line)) {
        const inline = /^\s*<(?:a|b|i|em|strong|code|kbd|br)\b/i.test(line)
        if (!inline) this.push({ type: 'gap' })
        while (!lines[i]!.includes('>') && i + 1 < lines.length) i++
        if (inline) this.lines.push(line)
      } else if (/^\s*>/.test(line)) {
        this.flush()
        this.aside = true
        let kept: string[] = []
        for (; i < lines.length && /^\s*>/.test(lines[i]!); i++) {
          const text = lines[i]!.replace(/^\s*>\s?/, '')
          if (/^\[!\w+\]\s*$/.test(text)) continue
          if (/^(?:[-*]|```)/.test(text)) kept = [hole]
          if (text.trim() === '') {
            this.lines = kept
            this.flush()
            kept = []
          } else kept.push(text)
        }
        this.lines = kept
        this.flush()
        this.aside = false
        continue
      } else if (marker.test(line) && (this.lines.length === 0 || /^\s*(?:[-*+]|1[.)])\s/.test(line))) {
        this.flush()
        i = this.list(lines, i, marker)
        continue
      } else if (/^(?:-{3,}|\*{3,}|={3,})\s*$/.test(line)) this.flush()
      else this.lines.push(line)
      i++
    }
    this.flush()
  }
}

class RstReader extends Reader {
  override plain = plainRst
  marks: string[] = []
  read(lines: string[]): void {
    const marker = /^\s*(?:[-*+]|\d+[.)]|#\.)\s+/
    const rule = (line: string | undefined) => line !== undefined && /^([=\-~^"*+#'.:_])\1{2,}\s*$/.test(line)
    const indented = (from: number) => {
      let end = from
      while (end < lines.length && (lines[end]!.trim() === '' || /^\s{2,}/.test(lines[end]!))) end++
      return end
    }
    for (let i = 0; i < lines.length; ) {
      const line = lines[i]!
      const directive = /^\s*\.\. ([\w-]+)::\s*(.*)$/.exec(line)
      if (rule(line) && rule(lines[i + 2]) && lines[i + 1]?.trim()) {
        this.titled(`over${line[0]}`, lines[i + 1]!)
        i += 3
      } else if (
        line.trim() !== '' &&
        !/^\s/.test(line) &&
        rule(lines[i + 1]) &&
        lines[i + 1]!.trim().length >= line.trim().length - 1
      ) {
        this.titled(lines[i + 1]![0]!, line)
        i += 2
      } else if (directive) {
        const end = indented(i + 1)
        const content = lines.slice(i + 1, end)
        if (/^(?:code-block|code|sourcecode)$/.test(directive[1]!)) {
          this.push(
            codeBlock(
              content.filter(l => !/^\s+:\w+:/.test(l)),
              directive[2]!,
            ),
          )
        } else if (/^(?:note|important|warning|tip|hint|caution)$/.test(directive[1]!)) {
          this.flush()
          this.aside = true
          this.lines = content.some(l => /::\s*$|^\s*[-*] |\.\. /.test(l)) ? [hole] : [directive[2]!, ...content]
          this.flush()
          this.aside = false
        } else this.push({ type: 'gap' })
        i = end
      } else if (/^\s*\.\.(?:\s|$)/.test(line)) {
        this.flush()
        i = indented(i + 1)
      } else if (line.trim() === '') {
        this.flush()
        i++
      } else if (marker.test(line) && this.lines.length === 0) i = this.list(lines, i, marker)
      else if (/^\s{2,}/.test(line) && this.lines.length === 0) {
        this.push({ type: 'gap' })
        i = indented(i)
      } else {
        this.lines.push(line)
        i++
        if (/::\s*$/.test(line) && (lines[i] ?? '').trim() === '') {
          this.lines[this.lines.length - 1] = line.replace(/\s*::\s*$/, ':')
          const end = indented(i)
          this.code(lines.slice(i, end), '')
          i = end
        }
      }
    }
    this.flush()
  }
  titled(mark: string, text: string): void {
    if (!this.marks.includes(mark)) this.marks.push(mark)
    this.heading(this.marks.indexOf(mark) + 1, text.trim())
  }
}
