import fc from 'fast-check'
import { expect, test } from 'vitest'
import { blocks } from '../../text/index.ts'
import { notesPlaced } from './footnotes.ts'
import { markdownOf } from './markdown.ts'
import { withTex } from './maths.ts'
import { parsed } from './parse.ts'
import { element, type Node, textOf } from './tree.ts'

const markdown = (html: string): string => markdownOf([notesPlaced(withTex(parsed(html)!.body))])

test.each<[what: string, html: string, text: string]>([
  ['headings', '<h1>A</h1><h3>B <a href="#b">¶</a></h3><h2> </h2>', '# A\n\n### B'],
  ['paragraphs', '<p>one\n two</p>three<p>four', 'one two\n\nthree\n\nfour'],
  ['bold and italics go', '<p><b>Bold</b>, <em>it</em><i>alic</i>', 'Bold, italic'],
  ['breaks', '<p>one<br>two<br><br>three', 'one\ntwo\n\nthree'],
  ['links are their words', '<p>See <a href="https://a.example/x">the <b>page</b></a>.', 'See the page.'],
  ['code in a line', '<p>Call <code>f(`x`)</code> or <kbd>Esc</kbd>', 'Call ``f(`x`)`` or `Esc`'],
  ['code with ticks around', '<p><code>`a`</code>', '`` `a` ``'],
  ['what looks like a heading', '<p># no heading</p><p>&gt; no quote', '\\# no heading\n\n\\> no quote'],
  ['lists', '<ul><li>a<ul><li>b</ul><li>c</ul>', '- a\n  - b\n- c'],
  ['lists in lists without an item', '<ol><li>a</li><ol><li>b</li></ol><li>c</li></ol>', '1. a\n   1. b\n2. c'],
  ['items with paragraphs', '<ul><li><p>a<p>b<li>c</ul>', '- a\n\n  b\n\n- c'],
  ['numbers', '<ol start=9><li>a<li>b<li value=20>c</ol>', '9. a\n10. b\n20. c'],
  ['letters', '<ol type=a><li>x<li>y</ol>', '- (a) x\n- (b) y'],
  ['items alone', '<li>a<li>b</li><p>c', '- a\n- b\n\nc'],
  ['definitions', '<dl><dt>Tide<dd>Rise.<dd>Fall.<dt>Bay<dd>Water.</dl>', 'Tide\n: Rise.\n: Fall.\n\nBay\n: Water.'],
  ['quotations', '<blockquote><p>a<p>b<blockquote>c</blockquote></blockquote>', '> a\n>\n> b\n>\n> > c'],
  [
    'code',
    '<pre class="highlight"><code class="language-rust">\nfn main() {\n    x\n}\n\n</code></pre>',
    '```rust\nfn main() {\n    x\n}\n```',
  ],
  ['code of Sphinx', '<div class="highlight-python3 notranslate"><div><pre><span>1</span>\n2', '```python\n1\n2\n```'],
  ['code of Pandoc', '<pre class="sourceCode hs"><code>a</code></pre>', '```hs\na\n```'],
  ['numbers of lines go', '<pre><span class="lineno">1</span>a<br><span class="lineno">2</span>b', '```\na\nb\n```'],
  ['a fence in code', '<pre>```\nx\n```</pre>', '````\n```\nx\n```\n````'],
  ['rules between text', '<hr><p>a<hr><hr><p>b<hr>', 'a\n\n---\n\nb'],
  [
    'numbers up and down',
    '<p>10<sup>6</sup> H<sub>2</sub>O x<sub>i</sub> e<sup>a+b</sup> 5<sup>th</sup> M<sup>TM</sup>',
    '10⁶ H₂O x_i e^(a+b) 5th M™',
  ],
  ['readings over Japanese', '<p><ruby>漢字<rp>(</rp><rt>かんじ</rt><rp>)</rp></ruby>を読む', '漢字を読む'],
  ['lines of Japanese source', '<p>これは\n  長い文\nです。\nabc\nです', 'これは長い文です。 abc です'],
  ['soft hyphens and spaces', '<p>a&shy;b&nbsp;&ensp;c&#8203;d', 'ab cd'],
  ['pictures', '<p>a <img src=x alt="A cat"> b <img class=emoji alt="🎉"> <img class="tex" alt="x^2">', 'a b 🎉 $x^2$'],
  ['a caption without its picture', '<figure><img src=x><figcaption>A cat</figcaption></figure><p>b', 'b'],
  [
    'a caption with a number',
    '<figure><img src=x><figcaption>Figure 1: Tides</figcaption></figure>',
    'Figure 1: Tides',
  ],
  ['a caption of code', '<figure><pre>x</pre><figcaption>Tides</figcaption></figure>', '```\nx\n```\n\nTides'],
  [
    'no text',
    '<p>a<script>b</script><style>c</style><button>d</button><del>e</del><!-- f --><svg><text>g</text></svg>',
    'a',
  ],
  [
    'tables',
    '<table><caption>Tides</caption><thead><tr><th>Day<th>High</thead><tr><td>1<td>a|b<tr><td>2<td>c<br>d</table>',
    'Tides\n\n| Day | High |\n| --- | --- |\n| 1 | a\\|b |\n| 2 | c d |',
  ],
  ['tables without heads', '<table><tr><td>a<td>b<tr><td>c<td>d</table>', '| a | b |\n| --- | --- |\n| c | d |'],
  [
    'cells over rows and columns',
    '<table><tr><th rowspan=2>Port<th colspan=2>Tide<tr><th>low<th>high<tr><td rowspan=2>Kobe<td>1<td>2<tr><td>3<td>4<tr><td colspan=3>all</table>',
    '| Port | Tide low | Tide high |\n| --- | --- | --- |\n| Kobe | 1 | 2 |\n| Kobe | 3 | 4 |\n| all | | |',
  ],
  [
    'names and values',
    '<table><tr><th>Founded<td>1975<tr><th>Key people<td><ul><li>A<li>B</ul></table>',
    '- Founded: 1975\n- Key people: A; B',
  ],
  ['a page laid out in cells', '<table><tr><td><h2>a</h2><td><p>b<p>c</table>', '## a\n\nb\n\nc'],
  ['one column', '<table><tr><td>a<tr><td>b</table>', 'a\n\nb'],
  [
    'spans of nobody',
    `<table>${'<tr><td colspan=999 rowspan=65534>a<td>b'.repeat(3)}</table>`,
    'a\n\nb\n\na\n\nb\n\na\n\nb',
  ],
  [
    'MathML',
    '<p>so <math><mfrac><mn>1</mn><msqrt><mi>x</mi></msqrt></mfrac><mo>≤</mo><msubsup><mi>α</mi><mi>i</mi><mn>2</mn></msubsup></math>',
    'so $\\frac{1}{\\sqrt{x}}\\leq\\alpha_i^2$',
  ],
  [
    'KaTeX',
    '<p>a <span class=katex><span class=katex-mathml><math><semantics><mrow><mi>x</mi></mrow><annotation encoding="application/x-tex">x^2</annotation></semantics></math></span><span class=katex-html aria-hidden=true>x2</span></span> b',
    'a $x^2$ b',
  ],
  [
    'Wikipedia',
    '<p>a</p><div class="mwe-math-element"><span style="display:none"><math display=block alttext="{\\displaystyle E=mc^{2}}"><mi>E</mi></math></span><img class="mwe-math-fallback-image-display" alt="x"></div>',
    'a\n\n$$\nE=mc^{2}\n$$',
  ],
  [
    'MathJax 2',
    '<p>a <span class="MathJax_Preview">?</span><span class="MathJax">y</span><script type="math/tex">y < 1 % why\n+ 2</script> b',
    'a $y < 1 + 2$ b',
  ],
  [
    'notes',
    '<p>a<sup><a href="#fn7" id=r>7</a></sup> b</p><section class=footnotes><ol><li id=fn7><p>Why. <a href="#r" class="footnote-back">↩</a></ol></section>',
    'a[^1] b\n\n[^1]: Why.',
  ],
  ['a mark that leads nowhere', '<p>a<sup><a href="#gone">7</a></sup>', 'a⁷'],
])('%s', (_, html, text) => {
  expect(markdown(html)).toBe(text)
})

test('a table of Markdown, a formula and code are one block each for whoever cuts the text', () => {
  const text = markdown('<table><tr><th>a<th>b<tr><td>1<td>2</table><math display=block><mi>x</mi></math><pre>y\n\nz')
  expect(blocks(text, 'markdown').map(({ type }) => type)).toEqual(['table', 'math', 'code'])
})

/** Any tree of what pages are made of, with words of its own. */
const trees = fc.letrec<{ node: Node; children: Node[] }>(tie => ({
  node: fc.oneof(
    { depthSize: 'small' },
    fc.stringMatching(/^[a-z]{3,9}( [a-z]{3,9}){0,2} $/),
    fc
      .tuple(
        fc.constantFrom(
          'p',
          'div',
          'span',
          'b',
          'a',
          'ul',
          'ol',
          'li',
          'dl',
          'dt',
          'dd',
          'table',
          'tr',
          'td',
          'th',
          'blockquote',
        ),
        tie('children'),
      )
      .map(([tag, children]) => element(tag, {}, children)),
    fc
      .tuple(
        fc.constantFrom('h2', 'h5', 'pre', 'code', 'section', 'figure', 'figcaption', 'caption', 'sup', 'details'),
        tie('children'),
      )
      .map(([tag, children]) => element(tag, {}, children)),
  ),
  children: fc.array(tie('node'), { maxLength: 5 }),
}))

test('no word of a tree is lost, whatever stands in what', () => {
  fc.assert(
    fc.property(trees.children, children => {
      const words = (text: string): string[] => (text.match(/[a-z]{3,}/g) ?? []).sort()
      const said = words(markdownOf(children))
      for (const word of words(children.map(child => ` ${spaced(child)} `).join(''))) expect(said).toContain(word)
    }),
    { numRuns: 500 },
  )
})

/** Text with blocks apart. */
function spaced(node: Node): string {
  if (typeof node === 'string') return node
  const inner = node.children.map(spaced).join('')
  return node.block ? ` ${inner} ` : inner
}

test('a hundred thousand elements in one another', () => {
  const deep = `<p>a</p>${'<b><i>'.repeat(1000)}b${'<div>'.repeat(300)}c</div>`
  expect(textOf(parsed(deep)!.body)).toBe('abc')
  expect(parsed('<div>'.repeat(100_000))).toBeUndefined()
})
