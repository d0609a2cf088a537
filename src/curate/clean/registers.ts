import { ownWords, type Styles } from '../../text/index.ts'

/** Sentences of either style under which nothing is mixed. */
const rarest = 3

/** The share of the rarer style, plain or polite; 0 where it may be chance. */
export function mixed({ plain, polite, honorific, why }: Styles & { why: string }): { value: number; why: string } {
  const rarer = Math.min(plain, polite + honorific)
  return rarer < rarest ? { value: 0, why: '' } : { value: rarer / (plain + polite + honorific), why }
}

/** Wording that comes from English sentence by sentence, and that nobody would write in Japanese. */
const translated =
  /(?:私は)?(?:あなた|皆さん|みなさん)を(?:助け|手伝|支援す)る(?:ために)?(?:ここに(?:い|お)|存在し)|私は(?:ただの|単なる)?(?:言語モデル|AI|人工知能)(?:である|です)|これが(?:あなたに)?(?:役に立つ|役立つ|助けになる)ことを(?:願って|望んで|期待して)い?ます|(?:ここ|以下)に(?:は)?(?:いくつかの|あなたの|[0-9０-９一二三四五六七八九十]+つの)[^。\n]{0,40}があります[:：]|私の(?:知識|訓練データ|トレーニングデータ)の(?:カットオフ|期限|締め切り)|あなたの(?:質問|リクエスト|要求|要望)に(?:対する|応じて|基づいて)|どのように(?:あなたを)?(?:お?手伝い|お?助け|支援)(?:し|でき)(?:ましょうか|ますか)|それは素晴らしい(?:質問|アイデア|考え)です|(?:心に留めて|覚えて)おい(?:て|ておいて)ください|[^。\n]{0,20}することを(?:強く)?お勧めします[:：]/g

/** Phrases of translated boilerplate. */
export function translationese(text: string): { value: number; why: string } {
  const found = ownWords(text).match(translated) ?? []
  return { value: found.length, why: found[0] ?? '' }
}
