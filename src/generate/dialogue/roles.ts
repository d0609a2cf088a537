/** What assistants say and people who ask them do not. */
const saidByAssistants = [
  /\bhow (?:can|may) i (?:help|assist) you\b/i,
  /\b(?:i['’]m|i am|as) an? (?:ai|a\.i\.|assistant|virtual assistant|(?:large )?language model)\b/i,
  /\b(?:let me know|feel free to (?:ask|reach out)|don['’]t hesitate to ask) if you (?:have|need|want|['’]d like)\b/i,
  /\bi hope (?:this|that) (?:helps|clears)\b/i,
  /^(?:certainly|of course|sure|absolutely)[,!.]? +(?:here|i can|i['’]d be|i would be|let me|below)\b/i,
  /^(?:assistant|ai)\s*[:：]/i,
  /どのようなご用件|(?:何か)?お手伝い(?:できること|いたしましょうか|しましょうか)|お役に立て(?:れば|たなら)(?:幸い|嬉しい|うれしい)/,
  /(?:AI|ＡＩ|言語モデル|アシスタント)(?:として|です(?:ので|が)|でございます)|ご不明な点(?:が|など)(?:あれば|ありましたら|ございましたら)/,
  /^(?:アシスタント|AI)\s*[:：]|^(?:承知(?:いた)?しました|かしこまりました)[。、]/,
]

/** The words by which a message of the user side turns out to be an assistant's; undefined when there are none. */
export function confusesRoles(message: string): string | undefined {
  for (const pattern of saidByAssistants) {
    const found = pattern.exec(message)
    if (found) return found[0]
  }
  return undefined
}
