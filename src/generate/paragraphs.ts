/** Paragraphs as stretches of a text: blank lines end them, but not inside of fenced code. */
export function paragraphs(text: string): [start: number, end: number][] {
  const found: [number, number][] = []
  let fence: string | undefined
  let start = -1
  let at = 0
  for (const line of text.split('\n')) {
    const mark = /^\s*(```+|~~~+)/.exec(line)?.[1]
    if (line.trim() !== '' && start < 0) start = at
    if (mark) fence = fence === undefined ? mark : mark.startsWith(fence) ? undefined : fence
    if (line.trim() === '' && fence === undefined && start >= 0) {
      found.push([start, at - 1])
      start = -1
    }
    at += line.length + 1
  }
  if (start >= 0) found.push([start, text.length])
  return found
}
