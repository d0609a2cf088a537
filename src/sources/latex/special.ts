import { abstract, begin, bullet, end, item } from './environments.ts'
import { formula } from './maths.ts'
import { argument, block, codeSpan, maths, optional, paragraph, type Reading, words } from './reading.ts'

export function note(reading: Reading): void {
  const { writer, scene } = reading
  optional(reading)
  const text = words(reading, argument(reading))
  if (text === '') return
  scene.notes.push(text.replace(/\n/g, ' '))
  writer.text(`[^${scene.notes.length}]`)
}

export function caption(reading: Reading): void {
  if (reading.text[reading.at] === '*') reading.at++
  optional(reading)
  const text = words(reading, argument(reading))
  if (text === '') return
  const float = reading.open.findLast(({ name }) => /figure|table|algorithm|listing/i.test(name))?.name ?? 'figure'
  const kinds = reading.scene.japanese
    ? { t: '表', a: 'アルゴリズム', f: '図' }
    : { t: 'Table', a: 'Algorithm', f: 'Figure' }
  const kind = /table/i.test(float) ? kinds.t : /algorithm/i.test(float) ? kinds.a : kinds.f
  block(reading, `${kind}: ${text}`)
}

/** A work that is named in a sentence, or behind it: by its key, since the list of literature is no text. */
export function cite(reading: Reading): void {
  const { writer } = reading
  if (reading.text[reading.at] === '*') reading.at++
  const notes = [optional(reading), optional(reading)].flatMap(one => (one ? [words(reading, one)] : []))
  const keys = argument(reading)
    .split(',')
    .map(key => key.trim())
    .filter(key => key !== '')
  if (keys.length > 0) writer.text(`[${[...keys, ...notes.filter(one => one !== '')].join(', ')}]`)
}

export function reference(reading: Reading, name: string): void {
  if (reading.text[reading.at] === '*') reading.at++
  while (optional(reading) !== undefined);
  const key = argument(reading).trim()
  if (key !== '') reading.writer.text(name === 'eqref' ? `(${key})` : `[${key}]`)
}

/** Words that stand out. */
export const marked =
  (mark: string) =>
  (reading: Reading): void => {
    const inside = argument(reading)
    const text = words(reading, inside)
    const plain = text === '' || /[*\n]|^\s|\s$/.test(text) || reading.text[reading.at - 1] !== '}'
    reading.writer.text(plain ? text : `${mark}${text}${mark}`)
  }

export function typewriter(reading: Reading): void {
  const inside = argument(reading)
  const text = words(reading, inside)
  reading.writer.text(/[$`\n*]|^$/.test(text) ? text : codeSpan(text))
}

export const statement =
  (before: string, after = '', args = 1) =>
  (reading: Reading): void => {
    bullet(reading)
    const given = Array.from({ length: args }, () => words(reading, argument(reading))).filter(one => one !== '')
    reading.writer.text([before, ...given, after].filter(one => one !== '').join(' '))
    reading.writer.text(' ')
  }

/** Steps of algorithms, one a line. */
export const steps: { [name: string]: (reading: Reading) => void } = {
  ...Object.fromEntries(
    (
      [
        ['State', '', '', 0],
        ['Statex', '', '', 0],
        ['If', 'if', 'then', 1],
        ['ElsIf', 'else if', 'then', 1],
        ['Else', 'else', '', 0],
        ['EndIf', 'end if', '', 0],
        ['For', 'for', 'do', 1],
        ['ForAll', 'for all', 'do', 1],
        ['EndFor', 'end for', '', 0],
        ['While', 'while', 'do', 1],
        ['EndWhile', 'end while', '', 0],
        ['Repeat', 'repeat', '', 0],
        ['Until', 'until', '', 1],
        ['Require', 'Require:', '', 0],
        ['Ensure', 'Ensure:', '', 0],
        ['Function', 'function', '', 2],
        ['EndFunction', 'end function', '', 0],
        ['Procedure', 'procedure', '', 2],
        ['EndProcedure', 'end procedure', '', 0],
      ] as const
    ).flatMap(([name, before, after, args]) => {
      const act = statement(before, after, args)
      return [
        [name, act],
        [name.toUpperCase(), act],
      ] as const
    }),
  ),
  Return: ({ writer }) => writer.text('return '),
  RETURN: statement('return', '', 0),
}

/** Commands that are more than a sign or arguments. */
export const special: { [command: string]: (reading: Reading, name: string) => void } = {
  ...steps,
  begin,
  end,
  item,
  bibitem: item,
  caption,
  captionof: reading => {
    argument(reading)
    caption(reading)
  },
  footnote: note,
  footnotetext: note,
  par: paragraph,
  title: reading => {
    optional(reading)
    reading.head.title = words(reading, argument(reading).replace(/\\\\/g, ' '))
  },
  author: reading => {
    while (optional(reading) !== undefined);
    const people = argument(reading).split(/\\(?:and|And|AND|quad|qquad)(?![A-Za-z])/)
    for (const one of people) {
      const [first = ''] = one.split(/\\\\|\\affil|\\email|\\footnote|\\thanks|\\texttt|\\institute/, 1)
      const name = words(reading, first)
        .replace(/\[\^\d+\]|\$[^$]*\$/g, '')
        .replace(/\s+/g, ' ')
        .trim()
      if (name !== '' && reading.head.authors.length < 100) reading.head.authors.push(name)
    }
  },
  abstract: reading => {
    const inside = argument(reading)
    if (reading.inner) reading.head.abstract ??= inside
    else if (inside !== '') abstract(reading, inside)
  },
  maketitle: () => {},
  emph: marked('*'),
  textit: marked('*'),
  textsl: marked('*'),
  textbf: marked('**'),
  texttt: typewriter,
  code: typewriter,
  ensuremath: reading => maths(reading, argument(reading)),
  enquote: reading => {
    const text = words(reading, argument(reading))
    reading.writer.text(reading.scene.german ? `„${text}“` : reading.scene.japanese ? `「${text}」` : `“${text}”`)
  },
  textsuperscript: reading => reading.writer.text(`^${words(reading, argument(reading))}`),
  textsubscript: reading => reading.writer.text(`_${words(reading, argument(reading))}`),
  ruby: reading => {
    const [base, reads] = [words(reading, argument(reading)), words(reading, argument(reading))]
    reading.writer.text(reads === '' ? base : `${base}（${reads}）`)
  },
  paragraph: reading => runIn(reading),
  subparagraph: reading => runIn(reading),
  xspace: reading => {
    if (/[\p{L}\p{N}(]/u.test(reading.text[reading.at] ?? '')) reading.writer.text(' ')
  },
  ...Object.fromEntries(
    [
      'cite',
      'citep',
      'citet',
      'citealp',
      'citealt',
      'citeauthor',
      'citeyear',
      'citeyearpar',
      'parencite',
      'textcite',
      'autocite',
      'footcite',
      'Cite',
      'Citet',
      'Citep',
      'Textcite',
      'onlinecite',
      'shortcite',
      'citen',
      'smartcite',
    ].map(name => [name, cite]),
  ),
  ...Object.fromEntries(
    [
      'ref',
      'eqref',
      'pageref',
      'autoref',
      'cref',
      'Cref',
      'nameref',
      'vref',
      'olref',
      'subref',
      'labelcref',
      'thref',
      'fref',
      'sref',
    ].map(name => [name, reference]),
  ),
  // The Open Logic Project: an item that a tag lets in, a case of an induction, a word of the book in one of its forms.
  tagitem: reading => {
    argument(reading)
    const inside = argument(reading)
    argument(reading)
    item(reading)
    reading.writer.text(words(reading, inside))
  },
  indcase: reading => {
    const [subject, form, text] = [argument(reading), argument(reading), argument(reading)]
    reading.writer.text(
      `$${formula(`${subject} \\ident ${form}`, reading.scene.kept, reading.scene.fuel)}$: ${words(reading, text)}`,
    )
  },
  ycomma: ({ writer }) => writer.text(/[^\s:]\s*$/.test(writer.line.slice(-3).join('')) ? ', ' : ''),
  usetoken: reading => {
    const [form, name] = [argument(reading), argument(reading)]
    const many = /p/i.test(form) ? (/[^aeiou]y$/.test(name) ? `${name.slice(0, -1)}ies` : `${name}s`) : name
    reading.writer.text(/[A-Z]/.test(form) ? many.charAt(0).toUpperCase() + many.slice(1) : many)
  },
}

export function runIn(reading: Reading): void {
  if (reading.text[reading.at] === '*') reading.at++
  optional(reading)
  const title = words(reading, argument(reading)).replace(/[.:]$/, '')
  paragraph(reading)
  if (title !== '') reading.writer.text(`**${title}.** `)
}
