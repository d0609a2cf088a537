import type { Evaluation } from './evaluation.ts'

/** What two evaluations of one task do not share. What only warns may move a score as well, and is shown beside it. */
export type Unlike = { task: string; what: string; base: string; tuned: string; refuses: boolean }

/**
 * Conditions that are told and refuse nothing: a tuned model may bring a chat template of its own, which is part of what is
 * compared, and another version of the program that measured need not have changed a score.
 */
const told = new Set(['chat-template', 'lm-eval'])

/** What a grader is told by, in words. */
const graderSaid: { [name: string]: string } = {
  ...{ by: 'grader', judge: 'judge', prompt: 'prompt of the judge', samples: 'times judged', version: 'version' },
}

type Task = Evaluation['tasks'][string]

/** How two evaluations of a task differ in what was asked, how, and by whom it was graded. `parts`: only shared items count. */
export function unlike(task: string, base: Task, tuned: Task, parts: boolean): Unlike[] {
  const found: Unlike[] = []
  const beside = (what: string, a: unknown, b: unknown, refuses: boolean): void => {
    if (a !== b) found.push({ task, what, base: shown(a), tuned: shown(b), refuses })
  }
  beside('exam', base.exam, tuned.exam, !parts)
  beside('items', base.items, tuned.items, !parts)
  const [first, second]: { [name: string]: unknown }[] = [base.grader, tuned.grader]
  for (const name of new Set([...Object.keys(first!), ...Object.keys(second!)])) {
    beside(graderSaid[name] ?? `grader ${name}`, first![name], second![name], true)
  }
  const names = [...new Set([...Object.keys(base.conditions), ...Object.keys(tuned.conditions)])].sort()
  const template = base.conditions['chat-template'] !== tuned.conditions['chat-template']
  for (const name of names) {
    const [a, b] = [base.conditions[name], tuned.conditions[name]]
    // The hash is over prompts as they went out: another template or other items give another one of themselves.
    if (name === 'task-hash' && (template || parts || a === undefined || b === undefined)) continue
    beside(name, a, b, !told.has(name))
  }
  return found
}

const shown = (value: unknown): string => {
  if (value === undefined || value === null) return 'none'
  const text = String(value)
  return /^[0-9a-f]{64}$/.test(text) ? text.slice(0, 12) : text
}
