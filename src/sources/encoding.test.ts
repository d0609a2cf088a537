import { readFileSync } from 'node:fs'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { decodedBytes } from './bytes.ts'
import { type Encoding, encodingOf } from './encoding.ts'

/** The table of an encoder: what its decoder makes of every one and two bytes, turned round. */
function encoder(encoding: Encoding): (text: string) => Buffer {
  const decoder = new TextDecoder(encoding, { fatal: true })
  const table = new Map<string, number[]>()
  const add = (bytes: number[]): void => {
    try {
      const text = decoder.decode(Uint8Array.from(bytes))
      if ([...text].length === 1 && !table.has(text)) table.set(text, bytes)
    } catch {
      // No character.
    }
  }
  for (let first = 0; first < 0x100; first++) add([first])
  if (encoding !== 'windows-1252') {
    for (let first = 0x81; first < 0xff; first++) for (let second = 0x40; second < 0xff; second++) add([first, second])
  }
  return text => {
    const found = [...text].map(c => {
      const bytes = table.get(c)
      if (!bytes) throw new Error(`${encoding} has no ${c}`)
      return bytes
    })
    return Buffer.from(found.flat())
  }
}

const eucJp = encoder('euc-jp')
/** JIS X 0208 is EUC-JP without the high bits, between escape sequences. */
function iso2022(text: string): Buffer {
  const parts = text.split(/([^\0-\x7f]+)/)
  const bytes = parts.map((part, i) =>
    i % 2 === 0
      ? Buffer.from(part, 'latin1')
      : Buffer.concat([Buffer.from('\x1b$B'), eucJp(part).map(byte => byte & 0x7f) as Buffer, Buffer.from('\x1b(B')]),
  )
  return Buffer.concat(bytes)
}

const samples: { encodings: [Encoding, (text: string) => Buffer][]; sentences: string[] }[] = [
  {
    encodings: [
      ['euc-jp', eucJp],
      ['shift_jis', encoder('shift_jis')],
      ['iso-2022-jp', iso2022],
    ],
    sentences: [
      'ポンプは水位が下がると動き始めます。',
      'これは、浮きがスイッチを開くためです。',
      '図1のように、弁を右へ回してください。',
      '運転中はふたを開けないこと。',
      'Linux ではファイル名の大文字と小文字を区別する。',
    ],
  },
  {
    encodings: [['gb18030', encoder('gb18030')]],
    sentences: [
      '水位下降时，水泵开始工作。',
      '因为浮子会打开开关，所以电机转动。',
      '运行期间请不要打开盖子，以免受伤。',
      '如图所示，请将阀门向右旋转。',
      '这个程序可以处理中文文本和数字 2024。',
    ],
  },
  {
    encodings: [['euc-kr', encoder('euc-kr')]],
    sentences: [
      '수위가 내려가면 펌프가 작동하기 시작합니다.',
      '부표가 스위치를 열기 때문입니다.',
      '운전 중에는 뚜껑을 열지 마십시오.',
      '그림 1과 같이 밸브를 오른쪽으로 돌리십시오.',
      '이 프로그램은 한국어 문장과 숫자를 처리할 수 있습니다.',
    ],
  },
  {
    encodings: [['big5', encoder('big5')]],
    sentences: [
      '水位下降時，幫浦開始運轉。',
      '因為浮球會打開開關，所以馬達轉動。',
      '運轉期間請不要打開蓋子，以免受傷。',
      '如圖所示，請將閥門向右旋轉。',
      '這個程式可以處理中文文字和數字 2024。',
    ],
  },
  {
    encodings: [['windows-1252', encoder('windows-1252')]],
    sentences: [
      'La pompe démarre lorsque le niveau baisse, car le flotteur ouvre l’interrupteur.',
      'Die Pumpe läuft an, sobald der Füllstand fällt; der Schwimmer öffnet den Schalter.',
      'La bomba arranca cuando baja el nivel: ¿está abierta la válvula número 1?',
      'O motor não gira enquanto a tampa está aberta – é uma precaução.',
      'Pumpen går i gång när nivån sjunker, eftersom flottören öppnar brytaren.',
    ],
  },
]

describe('texts come back from the bytes of their encoding', () => {
  for (const { encodings, sentences } of samples)
    for (const [encoding, encode] of encodings)
      test(encoding, () => {
        const text = fc
          .array(fc.oneof(fc.constantFrom(...sentences), fc.stringMatching(/^[a-z ,]{0,12}$/)), { maxLength: 12 })
          .map(parts => `${[...sentences.slice(0, 2), ...parts].join('\n')}\n`)
        fc.assert(
          fc.property(text, whole => {
            expect(decodedBytes(encode(whole))).toEqual({ text: whole, encoding })
          }),
          { numRuns: 60 },
        )
      })
})

test('a real Japanese table is told from a few rows of it', () => {
  const bytes = readFileSync(new URL('../../test/fixtures/encodings/test_mskanji.csv', import.meta.url))
  expect(encodingOf(bytes, true).encoding).toBe('shift_jis')
  const { text } = decodedBytes(bytes)
  expect(text.split('\r\n')[0]).toBe('名前,年齢,住所')
  // Names in kanji alone may be Chinese in EUC-JP; a column of readings tells.
  expect(() => decodedBytes(eucJp(text))).toThrow('at character 1')
  const read = `よみ,${text.replace('佐藤', 'さとう,佐藤')}`
  expect(decodedBytes(eucJp(read))).toEqual({ text: read, encoding: 'euc-jp' })
  expect(decodedBytes(iso2022(text))).toEqual({ text, encoding: 'iso-2022-jp' })
})

test('what could be several encodings, or is damaged, stays undecided and names the place', () => {
  const undecided = [
    ['a\xffb', 1],
    ['one caf\xe9', 7],
    // UTF-8 with one bad byte, Polish of Latin-2, Russian of windows-1251, two Chinese characters.
    ['CafÃ© and naÃ¯ve, \xe9', 16],
    ['Cz\xea\xb6\xe6 s\xb3\xf3w: \xbfaba, \xb1 i \xea', 2],
    ['\xcf\xf0\xe8\xe2\xe5\xf2, \xec\xe8\xf0', 0],
    ['\xc4\xe3\xba\xc3', 0],
  ] as const
  for (const [text, character] of undecided) {
    const bytes = Buffer.from(text, 'latin1')
    expect(() => decodedBytes(bytes), text).toThrow(
      expect.objectContaining({ reason: 'invalid-utf8', evidence: { character } }),
    )
  }
})

test('accented letters that come after a page of English, and an encoding that the text states', () => {
  const late = `${'The pump starts when the level falls.\n'.repeat(2500)}Il démarre à la fin, très lentement, après l'été.`
  expect(decodedBytes(Buffer.from(late, 'latin1'))).toEqual({ text: late, encoding: 'windows-1252' })
  expect(decodedBytes(Buffer.from([0xcf, 0xf0, 0xe8]), 'windows-1251').text).toBe('При')
  expect(decodedBytes(Buffer.from('é'), 'windows-1251')).toEqual({ text: 'é' })
})
