import { StillroomError } from '../../errors/index.ts'
import type { GateReport } from '../../govern/index.ts'
import { digestOf, type Id, type Json, type Rec } from '../../records/index.ts'
import { type Outline, placesOf, provenanceLines, readOutline } from '../../release/index.ts'
import type { CallTotals, Store } from '../../workspace/index.ts'
import { emptyCounts, type Funnel } from '../counts.ts'
import type { PastRun } from '../log.ts'
import { compareShapes, type ShapeDiff } from './compare-shapes.ts'
import { compareFunnels, type StepDiff } from './funnels.ts'
import { goneFrom, sidesOfRuns, takeEvidence } from './of-runs.ts'
import { compareRows, type RowDiff } from './rows.ts'
import { flatten, type Shape } from './shape.ts'
import { addressKey, emptySide, knownOf, type Notes, notesOf, type Side } from './side.ts'

export type GateChange = { id: string; was?: GateReport['is']; is?: GateReport['is']; why?: string }
/** What a release cost: its own run, and all that its workspace had spent by then. */
export type Cost = { calls: number; usd: number | null; spent: number | null }

export type ReleaseDiff = {
  releases: [Named, Named]
  /** Settings as the steps of the releases had them. Fingerprints are in no release. */
  recipe: ShapeDiff
  funnel: StepDiff[]
  rows: RowDiff
  gates: GateChange[]
  /** Parts of the card that read otherwise; `rows` of licenses that stand behind the rows. */
  card: string[]
  licenses: { licenses: string; was: number; is: number }[]
  cost: [Cost | undefined, Cost | undefined]
  /** Which of the two runs were at hand, so that drops are told with their reasons. */
  evidence: [boolean, boolean]
}
type Named = { name: string; version: string; date: string; dir: string }

/** What an outline says of its recipe. */
function shapeOfOutline({ release, sources, teachers, steps, prompts }: Outline): Shape {
  const { name, license, recipe } = release
  const { digest: _, ...settings } = recipe
  return {
    name,
    settings: flatten({ license, ...settings }),
    teachers: Object.fromEntries(
      teachers.map(({ name, id, verdict }) => [name, { model: id, terms: `${verdict.verdict} (${verdict.key})` }]),
    ),
    sources: Object.fromEntries(
      sources.map(({ name, license, uri, origin, files }) => [
        name,
        { files: uri, license, origin, 'files read': files },
      ]),
    ),
    steps: steps.map(({ key, verb, options }) => ({
      key,
      verb,
      version: 0,
      options: flatten(options),
      from: [],
      prompts: Object.fromEntries(prompts.filter(p => p.step === key).map(p => [p.name, p.digest])),
    })),
    stages: [],
  }
}

/** The funnel of a release: what its sources took, and its steps. */
function funnelOf({ sources, steps }: Outline): { funnel: Funnel; keys: string[] } {
  const read = sources.map(({ name, records, rejected }): [string, Funnel[string]] => {
    const refused = Object.values(rejected).reduce((a, b) => a + b, 0)
    return [name, { ...emptyCounts(), in: records + refused, passed: records, dropped: rejected }]
  })
  const done = steps.flatMap(({ key, counts }): [string, Funnel[string]][] => (counts ? [[key, counts]] : []))
  return {
    funnel: Object.fromEntries([...read, ...done]),
    keys: [...sources.map(s => s.name), ...steps.map(s => s.key)],
  }
}

const nothing: Notes = {}
type Line = Pick<Rec, 'id' | 'digest' | 'facets' | 'scores' | 'lineage' | 'language'>

/**
 * Merges two files of provenance, both sorted by id. A line that both have word for word is a record that they have alike:
 * it costs no memory and is not even parsed.
 */
async function mergeProvenance(a: { dir: string; side: Side }, b: { dir: string; side: Side }): Promise<void> {
  const [left, right] = [provenanceLines(a.dir), provenanceLines(b.dir)]
  function take(side: Side, record: Line): void {
    side.records.set(record.id, knownOf(record))
    const row = side.rows.get(record.id)
    if (!row) return
    row.digest = record.digest
    row.notes = notesOf(record)
  }
  let [x, y] = [await left.next(), await right.next()]
  let held: { x?: Line; y?: Line } = {}
  while (!x.done || !y.done) {
    if (!x.done && !y.done && x.value === y.value) {
      ;[x, y] = [await left.next(), await right.next()]
      held = {}
      continue
    }
    if (!x.done) held.x ??= JSON.parse(x.value) as Line
    if (!y.done) held.y ??= JSON.parse(y.value) as Line
    const { x: one, y: other } = held
    if (one && (!other || one.id <= other.id)) {
      take(a.side, one)
      delete held.x
      x = await left.next()
    }
    if (other && (!one || other.id <= one.id)) {
      take(b.side, other)
      delete held.y
      y = await right.next()
    }
  }
}

/** A run that a release was made by, with the workspace it lies in. */
export type AtHand = { store: Store; run: PastRun } | undefined

/**
 * Compares two releases by their folders alone: every row of both is accounted for. Why a row is missing is told as far
 * as the folders know it (its source, its steps, what it comes from); with the run of the other release at hand, by the
 * drop itself. Throws SR_NOT_FOUND where a release is none, or was withdrawn.
 */
export async function compareReleases(
  dirs: [string, string],
  runs: [AtHand, AtHand] = [undefined, undefined],
): Promise<ReleaseDiff> {
  const outlines = [await readOutline(dirs[0]), await readOutline(dirs[1])] as const
  const sides = [emptySide(), emptySide()] as const
  for (const [i, outline] of outlines.entries()) {
    for await (const { id, config, split } of placesOf(outline.dir)) {
      if (sides[i]!.rows.has(id)) throw twice(outline.dir, id)
      // Rows of which both releases say the same keep this: nothing of them differs.
      sides[i]!.rows.set(id, { digest: '', place: `${config}/${split}`, notes: nothing })
    }
    sides[i]!.sources = new Set(outline.sources.map(({ name }) => name))
    sides[i]!.steps = stepsOfOutline(outline.steps)
  }
  await mergeProvenance({ dir: dirs[0], side: sides[0] }, { dir: dirs[1], side: sides[1] })
  for (const side of sides) side.addresses = addressesOf(side)
  const evidence = evidenceOf(sides, runs)
  if (evidence[0] !== evidence[1]) {
    // Steps have to be told alike on both sides.
    for (const [i, { steps }] of outlines.entries()) sides[i]!.steps = stepsOfOutline(steps)
  }
  const [was, is] = [funnelOf(outlines[0]), funnelOf(outlines[1])]
  return {
    releases: [named(outlines[0]), named(outlines[1])],
    recipe: compareShapes(shapeOfOutline(outlines[0]), shapeOfOutline(outlines[1])),
    funnel: compareFunnels(was.funnel, is.funnel, { was: was.keys, is: is.keys }),
    rows: compareRows(sides[0], sides[1]),
    gates: gateChanges(outlines[0].gates, outlines[1].gates),
    card: cardChanges(outlines[0].manifest.card, outlines[1].manifest.card),
    licenses: licenseChanges(outlines[0], outlines[1]),
    cost: [costOf(outlines[0]), costOf(outlines[1])],
    evidence,
  }
}

const stepsOfOutline = (steps: Outline['steps']): Map<string, string> =>
  new Map(steps.map(({ key, verb, options }) => [key, digestOf([verb, options as Json])]))

/**
 * Adds what the runs behind two releases tell. Both in one workspace tell of every record on the way to a row, also where
 * an edited document gave others in their place; one alone tells of the records of the other release.
 */
function evidenceOf(sides: readonly [Side, Side], runs: [AtHand, AtHand]): [boolean, boolean] {
  const [a, b] = runs
  if (a && b && a.store === b.store && !goneFrom(a.store, a.run) && !goneFrom(b.store, b.run)) {
    const told = sidesOfRuns(a.store, a.run, b.run)
    for (const [side, { rows: _, ...of }] of [[sides[0], told.a] as const, [sides[1], told.b] as const])
      Object.assign(side, of)
    return [true, true]
  }
  for (const i of [0, 1] as const) {
    const other = sides[1 - i]!
    const at = runs[i]
    if (at) takeEvidence(sides[i], at.store, at.run, id => other.records.has(id) || other.rows.has(id))
  }
  return [sides[0].complete, sides[1].complete]
}

const named = ({ dir, manifest: { name, version, date } }: Outline): Named => ({ name, version, date, dir })

const addressesOf = ({ records }: Side): Set<string> =>
  new Set([...records.values()].flatMap(({ source }) => (source ? [addressKey(source)] : [])))

const twice = (dir: string, id: Id): StillroomError =>
  new StillroomError('SR_WORKSPACE', `Row ${id} stands twice in the release.`, {
    position: { file: dir },
    hint: 'stillroom verify tells what was changed',
  })

function gateChanges(was: readonly GateReport[], is: readonly GateReport[]): GateChange[] {
  const [before, after] = [new Map(was.map(g => [g.id, g])), new Map(is.map(g => [g.id, g]))]
  return [...new Set([...before.keys(), ...after.keys()])].flatMap(id => {
    const [a, b] = [before.get(id), after.get(id)]
    if (a?.is === b?.is && a?.override === b?.override) return []
    return [{ id, ...(a ? { was: a.is } : {}), ...(b ? { is: b.is, why: b.why } : {}) }]
  })
}

const cardChanges = (was: { [part: string]: string }, is: { [part: string]: string }): string[] =>
  [...new Set([...Object.keys(was), ...Object.keys(is)])].filter(part => was[part] !== is[part])

function licenseChanges(a: Outline, b: Outline): ReleaseDiff['licenses'] {
  const counts = ({ licenses }: Outline): Map<string, number> => {
    const found = new Map<string, number>()
    for (const { grounds, under, rows } of licenses) {
      const behind = [...new Set(grounds.map(({ license }) => license))]
      const name = `${behind.sort().join(' + ') || 'none'} as ${under}`
      found.set(name, (found.get(name) ?? 0) + rows)
    }
    return found
  }
  const [was, is] = [counts(a), counts(b)]
  return [...new Set([...was.keys(), ...is.keys()])].sort().flatMap(name => {
    const [before, after] = [was.get(name) ?? 0, is.get(name) ?? 0]
    return before === after ? [] : [{ licenses: name, was: before, is: after }]
  })
}

function costOf({ run }: Outline): Cost | undefined {
  if (!run) return undefined
  const calls = Object.values((run.calls ?? {}) as CallTotals)
  const spent = (run.spent as { usd?: number } | undefined)?.usd ?? null
  return {
    calls: calls.reduce((n, { sent }) => n + sent, 0),
    usd: calls.reduce<number | null>((n, { usd }) => (n === null || usd === null ? null : n + usd), 0),
    spent,
  }
}
