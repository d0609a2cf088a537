import { z } from 'zod'
import { cutBelow, cutShare, defineVerb, type Primitive, type Verb } from '../../steps/index.ts'
import { askShape, rubricOf, samplesOf, scaleOf } from './ask.ts'
import { calibrate, mapped, maps } from './calibrate.ts'
import { panel } from './panel.ts'
import { loadRubric } from './rubric.ts'
import { judgeScore } from './score.ts'

const options = z
  .strictObject({
    teacher: z
      .string()
      .optional()
      .describe('Teacher that judges; another family than the one that answered judges more fairly'),
    judges: z
      .array(z.string())
      .min(2)
      .refine(names => new Set(names).size === names.length, 'each judge once')
      .optional()
      .describe('Several teachers that judge each row; the mean counts, and how much they disagree is stored'),
    ...askShape,
    calibrate: z
      .string()
      .optional()
      .describe(
        'Marks by people, as rows with the columns `record` (its id) and `mark`: how well the judge agrees with them is told',
      ),
    map: z
      .enum(maps)
      .optional()
      .describe('Brings the scores onto the scale of the people, as the score <step key>/calibrated, which cuts go by'),
    drop: z.number().min(0).max(1).optional().describe('Share of the rows to drop, lowest overall score first'),
    min: z.number().optional().describe('Lowest overall score that stays, on the scale of the rubric'),
  })
  .refine(
    o => o.drop === undefined || o.min === undefined,
    'give either drop (a share) or min (a score), or use two steps',
  )
  .refine(o => (o.teacher === undefined) !== (o.judges === undefined), 'give either a teacher or several judges')
  .refine(o => o.map === undefined || o.calibrate !== undefined, {
    path: ['map'],
    error: 'scores are mapped onto marks by people: name them under calibrate',
  })
  .refine(o => o.mode === 'aspects' || o.scale === undefined, {
    path: ['scale'],
    error: 'a point that is added up is given or withheld, and has no scale',
  })
type Options = z.output<typeof options>

const given = (all: { [option: string]: unknown }) =>
  Object.fromEntries(Object.entries(all).filter(([, value]) => value !== undefined))

/** Rejection sampling: separate judges score every row, a cut of its own takes the lowest. */
export const judge: Verb<Options> = defineVerb<Options>({
  verb: 'judge',
  about:
    'Separate teachers score each row by a rubric, as the score <step key>/overall; the lowest share, or all under a mark, are dropped.',
  options,
  takes: ['conversation'],
  needs: {
    teachers: ['teacher', 'judges'],
    draws: o => ({ of: o.judges ? 'judges' : 'teacher', by: 'samples', n: samplesOf(o) }),
    files: ['rubric', 'prompt'],
    ancestors: ['document', 'prompt'],
  },
  side: ({ calibrate }) => (calibrate === undefined ? [] : [{ name: 'calibrate', from: calibrate }]),
  source: 'Cui et al. 2023, arXiv 2310.01377; Yuan et al. 2024, arXiv 2401.10020',
  expand({ teacher, judges, drop, min, calibrate: marks, map, ...asked }, key) {
    const steps: Primitive[] = judges?.map((name, i) => ({
      as: `score-${i + 1}`,
      step: judgeScore,
      options: given({ ...asked, teacher: name, name }),
    })) ?? [{ as: 'score', step: judgeScore, options: given({ ...asked, teacher }) }]
    if (judges) steps.push({ as: 'panel', step: panel, options: { step: key, judges, width: widthOf(asked) } })
    if (marks !== undefined) {
      steps.push({ as: 'calibrate', step: calibrate, options: given({ by: `${key}/overall`, marks, map }) })
    }
    const by = map === undefined ? `${key}/overall` : `${key}/${mapped}`
    if (drop !== undefined) steps.push({ as: 'cut', step: cutShare, options: { by, drop } })
    if (min !== undefined) steps.push({ as: 'cut', step: cutBelow, options: { by, below: min } })
    return steps
  },
})

/** Points are added up, marks averaged. */
function widthOf(asked: Parameters<typeof rubricOf>[0] & Parameters<typeof scaleOf>[0]): number {
  const [low, high] = scaleOf(asked)
  return asked.mode === 'additive' ? loadRubric(rubricOf(asked), 'en').aspects.length : high - low
}
