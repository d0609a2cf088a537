/** The laboratory of model collapse: what theory says, and what happens on a user's own text. */
export * from './forms.ts'
export { kneserNey, perplexity, type Scorer, sampler, type Texts } from './language-model.ts'
export {
  type Arm,
  arms,
  type Corpus,
  collapseRun,
  corpusOf,
  countsOf,
  type Generation,
  type Settings,
} from './loop.ts'
export { leastSquaresRuns, normalRuns } from './simulate.ts'
export { type CollapseVerdict, collapseVerdict, exponent, type Runs, type Step } from './verdict.ts'
