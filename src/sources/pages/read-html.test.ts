import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { htmlText } from './encoding.ts'
import { readHtmlBytes } from './read-html.ts'

const read = (html: string | Buffer, charset?: string) => readHtmlBytes(Buffer.from(html), charset ? { charset } : {})
/** Real prose: the glossary that the quickstart reads. */
const glossary = (language: string, name: string): string[] =>
  readFileSync(
    join(import.meta.dirname, `../../../examples/quickstart/documents/cncf-glossary/${language}/${name}.md`),
    'utf8',
  )
    .replace(/^---[\s\S]*?---/, '')
    .trim()
    .split(/\n\n+/)
    .map(part => part.replace(/\s+/g, ' ').trim())
const asHtml = (parts: string[]): string =>
  parts.map(text => (text.startsWith('## ') ? `<h2>${text.slice(3)}</h2>` : `<p>${text}</p>`)).join('\n')

describe('encodings', () => {
  /** Text in an encoding that Node cannot write: by looking up what each pair of bytes stands for. */
  function encoded(text: string, encoding: string): Buffer {
    const decoder = new TextDecoder(encoding)
    const bytes = new Map<string, number[]>()
    for (let a = 0x81; a < 0xff; a++)
      for (let b = 0x40; b < 0xff; b++) {
        const letter = decoder.decode(Uint8Array.of(a, b))
        if ([...letter].length === 1 && !bytes.has(letter)) bytes.set(letter, [a, b])
      }
    return Buffer.from([...text].flatMap(letter => (letter < '\x80' ? [letter.charCodeAt(0)] : bytes.get(letter)!)))
  }
  const japanese = '<title>潮の満ち引き</title><p>潮の満ち引きは、月の引力で海の水が動くことです。'

  test.each<[string, Buffer, string | undefined, string]>([
    ['UTF-8', Buffer.from(japanese), undefined, japanese],
    [
      'a mark before what the page says',
      Buffer.from(`\ufeff<meta charset=shift_jis>é`),
      'euc-jp',
      '<meta charset=shift_jis>é',
    ],
    ['UTF-16 by its mark', Buffer.from('\ufeff<p>あ', 'utf16le'), undefined, '<p>あ'],
    ['UTF-16 without', Buffer.from('<p>a', 'utf16le'), undefined, '<p>a'],
    ['Shift-JIS that says nothing', encoded(japanese, 'shift_jis'), undefined, japanese],
    ['EUC-JP that says nothing', encoded(japanese, 'euc-jp'), undefined, japanese],
    ['Shift-JIS in a header', encoded(japanese, 'shift_jis'), 'Shift_JIS', japanese],
    [
      'EUC-JP in a meta',
      encoded(`<meta charset="euc-jp">${japanese}`, 'euc-jp'),
      undefined,
      `<meta charset="euc-jp">${japanese}`,
    ],
    [
      'Shift-JIS in http-equiv',
      encoded(`<meta http-equiv=Content-Type content="text/html; charset=x-sjis">あ`, 'shift_jis'),
      undefined,
      '<meta http-equiv=Content-Type content="text/html; charset=x-sjis">あ',
    ],
    [
      'UTF-8 that calls itself Shift-JIS',
      Buffer.from(`<meta charset=shift_jis>${japanese}`),
      undefined,
      `<meta charset=shift_jis>${japanese}`,
    ],
    [
      'Shift-JIS that calls itself UTF-8',
      encoded(`<meta charset=utf-8>${japanese}`, 'shift_jis'),
      undefined,
      `<meta charset=utf-8>${japanese}`,
    ],
    ['ISO-2022-JP', Buffer.from('<p>\x1b$B$"\x1b(B', 'latin1'), undefined, '<p>あ'],
    ['windows-1252', Buffer.from('<p>caf\xe9 \x93quoted\x94', 'latin1'), undefined, '<p>café “quoted”'],
    ['latin1 means windows-1252', Buffer.from('\x80', 'latin1'), 'iso-8859-1', '€'],
    [
      'Windows-1251 in a meta',
      Buffer.from('<meta charset="windows-1251">\xcf\xf0\xe8', 'latin1'),
      undefined,
      '<meta charset="windows-1251">При',
    ],
    ['a charset nobody knows', Buffer.from('é'), 'klingon', 'é'],
    [
      'UTF-8 that was cut off',
      Buffer.from('日本語の文章があります。').subarray(0, -1),
      undefined,
      '日本語の文章があります\ufffd',
    ],
  ])('%s', (_, bytes, charset, text) => {
    expect(htmlText(bytes, charset)).toBe(text)
  })

  test('a page in Shift-JIS is read as one in UTF-8', () => {
    expect(read(encoded(japanese, 'shift_jis'))).toEqual(read(japanese))
    // From a site it comes decoded, with what it said of its encoding still in it.
    const stated = `<meta charset=shift_jis>${japanese}`
    const bytes = encoded(stated, 'shift_jis')
    expect(read(htmlText(bytes), 'utf-8')).toEqual(read(bytes))
    expect(read(japanese)).toMatchObject({
      title: '潮の満ち引き',
      text: '潮の満ち引きは、月の引力で海の水が動くことです。',
    })
  })
})

describe('the matter of a page', () => {
  const around = (
    inner: string,
    head = '',
  ): string => `<!doctype html><html lang="en-GB"><head><title>Cluster | Glossary</title>${head}</head>
    <body><header><a href=/>Home of it all</a></header><nav><ul><li><a href=/a>Products we sell</a></ul></nav>
    <div id="cookie-banner">We use cookies to improve your life.</div><div style="display: none">A hidden offer.</div>
    <main><article>${inner}</article></main><aside class=sidebar><p>Subscribe to our letter, it is free.</p></aside>
    <footer>Imprint of the company</footer><noscript>Turn scripts on.</noscript></body></html>`
  const parts = glossary('en', 'cluster')

  test('main text with its heading, title, language and address; nothing of what stands around it', () => {
    const page = read(
      around(
        `<h1>Cluster <a class=headerlink href="#c">¶</a></h1>${asHtml(parts)}`,
        '<link rel=canonical href="https://glossary.cncf.io/cluster/#top">',
      ),
    )
    expect(page).toMatchObject({ format: 'markdown', language: 'en', uri: 'https://glossary.cncf.io/cluster/' })
    expect(page.title).toMatch(/^Cluster/)
    expect(page.text).toMatch(/^# Cluster\n\nA cluster /)
    for (const part of parts) expect(page.text).toContain(part)
    expect(page.text).not.toMatch(/Home|Products|cookies|hidden|Subscribe|Imprint|scripts/)
  })

  test('a page in short pieces, where nothing is the article, is read whole but for its menus', () => {
    const questions = Array.from({ length: 12 }, (_, i) => `<div class=q><b>Q${i}?</b><span>A${i}.</span></div>`).join(
      '',
    )
    const { text } = read(`<nav>Menu</nav><div class=page>${questions}</div><footer>Imprint</footer>`)
    expect(text.match(/Q\d+\?A\d+\./g)).toHaveLength(12)
    expect(text).not.toMatch(/Menu|Imprint/)
  })

  test.each<[string, string, string]>([
    ['only links', '<ul><li><a href=a>One</a><li><a href=b>Two</a></ul>', '- One\n- Two'],
    ['only a heading', '<h1>Closed</h1>', '# Closed'],
    ['only ways around the site', '<nav>Home</nav>', ''],
    ['a fragment', 'just words', 'just words'],
    ['everything marked as hidden', '<body style="display:none"><p>Words', 'Words'],
    ['no tag is closed', '<html><head><title>T</title><body><div><p>One<div><p>Two', 'One\n\nTwo'],
    ['nothing', '', ''],
  ])('%s', (_, html, text) => {
    expect(read(html).text).toBe(text)
  })

  test('an encyclopaedia: marks of references, edit links, hatnotes and what closes the article are no text of it', () => {
    const { text } = read(`<html lang=en><title>Tide - Wikipedia</title><body class=mediawiki><h1>Tide</h1>
      <div class="mw-parser-output"><div class=hatnote>For the soap, see Tide (brand).</div>
      <p>${parts[0]}<sup class=reference><a href="#cite_note-1">[1]</a></sup></p>
      <h2>Causes<span class=mw-editsection>[<a href=e>edit</a>]</span></h2><p>${parts[2]}</p><p>${parts[0]}</p>
      <h2>References</h2><ol class=references><li id="cite_note-1">Darwin 1898</ol>
      <h2>External links</h2><ul><li><a href=x>Tides online</a></ul></div></body></html>`)
    expect(text).toBe(`# Tide\n\n${parts[0]}\n\n## Causes\n\n${parts[2]}\n\n${parts[0]}`)
  })

  test('formulas that are hidden behind a picture reach the text', () => {
    const formula =
      '<span class="mwe-math-element"><span style="display:none"><math alttext="{\\displaystyle a^{2}}"><mi>a</mi></math></span><img alt=x></span>'
    expect(read(around(`<p>${parts[0]} It is ${formula}.</p>${asHtml(parts)}`)).text).toContain('It is $a^{2}$.')
  })

  test.each([
    ['https://a.example/', undefined],
    ['/docs/tides', undefined],
    ['http://localhost/tides', undefined],
    ['https://user:secret@glossary.cncf.io/tides', undefined],
    ['javascript:alert(1)', undefined],
    ['https://glossary.cncf.io/tides?page=2', 'https://glossary.cncf.io/tides?page=2'],
  ])('an address that a page gives for itself: %s', (href, uri) => {
    expect(read(around(asHtml(parts), `<link rel="canonical" href="${href}">`)).uri).toBe(uri)
  })

  test('a language that the text is not in is not believed', () => {
    const japanese = asHtml(glossary('ja', 'cluster'))
    expect(read(`<html lang=en>${japanese}`).language).toBeUndefined()
    expect(read(`<html lang=ja-JP>${japanese}`).language).toBe('ja')
  })
})

test('a page as browsers save it whole', () => {
  const mail = (encoding: string, body: string): string =>
    `From: <Saved>\r\nMIME-Version: 1.0\r\nContent-Type: multipart/related;\r\n\ttype="text/html";\r\n\tboundary="--b1"\r\n\r\n----b1\r\nContent-Type: text/css\r\n\r\np{}\r\n----b1\r\nContent-Type: text/html; charset="shift_jis"\r\nContent-Transfer-Encoding: ${encoding}\r\n\r\n${body}\r\n----b1--\r\n`
  expect(read(mail('quoted-printable', '<p cla=\r\nss=3D"x">=82=A0')).text).toBe('あ')
  expect(read(mail('base64', Buffer.from('<p>\x82\xa0', 'latin1').toString('base64'))).text).toBe('あ')
})

test('what is no page is said to be something else; stray NUL bytes are none of it', () => {
  expect(() => read(Buffer.from('%PDF-1.7'))).toThrow('a PDF file')
  expect(() => read(Buffer.alloc(4096))).toThrow('NUL')
  expect(read('<p>a\0b').text).toBe('ab')
})

test('pages too large or too deep for a tree keep their words', () => {
  const deep = `<title>Deep</title><h2>Top</h2><p>before</p>${'<div>'.repeat(100_000)}<p>inside</p><ul><li>item</ul>`
  expect(read(deep)).toEqual({ title: 'Deep', text: '## Top\n\nbefore\n\ninside\n\n- item' })
  expect(read(`<body>${'<script>'.repeat(50_000)}`).text).toBe('')
  expect(read(`${'<p '.repeat(50_000)}>x`).text).toMatch(/^(?:x)?$/)
})
