import type { Id, Sha, TeacherId } from '../records/index.ts'

/** How one item of an exam ended under one metric. `score` is absent where it could not be graded, and `why` says so. */
export type ItemResult = {
  task: string
  /** Names the item in every evaluation of the same exam: the id of the exam record, or `doc_id` of lm-eval. */
  item: Id
  /** Digest of what was asked and what was expected: results of different items are never paired. */
  digest: Sha
  metric: string
  score?: number
  why?: string
  answer?: string
  /** Part of the exam that the item belongs to, such as `writing` of MT-Bench. */
  part?: string
}

/**
 * One figure of an evaluation with its 95 % interval. A figure that is told of all items together, such as a correlation,
 * has no item results under its metric.
 */
export type ScoreLine = {
  task: string
  metric: string
  higherIsBetter: boolean
  /** The value of a model without bias, where there is one: what is nearer to it is better, on either side. */
  ideal?: number
  /** Ends of the scale of one item: 0 to 1 for right and wrong, 1 to 10 for a rubric. */
  scale: [least: number, most: number]
  value: number
  /** Ends of the interval; absent where nothing tells how far the figure may be off. */
  low?: number
  high?: number
  /** Items that were graded, and those that were not. */
  n: number
  ungraded: number
}

/**
 * What a model scored: `evaluation.json` of a folder, beside `items.jsonl` with one `ItemResult` a line. `stillroom
 * evaluate` writes it, results of lm-evaluation-harness are read into it, `stillroom evaluate compare` compares two.
 */
export type Evaluation = {
  name: string
  /** Day it was measured, YYYY-MM-DD. */
  date: string
  model: { id: TeacherId; revision?: string }
  tasks: {
    [task: string]: {
      /** Digest over the items' digests, in order. */
      exam: Sha
      items: number
      /** What grades: verb and options, judge and digest of its prompt, or the metric of lm-eval. */
      grader: {
        by: string
        judge?: TeacherId
        prompt?: Sha
        /** Times that each answer was judged. */
        samples?: number
        version?: string | number
      }
      /** What two evaluations must share to be comparable: shots, samples, sampling, seeds, chat template. */
      conditions: { [name: string]: string | number | boolean | null }
    }
  }
  scores: ScoreLine[]
  /** The same by part of a task: categories of MT-Bench, of BBQ, of CrowS-Pairs. */
  parts?: (ScoreLine & { part: string })[]
  /** Tasks that are told together as well, by the name of the group. */
  groups?: { [group: string]: string[] }
  /** Only a part of the exam was taken (`--limit`): it is shown, and never called a result. */
  partial?: true
  from: 'stillroom' | 'lm-eval'
}
