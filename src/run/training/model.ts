import { existsSync, readFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import type { Sha } from '../../records/index.ts'
import type { Figures, Training } from '../../train/index.ts'
import { type BasePlace, basePlace } from './base-place.ts'
import { weightsIn } from './checkpoints.ts'
import { digestsOfFiles } from './digests.ts'
import type { PhaseName, WhichModel } from './events.ts'
import type { BaseStanding } from './license.ts'
import type { PhaseState, Places, State } from './state.ts'
import type { WhatCame } from './what-came.ts'

/**
 * Where a trained model comes from, `model.json` of its training: the base and what its license asks, and for each phase the
 * rows, settings, libraries and figures. No clock, host or absolute path is in it.
 */
export type ModelLineage = {
  format: 'stillroom-model-1'
  name: string
  version: string
  base: BasePlace & { license: BaseStanding['license'] | null; verdict: string; why: string; override?: string }
  /** What whoever passes the model on has to do; `prefix` begins its name. */
  obligations: string[]
  prefix?: string
  phases: {
    name: PhaseName
    method: string
    trainer: string
    adapter: string
    from: string
    release: { name: string; version: string; manifest: Sha }
    rows: number
    heldOut: number
    tokens: number
    tokenizer: string
    /** Digests of the rows, configs and scripts as they lay there, by path in the folder of the training. */
    files: { [path: string]: Sha }
    command: string[]
    libraries: { [name: string]: string }
    steps: number
    of: number
    attempts: number
    settled: number | null
    best: PhaseState['best'] | null
    /** The last of each figure that the trainer told. */
    figures: Figures
    model: string
    weights: { [file: string]: Sha }
  }[]
  /** Folder of the model, relative to that of the training. */
  model: string
  evaluations: { [what in WhichModel]?: string }
  /** What moved between these. */
  comparison?: WhatCame
}

/** The lineage as it is recorded; undefined before a training is finished. */
export const recordedModel = ({ model }: Pick<Places, 'model'>): ModelLineage | undefined =>
  existsSync(model) ? (JSON.parse(readFileSync(model, 'utf8')) as ModelLineage) : undefined

/** Tells the lineage of what a finished training left. Reads rows and weights once, for their digests. */
export async function lineageOf(
  training: Training,
  state: State,
  standing: BaseStanding,
  figures: { [phase in PhaseName]?: Figures },
  places: Places,
): Promise<ModelLineage> {
  const phases: ModelLineage['phases'] = []
  const place = (model: string) => basePlace(model, folder, resolve(folder, training.recipe))
  const { folder } = places
  const before = recordedModel(places)
  for (const { phase, written } of training.phases) {
    const { name, method, trainer, adapter, data } = phase
    const { name: release, version, manifest } = data.release
    const at = state.phases[name]!
    const model = at.model ?? written.output
    const files = [...Object.keys(written.files), data.train, ...(data.test ? [data.test] : [])]
    phases.push({
      ...{ name, method, trainer, adapter },
      from: phase.from ?? place(phase.model).model,
      release: { name: release, version, manifest },
      ...{ rows: data.rows, heldOut: data.heldOut, tokens: data.tokens, tokenizer: data.tokenizer },
      // Rows that were erased or edited since keep the digest of what was trained on.
      files: {
        ...before?.phases.find(one => one.name === name)?.files,
        ...(await digestsOfFiles(folder, files)),
        ...data.digests,
      },
      command: written.command,
      libraries: at.versions,
      ...{ steps: at.step, of: at.of, attempts: at.attempts, settled: at.settled, best: at.best ?? null },
      figures: figures[name] ?? {},
      model,
      weights: await digestsOfFiles(
        folder,
        weightsIn(join(folder, model)).map(file => `${model}/${file}`),
      ),
    })
  }
  const { gate, license, obligations, prefix } = standing
  const base = place(training.base)
  return {
    format: 'stillroom-model-1',
    name: training.name,
    version: training.version,
    base: {
      ...base,
      license: license ?? null,
      verdict: gate.is,
      why: gate.why.replaceAll(training.base, base.model),
      ...(gate.override === undefined ? {} : { override: gate.override }),
    },
    obligations: [...(prefix ? [`A distributed model has a name that begins with "${prefix}".`] : []), ...obligations],
    ...(prefix ? { prefix } : {}),
    phases,
    model: phases.at(-1)!.model,
    evaluations: state.evaluations,
  }
}
