import { letters, roman } from '../markup/markdown.ts'
import { attribute, childOf, childrenOf, type Xml } from '../markup/xml.ts'
import { isOn } from './styles.ts'

type Level = {
  format: string
  text: string
  start: number
  legal: boolean
  restart: number | undefined
  style: string | undefined
}
type List = { levels: Level[]; counts: string; starts: Map<number, number> }

/** Counts the items of lists as Word does. `label` is what stands before a paragraph: `3.`, `(b)`, `2.1`; empty for bullets. */
export type Numbering = {
  /** Undefined where the paragraph has no number and no bullet. */
  next(id: string, level: number): string | undefined
  /** The level that a style stands for in a list. */
  levelOf(id: string, style: string | undefined): number | undefined
}

export function numberingOf(root: Xml | undefined): Numbering {
  const numbering = root && childOf(root, 'numbering')
  const abstracts = new Map(
    (numbering ? childrenOf(numbering, 'abstractNum') : []).map(one => [attribute(one, 'abstractNumId'), one]),
  )
  const lists = new Map<string, List>()
  for (const num of numbering ? childrenOf(numbering, 'num') : []) {
    const counts = attribute(childOf(num, 'abstractNumId'), 'val') ?? ''
    const named = abstracts.get(counts)
    // A definition may stand elsewhere, under the name of a style of lists.
    const link = attribute(childOf(named, 'numStyleLink'), 'val')
    const abstract =
      link === undefined
        ? named
        : [...abstracts.values()].find(one => attribute(childOf(one, 'styleLink'), 'val') === link)
    if (!abstract) continue
    const levels: Level[] = []
    for (const level of childrenOf(abstract, 'lvl')) levels[Number(attribute(level, 'ilvl')) || 0] = levelFrom(level)
    const starts = new Map<number, number>()
    for (const override of childrenOf(num, 'lvlOverride')) {
      const at = Number(attribute(override, 'ilvl')) || 0
      const own = childOf(override, 'lvl')
      if (own) levels[at] = levelFrom(own)
      const start = attribute(childOf(override, 'startOverride'), 'val')
      if (start !== undefined) starts.set(at, Number(start) || 0)
    }
    lists.set(attribute(num, 'numId') ?? '', { levels, counts, starts })
  }
  // Lists of one definition count on together, until one of them begins anew.
  const counters = new Map<string, number[]>()
  const begun = new Set<string>()
  return {
    next(id, level) {
      const list = lists.get(id)
      const own = list?.levels[level]
      if (!list || !own || level > 8) return undefined
      const counts = counters.get(list.counts) ?? []
      counters.set(list.counts, counts)
      const start = list.starts.get(level)
      if (start !== undefined && !begun.has(`${id} ${level}`)) counts[level] = start - 1
      begun.add(`${id} ${level}`)
      counts[level] = (counts[level] ?? own.start - 1) + 1
      for (let deeper = level + 1; deeper < 9; deeper++) {
        const restart = list.levels[deeper]?.restart
        if (restart === undefined || (restart > 0 && level < restart)) delete counts[deeper]
      }
      if (own.format === 'bullet') return ''
      if (own.format === 'none' && own.text === '') return undefined
      return own.text.replace(/%([1-9])/g, (_, digit: string) => {
        const at = Number(digit) - 1
        const of = list.levels[at]
        return counted(counts[at] ?? of?.start ?? 1, own.legal ? 'decimal' : (of?.format ?? 'decimal'))
      })
    },
    levelOf(id, style) {
      const found = lists.get(id)?.levels.findIndex(level => level?.style !== undefined && level.style === style) ?? -1
      return found < 0 ? undefined : found
    },
  }
}

function levelFrom(level: Xml): Level {
  const restart = attribute(childOf(level, 'lvlRestart'), 'val')
  return {
    format: attribute(childOf(level, 'numFmt'), 'val') ?? 'decimal',
    text: attribute(childOf(level, 'lvlText'), 'val') ?? '',
    start: Number(attribute(childOf(level, 'start'), 'val') ?? 1) || 0,
    legal: isOn(childOf(level, 'isLgl')),
    restart: restart === undefined ? undefined : Number(restart),
    style: attribute(childOf(level, 'pStyle'), 'val'),
  }
}

const kanji = '〇一二三四五六七八九'

function counted(value: number, format: string): string {
  switch (format) {
    case 'lowerLetter':
      return value > 0 ? letters(value, 'a') : String(value)
    case 'upperLetter':
      return value > 0 ? letters(value, 'A') : String(value)
    case 'lowerRoman':
      return roman(value).toLowerCase()
    case 'upperRoman':
      return roman(value)
    case 'decimalZero':
      return String(value).padStart(2, '0')
    case 'decimalEnclosedCircle':
      return value >= 1 && value <= 20 ? String.fromCodePoint(0x245f + value) : String(value)
    case 'decimalFullWidth':
      return String(value).replace(/\d/g, digit => String.fromCodePoint(0xff10 + Number(digit)))
    case 'aiueo':
    case 'aiueoFullWidth':
      return [...'アイウエオカキクケコサシスセソタチツテトナニヌネノ'][value - 1] ?? String(value)
    case 'iroha':
    case 'irohaFullWidth':
      return [...'イロハニホヘトチリヌルヲワカヨタレソツネナラムウ'][value - 1] ?? String(value)
    case 'japaneseCounting':
    case 'chineseCounting':
    case 'chineseCountingThousand':
    case 'ideographDigital':
    case 'japaneseDigitalTenThousand':
      return value < 100 ? inKanji(value) : String(value)
    case 'none':
      return ''
    default:
      return String(value)
  }
}

function inKanji(value: number): string {
  if (value < 10) return kanji[value] ?? String(value)
  const [tens, ones] = [Math.floor(value / 10), value % 10]
  return `${tens > 1 ? kanji[tens] : ''}十${ones > 0 ? kanji[ones] : ''}`
}
