import { copyUnits, split, type Units } from '../../kernels/index.ts'
import { prose, structural } from '../../text/index.ts'

/** Tasks whose answer is their text over again. */
const copies =
  /\b(?:re-?write|rephras\w*|paraphras\w*|edit|proofread|correct\w*|grammar|punctuation|fix|debug|extract|quote|cop(?:y|ies)|repeat|echo|translat\w*|convert|format|sort|order|rearrange|classif\w*|categori[sz]e|choose|select|pick|which of|options?|identify|find|highlight|underline|annotate|label|tag|complete|continue|fill|remove|replace|shorten|expand|improve|tokeni[sz]e|capitali[sz]e|upper-?case|lower-?case|reverse|sentence)\b|書き(?:直|換|替)|言い換え|修正|訂正|校正|添削|編集|抽出|抜き出|引用|繰り返|復唱|翻訳|訳し|変換|整形|並べ|分類|選(?:び|ん|択)|どれ|どちら|続き|埋め|補完|完成|削除|置き?換|短く|要約|まとめ/i

const most = 50_000
const gram = 6
/** Units under which an answer or a question says little enough to be said again. */
const shortest = 16
const shortestQuestion = 6

/**
 * How much of an answer is the question over again, from 0 to 1: the share of the question that the answer begins by
 * asking, or the share of the answer that is half of the question or more, word for word. 0 for tasks whose answer is
 * their text, such as mending or choosing, and for code.
 */
export function echo(asked: string, answer: string): { value: number; why: string } {
  const none = { value: 0, why: '' }
  if (copies.test(asked) || isCode(asked)) return none
  const reply = copyUnits(split(prose(answer).slice(0, 8 * most), 'match'))
  const question = split(asked.slice(0, 8 * most), 'match')
  const [r, q] = [Math.min(most, reply.count), Math.min(most, question.count)]
  if (q < shortestQuestion || r < shortestQuestion) return none
  const { start, from, length } = longestRun(reply, r, question, q)
  const why = reply.text.slice(reply.starts[start], reply.ends[start + length - 1]).slice(0, 120)
  // A good answer takes up the words of the question; it does not ask it again.
  const again = start === 0 && from + length === q && /^\s*[?？]/.test(reply.text.slice(reply.ends[length - 1]))
  if (again && length / q >= 0.5) return { value: length / q, why }
  return length >= shortest && length / q >= 0.5 ? { value: length / r, why } : none
}

const isCode = (text: string) => text.includes('```') || text.split('\n').filter(line => structural(line)).length >= 2

/** The longest run of units in both, or nearly: of places with the same six units the first is tried. */
function longestRun(reply: Units, r: number, question: Units, q: number) {
  const places = new Map<number, number>()
  for (let i = 0; i + gram <= q; i++) {
    const key = keyAt(question, i)
    if (!places.has(key)) places.set(key, i)
  }
  const same = (i: number, j: number) => reply.low[i] === question.low[j] && reply.high[i] === question.high[j]
  let best = { start: 0, from: 0, length: 0 }
  for (let i = 0; i + gram <= r; ) {
    const j = places.get(keyAt(reply, i))
    let length = 0
    if (j !== undefined) while (i + length < r && j + length < q && same(i + length, j + length)) length++
    if (j !== undefined && length > best.length) best = { start: i, from: j, length }
    i += Math.max(1, length)
  }
  return best
}

function keyAt({ low, high }: Units, at: number): number {
  let key = 0
  for (let i = at; i < at + gram; i++) key = Math.imul(key ^ low[i]!, 0x9e3779b1) + high[i]!
  return key | 0
}
