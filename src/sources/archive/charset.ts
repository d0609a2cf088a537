import { isUtf8 } from 'node:buffer'

/** The upper half of code page 437, which names in zips without a mark are written in. */
const cp437 =
  'ÇüéâäàåçêëèïîìÄÅÉæÆôöòûùÿÖÜ¢£¥₧ƒáíóúñÑªº¿⌐¬½¼¡«»░▒▓│┤╡╢╖╕╣║╗╝╜╛┐└┴┬├─┼╞╟╚╔╩╦╠═╬╧╨╤╥╙╘╒╓╫╪┘┌█▄▌▐▀αßΓπΣσµτΦΘΩδ∞φε∩≡±≥≤⌠⌡÷≈°∙·√ⁿ²■\u00a0'

const ofCp437 = (raw: Buffer): string =>
  Array.from(raw, byte => (byte < 0x80 ? String.fromCharCode(byte) : cp437[byte - 0x80]!)).join('')

/** Names of one archive that do not say what they are written in. Those that are no UTF-8 are told together. */
export function decodedNames(names: readonly Buffer[]): string[] {
  const odd = names.filter(raw => !isUtf8(raw))
  const japanese = odd.length > 0 && readsAsJapanese(odd)
  return names.map(raw => (isUtf8(raw) ? raw.toString('utf8') : japanese ? shiftJis(raw) : ofCp437(raw)))
}

const shiftJis = (raw: Buffer): string => new TextDecoder('shift_jis').decode(raw)

/** Nearly all characters beyond ASCII come out as kana or kanji: the accented letters of CP437 give signs and gaps. */
function readsAsJapanese(names: readonly Buffer[]): boolean {
  const text = names.map(shiftJis).join('\n')
  const beyond = text.match(/[^\0-\x7f]/g)?.length ?? 0
  const letters = text.match(/[\u3041-\u30fe\u4e00-\u9fff\uff10-\uff5a]/g)?.length ?? 0
  const kana = /[\u3041-\u30fe\u4e00-\u9fff]/.test(text)
  return kana && letters >= 0.9 * beyond
}
