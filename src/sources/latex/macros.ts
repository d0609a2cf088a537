import { bracketEnd, burn, type Fuel, groupEnd } from './fuel.ts'

/** A macro of the document: `body` with `#1` for what it takes, `first` where the first of these may be left out. */
type Macro = { takes: number; first?: string; body: string; as?: true }
type Frame = { text: string; at: number }

/** Deepest macro inside of macros, and how much all of them may write in relation to the text. */
const deepest = 60
const growth = 4

/** What the renderer knows is not written anew: a document sets the look of a section there, not what it is. */
export type Known = (command: string) => boolean

/**
 * The text with the macros of the document expanded, in prose and in formulas, and without their definitions: newcommand and
 * its kin, def with plain parameters, let, environments, newif. Conditions that are not known count as false. Names of
 * theorems are gathered by the environment they belong to.
 */
export function expand(
  source: string,
  known: Known,
  fuel: Fuel,
): { text: string; theorems: Map<string, string>; definitions: number } {
  const macros = new Map<string, Macro>()
  const environments = new Map<string, { takes: number; first?: string; begin: string; end: string }>()
  const theorems = new Map<string, string>()
  const flags = new Map<string, boolean>()
  const out: string[] = []
  const frames: Frame[] = [{ text: source, at: 0 }]
  let room = growth * source.length + 20_000

  const top = (): Frame => frames.at(-1)!
  /** Leaves what is read to its end, so that an argument may stand after the macro that asks for it. */
  const settle = (): Frame => {
    while (frames.length > 1 && top().at >= top().text.length) frames.pop()
    return top()
  }
  const write = (text: string): void => {
    if (text !== '') out.push(text)
  }
  /** Written words do not grow into commands: `\alpha` before a letter. */
  const writeCommand = (name: string): void => {
    write(`\\${name}`)
  }
  function push(text: string): boolean {
    if (frames.length > deepest || room < text.length) return false
    room -= text.length
    frames.push({ text, at: 0 })
    return true
  }
  function skipBlank(): void {
    const frame = settle()
    const blank = /[ \t]*(?:\n[ \t]*)?/y
    blank.lastIndex = frame.at
    blank.test(frame.text)
    frame.at = blank.lastIndex
  }
  function optional(): string | undefined {
    const frame = settle()
    const blank = /[ \t]*(?:\n[ \t]*)?\[/y
    blank.lastIndex = frame.at
    if (!blank.test(frame.text)) return undefined
    const from = blank.lastIndex
    const end = bracketEnd(frame.text, from - 1, fuel)
    if (end < 0) return undefined
    frame.at = end
    return frame.text.slice(from, end - 1)
  }
  /** A group without its braces, else one command or character. */
  function argument(): string {
    skipBlank()
    const { text, at } = settle()
    if (at >= text.length) return ''
    if (text[at] === '{') {
      const end = groupEnd(text, at, fuel)
      if (end < 0) return ''
      top().at = end
      return text.slice(at + 1, end - 1)
    }
    if (text[at] === '}') return ''
    const one = /\\(?:[A-Za-z@]+|[\s\S])|\ufdd0\d+\ufdd1|[\s\S]/uy
    one.lastIndex = at
    const found = one.exec(text)![0]
    top().at = one.lastIndex
    return found
  }
  const nameIn = (text: string): string | undefined => /^\s*\\([A-Za-z@]+|[^A-Za-z])\s*$/.exec(text)?.[1]
  function star(): void {
    const frame = settle()
    if (frame.text[frame.at] === '*') frame.at++
  }
  function filled({ takes, first, body }: Pick<Macro, 'takes' | 'first' | 'body'>): string {
    const given: string[] = []
    for (let i = 0; i < takes; i++) given.push(i === 0 && first !== undefined ? (optional() ?? first) : argument())
    if (takes === 0) return body
    return body.replace(/#(#|[1-9])/g, (_, n: string) => (n === '#' ? '#' : (given[Number(n) - 1] ?? '')))
  }

  function newCommand(provide: boolean): void {
    star()
    const name = nameIn(argument())
    const takes = Math.min(9, Number(optional() ?? 0) || 0)
    const first = takes > 0 ? optional() : undefined
    const body = argument()
    if (name !== undefined && !known(name) && !(provide && macros.has(name)))
      macros.set(name, macroOf(takes, first, body))
  }
  /** Parameters that are told by what stands around them are beyond this: such a macro takes nothing and gives nothing. */
  function def(): void {
    skipBlank()
    const { text, at } = settle()
    const head = /\\([A-Za-z@]+|[^A-Za-z])\s*((?:#[1-9]\s*){0,9})(?=\{)/y
    head.lastIndex = at
    const found = head.exec(text)
    if (!found) {
      // Delimited parameters: up to the body, which goes as well.
      const rest = /\\(?:[A-Za-z@]+|[^A-Za-z])[^{}\n]{0,200}(?=\{)/y
      rest.lastIndex = at
      if (!rest.test(text)) return
      top().at = rest.lastIndex
      argument()
      return
    }
    top().at = head.lastIndex
    const body = argument()
    const takes = found[2]!.split('#').length - 1
    if (!known(found[1]!)) macros.set(found[1]!, macroOf(takes, undefined, body))
  }
  function alias(): void {
    skipBlank()
    const { text, at } = settle()
    const head = /\\([A-Za-z@]+|[^A-Za-z])\s*=?\s?(?:\\([A-Za-z@]+|[^A-Za-z])|[^\s\\])/y
    head.lastIndex = at
    const found = head.exec(text)
    if (!found) return
    top().at = head.lastIndex
    const [, name = '', other] = found
    if (other === undefined || known(name)) return
    macros.set(name, macros.get(other) ?? { takes: 0, body: `\\${other}`, as: true })
  }
  /** `\NewDocumentCommand\x{m o O{..}}`, as far as all but the first are mandatory. */
  function documentCommand(): void {
    const name = nameIn(argument())
    const spec = argument().replace(/[+!\s]/g, '')
    const body = argument()
    const found = /^(o|O\{([^{}]*)\}|s)?(m{0,9})$/.exec(spec)
    if (name === undefined || known(name) || !found || found[1] === 's') return
    const first = found[1] === undefined ? undefined : (found[2] ?? '')
    macros.set(name, macroOf(found[3]!.length + (first === undefined ? 0 : 1), first, body))
  }
  function newEnvironment(): void {
    star()
    const name = argument().trim()
    const takes = Math.min(9, Number(optional() ?? 0) || 0)
    const first = takes > 0 ? optional() : undefined
    const [begin, end] = [argument(), argument()]
    if (!known(`begin ${name}`))
      environments.set(name, { takes, ...(first === undefined ? {} : { first }), begin: tame(begin), end: tame(end) })
  }
  function newTheorem(command: string): void {
    star()
    const options = optional()
    const name = argument().trim()
    const after = optional()
    if (command !== 'declaretheorem') {
      const title = argument().trim()
      optional()
      if (name !== '' && title !== '') theorems.set(name, title)
      return
    }
    const title = /(?:^|,)\s{0,9}(?:name|title)\s{0,9}=\s{0,9}\{?([^,{}]{1,80})/.exec(options ?? after ?? '')?.[1]
    theorems.set(name, title ?? name.charAt(0).toUpperCase() + name.slice(1))
  }

  /** To the branch that counts; the rest of the condition is passed over. */
  const branches: boolean[] = []
  function skipBranch(toElse: boolean): 'else' | 'end' | undefined {
    const frame = settle()
    const { text } = frame
    const word = /\\(if[A-Za-z@]*|else|fi|or)(?![A-Za-z@])/g
    word.lastIndex = frame.at
    let depth = 0
    for (let found = word.exec(text); found; found = word.exec(text)) {
      const name = found[1]!
      burn(fuel, word.lastIndex - frame.at > 0 ? 20 : 0)
      if (name === 'fi' && depth-- === 0) {
        burn(fuel, found.index - frame.at)
        frame.at = word.lastIndex
        return 'end'
      }
      if (name === 'else' && depth === 0 && toElse) {
        burn(fuel, found.index - frame.at)
        frame.at = word.lastIndex
        return 'else'
      }
      if (isCondition(name, text, word.lastIndex)) depth++
    }
    burn(fuel, text.length - frame.at)
    return undefined
  }
  function condition(name: string): void {
    const value = name === 'iftrue' || (name !== 'iffalse' && (flags.get(name.slice(2)) ?? false))
    if (value) branches.push(true)
    else if (skipBranch(true) === 'else') branches.push(true)
  }

  for (;;) {
    const frame = settle()
    if (frame.at >= frame.text.length) break
    const next = frame.text.indexOf('\\', frame.at)
    const to = next < 0 ? frame.text.length : next
    // A letter after a macro that ended with a command would become part of it.
    if (to > frame.at && /\\[A-Za-z]+$/.test(out.at(-1) ?? '') && /[A-Za-z]/.test(frame.text[frame.at]!)) write(' ')
    write(frame.text.slice(frame.at, to))
    burn(fuel, to - frame.at)
    frame.at = to
    if (next < 0) continue
    const word = /[A-Za-z@]+/y
    word.lastIndex = to + 1
    const name = word.exec(frame.text)?.[0]
    if (name === undefined) {
      const sign = frame.text[to + 1] ?? ''
      const macro = macros.get(sign)
      frame.at = to + 2
      if (!macro || macro.as || !push(filled(macro))) write(`\\${sign}`)
      continue
    }
    frame.at = word.lastIndex
    const macro = macros.get(name)
    if (macro?.as) writeCommand(macro.body.slice(1))
    else if (macro) {
      const { at } = frame
      if (macro.takes === 0) skipBlank()
      if (!push(filled(macro))) {
        // Too deep: it stays as it stands.
        if (frames.includes(frame)) frame.at = at
        writeCommand(name)
      }
    } else if (/^(?:re)?newcommand$|^DeclareRobustCommand$/.test(name)) newCommand(false)
    else if (name === 'providecommand') newCommand(true)
    else if (name === 'DeclareMathOperator') {
      star()
      const operator = nameIn(argument())
      const body = argument()
      if (operator !== undefined) macros.set(operator, { takes: 0, body: `\\operatorname{${body}}` })
    } else if (/^[egx]?def$/.test(name)) def()
    else if (name === 'let' || name === 'futurelet') alias()
    else if (/^(?:New|Renew|Provide|Declare)DocumentCommand$/.test(name)) documentCommand()
    else if (/^(?:re)?newenvironment$/.test(name)) newEnvironment()
    else if (name === 'newtheorem' || name === 'spnewtheorem' || name === 'declaretheorem') newTheorem(name)
    else if (name === 'newif') {
      const flag = nameIn(argument())
      if (flag?.startsWith('if')) flags.set(flag.slice(2), false)
    } else if (/(?:true|false)$/.test(name) && flags.has(name.replace(/(?:true|false)$/, '')))
      flags.set(name.replace(/(?:true|false)$/, ''), name.endsWith('true'))
    else if (isCondition(name, frame.text, frame.at)) condition(name)
    else if (name === 'else' && branches.length > 0) {
      branches.pop()
      skipBranch(false)
    } else if (name === 'fi' || name === 'else') branches.pop()
    else if (name === 'begin' || name === 'end') {
      const { at } = frame
      const environment = environments.get(argument().trim())
      if (
        !environment ||
        !push(name === 'end' ? environment.end : filled({ ...environment, body: environment.begin }))
      ) {
        frame.at = at
        writeCommand(name)
      }
    } else writeCommand(name)
  }
  return { text: out.join(''), theorems, definitions: macros.size + environments.size + theorems.size }
}

const macroOf = (takes: number, first: string | undefined, body: string): Macro => ({
  takes,
  ...(first === undefined ? {} : { first }),
  body: tame(body),
})

/** Bodies that program TeX are not run: they come to nothing. */
const tame = (body: string): string =>
  /\\(?:catcode|expandafter|csname|futurelet|noexpand|@ifnextchar)(?![A-Za-z])/.test(body) ? '' : body

/** `\iff` is a sign, and those of packages take their branches in braces. */
function isCondition(name: string, text: string, after: number): boolean {
  if (!name.startsWith('if') || name === 'iff' || name === 'ifthenelse') return false
  return text[after] !== '{' && !/^iftag/.test(name)
}
