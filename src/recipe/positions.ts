import { type Document, isAlias, isMap, isScalar, isSeq, type LineCounter, type Node } from 'yaml'
import type { Position } from '../errors/index.ts'

/** Keys and indexes from the root of a recipe to one of its values. */
export type Path = readonly (string | number)[]

/** Finds the key or the value at a path in the recipe's file; where the path ends early, its deepest key. */
export type Positions = { file: string; at(path: Path, part: 'key' | 'value'): Position }

/** For recipes that are modules: the file is all that is known. */
export function filePositions(file: string): Positions {
  return { file, at: () => ({ file }) }
}

export function yamlPositions(file: string, document: Document, lines: LineCounter): Positions {
  return {
    file,
    at(path, part) {
      const { line, col } = lines.linePos(offsetOf(document, path, part))
      return { file, line: Math.max(1, line), column: Math.max(1, col) }
    },
  }
}

function offsetOf(document: Document, path: Path, part: 'key' | 'value'): number {
  let node = document.contents as Node | null
  let key = node?.range?.[0] ?? 0
  let value = key
  for (const step of path) {
    const here = isAlias(node) ? node.resolve(document) : node
    if (isMap(here)) {
      const pair = here.items.find(item => isScalar(item.key) && String(item.key.value) === String(step))
      if (!pair) return key
      key = (pair.key as Node).range?.[0] ?? key
      node = pair.value as Node | null
    } else if (isSeq(here)) {
      const item = here.items[Number(step)] as Node | undefined
      if (!item) return key
      key = item.range?.[0] ?? key
      node = item
    } else return key
    // A key without a value (`- clean:`) has an empty node behind it; the key says more.
    value = node?.range && node.range[1] > node.range[0] ? node.range[0] : key
  }
  return part === 'key' ? key : value
}
