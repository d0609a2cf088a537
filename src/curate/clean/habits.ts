import { ownWords } from '../../text/index.ts'
import { closers, first, openers, selfReferences } from './phrases.ts'

export { refusal } from '../../text/index.ts'

/** An answer without its polite frame, and what was taken off; at most a few sentences at each end. */
export function unframed(answer: string): { text: string; removed: string[] } {
  const removed: string[] = []
  let text = answer
  for (let round = 0; round < 4; round++) {
    const before = removed.length
    for (const pattern of openers) {
      const found = pattern.exec(text)
      if (!found) continue
      removed.push(found[0].trim())
      text = capitalised(text.slice(found[0].length).trimStart())
    }
    for (const pattern of closers) {
      const found = pattern.exec(text)
      // Nothing but a closing phrase is left to the other checks.
      if (!found || found.index === 0) continue
      removed.push(found[0].trim())
      text = text.slice(0, found.index).trimEnd()
    }
    if (removed.length === before) break
  }
  return { text, removed }
}

const capitalised = (text: string) => text.replace(/^\p{Ll}/u, letter => letter.toUpperCase())

/** Questions that a model answers by speaking of itself. */
const aboutModels =
  /\b(?:are|were|do|did|can|could|would|will|have|who|what|how|why|where|when) (?:\w+ )?you\b(?! (?:please|help|give|tell|write|explain|create|make|show|provide|suggest|describe|summari[sz]e|list|find|generate|recommend|teach|think of))|\b(?:tell me|talk|write|say) about yourself\b|\byour (?:name|opinion|feelings?|favou?rite|creators?|training|purpose|age|thoughts?)\b|\b(?:AI|A\.I\.|artificial intelligence|language models?|LLMs?|chatbots?|ChatGPT|GPT-?\d*|Claude|Gemini|OpenAI|Anthropic|robots?|Siri|Alexa)\b|(?:あなた|君|きみ|貴方)(?:は|の|が|に|も)|自己紹介|人工知能|言語モデル|チャットボット|ＡＩ/i

/** What a model says of itself where nobody asked. */
export function selfReference(answer: string, asked: string): string | undefined {
  if (aboutModels.test(asked)) return undefined
  return first(ownWords(answer), selfReferences)
}
