/** Paragraphs as stretches of a text: blank lines end them, but not inside of fenced code. */
function paragraphs(text: string): [start: number, end: number][] {
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

/** Headings, front matter, comments and lists of link targets: they belong to the page and are no part of an answer's ends. */
const beside =
  /^(?:#{1,6}[ \t].*|[^\n]*\n[=-]{3,}|(?:---|\+\+\+)\n[\s\S]*\n(?:---|\+\+\+)|<!--[\s\S]*-->|(?:\[[^\]\n]+\]:[^\n]*\n?)+)\s*$/

/**
 * A stretch of a document that can stand as an answer: all of it below its title where that is short enough, else whole
 * paragraphs from the beginning of a section on, as many sections as fit, chosen by `random`. Lengths are characters;
 * undefined where nothing of that length is there.
 */
export function extractOf(
  text: string,
  [least, most]: readonly [number, number],
  random: () => number,
): [start: number, end: number] | undefined {
  const parts = paragraphs(text)
  const titles = parts.map(([start, end]) => beside.test(text.slice(start, end)))
  const closes = (i: number) => !titles[i] && (titles[i + 1] ?? true)
  const runs = parts.flatMap(([start], i): { span: [number, number]; opens: boolean; whole: boolean }[] => {
    if (titles[i]) return []
    const ends: { j: number; end: number }[] = []
    for (let j = i; j < parts.length; j++) {
      const end = trimmedEnd(text, start, parts[j]![1])
      if (end - start > most) break
      if (!titles[j] && end - start >= least) ends.push({ j, end })
    }
    const last = ends.findLast(({ j }) => closes(j)) ?? ends.at(-1)
    if (!last) return []
    const opens = i === 0 || titles[i - 1]!
    return [
      {
        span: [start, last.end],
        opens,
        whole: i === titles.indexOf(false) && last.j === titles.lastIndexOf(false),
      },
    ]
  })
  const sections = runs.filter(({ opens }) => opens)
  const among = sections.length > 0 ? sections : runs
  return (runs.find(({ whole }) => whole) ?? among[Math.floor(random() * among.length)])?.span
}

/** Where the text before `end` ends without the white space behind it. */
function trimmedEnd(text: string, start: number, end: number): number {
  let at = end
  while (at > start && /\s/.test(text[at - 1]!)) at--
  return at
}
