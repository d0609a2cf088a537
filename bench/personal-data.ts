import { globSync, readFileSync, writeFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { chosen } from '../src/curate/personal-data/entities.ts'
import { scan } from '../src/curate/personal-data/scan.ts'
import { ownSet, presidioSet } from '../test/support/labelled-personal-data.ts'
import { heldBack, measure, measureAll, measureGenerated } from '../test/support/personal-data-accuracy.ts'
import { checkedMakers } from '../test/support/personal-values.ts'
import { figuresOf } from '../test/support/span-scores.ts'
import type { Figure } from './benches.ts'
import { asLines, ceiling, rateOf, type Work } from './threads.ts'

/** F2 of Presidio 2026-07-02 with its pattern recognisers and no model, on `synth_dataset_v2.json`, span match as here. */
const peer: { [entity: string]: number } = {
  'credit-card': 0.809,
  iban: 0.962,
  email: 1,
  phone: 0.611,
  'ip-address': 1,
  url: 1,
  'us-ssn': 1,
  'us-driver-licence': 0.142,
  date: 0.458,
}
/** The whole of their set, where a folder with public data is at hand; see `bench/language.ts`. */
const theirs = join(
  process.env.STILLROOM_DATA ?? join(import.meta.dirname, '../../shared/data'),
  'presidio-pii/synth_dataset_v2.json',
)

/** How much of what is labelled the rules find, and how much of what they find is labelled. */
export async function* accuracy(): AsyncGenerator<Figure> {
  const held = heldBack()
  yield* ofSet('own templates, held back', measure(held.own, false))
  yield* ofSet('presidio-research slice, held back', measure(held.theirs, true))
  const whole = theirRows()
  if (whole) yield* ofSet('presidio-research, all', measure(presidioSet(whole), true), peer)
  for (const entity of Object.keys(checkedMakers)) {
    const { precision, recall, asOther } = measureGenerated(entity, 2000)
    const target = '>= 0.98'
    yield { metric: `generated ${entity}: precision`, value: precision, unit: '', target, holds: precision >= 0.98 }
    yield { metric: `generated ${entity}: recall`, value: recall, unit: '', target, holds: recall >= 0.98 }
    yield { metric: `generated ${entity}: mistyped, taken for another entity`, value: asOther, unit: '' }
  }
}

function theirRows() {
  try {
    return JSON.parse(readFileSync(theirs, 'utf8')) as Parameters<typeof presidioSet>[0]
  } catch {
    return undefined
  }
}

function* ofSet(
  name: string,
  { scores, left, of }: ReturnType<typeof measure>,
  peers: { [entity: string]: number } = {},
): Generator<Figure> {
  for (const [entity, score] of [...scores].sort(([a], [b]) => (a < b ? -1 : 1))) {
    const { precision, recall, f2 } = figuresOf(score)
    const strict = figuresOf({ ...score, matched: score.exact }).f2
    const beat = peers[entity]
    const about = `${name}: ${entity} (${score.gold} labelled, precision ${precision.toFixed(3)}, recall ${recall.toFixed(3)}, strict F2 ${strict.toFixed(3)}), F2`
    yield {
      metric: about,
      value: f2,
      unit: '',
      ...(beat === undefined ? {} : { target: `>= ${beat} (Presidio)`, holds: Number(f2.toFixed(3)) >= beat }),
    }
  }
  yield { metric: `${name}: labelled letters and digits left standing`, value: (100 * left) / of, unit: '%' }
}

export const work: { [name: string]: () => Work } = {
  scan: () => {
    const wanted = chosen(undefined)
    return text => scan(text, { wanted }).length
  },
}

/** Texts of about 2 KB. */
function pages(text: string, times: number): string[] {
  const cut: string[] = []
  for (let at = 0; at < text.length; at += 2000) cut.push(text.slice(at, at + 2000))
  return Array.from({ length: times }, () => cut).flat()
}

/** Documents of 2 KB through the scan in two threads, against reading the same lines. */
export async function* scanSpeed(): AsyncGenerator<Figure> {
  const root = resolve(import.meta.dirname, '..')
  const prose = globSync('{*,docs/*,examples/**/*,test/fixtures/**/*}.md', { cwd: root })
    .sort()
    .map(file => readFileSync(join(root, file), 'utf8'))
    .join('\n\n')
  const sentences = ownSet(6).map(one => one.text)
  const japanese = sentences.filter(text => /[\u3040-\u30ff]/.test(text)).join('\n')
  const english = sentences.filter(text => !/[\u3040-\u30ff]/.test(text)).join('\n')
  const sets: [name: string, texts: string[], target?: number][] = [
    ['technical English', pages(prose, 12), 20],
    ['nothing but personal data, English', pages(english, 12)],
    ['nothing but personal data, Japanese', pages(japanese, 24)],
  ]
  for (const [name, texts, target] of sets) {
    const lines = asLines(texts)
    const reading = await rateOf(ceiling, lines)
    const rate = await rateOf({ module: import.meta.url, name: 'scan' }, lines)
    yield {
      metric: `${name}, two threads`,
      value: rate.megabytes,
      unit: 'MB/s',
      ceiling: reading.megabytes,
      ratio: rate.megabytes / reading.megabytes,
      ...(target === undefined ? {} : { target: `>= ${target} MB/s`, holds: rate.megabytes >= target }),
    }
  }
}

// `node bench/personal-data.ts --write` measures what the card of a release shows.
if (process.argv[1] === import.meta.filename && process.argv.includes('--write')) {
  const file = new URL('../src/curate/personal-data/accuracy.json', import.meta.url)
  writeFileSync(file, `${JSON.stringify(measureAll(2000), null, 2)}\n`)
}
