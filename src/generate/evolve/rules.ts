import { normaliseForMatch, rougeL, rougeTokens } from '../../text/index.ts'

/** Words that say nothing by themselves; in Japanese the letters of endings and particles. */
const stopWords = new Set(
  (
    'a about above after again all also an and any are as at be been before being below between both but by can could did do does doing down during each else few for ' +
    'from further had has have having he her here hers him his how i if in into is it its itself just me more most my no nor not now of off on once only or other our out ' +
    'over own please same she should so some such than that the their them then there these they this those through to too under until up very was we were what when where ' +
    'which while who whom why will with would you your ' +
    'は が を に へ と で の も や か ね よ し て た だ な い る れ ら す ま せ ん こ そ あ ど さ く う お'
  ).split(' '),
)

/** What tells something: tokens without stop words. */
const telling = (text: string): string[] => rougeTokens(text).filter(token => !stopWords.has(token))

const unspaced = /[\p{Script=Han}\p{Script=Hiragana}\p{Script=Katakana}]/u
/** Words, or half the characters of a script without spaces: a word of those has two and more. */
export const size = (tokens: readonly string[]): number =>
  tokens.reduce((sum, token) => sum + (unspaced.test(token) ? 0.5 : 1), 0)

const apologises =
  /\bsorry\b|\bI apologi[sz]e\b|\bI can(?:no|')t (?:help|assist)\b|申し訳|すみません|お答えできません|ごめんなさい/i

/** Refusal-like: an apology in a reply under 80 words. */
export const refuses = (text: string): boolean => apologises.test(text) && size(rougeTokens(text)) < 80

/** Nothing but punctuation and stop words. */
export const saysNothing = (text: string): boolean => telling(text).length === 0

/** Words of the question that a reply took along. */
const leaks = [
  /#\s*(?:the )?(?:given|rewritten|created|new|original)[ _]prompt\b/i,
  /\b(?:(?:given|rewritten|created|original|new) prompt|(?:given|rewritten) (?:answer|response))\b/i,
  /(?:与えられた|元の|書き直した|書き直し後の|書き換えた|書き換え後の|新しい|作成した)(?:プロンプト|依頼文?|指示文?)|(?:与えられた|書き直した|書き換えた)回答/,
  /<\/?(?:prompt|conversation|answer)(?:-\d+)?>/i,
]

export type Change = { parent: string; child: string; breadth: boolean }

/** Words that the child has and its parent has not, counted as often as they stand there. */
export function added({ parent, child }: Change): number {
  const left = new Map<string, number>()
  for (const token of telling(parent)) left.set(token, (left.get(token) ?? 0) + 1)
  return size(
    telling(child).filter(token => {
      const n = left.get(token) ?? 0
      left.set(token, n - 1)
      return n <= 0
    }),
  )
}

/** Why an evolved prompt is eliminated, by text alone; undefined when it may go on. */
export function eliminated(
  change: Change,
  limits: { added: number; longest: number; alike: number },
): { reason: string; [evidence: string]: string | number } | undefined {
  const { parent, child, breadth } = change
  if (saysNothing(child)) return { reason: 'says-nothing' }
  const leak = leaks.find(pattern => pattern.test(child) && !pattern.test(parent))
  if (leak) return { reason: 'leaked-words', words: leak.exec(child)![0] }
  if (apologises.test(child) && !apologises.test(parent) && refuses(child)) return { reason: 'refusal' }
  const words = size(rougeTokens(child))
  if (words > limits.longest) return { reason: 'too-long', words }
  if (normaliseForMatch(parent) === normaliseForMatch(child)) return { reason: 'no-information', added: 0 }
  if (breadth) {
    const like = rougeL(rougeTokens(parent), rougeTokens(child))
    return like >= limits.alike ? { reason: 'no-information', rougeL: Math.round(like * 1e4) / 1e4 } : undefined
  }
  const more = added(change)
  return more < limits.added ? { reason: 'no-information', added: more } : undefined
}
