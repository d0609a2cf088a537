import { readFileSync } from 'node:fs'

const script = (name: string): string => readFileSync(new URL(`./python/${name}`, import.meta.url), 'utf8')

/** Trains by TRL what its commands do not reach, and goes on from the last checkpoint. */
export const trainScript = script('train.py')
/** Trains by unsloth. */
export const unslothScript = script('unsloth_train.py')
/** Lays an adapter into the weights that it was trained beside. */
export const mergeScript = script('merge.py')
/** Rewards of GRPO from the verifiers that rows carry. */
export const rewardsScript = script('rewards.py')
