import { type Candidate, likely } from './candidate.ts'
import type { Entity } from './entities.ts'
import type { Marks } from './marks.ts'

const prefecture =
  '(?:東京都|北海道|(?:大阪|京都)府|(?:青森|岩手|宮城|秋田|山形|福島|茨城|栃木|群馬|埼玉|千葉|神奈川|新潟|富山|石川|福井|山梨|長野|岐阜|静岡|愛知|三重|滋賀|兵庫|奈良|和歌山|鳥取|島根|岡山|広島|山口|徳島|香川|愛媛|高知|福岡|佐賀|長崎|熊本|大分|宮崎|鹿児島|沖縄)県)'
const letters = '[\\p{Script=Han}\\p{Script=Hiragana}\\p{Script=Katakana}ヶケ々ー]'
const municipality = `${letters}{1,7}?(?:市${letters}{1,6}?区|[市区]|郡${letters}{1,7}?[町村]|[町村])`
/** Without a prefecture before it a name begins with Han, or is one of those that are spelled in kana: a particle is no part of it. */
const bare = `(?!同)(?:[\\p{Script=Han}々][\\p{Script=Han}々ヶケがの]{0,5}?|さいたま|つくばみらい|つくば|いわき|ひたちなか|うるま|みどり|あきる野|かすみがうら|さくら|ふじみ野|いすみ|あわら|みよし|あま|いなべ|たつの|かほく|みやま|うきは|えびの|むつ|つがる|にかほ|さぬき|東かがわ)(?:市${letters}{1,6}?区|[市区]|郡${letters}{1,7}?[町村]|[町村])`
/** What stands before the number of a block: prefecture, municipality, quarter. */
const before = new RegExp(
  `(?:(?<prefecture>${prefecture})\\s?(?:${municipality})?|(?<![\\p{Script=Han}])${bare})\\s?${letters}{0,14}\\s?$`,
  'u',
)
const numeral = '[0-9〇一二三四五六七八九十百]'
/** The number of a block: chome, banchi and go, in words or with dashes, then the building and the room. */
const block = new RegExp(
  `(?:${numeral}{1,4}(?:丁目|番地?の?|番町|号|-|の)){0,3}${numeral}{1,4}(?:番地?|号|丁目)?(?:[  ]?(?:[\\p{Script=Han}\\p{Script=Katakana}ーA-Za-z・]{1,20}(?:ビル|マンション|ハイツ|コーポ|荘|タワー|アパート|レジデンス|ハウス|館)[A-Z]?棟?[  ]?)?(?:\\d{1,2}[F階]|[A-Z]?\\d{2,5}(?:号室|号))?)?`,
  'uy',
)
const span = 44

/** Addresses in Japan: a municipality, with or without its prefecture, and the number of a block. */
export function findJapanese(
  text: string,
  { numbers, places, wide }: Marks,
  wanted: ReadonlySet<Entity>,
  into: Candidate[],
): void {
  if (!wide) return
  if (wanted.has('jp-address')) {
    let done = -1
    const anchors = [...evens(numbers), ...places.map(place => firstNumeral(text, place))].sort((a, b) => a - b)
    for (const anchor of anchors) {
      const last = text.charCodeAt(anchor - 1) === 32 ? anchor - 2 : anchor - 1
      if (anchor < done || last < 0 || text.charCodeAt(last) < 0x3000) continue
      const found = addressAt(text, anchor)
      if (!found) continue
      done = found.end
      into.push(found)
    }
  }
  if (wanted.has('jp-health-insurance') && /被?保険/.test(text)) findInsurance(text, into)
}

function* evens(pairs: number[]): Generator<number> {
  for (let i = 0; i < pairs.length; i += 2) yield pairs[i]!
}

function firstNumeral(text: string, place: number): number {
  let at = place
  while (at > 0 && place - at < 5 && /[〇一二三四五六七八九十百]/.test(text[at - 1]!)) at--
  return at === place ? 0 : at
}

function addressAt(text: string, anchor: number): Candidate | undefined {
  block.lastIndex = anchor
  const tail = block.exec(text)?.[0].trimEnd()
  if (!tail || !/丁目|番地|番\d|号|\d[-の]\d/.test(tail)) return undefined
  const from = Math.max(0, anchor - span)
  const head = text.slice(from, anchor)
  if (!/[市区町村]/.test(head)) return undefined
  const lead = before.exec(head)
  if (!lead) return undefined
  const start = from + lead.index
  const end = anchor + tail.length
  const value = text.slice(start, end)
  // A made-up municipality stands for an address that is not told.
  if (value.includes('架空')) return { entity: 'public', start, end, score: 0.95, value }
  return { entity: 'jp-address', start, end, score: lead.groups?.prefecture ? 0.95 : likely, value }
}

const insured = /記号[ :：]*[0-9A-Z぀-ヿ一-鿿-]{0,10}?(\d{1,8})[ 、,・]*番号[ :：]*(\d{1,8})/g
/** The two numbers by which an insured person is known. */
function findInsurance(text: string, into: Candidate[]): void {
  for (const match of text.matchAll(insured)) {
    const end = match.index + match[0].length
    if (!/保険/.test(text.slice(Math.max(0, match.index - 40), end + 20))) continue
    const value = match[2]!
    if (value.startsWith('00')) continue
    into.push({ entity: 'jp-health-insurance', start: end - value.length, end, score: likely, value })
  }
}
