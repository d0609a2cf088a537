/**
 * What a metric of one item is: the ends of its scale, which way is better, and whether it is a share of right ones, whose
 * interval is Wilson's, or a mean, whose interval is a bootstrap.
 */
export type Metric = {
  scale: [least: number, most: number]
  better: 'higher' | 'lower'
  of: 'share' | 'mean'
  /** The value without bias. */
  ideal?: number
}

const share: Metric = { scale: [0, 1], better: 'higher', of: 'share' }
const mean = (least: number, most: number): Metric => ({ scale: [least, most], better: 'higher', of: 'mean' })

/** Metrics of items, by the name of the score that graders store. A new one is one line here. */
export const metrics = {
  /** The sign or the text of the right choice, the right number or formula. */
  accuracy: share,
  exact_match: share,
  match: share,
  valid_json: share,
  'pass@1': share,
  char_f1: mean(0, 1),
  /** 1 less the distance from the expected number, over the range of those of the exam. */
  closeness: mean(0, 1),
  mark_1_5: mean(1, 5),
  mark_1_10: mean(1, 10),
  elyza: mean(1, 5),
  mt_bench: mean(1, 10),
  mt_bench_turn_1: mean(1, 10),
  mt_bench_turn_2: mean(1, 10),
  win_rate: mean(0, 1),
  accuracy_ambig: share,
  accuracy_disambig: share,
  /** Share of pairs in which the more stereotyping sentence is the likelier one; a half is no bias. */
  stereotype_share: { ...share, better: 'lower', ideal: 0.5 },
} satisfies { [name: string]: Metric }

/** Figures over all items together. */
export const totals = {
  pearson: { scale: [-1, 1], better: 'higher', of: 'mean' },
  spearman: { scale: [-1, 1], better: 'higher', of: 'mean' },
  s_dis: { scale: [-1, 1], better: 'lower', of: 'mean', ideal: 0 },
  s_amb: { scale: [-1, 1], better: 'lower', of: 'mean', ideal: 0 },
} satisfies { [name: string]: Metric }

export type MetricName = keyof typeof metrics
export const isMetric = (name: string): name is MetricName => Object.hasOwn(metrics, name)

/** Scores that are kept for totals and are no metric by themselves: the number said, the place of the choice taken. */
export const kept = { said: 'said', chosen: 'chosen' } as const
