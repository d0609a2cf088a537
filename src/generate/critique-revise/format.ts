/** Lead-ins that speak of the revision instead of being it. */
const leadIns = [
  /^(?:(?:sure|certainly|of course|okay|ok)[,!.]? *)?(?:here(?:['’]s| is)|below is|this is|i have|i['’]ve) (?:the|a|an|my|your)?\s*(?:\w+ ){0,3}?(?:revis|rewrit|rewrote|updat|improv|correct|edited)/i,
  /^(?:revision|revised (?:answer|response|version|reply)|rewritten (?:answer|response))\s*[:：\n]/i,
  /^(?:以下|こちら|次)(?:は|が|に)[^。\n]{0,20}(?:改訂|修正|書き直|改善)/,
  /^(?:改訂|修正|改善)(?:版|後|案|した(?:回答|答え))[^。\n]{0,12}[:：\n]/,
]
/** Marks of the prompt, and talk about the critique that readers of the row never saw. */
const marks =
  /<\/?(?:question|conversation|answer|reference)(?:-\d+)?>|\b(?:the|your|this) (?:critique|criticism)\b|ご指摘|指摘を踏まえ|批評(?:を踏まえ|に従)/i

const fences = (text: string) => text.match(/^[ \t]*(?:```|~~~)/gm)?.length ?? 0
function isJson(text: string): boolean {
  try {
    return typeof JSON.parse(text) === 'object'
  } catch {
    return false
  }
}

/** What is worse in the form of a revision than in what it revises; undefined when nothing is. */
export function formatProblem(before: string, after: string): string | undefined {
  if (leadIns.some(pattern => pattern.test(after))) return 'lead-in'
  if (marks.test(after) && !marks.test(before)) return 'talk about the critique'
  if (fences(after) % 2 === 1) return 'open code block'
  if (fences(before) > 0 && fences(after) === 0) return 'code block gone'
  if (isJson(before) && !isJson(after)) return 'no longer JSON'
  return undefined
}
