import { existsSync, readFileSync } from 'node:fs'
import { arch, platform } from 'node:os'
import { join } from 'node:path'
import { StillroomError } from '../errors/index.ts'
import { builtinGates, evaluateGates, type Facts, type GateReport } from '../govern/index.ts'
import { earlierRounds, type Plan } from '../recipe/index.ts'
import { digestOf, type Rec, sha256 } from '../records/index.ts'
import { newSigningKey, type Signer, type SourceFacts, signerOf, writeRelease } from '../release/index.ts'
import { licenseTold, type SourceConfig } from '../sources/index.ts'
import { keyOrNew, readKey } from '../workspace/index.ts'
import { auditsOf } from './audit-evidence.ts'
import { gateFacts } from './facts.ts'
import { ancestorIndex, chosen, type Looked, lookAt } from './look.ts'
import { filesOf, type Project } from './project.ts'
import { noteReplay, replay } from './replay.ts'
import { restrictionOf } from './restrict.ts'
import { type RunResult, run } from './run.ts'
import type { Session } from './session.ts'
import { inputDigest } from './shards.ts'

/** `keyid` names the key that signed it. */
export type ReleaseOutcome = { dir: string; gates: GateReport[]; rows: number; existed: boolean; keyid?: string }

/** Patterns of files, or the sites of pages. */
function placesOf({ files, urls = [] }: SourceConfig): string[] {
  return files === undefined ? [...new Set(urls.map(url => new URL(url).origin))] : [files].flat()
}

async function sourceFacts(plan: Plan, result: RunResult, workspace: string): Promise<SourceFacts[]> {
  const facts: SourceFacts[] = []
  for (const { key, shape } of plan.stages) {
    if (shape !== 'source') continue
    const config = plan.recipe.sources[key] as unknown as SourceConfig
    const counts = result.funnel[key]
    facts.push({
      name: key,
      license: licenseTold(config),
      uri: config.uri ?? placesOf(config).join(', '),
      // Its real rows are left out, since they come in from where they are at home.
      origin: key === earlierRounds ? 'synthetic' : config.origin,
      files: config.urls?.length ?? (await filesOf(config, plan.base, workspace)).length,
      records: counts?.passed ?? 0,
      rejected: counts?.dropped ?? {},
    })
  }
  return facts
}

/** The earlier release that this one replaces, with the digest of its manifest where it lies beside it. */
function previousOf(plan: Plan, folder: string): { version: string; manifest?: string } | undefined {
  const version = plan.recipe.release?.previous
  if (!version || version === 'none') return undefined
  const file = join(folder, `${plan.recipe.name}-${version}`, 'manifest.json')
  return { version, ...(existsSync(file) ? { manifest: sha256(readFileSync(file)) } : {}) }
}

/** The name under which a workspace keeps the key of its releases. */
const signingKey = 'signing.pem'

/** Who signs: a key that is given, else the workspace's own, made here where `make` says so. */
export function signerFor(root: string, given?: string, make = false): Signer | undefined {
  const pem = given ?? (make ? keyOrNew(root, signingKey, newSigningKey) : readKey(root, signingKey))
  return pem === undefined ? undefined : signerOf(pem)
}

/**
 * Gates over the facts of a plan, or of a run of it, with the recipe's overrides. `looked` is what was seen of the rows and
 * of what the recipe names; gates that need it say nothing without it.
 */
export function gatesOf(
  plan: Plan,
  result: (Pick<RunResult, 'funnel'> & Partial<Pick<RunResult, 'notes' | 'found'>>) | undefined,
  workspace: string,
  looked: Partial<Facts> = {},
): GateReport[] {
  const facts = { ...gateFacts(plan, result, workspace), ...looked }
  return evaluateGates(builtinGates, facts, plan.recipe.gates, result ? 'data' : 'plan')
}

/** Where the releases of a plan lie. */
export const releaseFolder = (plan: Plan, out?: string): string => out ?? join(plan.base, 'releases')

/**
 * Writes the release of a finished run; without one, the finished parts are read again with teachers closed. `partial`
 * leaves out every root that still needs a reply, as a run restricted to the others would. It is signed with `key` (PEM),
 * or the key of the workspace; without either, with none.
 * @throws StillroomError SR_GATE when a gate blocks, SR_RELEASE_EXISTS, SR_YIELD when nothing is left.
 */
export async function releaseRun(
  project: Project,
  session: Session,
  finished?: RunResult,
  options: { partial?: boolean; out?: string; plan?: Plan; looked?: Looked; key?: string } = {},
): Promise<ReleaseOutcome> {
  let plan = options.plan ?? (await project.plan())
  const settings = plan.recipe.release
  if (!settings) {
    throw new StillroomError('SR_RECIPE_VALUE', 'The recipe has no `release` block.', {
      position: { file: project.file },
      hint: 'add: release: { version: 0.1.0, license: cc-by-4.0, date: 2026-01-31 }',
    })
  }
  let result = finished
  if (!result) {
    if (options.partial) {
      const replayed = await replay(project, session, {})
      result = replayed.result
      plan = replayed.plan
    } else {
      result = await run({ plan, session, env: {}, closed: true })
      if (result.unpaid.length > 0) {
        noteReplay(session.paths, result.run)
        throw new StillroomError(
          'SR_NOT_FOUND',
          `The run is not finished: ${result.unpaid.length} roots still need replies.`,
          {
            hint: 'run the recipe first, or release what is paid for with: stillroom release --partial',
          },
        )
      }
    }
  }
  if (result.error) throw result.error
  const done = result
  const folder = releaseFolder(plan, options.out)
  const dir = join(folder, `${plan.recipe.name}-${settings.version}`)
  const { store } = session
  const lookup = ancestorIndex(plan, done.shards, store)
  const looked =
    options.looked ?? (await lookAt(plan, done.shards, { store, root: session.paths.root, folder }, lookup))
  const gates = gatesOf(plan, done, session.paths.root, looked.facts)
  const previous = previousOf(plan, folder)
  const facts = gateFacts(plan, done, session.paths.root)
  const restricted = restrictionOf(plan)
  const audits = auditsOf(session.paths.root, inputDigest(done.shards.get(plan.output) ?? []))
  const released = await writeRelease(
    {
      name: plan.recipe.name,
      version: settings.version,
      license: settings.license,
      date: settings.date,
      ...(settings.creator ? { creator: settings.creator } : {}),
      ...(settings.url ? { url: settings.url } : {}),
      ...(previous ? { previous } : {}),
      recipe: {
        digest: digestOf({ name: plan.recipe.name, stages: plan.stages.map(s => s.id), release: settings }),
        use: plan.recipe.use,
        purpose: plan.recipe.purpose,
        language: plan.recipe.language,
        seed: plan.recipe.seed,
      },
      records: rowsOf(plan, done, session),
      ...(looked.apart.size > 0 ? { apart: { rows: looked.apart, licenses: settings['by-license']! } } : {}),
      ...(looked.facts.rows ? { licenses: looked.facts.rows.licenses } : {}),
      ...(settings.configs ? { configs: settings.configs } : {}),
      lookup,
      sources: await sourceFacts(plan, done, session.paths.root),
      teachers: facts.teachers,
      steps: facts.steps,
      gates,
      prompts: plan.stages.flatMap(s => s.nodes.flatMap(n => n.prompts.map(p => ({ step: n.key, ...p })))),
      ...(audits.length > 0 ? { audits } : {}),
      ...(restricted ? { restricted } : {}),
      call: session.journal.cite,
      run: {
        run: done.run,
        calls: done.calls,
        // What lies in the journal: this release may rest on the calls of many runs.
        spent: session.journal.spent(),
        node: process.version,
        platform: `${platform()} ${arch()}`,
        at: session.clock.now().toISOString(),
      },
    },
    dir,
    signerFor(session.paths.root, options.key),
  )
  const rows = Object.values(released.rows).reduce(
    (n, splits) => n + Object.values(splits).reduce((a, b) => a + b, 0),
    0,
  )
  return { dir, gates, rows, existed: released.existed, ...(released.keyid ? { keyid: released.keyid } : {}) }
}

async function* rowsOf(plan: Plan, result: RunResult, { store }: Session): AsyncGenerator<Rec> {
  yield* chosen(plan, store, result.shards.get(plan.output) ?? [])
}
