import { z } from 'zod'
import { cutBelow, defineVerb } from '../../steps/index.ts'
import { toolAnswer } from './answer.ts'
import { execute } from './execute.ts'
import { toolFormat } from './format.ts'
import { toolJudge } from './judge.ts'
import { gridShape, toolGrid, toolWrite, writeShape } from './write.ts'

const options = z.strictObject({
  ...writeShape,
  ...gridShape,
  judge: z.string().optional().describe('Teacher that judges the calls; default the one that writes them'),
  min: z.number().min(1).max(5).default(3).describe('Lowest mean mark of the judge that stays, from 1 to 5'),
  'judge-prompt': z.string().optional().describe('Prompt file of the judge to use instead of the built-in one'),
  'answer-prompt': z.string().optional().describe('Prompt file of the answer to use instead of the built-in one'),
})
export type ToolsOptions = z.infer<typeof options>

/**
 * Conversations with tool calls (APIGen, Liu et al., arXiv:2406.18518), with requests that need no call as BFCL has them.
 * Three gates in rising cost: format, declared results, a judge. Only what passes all of them gets its answer written.
 */
export const tools = defineVerb<ToolsOptions>({
  verb: 'tools',
  about:
    'A teacher writes requests for declared tools with their calls; format, declared results and a judge decide which get an answer.',
  options,
  takes: [],
  needs: { teachers: ['teacher', 'judge'], files: ['tools', 'prompt', 'judge-prompt', 'answer-prompt'] },
  source: 'https://arxiv.org/abs/2406.18518',
  expand(o, key) {
    const { teacher, tools: file, offered, language, count, styles } = o
    const { prompt, 'judge-prompt': judging, 'answer-prompt': answering } = o
    const spoken = language ? { language } : {}
    const own = (prompt: string | undefined) => (prompt ? { prompt } : {})
    return [
      { as: 'grid', step: toolGrid, options: { count, styles } },
      { as: 'write', step: toolWrite, options: { teacher, tools: file, offered, ...spoken, ...own(prompt) } },
      { as: 'format', step: toolFormat, options: {} },
      { as: 'execute', step: execute, options: { tools: file } },
      { as: 'judge', step: toolJudge, options: { teacher: o.judge ?? teacher, ...spoken, ...own(judging) } },
      { as: 'cut', step: cutBelow, options: { by: `${key}/overall`, below: o.min } },
      { as: '', step: toolAnswer, options: { teacher, ...spoken, ...own(answering) } },
    ]
  },
})
