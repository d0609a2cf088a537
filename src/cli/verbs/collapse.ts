import { availableParallelism } from 'node:os'
import { resolve } from 'node:path'
import { StillroomError } from '../../errors/index.ts'
import {
  type Arm,
  arms,
  type Corpus,
  collapseVerdict,
  corpusOf,
  countsOf,
  exponent,
  type Generation,
  keptTypes,
  type Runs,
} from '../../measure/index.ts'
import { laboratory } from '../../run/index.ts'
import { listFiles, readSource } from '../../sources/index.ts'
import { detectLanguage, sentences, words } from '../../text/index.ts'
import type { Run } from '../commands.ts'
import { counted, duration, thousands } from '../figures.ts'
import { table, wrap } from '../layout.ts'
import { reporterOf } from '../reporter.ts'

/** Tokens below which a laboratory says nothing. */
const fewest = 5000

export const run: Run = async call => {
  const { io, given } = call
  const reporter = reporterOf(call)
  const corpus = corpusOf(await documentsOf(call.args[0]!, io.cwd))
  const tokens = corpus.train.reduce((sum, text) => sum + text.length, 0)
  if (tokens < fewest || corpus.heldOut.length === 0 || corpus.verifier.length === 0) {
    throw new StillroomError('SR_SOURCE_EMPTY', 'There is too little text for a laboratory.', {
      expected: `${thousands(fewest)} words to learn from, and documents to hold out`,
      received: `${thousands(tokens)} words`,
      hint: 'name a folder or file with more text',
    })
  }
  const settings = {
    generations: given.generations ?? 10,
    seeds: given.seeds ?? 5,
    real: given.share ?? 0.1,
    keep: 0.5,
    threads: given.threads ?? availableParallelism(),
    arms,
  }
  const counts = countsOf(corpus.train, corpus.vocabulary)
  const foretold = keptTypes(counts, settings.generations)
  reporter.say(
    `${thousands(tokens)} words of ${thousands(corpus.vocabulary - 1)} types to learn from, ${thousands(corpus.heldOut.length)} sentences to measure by.`,
    wrap(
      `Before any run: replacing the data ${settings.generations} times is expected to leave ${percent(foretold.all)} of the types, and ${percent(foretold.rare)} of those seen five times at most.`,
      reporter.width,
    ),
    '',
  )
  const began = io.now().getTime()
  const runs = await laboratory(corpus, settings, (arm, ended, of) => {
    if (reporter.kind === 'human') io.err(`\r${ended} of ${of} runs, last ${arm}   `)
  })
  if (reporter.kind === 'human') io.err('\r\u001b[K')
  const verdict = collapseVerdict(runs)
  reporter.say(curves(runs, reporter.width), '', steps(verdict), '', wrap(meaning(verdict.is), reporter.width))
  if (reporter.kind === 'human') reporter.say(`It took ${duration(io.now().getTime() - began)}.`)
  reporter.result({ corpus: sizes(corpus, tokens), settings, foretold, runs, verdict })
  return 0
}

const percent = (share: number) => `${(100 * share).toFixed(0)} %`
const sizes = ({ vocabulary, heldOut, verifier }: Corpus, tokens: number) => {
  return { tokens, types: vocabulary - 1, heldOut: heldOut.length, verifier: verifier.length }
}

/** Documents as sentences of words. Where there are too few of them to be parted, paragraphs stand for documents. */
async function documentsOf(named: string, cwd: string): Promise<string[][][]> {
  const texts: string[] = []
  for (const file of await listFiles({ files: named }, resolve(cwd))) {
    for await (const item of readSource('corpus', { files: named } as never, file, {})) {
      if (item.is === 'record') texts.push(textOf(item.payload))
    }
  }
  const parted =
    texts.length >= 50 ? texts : texts.flatMap(text => text.split(/\n\s*\n|\n(?=\s*=|\s*[A-Z][A-Za-z ]+:\n)/))
  return parted.map(text => {
    const language = detectLanguage(text) ?? 'en'
    return sentences(text, language).map(({ text }) => words(text, language))
  })
}

function textOf(payload: { [field: string]: unknown }): string {
  if (typeof payload.text === 'string') return payload.text
  const messages = (payload.messages ?? payload.chosen ?? payload.completion ?? []) as { content: string | null }[]
  return messages.map(({ content }) => content ?? '').join('\n\n')
}

const names: Record<Arm, string> = {
  replace: 'replace',
  mixed: 'replace, keep some real',
  subsample: 'accumulate, fixed size',
  accumulate: 'accumulate',
  verified: 'accumulate and filter',
}

const median = (values: number[]): number => values.sort((a, b) => a - b)[values.length >> 1]!
const of = (all: Generation[][], t: number, what: keyof Generation) => median(all.map(run => run[t]![what]))

/** Each workflow by the medians of its runs, with the way of its perplexity as a curve. */
function curves(runs: Runs, width: number): string[] {
  const present = arms.filter(arm => runs[arm])
  const last = runs[present[0]!]![0]!.length - 1
  const highest = Math.max(...present.map(arm => of(runs[arm]!, last, 'perplexity')))
  const lowest = of(runs[present[0]!]!, 0, 'perplexity')
  const rows = present.map(arm => {
    const all = runs[arm]!
    const way = Array.from({ length: last + 1 }, (_, t) => of(all, t, 'perplexity'))
    const grows = all.map(run => exponent(run)).filter(value => value !== undefined)
    return [
      names[arm],
      way.map(value => '▁▂▃▄▅▆▇█'[Math.min(7, Math.floor((8 * (value - lowest)) / (highest - lowest || 1)))]).join(''),
      way[0]!.toFixed(0),
      way[last]!.toFixed(0),
      grows.length > 0 ? median(grows).toFixed(2) : '',
      percent(of(all, last, 'types')),
      percent(of(all, last, 'rareTypes')),
      of(all, last, 'distinct2').toFixed(2),
      of(all, last, 'compression').toFixed(2),
    ]
  })
  const heads = [`${last} generations`, 'real', 'last', 'grows', 'types', 'rare', 'distinct-2', 'gzip']
  return table(
    [{ head: 'Workflow' }, ...heads.map((head, i) => ({ head, ...(i > 0 ? { right: true } : {}) }))],
    rows,
    width,
  )
}

const steps = ({ steps }: ReturnType<typeof collapseVerdict>): string[] =>
  steps.map(
    ({ worse, better, wins, seeds, p }) =>
      `${names[worse]} ends above ${names[better]} in ${wins} of ${counted(seeds, 'run')}, p = ${p.toPrecision(2)}`,
  )

function meaning(is: string): string {
  const told =
    is === 'as predicted'
      ? 'As theory has it: what replaces the data loses more with every generation, what is added beside it stays bounded.'
      : 'Inconclusive at this corpus size: the workflows do not end in the same order for every seed.'
  return `${told} Perplexity is that of held-out real text; \`grows\` is the exponent of its excess, where 0.6 and more diverges and less than 0.3 settles. Figures are medians over seeds. Trigram models show the mechanism, not the size of what a large model would lose.`
}
