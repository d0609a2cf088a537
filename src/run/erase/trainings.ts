import { existsSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { exportIn } from '../export.ts'
import type { ModelLineage } from '../training/index.ts'
import type { Place } from './held.ts'

/** A training beside the recipe that has rows of a withdrawn release, or learnt from them. */
export type TaintedTraining = {
  /** Folder below `training/`. */
  name: string
  /** Folders of rows that are removed, relative to that of the training. */
  rows: string[]
  /** What came out of it and cannot unlearn them: a model, or the weights that an unfinished training saved. */
  model?: { name: string; version: string; path: string; finished: boolean }
}

type Release = { name: string; version: string }

const trainingsFolder = ({ releases }: Pick<Place, 'releases'>): string => join(dirname(releases), 'training')
const list = (folder: string): string[] => (existsSync(folder) ? readdirSync(folder).sort() : [])

/** What a file says, undefined where there is none or it was broken off. */
function read<T>(file: string): T | undefined {
  try {
    return JSON.parse(readFileSync(file, 'utf8')) as T
  } catch {
    return undefined
  }
}

/** Trainings beside the recipe whose rows came from these releases, each `<name>-<version>`. Reads only. */
export function taintedTrainings(place: Pick<Place, 'releases'>, names: ReadonlySet<string>): TaintedTraining[] {
  const of = (release: Release | undefined): boolean => !!release && names.has(`${release.name}-${release.version}`)
  return list(trainingsFolder(place)).flatMap(name => {
    const folder = join(trainingsFolder(place), name)
    const rows = list(join(folder, 'data'))
      .map(phase => join('data', phase))
      .filter(path => of(exportIn(join(folder, path))?.release))
    const model = modelOf(folder, of)
    return rows.length > 0 || model ? [{ name, rows, ...(model ? { model } : {}) }] : []
  })
}

/** What learnt from such a release: the model that came out, as its own lineage says, else weights that lie in `out/`. */
function modelOf(folder: string, of: (release: Release) => boolean): TaintedTraining['model'] {
  const model = read<ModelLineage>(join(folder, 'model.json'))
  if (model?.phases?.some(({ release }) => of(release))) {
    return { name: model.name, version: model.version, path: model.model, finished: true }
  }
  const training = read<Release & { phases?: { phase: { name: string; data: { release: Release } } }[] }>(
    join(folder, 'training.json'),
  )
  const begun = training?.phases?.find(
    ({ phase }) => of(phase.data.release) && list(join(folder, 'out', phase.name)).length > 0,
  )
  if (!training || !begun) return undefined
  return { name: training.name, version: training.version, path: `out/${begun.phase.name}`, finished: false }
}

/** Removes the rows of a training; its configs, its model and what is said of them stay. May be done twice. */
export function removeTrainingRows(place: Pick<Place, 'releases'>, { name, rows }: TaintedTraining): void {
  const folder = join(trainingsFolder(place), name)
  for (const path of rows) rmSync(join(folder, path), { recursive: true, force: true })
}

/** Folders with rows, and logs of trainers, that are looked through once an erasure is done. */
export function trainingTexts(place: Pick<Place, 'releases'>): string[] {
  return list(trainingsFolder(place)).flatMap(name =>
    ['data', 'run'].map(part => join(trainingsFolder(place), name, part)).filter(existsSync),
  )
}

/** Rows in trainings that come from a release of another recipe, by folder: an erasure there reaches them, none here does. */
export function foreignRows({ releases }: Pick<Place, 'releases'>): { [folder: string]: string } {
  const found: { [folder: string]: string } = {}
  for (const name of list(trainingsFolder({ releases }))) {
    const data = join(trainingsFolder({ releases }), name, 'data')
    for (const phase of list(data)) {
      const release = exportIn(join(data, phase))?.release
      if (!release || existsSync(join(releases, `${release.name}-${release.version}`))) continue
      found[join(data, phase)] = `${release.name} ${release.version}`
    }
  }
  return found
}

/** What a certificate says of models: they cannot unlearn. */
export function modelsSaid(trainings: readonly TaintedTraining[]): string {
  const models = trainings.flatMap(({ name, model }) => (model ? [{ training: name, ...model }] : []))
  if (models.length === 0) {
    return 'Models: none is known here; whoever trained on a release or export above trained on erased data.'
  }
  const named = models.map(({ training, name, version, path, finished }) =>
    finished
      ? `${name} ${version} in training/${training}/${path}, as its model.json says`
      : `weights of ${name} ${version}, unfinished, in training/${training}/${path}`,
  )
  return `Models that were trained on a withdrawn release, and cannot unlearn what is erased: ${named.join('; ')}. They are not removed here: whoever answers for them decides whether they are trained anew on what replaced the release.`
}
