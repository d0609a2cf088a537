import { weight } from './prose.ts'

/** Answers that decline, English and Japanese. */

/** An answer that opens so declines. It is one only where it is the answer: see `refusal`. */
const declines: RegExp[] = [
  /^(?:(?:i['’]?m|i am) (?:really |very |so )?sorry,? (?:but )?(?:i |that )|sorry,? (?:but )?i |unfortunately,? i |i apologi[sz]e,? (?:but )?i |my apologies,? (?:but )?i )(?:(?:can(?:['’]t|not| not)|could(?:n['’]t| not)|(?:am|['’]m) (?:not able|unable|not allowed|not permitted)|won['’]t|will not|do(?:n['’]t| not) (?:have (?:access|enough|the ability|any information|information)|feel comfortable)|must decline)|is (?:not )?something i)/i,
  /^i (?:can(?:['’]t|not| not)|(?:am|['’]m) (?:unable|not able)(?: to)?|won['’]t|will not|must decline|do not feel comfortable|don['’]t feel comfortable)\b[^.!?\n]{0,60}\b(?:help|assist|provide|answer|comply|fulfil+|complete|create|generate|discuss|do that|support|engage|share|write|access|respond|continue|offer)\b/i,
  /^i['’]?(?: a)?m (?:unable|not able|not allowed|not permitted) to\b/i,
  /^as an? (?:ai|artificial intelligence|large language model|language model)\b[^.!?\n]{0,80}\b(?:can(?:['’]t|not| not)|unable|not able|do(?:n['’]t| not)|won['’]t)\b/i,
  /^(?:申し訳(?:ございません|ありません|ない)(?:が|けれど|けど)?|(?:すみません|ごめんなさい|恐れ入ります|恐縮です)が)[、,。\s]?[^。\n]{0,60}(?:できません|できかねます|いたしかねます|致しかねます|お答えでき|応じられません|わかりません|分かりません|お断り|存じません|控え)/,
  /^(?:その|この|そのような|このような|ご)?(?:質問|依頼|要求|要望|内容|リクエスト|ご質問|ご依頼|ご要望)[^。\n]{0,20}(?:には|に|は|については)[^。\n]{0,24}(?:お答えできません|お答えすることはできません|応じることはできません|応じられません|対応できません|お応えできません|お断り)/,
  /^(?:私は|わたしは)?(?:AI|ＡＩ|人工知能|言語モデル)(?:アシスタント|モデル)?(?:である|です|な|として|の)[^。\n]{0,50}(?:できません|持っていません|ありません|お答えでき|いたしかねます)/,
  /^(?:お手伝い|お答え|回答|提供|支援)(?:は|を|すること(?:は|が))(?:できません|できかねます|いたしかねます|控えさせて)/,
]

/**
 * The phrase an answer declines with, where declining is the answer: it opens with it and little or nothing follows.
 * A long text that opens with an apology and then helps, or one about refusals, is none.
 */
export function refusal(answer: string): string | undefined {
  const text = answer.trim()
  const opening = text.slice(0, 600)
  const phrase = declines.map(pattern => pattern.exec(opening)?.[0].trim()).find(Boolean)
  if (!phrase) return undefined
  return weight(text) <= 160 && !/```/.test(text) ? phrase : undefined
}
