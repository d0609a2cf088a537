/** Letters of the font Symbol by the codes of Latin ones: it is the Greek alphabet as one would type it. */
const symbol = new Map([
  ...[...'ABGDEZHQIKLMNXOPRSTUFCYW'].map((from, i) => [from, [...'ΑΒΓΔΕΖΗΘΙΚΛΜΝΞΟΠΡΣΤΥΦΧΨΩ'][i]!] as const),
  ...[...'abgdezhqiklmnxoprstufcywVj'].map((from, i) => [from, [...'αβγδεζηθικλμνξοπρστυφχψωςϕ'][i]!] as const),
  ...([
    ['\u00b7', '•'],
    ['\u00b1', '±'],
    ['\u00b4', '×'],
    ['\u00b8', '÷'],
    ['\u00a3', '≤'],
    ['\u00b3', '≥'],
  ] as const),
  ...([
    ['\u00b9', '≠'],
    ['\u00bb', '≈'],
    ['\u00a5', '∞'],
    ['\u00b6', '∂'],
    ['\u00ae', '→'],
    ['\u00ac', '←'],
  ] as const),
  ...([
    ['\u00de', '⇒'],
    ['\u00dc', '⇐'],
    ['\u00ce', '∈'],
    ['\u00e5', '∑'],
    ['\u00d6', '√'],
    ['\u00f2', '∫'],
  ] as const),
  ...([
    ['\u00b0', '°'],
    ['\u00a2', '′'],
    ['\u00b2', '″'],
    ['\u00d1', '∇'],
    ['\u00d7', '⋅'],
  ] as const),
])
/** Of the fonts of pictures only what is used for boxes, ticks and arrows; bullets are the list's. */
const wingdings = new Map([
  ['\u00fc', '✓'],
  ['\u00fb', '✗'],
  ['\u00fe', '☑'],
  ['\u00a8', '☐'],
  ['\u006f', '☐'],
  ['\u00e0', '→'],
  ['\u00df', '←'],
  ['\u004a', '☺'],
])

/** Characters of a font that has pictures in the place of letters; nothing for a picture without a character. */
export function symbolText(text: string, font: string | undefined): string {
  const table = /^symbol/i.test(font ?? '') ? symbol : /wingdings|webdings/i.test(font ?? '') ? wingdings : undefined
  return text.replace(/[\uf020-\uf0ff]|[\s\S]/gu, letter => {
    const code = letter.charCodeAt(0)
    const own = code >= 0xf020 && code <= 0xf0ff
    if (!table) return own ? '' : letter
    const plain = own ? String.fromCharCode(code - 0xf000) : letter
    return table.get(plain) ?? (table === symbol ? plain : own ? '' : letter)
  })
}
