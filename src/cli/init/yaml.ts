import { stringify } from 'yaml'

/** A text as YAML takes it inside of braces. */
export function scalar(value: string): string {
  const plain = stringify(value, { lineWidth: 0 }).trim()
  return /[{}[\],]/.test(value) && plain === value ? `'${value}'` : plain
}

export const flow = (entries: readonly (readonly [name: string, value: string])[]): string =>
  `{ ${entries.map(([name, value]) => `${scalar(name)}: ${value}`).join(', ')} }`

export const names = (list: readonly string[]): string =>
  list.length === 1 ? scalar(list[0]!) : `[${list.map(scalar).join(', ')}]`

/** A comment of whole sentences, in lines of at most 92 characters. */
export function note(text: string, indent = ''): string[] {
  const lines: string[] = []
  let line = /^ */.exec(text)![0]
  for (const word of text.trim().split(' ')) {
    if (line.trim() && indent.length + line.length + word.length + 3 > 92) {
      lines.push(line)
      line = ''
    }
    line += line.trim() ? ` ${word}` : word
  }
  return [...lines, line].map(one => `${indent}# ${one}`)
}
