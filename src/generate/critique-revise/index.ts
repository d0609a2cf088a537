/** Critique and revision against written principles. */
export { loadConstitution, type Principle, parseConstitution } from './constitution.ts'
export { type CritiqueReviseOptions, critiqueRevise } from './critique-revise.ts'
export { formatProblem } from './format.ts'
