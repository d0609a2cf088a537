import { z } from 'zod'
import { canonical, type Rec, type ToolCall } from '../../records/index.ts'
import { defineFilter } from '../../steps/index.ts'
import { callProblem } from './declared.ts'

/** The calls of a row, whichever turn they stand in. */
export const callsOf = ({ messages }: Rec<'conversation'>): ToolCall[] =>
  messages.flatMap(message => message.tool_calls ?? [])

/** First gate: calls are right by themselves. It reads the row alone and costs nothing. */
export const toolFormat = defineFilter({
  verb: 'tools-format',
  about:
    'Drops rows whose calls name no tool that is offered, break its schema, or are not as many as the row is to have.',
  version: 1,
  options: z.strictObject({}),
  takes: ['conversation'],
  gives: 'same',
  reasons: ['unknown-tool', 'invalid-arguments', 'wrong-calls', 'repeated-call', 'names-a-tool'],
  test(record) {
    const row = record as Rec<'conversation'>
    const offered = row.tools ?? []
    const calls = callsOf(row)
    for (const { function: call } of calls) {
      const problem = callProblem(call, offered)
      if (problem) return { is: 'dropped', reason: problem.reason, evidence: problem.detail }
    }
    const distinct = new Set(calls.map(call => canonical(call.function)))
    if (distinct.size < calls.length) return { is: 'dropped', reason: 'repeated-call' }
    const { style, calls: wanted } = row.facets
    const kinds = new Set(calls.map(call => call.function.name)).size
    if (calls.length !== wanted || (style === 'parallel-multiple' && kinds < 2))
      return { is: 'dropped', reason: 'wrong-calls', evidence: { wanted: Number(wanted), calls: calls.length, kinds } }
    // A name of several words is no word of a user's.
    const asked = row.messages[0]!.content ?? ''
    const named = offered
      .map(tool => tool.function.name)
      .find(name => /[_-]|[a-z][A-Z]/.test(name) && asked.includes(name))
    return named === undefined ? { is: 'passed' } : { is: 'dropped', reason: 'names-a-tool', evidence: named }
  },
})
