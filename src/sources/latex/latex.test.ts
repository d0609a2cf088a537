import { readFileSync } from 'node:fs'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { Unreadable } from '../bytes.ts'
import { latexText, readLatex } from './read.ts'

const body = (source: string): string => latexText(source).text.trim()
const about = { path: 'a.tex', format: 'latex' as const, bound: 1 << 20 }
const fixture = (name: string): string =>
  readFileSync(new URL(`../../../test/fixtures/latex/${name}`, import.meta.url), 'utf8')

describe('real sections', () => {
  test('prose, formulas as they stand, statements, notes and works', () => {
    const { text, title, places } = latexText(fixture('continuum-hypothesis.tex'))
    expect(title).toBe('The Continuum Hypothesis')
    expect(places).toEqual([[0, 'section The Continuum Hypothesis']])
    expect(text).toContain('“play straightforwardly” with powers of $2$, i.e., (by [lem:SizePowerset2Exp])')
    expect(text).toContain(
      '\\beth_{\\alpha} &\\defis \\bigcup_{\\beta < \\alpha}\\beth_{\\beta} & \\text{when $\\alpha$ is a limit ordinal}.\n\\end{align*}\n$$',
    )
    expect(text).toContain('Hebrew alphabet.[^1] Now,')
    expect(text).toContain('\n\n[^2]: The condition is dictated by *cofinality*.\n\n')
    expect(text).toContain('\n\n**Definition.** *Continuum Hypothesis* (CH). $\\aleph_1 = \\beth_1$.\n\n')
    expect(text).toContain('In fact, [Godel1938] proved')
    expect(text).toContain('Gödel himself')
    // A comment of the last paragraph but one, and the commands of the page.
    expect(text).not.toMatch(/operation of taking powersets moves|olfileid|\\noindent|\\begin\{document/)
  })

  test('lists with tags, cases of an induction, words that a book may choose', () => {
    const { text } = latexText(fixture('temporal-logic-semantics.tex'))
    expect(text).toContain(
      '**Definition.** *Formulas* of the temporal language are inductively defined as follows:\n\n1. $\\lfalse$ is an atomic formula.\n2.',
    )
    expect(text).toContain('\n4. If $!A$ is a formula, then $\\lnot !A$ is a formula.\n')
    expect(text).toContain(': $\\lnot$ (negation), $\\land$ (conjunction)')
    expect(text).toContain('5. $!A \\ident (!B \\land !C)$: $\\mSat{M}{\\indfrm}[t]$ iff')
  })
})

describe('an article', () => {
  test('title, authors and abstract; the rest of the preamble goes', () => {
    const source = String.raw`\documentclass{article}
\usepackage{graphicx}
\title{On \emph{Pumps}\thanks{A grant.}}
\author{Jos\'e Garc\'{\i}a \\ University \and Zo\"e M\"uller\footnote{now elsewhere}}
\begin{document}
\maketitle
\begin{abstract}They \textbf{start}.\end{abstract}
\section{Why}\label{s}
Because of the float.
\subsection*{How}
So.
\end{document} and more`
    expect(latexText(source)).toMatchObject({ title: 'On Pumps' })
    expect(body(source)).toBe(
      '# On *Pumps*\n\nJosé García, Zoë Müller\n\n## Abstract\n\nThey **start**.\n\n## Why\n\nBecause of the float.\n\n### How\n\nSo.',
    )
  })

  test('accents, ligatures, quotations, dashes, spaces and signs', () => {
    expect(body(String.raw`Na\"\i ve caf\'e, \c{c}a, \v Skoda, \H{o}, stra{\ss}e, \O re, \aa, \~n, \^{e}`)).toBe(
      'Naïve café, ça, Škoda, ő, straße, Øre, å, ñ, ê',
    )
    expect(body("``so'' he `said', it's 1--2---\\,no~more\\ldots{} \\$5 \\& 50\\% \\#1 a\\_b")).toBe(
      "“so” he ‘said’, it's 1–2— no more… \\$5 & 50% #1 a_b",
    )
    expect(
      body('\\documentclass{a}\\usepackage[ngerman]{babel}\\begin{document}"Uber "`das"\' Gr"o"se\\end{document}'),
    ).toBe('Über „das“ Größe')
    expect(body('ポンプは\n動き\nます。\nA pump\nstarts.')).toBe('ポンプは動きます。 A pump starts.')
  })

  test('macros in prose and in formulas, with arguments, defaults and conditions', () => {
    const source = String.raw`\newcommand{\R}{\mathbb{R}}\newcommand{\pair}[2][x]{\langle #1,#2\rangle}\def\half#1{\frac{#1}2}
\let\eps\varepsilon \DeclareMathOperator*{\argmax}{arg\,max}\newcommand\tool{\textsc{Foo}\xspace}
\newtheorem{lm}{Lemma}\newif\iflong \longtrue \newenvironment{key}{\begin{quote}Key: }{\end{quote}}
In $\R^n$, $\pair{y} + \pair[z]{w}$, $\half{\half a}$, $\eps x$, $\argmax f$ \tool is, \tool{}, \iflong long\else short\fi.\iffalse gone \ifx a b \fi gone\fi
\begin{lm}[Foo] $a\alpha b$\end{lm}
\begin{key}yes\end{key}`
    expect(body(source)).toBe(
      'In $\\mathbb{R}^n$, $\\langle x,y\\rangle + \\langle z,w\\rangle$, $\\frac{\\frac{a}2}2$, $\\varepsilon x$, $\\operatorname{arg\\,max}f$ Foo is, Foo, long.\n\n**Lemma (Foo).** $a\\alpha b$\n\n> Key: yes',
    )
    // A comment ends a command; what a package programs is not run; a command of another file stays where it is a word.
    expect(body('a \\bfseries%\nword $\\alpha%\nx$')).toBe('a word $\\alpha x$')
    expect(body('\\newcommand{\\x}{\\expandafter\\y\\csname z\\endcsname}a\\x{} b')).toBe('a b')
    expect(body('We propose \\method, and apply \\Elim{\\lif} to \\Log{N1}.')).toBe(
      'We propose $\\method$, and apply $\\Elim{\\lif}$ to N1.',
    )
  })

  test('formulas that stand alone, without labels and numbers', () => {
    expect(
      body('a \\begin{equation}\\label{e} x=1 % why\n \\nonumber\\end{equation} b (\\ref{e}) \\[ y \\] $$z$$ \\(w\\)'),
    ).toBe('a\n\n$$\nx=1\n$$\n\nb ([e])\n\n$$\ny\n$$\n\n$$\nz\n$$\n\n$w$')
    expect(body('\\begin{align}\n a &= b \\label{x} \\\\\n c &= d\n\\end{align}')).toBe(
      '$$\n\\begin{align}\n a &= b  \\\\\n c &= d\n\\end{align}\n$$',
    )
    expect(body('costs $5 and {no more\n\nthan that$')).toBe('costs \\$5 and {no more\n\nthan that\\$'.replace('{', ''))
  })

  test('code as it stands, tables, captions, lists in lists', () => {
    expect(
      body('\\begin{lstlisting}[language=Python]\nx = 1 % 2 # \\no\n\\end{lstlisting} \\verb|a{%|, \\texttt{f\\_g}'),
    ).toBe('```python\nx = 1 % 2 # \\no\n```\n\n`a{%`, `f_g`')
    expect(
      body(
        '\\begin{table}\\caption{Scores}\\begin{tabular}{l|rr}\\hline Name & \\multicolumn{2}{c}{$|x|$}\\\\ \\cline{2-3}\nA|B & 1 & 2\\\\[2pt] \\end{tabular}\\end{table}',
      ),
    ).toBe('Table: Scores\n\n| Name | $\\vert x\\vert $ | |\n| --- | --- | --- |\n| A\\|B | 1 | 2 |')
    expect(
      body(
        '\\begin{figure}\\begin{tikzpicture}\\draw (0,0);\\end{tikzpicture}\\caption[s]{A \\emph{pump}.}\\end{figure}',
      ),
    ).toBe('Figure: A *pump*.')
    expect(
      body(
        'So:\n\\begin{itemize}\\item one\n\\begin{enumerate}\\item a\n\n more \\item b\\end{enumerate}\\item[(x)] two\\end{itemize}',
      ),
    ).toBe('So:\n\n- one\n  1. a\n\n     more\n  2. b\n- (x) two')
  })

  test('what it brings in is left out, and a file of definitions is empty', () => {
    expect(body('a \\input{chapters/one} b')).toBe('a b')
    expect(
      body(
        '\\newcommand{\\a}{b}'.repeat(3) +
          [...'cdefgh'].map(c => `\\newcommand{\\${c}}{x}`).join('\n') +
          '\\crefname{a}{b}{c}\\foo{x}',
      ),
    ).toBe('')
  })
})

test('encodings: what inputenc says, and Japanese of pLaTeX', () => {
  const polish = Buffer.concat([
    Buffer.from('\\usepackage[latin2]{inputenc}\\begin{document}P'),
    Buffer.from([0xf3, 0xb3]),
    Buffer.from('ka\\end{document}'),
  ])
  expect(readLatex(polish, about)).toMatchObject({ text: 'Półka\n', encoding: 'iso-8859-2' })
  // 表 ends with a backslash in Shift-JIS.
  const sjis = Buffer.from([
    ...Buffer.from('\\section{'),
    0x95,
    0x5c,
    0x82,
    0xcc,
    0x90,
    0x94,
    0x82,
    0xf0,
    0x7d,
    0x0a,
    0x82,
    0xb1,
    0x82,
    0xea,
    0x81,
    0x42,
  ])
  expect(readLatex(sjis, about)).toMatchObject({
    text: '# 表の数を\n\nこれ。\n',
    title: '表の数を',
    encoding: 'shift_jis',
  })
})

test('whatever is nested, left open or defined by itself ends in time of its length', () => {
  const bits = [
    '{',
    '}',
    '$',
    '$$',
    '\\[',
    '\\begin',
    '\\begin{itemize}',
    '\\begin{equation}',
    '\\end{x}',
    '\\emph{',
    '\\footnote{',
    '\\verb|',
    '\\begin{verbatim}',
    '\\iffalse ',
    '\\section[',
    '\\def\\x{\\x\\x}\\x ',
    '\\newcommand{\\a}{',
    '\\url{',
    '\\item ',
    '%',
    '\\',
    '`',
    '!!{',
    '~',
    '&',
    ' ',
    "\\'",
    'é',
    '日',
    '\n\n',
    '\\begin{tabular}{l}',
  ]
  const read = (text: string): string | Unreadable => {
    try {
      return latexText(text).text
    } catch (error) {
      if (error instanceof Unreadable && error.reason === 'too-costly') return error
      throw error
    }
  }
  for (const bit of bits) read(bit.repeat(1000))
  // A bomb of macros writes no more than a few times its text.
  const bomb = `${[...'abcdefghij'].map((c, i) => `\\def\\${c}{${`\\${'bcdefghijk'[i]}`.repeat(10)}}`).join('')}\\def\\k{word }\\a`
  const blown = read(bomb)
  expect(typeof blown === 'string' ? blown.length : 0).toBeLessThan(400_000)
  const some = fc
    .array(fc.oneof(fc.constantFrom(...bits), fc.string({ maxLength: 6 })), { maxLength: 60 })
    .map(parts => parts.join(''))
  fc.assert(
    fc.property(some, text => {
      const found = read(text)
      // Nothing of what was set aside on the way is left.
      expect(typeof found === 'string' ? found : '').not.toMatch(/[\ufdd0-\ufdd2]/)
    }),
    { numRuns: 80 },
  )
})
