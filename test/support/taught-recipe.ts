/**
 * Documents that three teachers are asked about: `writer` for questions, `solver` for answers, `judge` for the best of
 * them. Of whoever tests what becomes of their calls.
 */
export function taughtRecipe(
  name: string,
  teachers: { writer: object; solver: object; judge: object },
  { samples, ...more }: { samples: number; [field: string]: unknown },
): object {
  return {
    name,
    seed: 3,
    teachers,
    sources: { docs: { files: 'docs/*.md', license: 'cc0-1.0' } },
    steps: [
      { extract: { from: 'docs', keep: '80%' } },
      { ask: { teacher: 'writer', questions: 3 } },
      { answer: { teacher: 'solver', samples } },
      { judge: { teacher: 'judge', drop: '30%' } },
    ],
    release: { version: '0.1.0', license: 'cc-by-4.0', date: '2026-01-01' },
    gates: { decontaminated: { override: 'a test has no evaluation set' } },
    ...more,
  }
}
