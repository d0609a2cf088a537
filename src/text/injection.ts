import { blocks } from './blocks.ts'
import { normalise } from './normalise.ts'

/** What an instruction to a model looks like in prose; markers of chat templates count outside code alone. */
const prose: RegExp[] = [
  /\b(?:ignore|disregard|forget|override|bypass)\b[^.\n]{0,30}\b(?:previous|prior|above|earlier|preceding|foregoing|existing)\s+(?:[\w-]+\s+){0,2}(?:instructions?|prompts?|directives?|commands?|messages?|orders)\b/i,
  /\b(?:ignore|disregard|forget|override|bypass)\s+(?:all\s+(?:of\s+)?)?(?:your|the\s+system(?:'s)?)\s+(?:[\w-]+\s+){0,2}(?:instructions?|prompts?|guidelines|directives?|training|programming|safety\s+\w+)\b/i,
  /\b(?:ignore|disregard|forget)\s+(?:everything|all)\s+(?:above|before\s+this|you\s+(?:were|have\s+been)\s+told)\b/i,
  /\b(?:reveal|print|show|repeat|output|leak|display|tell\s+me)\b[^.\n]{0,20}\b(?:your\s+(?:hidden\s+|initial\s+|original\s+|secret\s+)?(?:system\s+prompt|system\s+message|instructions)|the\s+(?:hidden|initial|original|secret)\s+(?:prompt|instructions))\b/i,
  /\byou\s+are\s+now\s+(?:DAN\b|(?:an?|in)\s+(?:unrestricted|uncensored|unfiltered|jailbroken|evil|god|developer)\b)/i,
  /\bfrom\s+now\s+on,?\s+you\s+(?:are|will|must|shall|should)\s+(?:act|respond|answer|behave|pretend|only|always|never|obey)\b/i,
  /\b(?:if\s+you\s+are|attention|dear|(?:note|message|instructions?)\s+(?:to|for))\s+(?:an?\s+|any\s+|the\s+|all\s+)?(?:AIs?|LLMs?|large\s+language\s+models?|language\s+models?|AI\s+(?:assistants?|models?|agents?)|chatbots?)\b[^.\n]{0,60}(?:\b(?:must|ignore|do\s+not|don't|please|instead|you\s+should)\b|:)/i,
  /^[ \t]*(?:[#*[<]+[ \t]*)?(?:new|updated|important|secret)\s+(?:system\s+)?instructions?\s+(?:for|to)\s+(?:the\s+)?(?:assistant|model|AI)\b/im,
  /^[ \t]*(?:[#*[<]+[ \t]*)?system\s+(?:override|instruction\s+override)\b/im,
  /\bdo\s+not\s+(?:mention|reveal|disclose|tell)\b[^.\n]{0,40}\b(?:these|this)\s+instructions?\b/i,
  /\b(?:DAN|jailbreak|developer)\s+mode\s+(?:enabled|activated|on)\b/i,
  /(?:これまで|以前|上記|前述|今まで|先ほど|以上)(?:の|に与えられた|に出された)?(?:すべて|全て|全部|あらゆる)?の?(?:指示|命令|プロンプト|システムメッセージ)[^。\n]{0,12}(?:無視|忘れ|破棄|従わな|従うな|取り消)/,
  /(?:すべて|全て|あらゆる|あなた(?:へ|に対する)?)の(?:指示|命令|プロンプト)を[^。\n]{0,8}(?:無視|忘れ|破棄)/,
  /システム(?:プロンプト|メッセージ|の指示)[^。\n]{0,16}(?:を(?:すべて|全て|そのまま)?(?:表示|出力|開示|公開|教え|見せ|無視))(?:し|て|せ)/,
  /(?:あなた|君|お前)は(?:今|これ)から[^。\n]{0,40}として(?:振る舞|ふるま|行動し|回答し|応答し)/,
  /(?:AI|ＡＩ|言語モデル|アシスタント)(?:への|に対する)(?:指示|命令)(?:[:：]|です)/,
]
const roleMarkers =
  /<\|(?:im_start|start_header_id|system|user|assistant)\|>|<<\/?SYS>>|\[\/?INST\]|^[ \t]*#{2,}[ \t]*(?:System|Assistant)[ \t]*[:：]|^[ \t]*(?:<system>|\[system\])[ \t]*$/im
const codeSpan = /(?<!`)`+[^`\n]+`/g
/** Letters of the tag block, which no font shows and models read as ASCII. */
const hidden = /[\u{e0020}-\u{e007e}]{8,}/u

/**
 * The phrase with which a text tries to instruct a model that reads it, or undefined. A flag for records and prompts,
 * not a guard: prompts fence documents whether or not they are flagged. English and Japanese.
 */
export function injection(text: string): string | undefined {
  const smuggled = hidden.exec(text)
  if (smuggled) {
    return [...smuggled[0]].map(c => String.fromCharCode(c.codePointAt(0)! - 0xe0000)).join('')
  }
  const clean = normalise(text)
  for (const pattern of prose) {
    const found = pattern.exec(clean)
    if (found) return found[0].trim()
  }
  if (!roleMarkers.test(clean)) return undefined
  // Code shows chat templates for good reasons.
  const outside = blocks(clean, 'markdown').filter(block => block.type !== 'code')
  for (const block of outside) {
    const found = roleMarkers.exec(block.text.replace(codeSpan, ''))
    if (found) return found[0].trim()
  }
  return undefined
}
