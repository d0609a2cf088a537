import { isTuned, type Proposal } from '../../train/index.ts'
import type { AdviseAsk, Feed } from './advise.ts'
import type { PhaseEstimate, Warning } from './prepare.ts'

/** Ids that a warning names; the others are counted. */
const named = 10

const listed = (ids: string[]): Pick<Warning, 'ids' | 'more'> =>
  ids.length > named ? { ids: ids.slice(0, named), more: ids.length - named } : { ids }

const words = {
  drop: 'left out',
  truncate: 'cut off there',
  stop: 'nothing is written until that is settled',
}

/** What to look at before a training, most pressing first. */
export function warningsOf(
  ask: AdviseAsk,
  proposals: readonly { proposal: Proposal; feed: Feed }[],
  estimates: readonly PhaseEstimate[],
): Warning[] {
  const { config, base, hardware, model, guessed } = ask
  const all: Warning[] = []
  const policy = config['too-long']
  for (const { proposal, feed } of proposals) {
    const { tooLong, rows, kind } = feed.traits
    if (tooLong.length === 0) continue
    all.push({
      about: 'too-long',
      text: `${proposal.phase}: ${tooLong.length} of ${rows} rows ${tooLong.length === 1 ? 'is' : 'are'} longer than the context of ${config.context} tokens, the longest has ${tooLong[0]!.tokens}; ${words[policy]}.`,
      ...listed(tooLong.map(({ id }) => id)),
      ...(policy === 'stop'
        ? {
            stop: true,
            hint: `write \`train: { too-long: drop }\` or \`truncate\`, or \`context: ${roundUp(tooLong[0]!.tokens)}\`${kind === 'conversation' ? '' : '; both sides count with their prompt'}`,
          }
        : {}),
    })
  }
  for (const { here, phase } of estimates) {
    if (!here || here.fits === 'yes') continue
    const gb = `${here.memory.total.low.toFixed(0)} to ${here.memory.total.high.toFixed(0)} GB`
    all.push({
      about: 'memory',
      text:
        here.fits === 'no'
          ? `${phase}: it would not fit: ${gb} of the ${here.capacity} GB that ${hardware.gpu.name} has.`
          : `${phase}: it may not fit: ${gb} of the ${here.capacity} GB that ${hardware.gpu.name} has.`,
      hint:
        config.adapter === 'full'
          ? 'more GPUs share the weights, `adapter: lora` or `qlora` leaves most of them as they are'
          : config.adapter === 'lora'
            ? '`adapter: qlora` brings the weights to 4 bit; a shorter context takes less'
            : 'the table of GPUs says which hold it; a shorter context takes less',
    })
  }
  for (const { proposal, feed } of proposals) {
    const { pairs, labels, heldOut, repeated, rows } = feed.traits
    if (pairs && pairs.equal.rows > 0) {
      all.push({
        about: 'equal-sides',
        text: `${proposal.phase}: both sides of ${pairs.equal.rows} of ${rows} pairs are equal: nothing to learn, left out.`,
        ...listed(pairs.equal.ids),
      })
    }
    const longer = pairs?.bias.longer
    if (longer && (longer.low > 0.6 || longer.high < 0.4)) {
      const percent = Math.round(100 * longer.share)
      all.push({
        about: 'length-bias',
        text: `${proposal.phase}: the chosen answer is the longer one in ${percent} % of ${longer.of} pairs: a model learns length from that (Singhal et al. 2023, arXiv 2310.03716).`,
        hint: 'the step `rank` balances lengths; SimPO counts by the length',
      })
    }
    if (labels && Math.max(labels.good, labels.bad) > 9 * Math.min(labels.good, labels.bad)) {
      all.push({
        about: 'labels',
        text: `${proposal.phase}: ${labels.good} good and ${labels.bad} bad rows; the weight of the rarer ones makes up for numbers, not for variety.`,
      })
    }
    if (heldOut === 0) {
      all.push({
        about: 'held-out',
        text: `${proposal.phase}: no row is held out, so that nobody can tell when the loss settles.`,
        hint: 'the step `split` names a split `test`, keeping related rows together',
      })
    }
    if (proposal.phase === 'sft' && repeated > rows / 20) {
      all.push({ about: 'repeated', text: `sft: ${repeated} of ${rows} rows repeat the prompt of another one.` })
    }
  }
  const feedback = ask.preference.traits.kinds.feedback
  const lone = feedback && feedback.rows > 0 && (feedback.labels!.good === 0 || feedback.labels!.bad === 0)
  if (lone) {
    all.push({
      about: 'labels',
      text: `All ${feedback.rows} rows of feedback are labelled ${feedback.labels!.good > 0 ? 'true' : 'false'}: KTO has nothing to tell apart.`,
      hint: 'bring rows of the other label, or use these as conversations',
    })
  }
  const [first] = proposals
  if (first?.proposal.phase === 'preference' && first.proposal.method !== 'orpo' && isTuned(base) !== true) {
    all.push({
      about: 'untuned',
      text: `${first.proposal.method} begins from ${base}, which is not known to be tuned: the model has to answer before it can answer better.`,
    })
  }
  if (proposals.length > 0 && guessed) {
    all.push({
      about: 'tokenizer',
      text: `Tokens are counted with ${ask.sft.traits.tokenizer}, not with the tokenizer of ${base}; others differ by some 10 %, in Japanese by more.`,
      hint: 'name its tokenizer.json with `tokenizer:` in the recipe',
    })
  }
  if (!model) {
    all.push({
      about: 'size',
      text: `Nobody says how large ${base} is, so that nothing is estimated.`,
      hint: 'say it with `train: { size: 8B }` or --size 8B, or give a folder with its config.json',
    })
  } else if (model.experts) {
    all.push({
      about: 'experts',
      text: 'A model with experts: adapters beside each of them are large, whether 4-bit weights reach them depends on the trainer, and times are rougher than for others.',
    })
  }
  return all
}

/** A context that holds so many tokens, as people write them. */
const roundUp = (tokens: number): number => Math.ceil(tokens / 512) * 512
