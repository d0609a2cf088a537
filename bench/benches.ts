import { coverages } from './audit.ts'
import { grading, learning } from './classifier.ts'
import { cleaning } from './clean.ts'
import { cluster } from './cluster.ts'
import { laboratory } from './collapse.ts'
import { recall, scan } from './decontaminate.ts'
import { exact, near, recalls } from './dedupe.ts'
import { diffs } from './diff.ts'
import { calls, records } from './engine.ts'
import { closure, finding } from './erasure.ts'
import { verdicts } from './evaluate.ts'
import { signatures, substrings, twins } from './kernels.ts'
import { language } from './language.ts'
import { metered, queueing, refusing, widening } from './limits.ts'
import { checks } from './novelty.ts'
import { accuracy, scanSpeed } from './personal-data.ts'
import { preferences } from './preference-bias.ts'
import { distances, tables } from './privacy.ts'
import { replays } from './replay.ts'
import { report } from './report.ts'
import { routes } from './routes.ts'
import { each, huge, profiles, tokenizers } from './rules.ts'
import { sandboxed } from './sandbox.ts'
import { embedding, meanings, semantic } from './vectors.ts'

export type Figure = {
  metric: string
  value: number
  unit: string
  /** What the same machine does in the same run without the engine. */
  ceiling?: number
  ratio?: number
  target?: string
  holds?: boolean
}
export const benches: { [name: string]: () => AsyncIterable<Figure> } = {
  'curate-signatures': signatures,
  'curate-cluster': cluster,
  'curate-rules': profiles,
  'curate-decontaminate': scan,
  'curate-exact': exact,
  'curate-near': near,
  'curate-substring': substrings,
  'curate-personal-data': scanSpeed,
  'curate-semantic': semantic,
  'curate-vectors': embedding,
  'curate-clean': cleaning,
  'curate-classifier': grading,
  'classifier-learning': learning,
  'audit-coverage': coverages,
  'measure-dcr': distances,
  'privacy-tables': tables,
  'personal-data': accuracy,
  'preference-bias': preferences,
  language,
  'measure-erasure': closure,
  'measure-erasure-search': finding,
  'evaluate-verdicts': verdicts,
  novelty: checks,
  leaks: recall,
  'near-duplicates': recalls,
  'vectors-meanings': meanings,
  'rules-each': each,
  'rules-tokenizers': tokenizers,
  'rules-huge': huge,
  'kernels-twins': twins,
  'measure-report': report,
  replay: replays,
  diff: diffs,
  'measure-laboratory': laboratory,
  'engine-calls': () => calls({ calls: 20_000, latencyMs: 200, width: 512, instant: false }),
  'engine-instant': () => calls({ calls: 20_000, latencyMs: 0, width: 512, instant: true }),
  'engine-records': records,
  'limits-refusing': refusing,
  'limits-queueing': queueing,
  'limits-widening': widening,
  'limits-metered': metered,
  'limits-routes': routes,
  sandbox: sandboxed,
}
