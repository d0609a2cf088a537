import { z } from 'zod'
import type { Verifier } from '../../records/index.ts'
import { defineVerb, type Primitive, type Verb } from '../../steps/index.ts'
import { judgeKinds, type Top } from './forms.ts'
import { gradeJudge } from './judge.ts'
import { gradePairs } from './pairs.ts'
import { gradeRule, type Rules } from './rule.ts'
import { textMetrics } from './text.ts'

export type GradeOptions = {
  by?: string | Verifier
  judge?: string | undefined
  samples: number
  marks: Top
  rubric?: string | undefined
  references?: string | undefined
  against?: string | undefined
  interpreter?: string | undefined
  prompt?: string | undefined
}

/**
 * Grades answers of an exam. Rules come from the room that verifies, handed in by the list of steps; judges have their prompts
 * here.
 */
export function grade(rules: Rules): Verb<GradeOptions> {
  const kinds = [...judgeKinds, 'bbq', 'crows-pairs', 'text'] as const
  const by = z.union([
    rules.option,
    z.enum(kinds),
    z.strictObject({
      kind: z.literal('text'),
      metrics: z.array(z.enum(textMetrics)).min(1).describe('Metrics of llm-jp-eval and JGLUE'),
    }),
  ]) as unknown as z.ZodType<string | Verifier>
  const [ruled, judged] = [gradeRule({ ...rules, option: by }), gradeJudge(by)]
  const options = z
    .strictObject({
      by: by
        .optional()
        .describe(
          `How answers are graded: a kind, or { kind, .. } with its settings; default the verifier of each item, its choices, its rubric, else exact for a right answer of up to 100 characters and rubric for a longer one. Kinds: ${rules.kinds}, text (metrics), bbq, crows-pairs; with a judge: ${judgeKinds.join(', ')}`,
        ),
      judge: z
        .string()
        .optional()
        .describe('Teacher that marks what no rule can; another family than the student judges more fairly'),
      samples: z.int().min(1).max(16).default(1).describe('Times that each answer is judged, to be averaged'),
      marks: z
        .union([z.literal(5), z.literal(10)])
        .default(5)
        .describe('Highest mark by a rubric, 5 or 10; the lowest is 1'),
      rubric: z.string().optional().describe('Path of a Markdown file that judges see beside the rubric of each item'),
      references: z
        .string()
        .optional()
        .describe(
          'Reference answers of MT-Bench as JSON Lines, for questions of maths, reasoning and coding that have none of their own',
        ),
      against: z
        .string()
        .optional()
        .describe(
          'Has the judge compare each answer as well: with the `reference`, or with those in the items.jsonl of another evaluation',
        ),
      interpreter: z
        .string()
        .optional()
        .describe(
          'For code: your own Python, run inside bubblewrap, such as `python3`; default the one that comes along',
        ),
      prompt: z.string().optional().describe('Prompt file of the judge to use instead of the built-in ones'),
    })
    .refine(o => o.judge !== undefined || o.against === undefined, {
      path: ['against'],
      message: 'a judge compares answers: name one with `judge`',
    }) as unknown as z.ZodType<GradeOptions>
  return defineVerb<GradeOptions>({
    verb: 'grade',
    about:
      'Grades answers of an exam: by rules, by the metrics of llm-jp-eval, by a judge after MT-Bench, ELYZA-tasks-100 or a rubric, or in pairs.',
    options,
    takes: ['conversation'],
    needs: {
      teachers: ['judge'],
      draws: ({ samples }) => ({ of: 'judge', by: 'samples', n: samples }),
      files: ['rubric', 'references', 'against', 'prompt'],
      ancestors: ['exam'],
      executes: true,
    },
    source: 'Zheng et al. 2023, arXiv 2306.05685 (judges)',
    expand({ by: kind, judge, samples, marks, rubric, references, against, interpreter, prompt }) {
      const own = <T>(name: string, value: T | undefined) => (value === undefined ? {} : { [name]: value })
      const steps: Primitive[] = [
        {
          as: 'rule',
          step: ruled,
          options: { judged: judge !== undefined, top: marks, ...own('by', kind), ...own('interpreter', interpreter) },
        },
      ]
      if (judge === undefined) return steps
      const asked = { judge, samples, top: marks, ...own('rubric', rubric), ...own('references', references) }
      steps.push({ as: 'judge', step: judged, options: { ...asked, ...own('by', kind), ...own('prompt', prompt) } })
      if (against !== undefined)
        steps.push({ as: 'pairs', step: gradePairs, options: { judge, against, ...own('prompt', prompt) } })
      return steps
    },
  })
}
