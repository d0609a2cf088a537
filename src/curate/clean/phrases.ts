/** Fixed phrases of chat models, English and Japanese. Openers and closers can be taken off; the rest decides a row. */

/** Whole sentences at the beginning that only greet the request. */
export const openers: RegExp[] = [
  /^(?:certainly|of course|sure(?: thing)?|absolutely|definitely|great question|good question|(?:that['’]s|what) an? (?:great|good|excellent|interesting|fantastic) question|excellent question|i['’]d be (?:happy|glad|delighted) to(?: help)?(?: you)?(?: with (?:that|this))?|happy to help|i['’]ll do my best to (?:help|assist)(?: you)?|thank(?:s| you) for (?:asking|your question|the question))\s*[!.,:;—–-]+\s*/i,
  /^(?:here(?:['’]s| is| are)|below (?:is|are)|this is)\s+(?:an?|the|my|your|some|one)\s+(?:\w+[ -]){0,4}?(?:answer|response|explanation|breakdown|overview|summary|rewrite|rewritten version|revised version|step-by-step (?:guide|answer|explanation))\b[^.:!\n]{0,80}[:.!]\s+/i,
  /^as an? (?:ai|artificial intelligence|large language model|language model)(?: (?:language )?model| assistant)?(?: (?:developed|created|trained|made) by [\w .]+?)?,\s+/i,
  /^(?:let['’]s (?:dive|delve) (?:in|into (?:this|it))|let me (?:explain|break (?:it|this|that) down)(?: for you)?)\s*[.!:]\s+/i,
  /^(?:もちろん(?:です|ですとも|、?喜んで(?:お手伝いします|お答えします))?|はい、(?:もちろん(?:です)?|喜んで)|承知(?:しました|いたしました|致しました)|かしこまりました|了解(?:しました|いたしました|です)|わかりました|素晴らしい(?:ご)?質問です(?:ね)?|(?:とても)?良い(?:ご)?質問です(?:ね)?|いい質問です(?:ね)?|お手伝い(?:し|いたし)ます(?:ね)?|ご質問(?:いただき)?ありがとうございます|お(?:問い合わせ|尋ね)(?:いただき)?ありがとうございます)[。！!、]\s*/,
  /^(?:以下(?:は|が|に)|こちらが)[^。\n]{0,30}(?:回答|答え|説明|解説|要約)(?:です|になります|となります|を示します|を記します)[。：:]\s*/,
  /^(?:私は)?(?:AI|ＡＩ|人工知能|言語モデル)(?:アシスタント|モデル)?として[、,]\s*/,
]

/** Whole sentences at the end that offer more help. */
export const closers: RegExp[] = [
  /(?:^|(?<=[.!?:)*`\n][ \t]*))(?:please )?(?:let me know|feel free to (?:ask|reach out|let me know|contact me)|(?:do not|don['’]t) hesitate to (?:ask|reach out|contact)|if you (?:have|need|['’]d like|would like|want)[^.!?\n]{0,160}(?:let me know|feel free|just ask|(?:do not|don['’]t) hesitate|i['’]?(?:m| am) (?:here|happy|glad)))[^.!?\n]{0,120}[.!?]*\s*$/i,
  /(?:^|(?<=[.!?:)*`\n][ \t]*))i hope (?:this|that|these|it)(?: \w+){0,2} (?:helps?|clarif\w+|was helpful|is helpful|makes sense|answers?)[^.!?\n]{0,80}[.!?]*\s*$/i,
  /(?:^|(?<=[.!?:)*`\n][ \t]*))(?:is there anything else|would you like (?:me to|to know more|more details|further)|do you have any (?:other|more|further) questions)[^.!?\n]{0,100}\?\s*$/i,
  /(?:^|(?<=[.!?:)*`\n][ \t]*))(?:happy (?:coding|learning|hacking)|good luck|best of luck)(?: [^.!?\n]{0,40})?!\s*$/i,
  /(?:^|(?<=[。！？!?」）\n][ \t　]*))(?:ほかに|他に|その他|さらに|もし)?[^。！？\n]{0,30}(?:ご?質問|ご不明な?点|不明な?点|ご?疑問|わからないこと|お困りのこと)[^。！？\n]{0,30}(?:お知らせください|お尋ねください|お聞かせください|聞いてください|ご連絡ください|お申し付けください|ご質問ください|お問い合わせください|質問してください)(?:ね)?[。！!]?\s*$/,
  /(?:^|(?<=[。！？!?」）\n][ \t　]*))[^。！？\n]{0,30}(?:お役に立て(?:れば|たなら|たら)(?:幸い|嬉しい|うれしい)(?:です)?|参考になれば(?:幸い|嬉しい|うれしい)(?:です)?|お役に立てることを願って(?:い)?ます)[。！!]?\s*$/,
]

/** Special tokens and frames of chat templates. */
export const templateTokens =
  /<\|(?:im_start|im_end|im_sep|endoftext|eot_id|end_of_text|begin_of_text|start_header_id|end_header_id|end_of_turn|system|user|assistant|end|pad)\|>|<(?:start_of_turn|end_of_turn|bos|eos|unk|pad)>|<\/s>|<<\/?SYS>>|\[\/?INST\]|<｜(?:User|Assistant|end▁of▁sentence|begin▁of▁sentence)｜>|<\/?think>/

/** Marks of prompts, ours and common ones, that have no business in an answer. */
export const promptMarks =
  /^[ \t]*(?:#{2,}[ \t]*(?:Instruction|Response|System|Assistant|Human|User)s?[ \t]*[:：]?[ \t]*$|(?:Human|Assistant|User|System|ASSISTANT|USER)[:：][ \t]*\S?|<\/?(?:question|answer|document|reference|rubric|passage|context|example)(?:-\d+)?>)/m

/** Wording that points at a text which the reader of the row does not have. */
export const metaReferences: RegExp[] = [
  /\b(?:according to|based (?:up)?on|as (?:stated|mentioned|described|noted|explained|discussed|shown|outlined) in|mentioned in|described in|stated in|from|in|per) (?:the|this|that) (?:(?:provided|given|above|supplied|accompanying) (?:document|passage|excerpt|text|context|material|content|article|section|reference)|(?:document|passage|excerpt|text|context|material|article) (?:provided|above|given|supplied)|(?:reference|source) (?:material|document|text))\b/i,
  /\b(?:according to|based on|as (?:stated|mentioned|described|noted|explained|discussed|outlined) in) (?:the|this) (?:document|passage|excerpt|text|article|author|chapter|source)\b(?! of\b)/i,
  /\b(?:the|this) (?:passage|excerpt|(?:provided|given|above) (?:document|text|article|context|material)) (?:does not|doesn['’]t|states|says|mentions|explains|describes|notes|provides|indicates|emphasi[sz]es|discusses|defines)\b/i,
  /\b(?:the|this) (?:document|text|article|author) (?:does not (?:say|state|mention|specify|explain)|doesn['’]t (?:say|state|mention|specify|explain)|states that|says that|mentions|emphasi[sz]es|goes on to|clearly)\b/i,
  /(?:この|本|当該|上記の?|与えられた|提供された|示された|提示された|以下の)(?:文書|文章|資料|本文|記事|テキスト|抜粋|文脈|パッセージ)(?:に(?:よると|よれば|基づ|おいて|書かれ|記載)|で(?:は|述べ|説明|示)|の(?:中で|内容|記述)|には|が(?:述べ|示)|を(?:もとに|基に))/,
  /(?:文書|文章|資料|本文|記事|テキスト)に(?:よると|よれば|基づくと|基づけば)|(?:本文|資料|文書)(?:中|内)(?:で|に)(?:は|述べ|書かれ|示され)/,
]

/** A model speaking of itself, anywhere in an answer. At its beginning `openers` take the phrase off. */
export const selfReferences: RegExp[] = [
  /(?<!^|\n)\bas an? (?:ai|artificial intelligence|(?:large )?language model)(?: (?:language )?model| assistant)?,? i\b/i,
  /\bi(?:['’]m| am)(?: just| only| merely)? (?:an? )?(?:ai\b|a\.i\.|artificial intelligence\b|(?:large )?language model\b|virtual assistant\b|chatbot\b|computer program\b)/i,
  /\bi(?:['’]m| am) (?:chatgpt|gpt-?\d|claude|bard|gemini|llama|qwen|deepseek|copilot|vicuna|alpaca|open ?assistant)\b/i,
  /\bi was (?:created|developed|trained|made|built) by (?:openai|anthropic|google|meta|microsoft|alibaba|deepseek|mistral|laion)\b/i,
  /\bmy (?:training data|knowledge cut-?off|last knowledge update|training (?:ended|only goes))\b/i,
  /私は(?:単なる|ただの)?(?:AI|ＡＩ|人工知能|(?:大規模)?言語モデル|チャットボット|ChatGPT|GPT)(?:アシスタント|モデル|プログラム)?(?:で(?:す|あり|、)|な(?:ので|ため)|として)/,
  /(?:AI|ＡＩ|人工知能|言語モデル)(?:アシスタント|モデル)?(?:として|である)、?私/,
  /私(?:の|が持つ)(?:知識|学習データ|訓練データ|トレーニングデータ)は[^。\n]{0,20}(?:年|時点)/,
]

/** What the first of the patterns that fits finds. */
export function first(text: string, patterns: readonly RegExp[]): string | undefined {
  for (const pattern of patterns) {
    const found = pattern.exec(text)
    if (found) return found[0].trim()
  }
  return undefined
}
