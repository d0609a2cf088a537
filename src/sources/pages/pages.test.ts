import { readFileSync } from 'node:fs'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { folder } from '../../../test/support/project.ts'
import { fetchPages } from './fetch.ts'
import { metasOf, readHtml } from './html.ts'
import { delayOf, mayRead, normalPath, parseRobots, usageOf } from './robots-txt.ts'
import { decide, type Signals } from './signals.ts'

describe('robots.txt', () => {
  const may = (text: string, path: string, agent = 'stillroom') => mayRead(parseRobots(text), agent, path).allow

  test.each<[string, string, boolean]>([
    ['', '/a', true],
    ['Disallow: /a', '/a', true],
    ['User-agent: *\nDisallow: /a', '/a/b', false],
    ['User-agent: *\nDisallow:', '/a', true],
    ['User-agent: *\nDisallow: /a\nAllow: /a', '/a', true],
    ['User-agent: *\nAllow: /p\nDisallow: /', '/page', true],
    ['User-agent: *\nAllow: /folder\nDisallow: /folder', '/folder/page', true],
    ['User-agent: *\nAllow: /page\nDisallow: /*.htm', '/page.htm', false],
    ['User-agent: *\nAllow: /$\nDisallow: /', '/', true],
    ['User-agent: *\nAllow: /$\nDisallow: /', '/page.htm', false],
    ['User-agent: *\nDisallow: /fish*.php', '/fishheads/catfish.php?id=1', false],
    ['User-agent: *\nDisallow: /*.gif$', '/a.gif', false],
    ['User-agent: *\nDisallow: /*.gif$', '/a.gif?x', true],
    ['User-agent: *\nDisallow: /a*a$', '/a', true],
    // Paths keep their case, agents do not; a group that names the crawler hides the one for everybody.
    ['User-agent: *\nDisallow: /A', '/a', true],
    ['User-agent: STILLROOM/2.0\nDisallow: /x\nUser-agent: *\nDisallow: /', '/a', true],
    ['User-agent: still\nDisallow: /', '/a', true],
    // Several agents share a group, groups of one agent are one, and unknown fields end nothing.
    ['User-agent: a\nUser-agent: stillroom\nSitemap: /s\nDisallow: /x', '/x', false],
    [
      'User-agent: stillroom\nDisallow: /x\n\nUser-agent: b\nDisallow: /\n\nUser-agent: stillroom\nDisallow: /y',
      '/y',
      false,
    ],
    ['User-agent: stillroom\nDisallow: /x\n\nUser-agent: b\nDisallow: /', '/z', true],
    // Escapes are compared as octets.
    ['User-agent: *\nDisallow: /caf%C3%A9', '/café', false],
    ['User-agent: *\nDisallow: /café', '/caf%c3%a9', false],
    ['User-agent: *\nDisallow: /%7Ejoe', '/~joe', false],
    ['User-agent: *\nDisallow: /a%2Fb', '/a/b', true],
    ['User-agent: *\nDisallow: /\n', '/robots.txt', true],
    ['\ufeffUser-agent: * # all\r\nDisallow: /a # this', '/a', false],
  ])('%j lets %s be read: %s', (text, path, allowed) => {
    expect(may(text, path)).toBe(allowed)
  })

  test.each([
    ['www.gnu.org', '/private/a', false],
    ['www.gnu.org', '/server/select-language.html', false],
    ['www.gnu.org', '/licenses/gpl-3.0.html', true],
    ['www.opm.gov', '/foia/quaterly/x', false],
    ['www.opm.gov', '/search', true],
    ['9gag.com', '/search?query=tide', false],
    ['9gag.com', '/?ref=a', false],
    ['9gag.com', '/', true],
    ['9gag.com', '/gag-in-app/a', false],
  ])('the file of %s: %s', (site, path, allowed) => {
    const file = join(import.meta.dirname, '../../../test/fixtures/robots-txt', `${site}.robots.txt`)
    expect(may(readFileSync(file, 'utf8'), path)).toBe(allowed)
  })

  test('the rule that decided, the delay, and lines about the use', () => {
    const robots = parseRobots(
      'User-agent: *\nCrawl-delay: 5\nContent-Usage: train-ai=n\nContent-Usage: /open train-ai=y\nDisallow: /a',
    )
    expect(mayRead(robots, 'stillroom', '/a')).toEqual({ allow: false, rule: 'Disallow: /a' })
    expect(delayOf(robots, 'stillroom')).toBe(5)
    expect([usageOf(robots, 'x', '/b'), usageOf(robots, 'x', '/open/b')]).toEqual([['train-ai=n'], ['train-ai=y']])
    expect(normalPath('/ä?b=%e3')).toBe('/%C3%A4?b=%E3')
  })
})

describe('signals', () => {
  const signals = (more: Partial<Signals>): Signals => ({
    ...{ url: 'https://site.test/docs/a.html', agent: 'stillroom/0.1', robots: 'absent', headers: {}, metas: [] },
    ...more,
  })
  const reservation = (location: string, value: number) => JSON.stringify([{ location, 'tdm-reservation': value }])

  test.each<[string, Partial<Signals>, string | undefined]>([
    ['nothing', {}, undefined],
    ['a server that failed', { robots: 'unreachable' }, 'disallowed'],
    ['robots.txt', { robots: parseRobots('User-agent: *\nDisallow: /docs') }, 'disallowed'],
    ['robots.txt for a crawler of models', { robots: parseRobots('User-agent: GPTBot\nDisallow: /') }, 'reserved'],
    ['a search engine shut out', { robots: parseRobots('User-agent: Bingbot\nDisallow: /') }, undefined],
    ['TDM header', { headers: { 'tdm-reservation': '1' } }, 'reserved'],
    [
      'TDM header before meta',
      { headers: { 'tdm-reservation': '0' }, metas: [{ name: 'tdm-reservation', content: '1' }] },
      undefined,
    ],
    [
      'TDM meta before file',
      { metas: [{ name: 'tdm-reservation', content: '0' }], tdmrep: reservation('/*', 1) },
      undefined,
    ],
    ['TDM file', { tdmrep: reservation('/docs/*', 1) }, 'reserved'],
    ['TDM file elsewhere', { tdmrep: reservation('/shop/*', 1) }, undefined],
    ['TDM file that is none', { tdmrep: '<html>' }, undefined],
    ['X-Robots-Tag', { headers: { 'x-robots-tag': 'noindex, noai' } }, 'reserved'],
    ['X-Robots-Tag for another', { headers: { 'x-robots-tag': 'otherbot: noai' } }, undefined],
    ['X-Robots-Tag about images', { headers: { 'x-robots-tag': 'noimageai' } }, undefined],
    ['meta robots', { metas: [{ name: 'robots', content: 'index, NoAI' }] }, 'reserved'],
    ['AIPREF header', { headers: { 'content-usage': 'train-ai=n, search=y' } }, 'reserved'],
    ['AIPREF header about search', { headers: { 'content-usage': 'train-ai=y, search=n' } }, undefined],
    ['a content signal', { robots: parseRobots('User-agent: *\nContent-Signal: search=yes, ai-train=no') }, 'reserved'],
  ])('%s', (_, more, reason) => {
    const { note, reason: found } = decide(signals(more))
    expect(found).toBe(reason)
    expect(note.decision).toBe(reason ? 'deny' : 'allow')
  })

  test('the note holds what decided and every signal as it was sent', () => {
    const headers = { 'tdm-reservation': '1', 'tdm-policy': 'https://site.test/policy.json', 'x-robots-tag': 'noindex' }
    expect(decide(signals({ headers })).note).toEqual({
      decision: 'deny',
      rule: 'header tdm-reservation: 1',
      signals: {
        'robots.txt': 'absent',
        'header tdm-reservation': '1',
        'tdm-policy': 'https://site.test/policy.json',
        'header x-robots-tag': 'noindex',
      },
      version: 'robots 1',
    })
  })
})

test('a page as text: title, headings, paragraphs, lists, references; scripts and comments are no text', () => {
  const html = `<!doctype html><html><head><title>Tides &amp; bays</title><meta name=robots content="noai">
    <META Content='1' NAME='TDM-Reservation'><style>p{}</style></head><body><nav>Home</nav><h2>What a tide is</h2>
    <p>A tide is the <b>slow</b> rise of the&nbsp;sea.<script>if (a < b) {}</script></p><!-- <p>no</p> -->
    <ul><li>high<li>low</ul>1 &lt; 2 &#x3042; &unknown; &Uuml;ber&shy;all &lambda;</body></html>`
  expect(readHtml(html)).toEqual({
    title: 'Tides & bays',
    text: '## What a tide is\n\nA tide is the slow rise of the sea.\n\n- high\n- low\n\n1 < 2 あ &unknown; Überall λ',
  })
  expect(metasOf(html)).toEqual([
    { name: 'robots', content: 'noai' },
    { name: 'tdm-reservation', content: '1' },
  ])
})

test('pages: politely one after the other, redirects asked for again, kept, and a failed site shuts everybody out', async () => {
  const asked: string[] = []
  let down = false
  const server = createServer((request, response) => {
    const path = request.url!
    asked.push(path)
    const send = (status: number, headers: object, body = '') => response.writeHead(status, { ...headers }).end(body)
    if (down) return send(503, {})
    if (path === '/robots.txt') return send(200, {}, 'User-agent: *\nCrawl-delay: 3\nDisallow: /private')
    if (path === '/.well-known/tdmrep.json') return send(200, {}, '[{"location": "/art/*", "tdm-reservation": 1}]')
    if (path === '/moved') return send(301, { location: '/open' })
    if (path === '/trap') return send(302, { location: '/private/x' })
    if (path === '/loop') return send(302, { location: '/loop' })
    if (path === '/large') return send(200, { 'content-type': 'text/plain' }, 'x'.repeat(5000))
    if (path === '/image') return send(200, { 'content-type': 'image/png' }, 'x')
    if (path === '/gone') return send(410, {})
    return send(200, { 'content-type': 'text/html; charset=utf-8' }, `<title>${path}</title><p>Text of ${path}.</p>`)
  })
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve))
  const site = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  const dir = folder()
  let time = Date.parse('2026-11-20T00:00:00Z')
  const waits: number[] = []
  const read = (paths: string[], more = {}, to = dir) =>
    fetchPages(
      paths.map(path => site + path),
      {
        ...{ folder: to, agent: 'stillroom', delay: 1, bytes: 4096, now: () => new Date(time), ...more },
        sleep: async ms => {
          waits.push(ms)
          time += ms
        },
      },
    )
  try {
    const paths = ['/open', '/moved', '/trap', '/loop', '/large', '/image', '/gone', '/private/y', '/art/z']
    const pages = await read(paths)
    expect(pages.map(({ rejected }) => rejected?.reason)).toEqual([
      ...[
        undefined,
        undefined,
        'disallowed',
        'unreachable',
        'too-large',
        'binary',
        'not-found',
        'disallowed',
        'reserved',
      ],
    ])
    expect(pages[1]).toMatchObject({ final: `${site}/open`, note: { decision: 'allow' } })
    expect(pages[2]!.note).toMatchObject({ decision: 'deny', rule: 'Disallow: /private' })
    expect(pages[8]!.body).toBeUndefined()
    expect(asked.filter(path => path.startsWith('/private'))).toEqual([])
    expect(asked.filter(path => path === '/robots.txt')).toHaveLength(1)
    // The delay of the site is longer than ours and is kept to for every page.
    expect(Math.max(...waits)).toBe(3000)
    const requests = asked.length
    const again = await read(paths)
    expect(again[0]).toEqual(pages[0])
    // What the server could not do is tried again; nothing else is asked for.
    expect(new Set(asked.slice(requests))).toEqual(new Set(['/loop']))
    expect((await read(['/new'], { offline: true }))[0]!.rejected!.reason).toBe('unreachable')
    // What a site says is believed for a day; one that fails lets nobody in.
    time += 25 * 3600 * 1000
    down = true
    expect((await read(['/new'])).map(({ rejected }) => rejected?.reason)).toEqual(['disallowed'])
    expect((await read(['/open'], {}, join(dir, 'fresh')))[0]!.note!.rule).toBe('robots.txt cannot be reached')
  } finally {
    server.closeAllConnections()
    await new Promise(resolve => server.close(resolve))
  }
})
