import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, relative } from 'node:path'
import { stringify } from 'yaml'
import { builtinSteps } from '../src/builtin-steps.ts'
import { emptyPairs, type Interval, pairBias, tallyPair } from '../src/measure/index.ts'
import { seenIn } from '../src/prefer/index.ts'
import { openProject, openSession, run } from '../src/run/index.ts'
import type { Figure } from './benches.ts'

const data = process.env.STILLROOM_DATA ?? join(import.meta.dirname, '../../shared/data')
const whole = join(data, 'hh-rlhf/harmless-base.test.1-1500.jsonl.gz')
const slice = join(import.meta.dirname, '../test/fixtures/hh-rlhf/harmless-base.picked10.jsonl')

/** What people preferred in HH-RLHF, harmless-base, test split: the figures of `preference-bias`, through the whole engine. */
export async function* preferences(): AsyncGenerator<Figure> {
  const dir = mkdtempSync(join(tmpdir(), 'stillroom-bench-'))
  const files = relative(dir, existsSync(whole) ? whole : slice)
  const recipe = { name: 'pairs', sources: { pairs: { files, license: 'MIT' } }, steps: ['preference-bias'] }
  writeFileSync(join(dir, 'recipe.yaml'), stringify(recipe))
  const project = await openProject(join(dir, 'recipe.yaml'), builtinSteps)
  const session = openSession(project.workspace, { command: 'bench' })
  const tally = emptyPairs()
  try {
    const result = await run({ plan: await project.plan(), session, env: {} })
    if (result.error) throw result.error
    for (const record of result.rows()) if (record.kind === 'preference') tallyPair(tally, seenIn(record, {}))
  } finally {
    session.close()
    rmSync(dir, { recursive: true, force: true })
  }
  const { pairs, longer, tokens, traits } = pairBias(tally)
  const percent = (metric: string, value: number): Figure => ({ metric, value: 100 * value, unit: '%' })
  const within = ({ low, high }: Interval, scale = 100) => `${(scale * low).toFixed(1)} to ${(scale * high).toFixed(1)}`
  yield { metric: 'pairs', value: pairs, unit: 'pairs' }
  if (longer)
    yield percent(`chosen is the longer one, of ${longer.of} of unequal length (${within(longer)})`, longer.share)
  if (tokens) yield { metric: `chosen less rejected (${within(tokens, 1)})`, value: tokens.mean, unit: 'tokens' }
  for (const { trait, chosen, rejected, lean } of traits) {
    yield percent(`${trait}: chosen answers`, chosen)
    yield percent(`${trait}: rejected answers`, rejected)
    if (lean) yield percent(`${trait}: on one side alone and chosen, of ${lean.of} (${within(lean)})`, lean.share)
  }
}
