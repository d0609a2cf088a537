import { personalEntities, scanPersonalData } from '../../curate/index.ts'
import type { Material } from '../../govern/index.ts'
import type { Json, Kind } from '../../records/index.ts'
import { firstRows, formByEnding, formOf, type SourceConfig, type SourceFile, sourceKind } from '../../sources/index.ts'

type Cells = { [column: string]: Json | undefined }

/** What the rows of a file are. `sign` is equal for files that may be one source. */
export type Look = {
  kind?: Kind
  material: Material
  shape?: string
  columns?: { [field: string]: string }
  asked?: string
  synthetic?: true
  /** Columns whose values look like those of a person. */
  personal: Set<string>
  rows: Cells[]
  sign: string
}

const messageColumns = ['text', 'content', 'query', 'question', 'message', 'utterance', 'request']
const topicColumns = ['intent', 'category', 'topic']
const voteColumns = ['vote', 'rating', 'thumb', 'thumbs', 'feedback']
const [prompts, replies] = [
  ['prompt', 'question', 'query', 'instruction'],
  ['completion', 'response', 'output', 'answer', 'reply'],
]

/**
 * What the first hundred rows of a file tell; columns that only some rows have do not make it another shape. What holds
 * records of another form, such as an archive, is looked at as its reader gives them.
 * @throws StillroomError SR_SOURCE_EMPTY where no row can be used.
 */
export async function lookAtRows(file: SourceFile, table?: string): Promise<Look> {
  const config = { files: file.path, license: 'unknown', origin: 'real', ...(table ? { table } : {}) } as SourceConfig
  const kind = await sourceKind(config, [file])
  const form = formByEnding(file.path)!
  if (formOf(form).holds !== 'rows') return told(kind, [], [], `${form}`)
  const rows = await firstRows(config, file, 100)
  const names = Object.keys(rows[0] ?? {}).filter(name => rows.every(row => name in row))
  const exam = await isExam(config, file, names)
  return told(exam ? 'exam' : kind, rows, names, form)
}

function told(kind: Kind, rows: Cells[], names: string[], form: string): Look {
  const synthetic = rows.some(({ origin }) => origin === 'synthetic')
  const base = {
    rows,
    personal: personalColumns(rows, names),
    ...(synthetic ? { synthetic: true as const } : {}),
    sign: JSON.stringify([kind, [...names].sort(), synthetic, rows.length > 0 ? '' : form]),
  }
  const votes = voteColumns.find(name => names.includes(name))
  const [prompt, reply] = [prompts!, replies!].map(list => list.find(name => names.includes(name)))
  if (votes && prompt && reply && kind !== 'feedback' && kind !== 'preference') {
    const columns = { vote: votes, prompt, completion: reply }
    return { ...base, kind: 'row', material: 'votes', shape: 'replies with votes', columns }
  }
  // Chats that somebody marked as good or bad.
  const marked = rows.length > 0 && rows.every(({ label }) => typeof label === 'boolean')
  if (kind === 'conversation' && marked)
    return { ...base, kind: 'feedback', material: 'votes', shape: 'answers with thumbs' }
  switch (kind) {
    case 'exam':
      return { ...base, kind, material: 'exams', shape: 'exam' }
    case 'preference':
      return { ...base, kind, material: 'preferences', shape: 'pairs of answers' }
    case 'feedback':
      return { ...base, kind, material: 'votes', shape: 'answers with thumbs' }
    case 'conversation':
      return { ...base, kind, material: 'conversations', shape: shapeOf(names) }
    default: {
      const asked = messageColumns.find(name => short(rows.map(row => row[name])))
      const topic = topicColumns.find(name => labels(rows.map(row => row[name])))
      const columns = asked ? { columns: { prompt: asked, ...(topic ? { topic } : {}) } } : {}
      if (kind === 'prompt') return { ...base, kind, material: 'queries', shape: 'prompts', ...(asked ? columns : {}) }
      if (asked && (kind === 'row' || asked !== 'text' || topic || asks(rows.map(row => row[asked])))) {
        return { ...base, kind: 'prompt', material: 'queries', shape: 'short texts', asked, ...columns }
      }
      if (kind === 'document') return { ...base, kind, material: 'documents', ...(asked ? { asked } : {}) }
      return { ...base, material: 'tables' }
    }
  }
}

function shapeOf(names: readonly string[]): string {
  if (names.includes('instruction') && names.includes('output')) return 'alpaca'
  if (names.includes('conversations')) return 'ShareGPT'
  return names.includes('messages') ? 'chat messages' : 'prompts with answers'
}

const textsIn = (values: readonly unknown[]): string[] =>
  values.flatMap(value => (typeof value === 'string' && value.trim() ? [value.trim()] : []))

/** Texts of which half have fewer than 200 characters. */
function short(values: unknown[]): boolean {
  const lengths = textsIn(values).map(text => text.length)
  lengths.sort((a, b) => a - b)
  return lengths.length * 2 > values.length && lengths[lengths.length >> 1]! < 200
}

/** A third of the texts ask something, or speak of the one who writes. */
function asks(values: unknown[]): boolean {
  const texts = textsIn(values)
  const asking = texts.filter(text =>
    /[?？]\s*$|(?:ますか|ですか|でしょうか|ください)[。.]?$|^(?:how|what|why|when|where|who|which|can|could|do|does|is|are|i|my|please)\b/i.test(
      text,
    ),
  )
  return asking.length * 3 > texts.length
}

/** Values that come again, and of which no more than half differ. */
function labels(values: unknown[]): boolean {
  const texts = textsIn(values)
  return texts.length * 2 > values.length && texts.length > 0 && new Set(texts).size * 2 <= Math.max(2, texts.length)
}

/** A benchmark, by its columns; questions with answers alone count where the file says that it is one. */
async function isExam(config: SourceConfig, file: SourceFile, names: readonly string[]): Promise<boolean> {
  const named = /(?:^|[/_.-])(?:tests?|exams?|eval(?:uation)?s?|benchmarks?)(?:[/_.-]|$)/i.test(file.path)
  const choices = names.some(name =>
    /^(?:choices?(?:[_ ]?[0-9a-d])?|options?(?:[_ ]?[0-9a-d])?|answerKey|target|rubric)$/.test(name),
  )
  const answers = names.includes('question') && names.includes('answer')
  if (!choices && !(named && answers)) return false
  const exam = { ...config, exam: { layout: 'auto' as const, shots: 0 }, kind: 'exam' as const }
  return sourceKind(exam, [file]).then(
    kind => kind === 'exam',
    () => false,
  )
}

const direct = personalEntities(['email', 'phone', 'us-ssn', 'jp-my-number', 'iban', 'credit-card'])

/** Columns of which half the values are such as name a person. */
function personalColumns(rows: readonly Cells[], names: readonly string[]): Set<string> {
  const found = names.filter(name => {
    const texts = textsIn(rows.map(row => row[name])).filter(text => text.length < 80)
    const hits = texts.filter(text => scanPersonalData(text, { wanted: direct, hint: name }).length > 0)
    return texts.length > 0 && hits.length * 2 > texts.length
  })
  return new Set(found)
}
