import { globSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { featuresOf } from '../src/curate/classifier/features.ts'
import { graderOf, type Model, modelOf } from '../src/curate/classifier/model.ts'
import { type Trained, train } from '../src/curate/classifier/train.ts'
import { excerpt } from '../src/curate/excerpt.ts'
import { quality } from '../src/curate/index.ts'
import { split } from '../src/kernels/index.ts'
import { type Rec, sha256 } from '../src/records/index.ts'
import { readShard } from '../src/run/index.ts'
import { openStore, workspacePaths } from '../src/workspace/index.ts'
import type { Figure } from './benches.ts'
import { inFolder, runOnce } from './engine.ts'
import { asLines, ceiling, rateOf, type Work } from './threads.ts'

type Passage = { text: string; language: string }

/** Passages of a few hundred characters out of real documents, English and Japanese. */
function passages(): Passage[] {
  const base = join(import.meta.dirname, '../examples/quickstart/documents')
  return globSync('**/*.md', { cwd: base })
    .sort()
    .flatMap(name => {
      const language = name.includes('/ja/') ? 'ja' : 'en'
      const long = language === 'ja' ? 150 : 300
      const found: string[] = []
      let open = ''
      for (const part of readFileSync(join(base, name), 'utf8').split(/\n{2,}/)) {
        open += open === '' ? part : `\n\n${part}`
        if (open.length < long) continue
        found.push(open)
        open = ''
      }
      return [...found, open].filter(text => text.trim().length > 40).map(text => ({ text, language }))
    })
}

const grade = ({ text, language }: Passage) => quality(text, language).quality
const mean = (values: number[]) => values.reduce((sum, value) => sum + value, 0) / values.length

function figuresOf(who: string, { figures, trained }: Pick<Trained, 'figures' | 'trained'>): Figure[] {
  const { f1, precision, recall, pearson, spearman } = figures
  const of = (metric: string, found: typeof f1): Figure[] =>
    found === undefined
      ? []
      : [
          {
            metric: `${who}: ${metric}${found.low === undefined ? '' : ` (95 %: ${found.low.toFixed(2)} to ${found.high!.toFixed(2)})`}`,
            value: found.value,
            unit: '',
          },
        ]
  return [
    { metric: `${who}: labels learnt from`, value: trained, unit: 'rows' },
    { metric: `${who}: labels held out`, value: figures.n, unit: 'rows' },
    ...of('F1 of marks of at least 3', f1),
    ...of('precision', precision),
    ...of('recall', recall),
    ...of('correlation', pearson),
    ...of('correlation of ranks', spearman),
    { metric: `${who}: calibration error`, value: figures.calibrationError, unit: 'marks' },
    // The ceiling is what saying the mean mark of all gets.
    {
      metric: `${who}: mean distance to the mark`,
      value: figures.error,
      unit: 'marks',
      ceiling: figures.baseline,
      ratio: figures.error / figures.baseline,
    },
  ]
}

/** What a classifier learns of real passages: from the built-in judge through the whole engine, and from rules alone. */
export async function* learning(): AsyncGenerator<Figure> {
  const all = passages()
  const file = all.map(({ text, language }, i) => JSON.stringify({ id: `${i}`, text, language })).join('\n')
  const recipe = {
    name: 'bench',
    teachers: { judge: { model: 'builtin/heuristic' } },
    sources: {
      d: { files: 'd.jsonl', license: 'cc-by-4.0', kind: 'document', id: 'id', columns: { language: 'language' } },
    },
    steps: [{ classifier: { teacher: 'judge', labels: all.length, as: 'edu' } }, { extract: { keep: 0.1, by: 'edu' } }],
  }
  const { model, kept } = await inFolder({ 'd.jsonl': file }, async dir => {
    const ran = await runOnce(dir, recipe)
    const store = openStore(workspacePaths(join(dir, '.stillroom')), () => {})
    const [made] = (ran.shards.get('edu.fit') ?? []).flatMap(shard => [...readShard(store, shard)])
    return {
      model: (made!.record as Rec<'row'>).columns.model as unknown as Model & Trained,
      kept: [...ran.rows()] as Rec<'document'>[],
    }
  })
  yield* figuresOf('builtin/heuristic', model)
  const rules = modelOf(
    { step: 'rules', rubric: 'rules', teachers: [], characters: 6000, marks: [], unmarked: 0 },
    train(
      all.map((passage, i) => ({
        id: sha256(`${i}`),
        digest: sha256(passage.text),
        mark: Math.round(5 * grade(passage)),
        features: featuresOf(passage.text, 6000),
      })),
    ),
  )
  yield* figuresOf('rules of `extract`', rules as Model & Trained)
  // A measure of its own: rules that neither the judge nor the model have seen.
  const quantities = kept.map(({ text, language = 'en' }) => grade({ text, language }))
  const ratio = mean(quantities) / mean(all.map(grade))
  yield {
    metric: 'quality by rules of the tenth kept by builtin/heuristic',
    value: mean(quantities),
    unit: '',
    ceiling: mean(all.map(grade)),
    ratio,
    target: '> 1 x that of all',
    holds: ratio > 1,
  }
}

export const work: { [name: string]: (given?: unknown) => Work } = {
  split: () => text => split(excerpt(text, 6000), 'tokens').count,
  grade(given) {
    const grader = graderOf(given as Model) as { mark(text: string): number }
    return text => grader.mark(text)
  },
}

/** Documents of about 2 KB graded from JSON Lines in two threads, beside parsing and splitting them. */
export async function* grading(): AsyncGenerator<Figure> {
  const all = passages()
  const texts = Array.from({ length: 20_000 }, (_, i) => {
    let text = `${i}`
    for (let k = 0; text.length < 2000; k++) text += `\n\n${all[(i * 7 + k * 31) % all.length]!.text}`
    return text
  })
  const labelled = texts.slice(0, 400).map((text, i) => ({
    id: `${i}`,
    digest: sha256(text),
    mark: i % 6,
    features: featuresOf(text, 6000),
  }))
  const about = { step: 'bench', rubric: 'bench', teachers: [], characters: 6000, marks: [], unmarked: 0 }
  const model = modelOf(about, train(labelled))
  const lines = asLines(texts)
  const parse = await rateOf(ceiling, lines)
  const splits = await rateOf({ module: import.meta.url, name: 'split' }, lines)
  const graded = await rateOf({ module: import.meta.url, name: 'grade', given: model }, lines)
  const figure = (metric: string, value: number, against: number, more: object = {}): Figure => ({
    metric,
    value,
    unit: 'docs/s',
    ceiling: against,
    ratio: value / against,
    ...more,
  })
  yield figure('split alone, against parsing', splits.documents, parse.documents)
  yield figure('graded, against parsing', graded.documents, parse.documents)
  const ratio = graded.documents / splits.documents
  yield figure('graded, against splitting', graded.documents, splits.documents, {
    target: '>= 0.3 x',
    holds: ratio >= 0.3,
  })
  yield { metric: 'graded', value: graded.megabytes, unit: 'MB/s' }
}
