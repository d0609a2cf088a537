import type { Adapter, Method } from '../phase.ts'
import type { KindTraits } from '../traits.ts'
import { type LeftOut, type Reason, reason } from './advice.ts'

/** What the choice of a method looks at. */
export type Ground = {
  base: string
  adapter: Adapter
  /** Whether phase one has rows, and is not left out by the recipe. */
  tuned: boolean
  pairs?: KindTraits
  feedback?: KindTraits
  /** Prompts, or conversations, whose answer a program can check. */
  verifiable?: KindTraits
  /** Whether a second copy of the weights would not fit where one alone does; of full training. */
  referenceTooLarge?: boolean
}

export type Choice = { method: Method; reasons: Reason[]; alternatives: { method: Method; reason: Reason }[] }

/** Pairs that two different answers stand in. */
export const usablePairs = (pairs: KindTraits | undefined): number =>
  pairs ? pairs.rows - (pairs.pairs?.equal.rows ?? 0) : 0
const bothLabels = (feedback: KindTraits | undefined): boolean =>
  (feedback?.labels?.good ?? 0) > 0 && (feedback?.labels?.bad ?? 0) > 0

/** By its name, whether a model answers as an assistant already; undefined where the name does not say. */
export function isTuned(base: string): boolean | undefined {
  const name = base.toLowerCase().replace(/^.*\//, '')
  if (/(instruct|chat|assistant|(^|[-_.])(it|sft|dpo|rlhf|thinking)([-_.]|$))/.test(name)) return true
  if (/(^|[-_.])(base|pt)([-_.]|$)/.test(name)) return false
  // Of these families the plain name is the base model; of others, such as Qwen3, it is the tuned one.
  return /(llama-?[23]|mistral-7b|mixtral|gemma-[23]|qwen-?(1\.5|2(\.5)?)-|smollm)/.test(name) ? false : undefined
}

/** Why the data allows a method or does not, in the order in which people ask. */
const needs: { [M in Method]?: (ground: Ground) => string | undefined } = {
  dpo: needPairs,
  ipo: needPairs,
  simpo: needPairs,
  orpo: needPairs,
  kto: ({ feedback }) =>
    !feedback || feedback.rows === 0
      ? 'there are no rows of kind feedback'
      : bothLabels(feedback)
        ? undefined
        : `all ${feedback.rows} labels are ${feedback.labels!.good > 0 ? 'true' : 'false'}, so that there is nothing to tell apart`,
  grpo: ({ verifiable }) => (verifiable?.verifiable ? undefined : 'no row has a verifier and what to check against'),
}
function needPairs({ pairs }: Ground): string | undefined {
  if (!pairs || pairs.rows === 0) return 'there are no rows of kind preference'
  return usablePairs(pairs) === 0 ? `both sides of all ${pairs.rows} pairs are equal` : undefined
}

/** Why nothing can be trained by this method on these rows; undefined where it can. */
export const missingFor = (method: Method, ground: Ground): string | undefined => needs[method]?.(ground)

const hints = {
  pairs: 'steps such as `rank`, `verified-pairs` or `contrast` make pairs, `thumbs` makes feedback',
  grpo: 'steps such as `verify` write verifiers into rows',
}

/** The phase as left out, where the recipe states a method that its rows cannot feed, or none can be fed at all. */
export function leftOut(ground: Ground, stated?: Method): LeftOut | undefined {
  if (stated !== undefined) {
    const why = missingFor(stated, ground)
    const hint = stated === 'grpo' ? hints.grpo : hints.pairs
    return why === undefined ? undefined : { phase: 'preference', why: `${stated} cannot be trained: ${why}`, hint }
  }
  if (chooseMethod(ground)) return undefined
  const tried = (['dpo', 'kto', 'grpo'] as const).map(method => missingFor(method, ground)!)
  return { phase: 'preference', why: `the preference set is empty: ${tried.join(', ')}`, hint: hints.pairs }
}

/** Fewer pairs than this are called few by a rule of thumb that no paper states. */
export const fewPairs = 10_000

/** The method for phase two that the rows suggest, why, and what else they would allow; undefined where there are no rows. */
export function chooseMethod(ground: Ground): Choice | undefined {
  const { pairs, feedback, verifiable, adapter, tuned, base } = ground
  const can = (method: Method) => missingFor(method, ground) === undefined
  const n = usablePairs(pairs)
  const reasons: Reason[] = []
  let method: Method
  if (can('kto') && (!can('dpo') || feedback!.rows > 4 * n)) {
    method = 'kto'
    reasons.push(
      reason(
        `${feedback!.rows} rows have a label, good or bad, and no partner: the objective of KTO is defined on these.`,
        'strong',
        'kto',
      ),
    )
  } else if (can('dpo')) {
    method = byPairs()
  } else if (can('grpo')) {
    method = 'grpo'
    reasons.push(
      reason(
        `A program can check ${verifiable!.verifiable} answers: a reward that no judge has to give.`,
        'some',
        'tulu',
      ),
      reason('It is the dearest of all, since answers are written while it trains.', 'strong', 'grpo'),
    )
  } else return undefined
  return { method, reasons, alternatives: alternatives(method, ground) }

  function byPairs(): Method {
    const { nearDeterministic, margins } = pairs!.pairs!
    if (!tuned && isTuned(base) !== true) {
      reasons.push(
        reason(
          'There are pairs and no conversations, and the base is not said to be tuned: ORPO learns to answer and to prefer at once.',
          'some',
          'orpo',
        ),
      )
      return 'orpo'
    }
    if (nearDeterministic === true) {
      const share = Math.round(100 * margins!.atLargest)
      reasons.push(
        reason(
          `In ${share} % of the pairs the chosen answer wins by the largest margin: DPO drives such pairs apart without end, and IPO was made to stop at a margin.`,
          'some',
          'ipo',
        ),
        reason(
          'That it comes out better in the end is not shown: on 13,000 and 66,000 pairs DPO was ahead of it.',
          'heuristic',
          'sweep',
        ),
      )
      return 'ipo'
    }
    if (adapter === 'full' && ground.referenceTooLarge) {
      reasons.push(
        reason(
          'All weights are trained and the reference of DPO, a second copy, would not fit: SimPO has none.',
          'strong',
          'simpo',
        ),
      )
      return 'simpo'
    }
    reasons.push(
      reason(
        `${n} pairs: DPO is what the others are measured against, and no other won where settings were searched alike.`,
        'some',
        'sweep',
      ),
    )
    if (adapter !== 'full') {
      reasons.push(
        reason('With adapters the reference is the model with the adapter off, and costs no memory.', 'strong', 'trl'),
      )
    }
    return 'dpo'
  }
}

function alternatives(chosen: Method, ground: Ground): Choice['alternatives'] {
  const few = usablePairs(ground.pairs) < fewPairs
  const all: [Method, Reason][] = [
    [
      'dpo',
      reason('What most is known of; larger beta or label smoothing where pairs are few or noisy.', 'some', 'dpo'),
    ],
    [
      'ipo',
      few
        ? reason(
            'Pairs are few: it over-fits less by design, and nobody has shown a number of pairs.',
            'heuristic',
            'ipo',
          )
        : reason('Worth a try where the loss on held-out pairs turns up early.', 'heuristic', 'ipo'),
    ],
    ['kto', reason('For rows with a label and no partner; strong where labels are what there is.', 'strong', 'kto')],
    [
      'simpo',
      reason('No reference, and lengths are normalised; sensitive to the learning rate.', 'some', 'simpoReadme'),
    ],
    ['orpo', reason('From a base model, in one phase with the tuning.', 'some', 'orpo')],
    ['grpo', reason('Answers that a program can check are rewarded as they are written.', 'some', 'tulu')],
  ]
  return all.flatMap(([method, why]) =>
    method !== chosen && missingFor(method, ground) === undefined ? [{ method, reason: why }] : [],
  )
}
