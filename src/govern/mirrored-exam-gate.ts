import type { Facts } from './facts.ts'
import { defineGate, type GateResult } from './gate.ts'

/**
 * Training files of a benchmark that have the prompts of its test files teach the form of the test: scores on it rise, and
 * nothing else does. Those that llm-jp-eval makes for tuning (jaster) are such.
 */
export const mirroredExam = defineGate({
  id: 'mirrored-exam',
  level: 'high',
  about: 'No source has the prompts of a benchmark, as the training files of jaster do.',
  uses: ['fine-tuning'],
  plan: judge,
  data: judge,
})

function judge({ mirrors = [] }: Facts): GateResult | undefined {
  if (mirrors.length === 0) return undefined
  return {
    is: 'warn',
    evidence: mirrors,
    why: `${mirrors.map(({ source, why }) => `${source} (${why})`).join(', ')}: a model that learns from it scores higher on llm-jp-eval without being better.`,
    wayOut: 'Leave the source out, or do not report llm-jp-eval for a model that was trained on it.',
  }
}
