/** Lower case, one space between words, without what layouts add: quotation marks, headings, rules, commas. */
const plain = (text: string): string =>
  text
    .toLowerCase()
    .replace(/licence/g, 'license')
    .replace(/[^a-z0-9./:+()-]+/g, ' ')
    .replace(/\s[-.:]+(?=\s)/g, '')

/** A license by phrases that its text has and no other: all of them, and none of `but`. */
type Sign = { spdx: string; has: RegExp[]; but?: RegExp }

const retain = /redistributions? of source code must retain/
const endorse = /endorse or promote products/
const granted = /permission is hereby granted free of charge to any person obtaining a copy/
const withFee = /permission to use copy modify and\/?\s?(?:or )?distribute this software/

const signs: Sign[] = [
  {
    spdx: 'MIT',
    has: [
      granted,
      /(?:copyright notice|notice) and this permission notice (?:\(including the next paragraph\) )?shall be included/,
    ],
  },
  {
    spdx: 'MIT-0',
    has: [granted],
    but: /permission notice (?:\(including the next paragraph\) )?shall be included|boost software/,
  },
  {
    spdx: 'Apache-2.0',
    has: [
      /apache license version 2\.0|apache\.org\/licenses\/license-2\.0|terms and conditions for use reproduction and distribution 1\. definitions/,
    ],
  },
  { spdx: 'BSD-4-Clause', has: [retain, /all advertising materials mentioning/] },
  { spdx: 'BSD-3-Clause-Clear', has: [retain, endorse, /no express or implied licenses to any party/] },
  {
    spdx: 'BSD-3-Clause',
    has: [retain, endorse],
    but: /all advertising materials mentioning|no express or implied licenses to any party/,
  },
  {
    spdx: 'BSD-2-Clause',
    has: [retain, /redistributions? in binary form must reproduce/],
    but: /endorse or promote products|all advertising materials/,
  },
  { spdx: 'ISC', has: [withFee, /provided that the above copyright notice/] },
  { spdx: '0BSD', has: [withFee], but: /provided that the above copyright notice/ },
  { spdx: 'GPL-2.0-only', has: [/gnu general public license version 2 june 1991/] },
  { spdx: 'GPL-3.0-only', has: [/gnu general public license version 3 29 june 2007/] },
  { spdx: 'LGPL-2.0-only', has: [/gnu library general public license version 2 june 1991/] },
  { spdx: 'LGPL-2.1-only', has: [/gnu lesser general public license version 2\.1 february 1999/] },
  { spdx: 'LGPL-3.0-only', has: [/gnu lesser general public license version 3 29 june 2007/] },
  { spdx: 'AGPL-3.0-only', has: [/gnu affero general public license version 3 19 november 2007/] },
  { spdx: 'GFDL-1.3-only', has: [/gnu free documentation license version 1\.3 3 november 2008/] },
  { spdx: 'MPL-2.0', has: [/mozilla public license version 2\.0/] },
  { spdx: 'EPL-2.0', has: [/eclipse public license - v 2\.0/] },
  { spdx: 'EUPL-1.1', has: [/european union public license v\.? ?1\.1/], but: /v\.? ?1\.2/ },
  { spdx: 'EUPL-1.2', has: [/european union public license v\.? ?1\.2/] },
  { spdx: 'CC0-1.0', has: [/cc0 1\.0 universal|creativecommons\.org\/publicdomain\/zero\/1\.0/] },
  { spdx: 'Unlicense', has: [/free and unencumbered software released into the public domain/] },
  { spdx: 'WTFPL', has: [/do what the fuck you want to public license/] },
  { spdx: 'Zlib', has: [/altered source versions must be plainly marked as such/, /this software is provided as-is/] },
  { spdx: 'BSL-1.0', has: [/boost software license - version 1\.0/] },
  { spdx: 'OFL-1.1', has: [/sil open font license version 1\.1/] },
  { spdx: 'Artistic-2.0', has: [/the artistic license 2\.0/] },
  { spdx: 'ODbL-1.0', has: [/open database license \(odbl\) v1\.0|odc open database license/] },
]

const creative =
  /(?:creative commons )?attribution ?(-? ?non-?commercial)? ?(-? ?share-?alike|-? ?no-?deriv(?:ative)?s?)? ?([34]\.0)(?= (?:international|unported|generic|public|license)| \()|creativecommons\.org\/licenses\/by(-nc)?(-sa|-nd)?\/([34]\.0)|\bcc[- ]by(-nc)?(-sa|-nd)?[- ]([34]\.0)\b/g

/**
 * SPDX id of the license that a text holds or names, told by phrases that no other license has. Undefined where it is none
 * that is known, or where several are in it: then nobody but a person can say which holds for what.
 */
export function licenseOfText(text: string): string | undefined {
  const head = text.slice(0, 200_000)
  const tagged = spdxHeader(head)
  if (tagged !== undefined) return tagged
  const words = plain(head)
  const found = new Set<string>()
  for (const { spdx, has, but } of signs) {
    if (has.every(phrase => phrase.test(words)) && !but?.test(words)) found.add(spdx)
  }
  for (const match of words.matchAll(creative)) {
    const nc = (match[1] ?? match[4] ?? match[7]) ? '-NC' : ''
    const more = match[2] ?? match[5] ?? match[8] ?? ''
    const last = /sa|share/.test(more) ? '-SA' : /nd|no/.test(more) ? '-ND' : ''
    found.add(`CC-BY${nc}${last}-${match[3] ?? match[6] ?? match[9]}`)
  }
  if (found.size === 1) return [...found][0]
  const reserved =
    /all rights reserved/.test(words) && !/permission|redistribut|licensed under|free software/.test(words)
  return found.size === 0 && reserved ? 'proprietary' : undefined
}

/**
 * The expression of an SPDX header in the first lines of a file (`SPDX-License-Identifier: MIT`), which ends with its line
 * or with the comment around it. Undefined where there is none, or another one further down.
 */
export function spdxHeader(text: string): string | undefined {
  const found = new Set<string>()
  for (const [, expression = ''] of text.slice(0, 4000).matchAll(/SPDX-License-Identifier:[ \t]*([^\r\n]{1,200})/g)) {
    const id =
      /^[A-Za-z0-9][A-Za-z0-9.+-]*(?:[ \t]+(?:OR|AND|WITH)[ \t]+[A-Za-z0-9.+-]+)*|^\([A-Za-z0-9.+\-() \t]+\)[A-Za-z0-9.+\-() \t]*/.exec(
        expression,
      )?.[0]
    if (id) found.add(id.trim().replace(/[ \t]+/g, ' '))
  }
  return found.size === 1 ? [...found][0] : undefined
}
