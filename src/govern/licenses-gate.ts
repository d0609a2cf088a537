import type { Facts, SourceStanding } from './facts.ts'
import { defineGate, type GateResult } from './gate.ts'
import { classOf, type Objection, type Standing, standing } from './lattice.ts'
import { normaliseLicense } from './license.ts'

const worst = ['block', 'unknown', 'warn'] as const

/** The licenses of all that stands behind a row allow the license of the release and the purpose. */
export const licenses = defineGate({
  id: 'licenses',
  level: 'critical',
  about: 'The licenses behind every row allow the license of the release and what the data is for.',
  uses: ['fine-tuning', 'eval-set', 'edge-cases', 'privacy'],
  plan: judgeSources,
  data: judgeRows,
})

const said = (objections: readonly Objection[]): string =>
  [...new Set(objections.map(({ license, why }) => `${license}: ${why}`))].join(' ')

/** Before a run nobody knows how much of a source will stand in a row; a source as its rows are is the least that may. */
function judgeSources({ sources, release, purpose }: Facts): GateResult | undefined {
  if (!sources || !release) return undefined
  const evidence = sources
    .filter(({ feeds }) => feeds)
    .flatMap(source =>
      (source.detected ?? [{ license: source.license, files: undefined }]).map(one => ({ ...source, ...one })),
    )
    .map(({ name, license, files, derivation }) => {
      const strength = derivation?.strength ?? 'paraphrase'
      const grounds = [{ license, strength, sources: [name] }]
      return {
        source: name,
        ...(files === undefined ? {} : { files }),
        license,
        strength,
        class: classOf(grounds),
        ...mildly(files !== undefined, standing(grounds, release.license, purpose)),
      }
    })
  const named = evidence.map(one => ({
    ...one,
    who: `${one.files === undefined ? '' : `${one.files} ${one.files === 1 ? 'file' : 'files'} of `}source ${one.source}`,
  }))
  const result = verdict(
    named.map(({ who, objections }) => ({ who, objections })),
    evidence,
    'The licenses of the sources allow the license of the release; rows are looked at after the run.',
  )
  return withDisputes(result, sources)
}

/** Of a source whose files differ, rows of the wrong ones may still be dropped, or go out under their own license. */
const mildly = (detected: boolean, found: Standing): Standing =>
  detected ? { ...found, objections: found.objections.map(one => ({ ...one, is: 'warn' as const })) } : found

/** A recipe may know better than the page of its source, and then somebody should have looked. */
function withDisputes(result: GateResult, sources: readonly SourceStanding[]): GateResult {
  const disputes = sources.filter(
    ({ feeds, license, card }) =>
      feeds && card !== undefined && normaliseLicense(card).spdx !== normaliseLicense(license).spdx,
  )
  if (disputes.length === 0) return result
  const why = disputes
    .map(({ name, license, card }) => `Source ${name} is ${license} in the recipe and ${card} on its own page.`)
    .join(' ')
  if (result.is !== 'pass') return { ...result, why: `${result.why} ${why}` }
  return { ...result, is: 'warn', why: `${why} ${result.why}`, wayOut: 'Write the license of the page at the source.' }
}

function judgeRows({ rows, purpose, sources = [] }: Facts): GateResult | undefined {
  if (!rows) return undefined
  const evidence = rows.licenses.map(({ grounds, under, config, rows: n }) => ({
    rows: n,
    class: classOf(grounds),
    under,
    ...(config ? { config } : {}),
    grounds,
    ...standing(grounds, under, purpose),
  }))
  const told = sources.flatMap(({ name, derivation }) =>
    derivation ? [`${name} counts as ${derivation.strength}: ${derivation.reason}`] : [],
  )
  const classes = Map.groupBy(evidence, one => one.class)
  const counted = [...classes].map(([name, of]) => `${of.reduce((n, { rows }) => n + rows, 0)} ${name}`)
  const found = evidence.map(({ objections, grounds, rows: n }) => ({
    objections,
    who: `${n} ${n === 1 ? 'row' : 'rows'} of ${[...new Set(grounds.flatMap(g => g.sources))].join(', ')}`,
  }))
  const pass = `Rows by class of license: ${counted.join(', ')}. Each may go out under the license that it has here.`
  const result = verdict(found, evidence, pass)
  const whole = told.length > 0 ? { ...result, why: `${result.why} ${told.join(' ')}` } : result
  return withDisputes(whole, sources)
}

function verdict(
  found: { who: string; objections: Objection[] }[],
  evidence: GateResult['evidence'],
  pass: string,
): GateResult {
  const is = worst.find(level => found.some(({ objections }) => objections.some(one => one.is === level)))
  if (!is) return { is: 'pass', evidence, why: pass }
  const whys = found.flatMap(({ who, objections }) => {
    const these = objections.filter(one => one.is === is)
    return these.length > 0 ? [`${who}: ${said(these)}`] : []
  })
  const more = whys.length > 4 ? ` And ${whys.length - 4} more.` : ''
  return {
    is,
    evidence,
    why: `${whys.slice(0, 4).join(' ')}${more}`,
    wayOut:
      is === 'unknown'
        ? 'Name the license of the source, and `purpose.commercial` and `purpose.distribute`.'
        : 'Leave the source out, choose another `release.license`, give such rows a config of their own with `release.by-license`, or say with `derivation:` at the source how much of it stands in rows, and why.',
  }
}
