import { existsSync, readFileSync } from 'node:fs'
import { basename, dirname, isAbsolute, join, relative, resolve } from 'node:path'
import { parse } from 'yaml'
import type { z } from 'zod'
import { StillroomError } from '../../errors/index.ts'
import { type GateReport, modelLicense, type Purpose, type TeacherFacts } from '../../govern/index.ts'
import { type TrainConfig, trainConfig } from '../../recipe/index.ts'
import { type Sha, sha256 } from '../../records/index.ts'
import { readRelease } from '../../release/index.ts'
import { tokenizer } from '../../text/index.ts'
import {
  type Band,
  type Claim,
  type Estimate,
  type Gpu,
  gpuNamed,
  gpuPrices,
  gpus,
  type LeftOut,
  type ModelShape,
  modelShape,
  type Phase,
  type Proposal,
  sumOf,
  type Traits,
  traitsOf,
  withPrices,
} from '../../train/index.ts'
import type { Project } from '../project.ts'
import { releaseOfRecipe } from '../which-release.ts'
import { advise } from './advise.ts'
import { baseLicenseReport, checkBase } from './license.ts'

/** Something to look at before a training: `stop` where nothing may be written or run as it stands. */
export type Warning = { about: string; text: string; ids?: string[]; more?: number; hint?: string; stop?: boolean }

/** A release as a training reads it. `spent` are the dollars that its teachers took, where its run is known. */
export type TrainRelease = {
  dir: string
  name: string
  version: string
  manifest: Sha
  purpose: Purpose
  seed: number
  teachers: TeacherFacts[]
  spent?: number
  traits: Traits
}

/** What a phase takes on the hardware of the recipe, and on each kind of GPU; nothing where the model's size is unknown. */
export type PhaseEstimate = { phase: Phase['name']; here?: Estimate; kinds: Estimate[] }

/** All that is known of a training before anything of it is written. Paths in `phases` are relative to `folder`. */
export type Prepared = {
  name: string
  version: string
  /** Folder of the training, absolute: `training/<name>-<version>` beside the recipe, or beside the folder of releases. */
  folder: string
  /** Folder that paths of the recipe are relative to. */
  root: string
  config: TrainConfig
  base: string
  /** What the model is for: as the recipe says, or the recipe that the release was made with. */
  purpose: Purpose
  model?: ModelShape
  /** What tokens are counted with: the student's own, where its file is there. */
  tokenizer?: string
  license: GateReport
  releases: TrainRelease[]
  phases: Phase[]
  proposals: Proposal[]
  leftOut: LeftOut[]
  claims: Claim[]
  estimates: PhaseEstimate[]
  warnings: Warning[]
  total: Total
}

/** What all phases take on the hardware of the recipe, where they fit, and the dollars that the teachers took; else null. */
export type Total = { hours: Band | null; dollars: Band | null; teachers: number | null }

function totalOf(estimates: readonly PhaseEstimate[], releases: readonly TrainRelease[]): Total {
  const these = estimates.flatMap(({ here }) => here ?? [])
  const costs = these.flatMap(({ dollars }) => dollars ?? [])
  const whole = these.length > 0 && these.length === estimates.length && these.every(({ fits }) => fits !== 'no')
  const spent = releases.flatMap(release => release.spent ?? [])
  return {
    hours: whole ? sumOf(these.map(({ hours }) => hours)) : null,
    dollars: whole && costs.length === these.length ? sumOf(costs) : null,
    teachers: spent.length === releases.length ? spent.reduce((a, b) => a + b, 0) : null,
  }
}

/** What is said beside the recipe, over its `train:` block: flags of a command, or all there is of a release alone. */
export type TrainInput = z.input<typeof trainConfig>

/**
 * Reads the release of a recipe, or a release alone, and proposes its training: phases with complete settings, why, what it
 * takes, and what to look at. It writes nothing, and refuses nothing but what cannot be read.
 * @throws StillroomError SR_NOT_FOUND without a release, SR_RECIPE_VALUE without a base model or for an unknown GPU.
 */
export async function prepareTraining(from: Project | string, input: TrainInput = {}): Promise<Prepared> {
  const place = typeof from === 'string' ? ofRelease(from) : ofRecipe(from)
  const config = trainConfig.parse(merged(place.train, input))
  const dirOf = (data: string | undefined) => (data === undefined ? place.release : resolve(place.root, data))
  const dirs = { sft: dirOf(config.sft.data), preference: dirOf(config.preference.data) }
  // A phase that is left out needs no release.
  if (config.sft.skip) dirs.sft = dirs.preference
  else if (config.preference.method === 'none') dirs.preference = dirs.sft
  // Where another version stands in, it counts only for phases that read it.
  const { instead } = place
  const stands = instead !== undefined && Object.values(dirs).includes(place.release)
  const own = instead === undefined || stands ? readOwn(place.release) : undefined
  const base = config.base ?? place.purpose?.base ?? (own && (await statedBase(place.release)))
  if (base === undefined) {
    throw new StillroomError('SR_RECIPE_VALUE', 'Nobody says which model is to be trained.', {
      ...(place.file ? { position: { file: place.file } } : {}),
      hint: 'write `train: { base: Qwen/Qwen3-8B-Base }`, or give --base',
    })
  }
  const local = existsSync(join(resolve(place.root, base), 'config.json')) ? resolve(place.root, base) : undefined
  const model = modelShape(local ?? base, config.size)
  const kinds = gpuTable(config['gpu-prices'], place.root)
  const counts = tokenizerFor(place.tokenizer, local)
  const count = tokenizer(counts)
  const releases: TrainRelease[] = []
  for (const dir of new Set([dirs.sft, dirs.preference])) releases.push(await readFor(dir, place.root, config, count))
  const [sft, preference] = [dirs.sft, dirs.preference].map(wanted => releases.find(({ dir }) => dir === wanted)!)
  const { name, version } = own ?? sft!
  const folder = join(place.beside, 'training', `${name}-${version}`)
  const purpose = place.purpose ?? sft!.purpose
  const license = baseLicenseReport(base, purpose, place.overrides)
  const begin = local && !isAbsolute(base) ? relative(folder, local) : base
  const seed = place.seed ?? sft!.seed
  const { gpu, ...many } = config.hardware
  const advised = advise({
    ...{ config, base, begin, folder, seed, kinds, openTeachers: openTeachers(releases) },
    hardware: { gpu: gpuNamed(gpu, kinds), ...many },
    ...(model ? { model } : {}),
    sft: sft!,
    preference: preference!,
    guessed: counts === undefined,
    ...(local ? { template: hasTemplate(local) } : {}),
  })
  return {
    ...{ name, version, folder, root: place.root, config, base, purpose, license, releases },
    ...(model ? { model } : {}),
    ...(counts === undefined ? {} : { tokenizer: counts }),
    ...advised,
    warnings: stands ? [{ about: 'release', text: instead! }, ...advised.warnings] : advised.warnings,
    total: totalOf(advised.estimates, releases),
  }
}

/** Throws where nothing may be written or run: SR_GATE, or SR_TRAIN_ROWS for rows that the recipe does not allow. */
export function checkPrepared({ license, warnings, phases, leftOut }: Prepared): void {
  checkBase(license)
  const stop = warnings.find(warning => warning.stop)
  if (stop) {
    const ids = stop.ids && stop.ids.length > 0 ? ` ${stop.ids.slice(0, 5).join(', ')}` : ''
    throw new StillroomError('SR_TRAIN_ROWS', `${stop.text}${ids}`, { ...(stop.hint ? { hint: stop.hint } : {}) })
  }
  if (phases.length > 0) return
  const hint = leftOut.find(one => one.hint)?.hint
  throw new StillroomError('SR_TRAIN_ROWS', `There is nothing to train: ${leftOut.map(one => one.why).join('; ')}.`, {
    ...(hint ? { hint } : {}),
  })
}

/** Whether a model's folder has a chat template: in a file of its own, or among the words of its tokenizer. */
function hasTemplate(folder: string): boolean {
  if (['chat_template.jinja', 'chat_template.json'].some(name => existsSync(join(folder, name)))) return true
  const file = join(folder, 'tokenizer_config.json')
  return existsSync(file) && /"chat_template"\s*:\s*["[]/.test(readFileSync(file, 'utf8'))
}

type Place = {
  release: string
  /** Says that another version than that of the recipe stands in. */
  instead?: string
  root: string
  /** Folder that `training/` lies in. */
  beside: string
  train: object
  purpose?: Purpose
  tokenizer?: string
  seed?: number
  file?: string
  overrides?: Project['recipe']['gates']
}

function ofRecipe({ recipe, base, file }: Project): Place {
  const found = releaseOfRecipe(base, recipe)
  if (!found && !recipe.release) {
    throw new StillroomError(
      'SR_RECIPE_VALUE',
      'The recipe has no `release` block, so that there is no release to train on.',
      {
        position: { file },
        hint: 'add: release: { version: 0.1.0, license: cc-by-4.0, date: 2026-01-31 }',
      },
    )
  }
  return {
    // Where nothing is released, this is the folder that an error names.
    release: found?.dir ?? join(base, 'releases', `${recipe.name}-${recipe.release!.version}`),
    ...(found?.instead ? { instead: found.instead } : {}),
    ...{
      root: base,
      beside: base,
      file,
      seed: recipe.seed,
      purpose: recipe.purpose as Purpose,
      overrides: recipe.gates,
    },
    train: recipe.train ?? {},
    ...(recipe.tokenizer ? { tokenizer: resolve(base, recipe.tokenizer) } : {}),
  }
}

function ofRelease(dir: string): Place {
  const above = dirname(dir)
  const beside = basename(above) === 'releases' ? dirname(above) : above
  return { release: dir, root: beside, beside, train: {} }
}

/** Flags over the block of a recipe, blocks within it among them. */
function merged(block: object, over: object): object {
  const out: { [key: string]: unknown } = { ...block }
  for (const [key, value] of Object.entries(over)) {
    if (value === undefined) continue
    const below = out[key]
    const nested = typeof value === 'object' && value !== null && typeof below === 'object' && below !== null
    out[key] = nested ? merged(below, value) : value
  }
  return out
}

/** Name and version of the recipe's own release, where it lies on disk: another one may be named for each phase. */
function readOwn(dir: string): { name: string; version: string } | undefined {
  const file = join(dir, 'manifest.json')
  if (!existsSync(file)) return undefined
  const { name, version } = JSON.parse(readFileSync(file, 'utf8')) as { name: string; version: string }
  return { name, version }
}

/** The model that a release was made for, as its recipe said. */
async function statedBase(dir: string): Promise<string | undefined> {
  const { recipe, close } = await readRelease(dir)
  close()
  return recipe.purpose.base
}

async function readFor(
  dir: string,
  root: string,
  config: TrainConfig,
  count: ReturnType<typeof tokenizer>,
): Promise<TrainRelease> {
  const file = join(dir, 'manifest.json')
  if (!existsSync(file)) {
    throw new StillroomError('SR_NOT_FOUND', `There is no release in ${relative(root, dir) || dir}.`, {
      hint: 'stillroom run makes the release of a recipe; another one is named with `train: { sft: { data: .. } }`',
    })
  }
  const input = await readRelease(dir)
  try {
    const { context, reasoning } = config
    const traits = await traitsOf(input.records, { tokenizer: count, context, reasoning })
    const spent = (input.run?.spent as { usd?: number } | undefined)?.usd
    return {
      ...{ dir, name: input.name, version: input.version, manifest: sha256(readFileSync(file)), traits },
      purpose: input.recipe.purpose,
      seed: input.recipe.seed,
      teachers: input.teachers,
      ...(spent === undefined ? {} : { spent }),
    }
  } finally {
    input.close()
  }
}

/** The student's own tokenizer: the recipe's, or that in the folder of the base; undefined is the default of recipes. */
function tokenizerFor(named: string | undefined, local: string | undefined): string | undefined {
  const own = local && join(local, 'tokenizer.json')
  return named ?? (own && existsSync(own) ? own : undefined)
}

function gpuTable(named: string | undefined, root: string): readonly Gpu[] {
  if (named === undefined) return gpus
  const file = resolve(root, named)
  const wrong = (message: string, received: string) =>
    new StillroomError('SR_RECIPE_VALUE', message, {
      position: { file },
      expected: 'kinds of GPU with dollars an hour, such as `A100-80G: 1.79`',
      received,
      hint: `kinds: ${gpus.map(gpu => gpu.name).join(', ')}`,
    })
  if (!existsSync(file)) throw wrong(`There is no file ${named} of prices.`, 'no file')
  let raw: unknown
  try {
    raw = parse(readFileSync(file, 'utf8'))
  } catch (cause) {
    throw wrong('The file of prices cannot be read.', cause instanceof Error ? cause.message.split('\n')[0]! : '')
  }
  const read = gpuPrices.safeParse(raw)
  if (!read.success) {
    const [issue] = read.error.issues
    throw wrong(
      'The file of prices does not say dollars by kind of GPU.',
      `${issue!.path.join('.')}: ${issue!.message}`,
    )
  }
  return withPrices(read.data, named)
}

/** Providers that serve weights one has: an endpoint of one's own, and servers on one's own machine. */
const ownServers = ['self', 'ollama', 'vllm']

/** Teachers whose weights anyone can have: served by oneself, or under a license of weights that is known. */
function openTeachers(releases: readonly TrainRelease[]): string[] {
  const open = releases
    .flatMap(({ teachers }) => teachers)
    .filter(
      ({ languageModel, route }) =>
        languageModel && (ownServers.includes(route.provider) || modelLicense(route.model, route.license)),
    )
  return [...new Set(open.map(({ id }) => id))].sort()
}
