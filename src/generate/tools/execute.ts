import { z } from 'zod'
import type { Message } from '../../records/index.ts'
import { defineMap } from '../../steps/index.ts'
import { loadTools, resultOf } from './declared.ts'
import { callsOf } from './format.ts'

const options = z.strictObject({ tools: z.string().describe('JSON file of tools with their declared results') })

/** Second gate: each call is looked up in the declared results of its tool, and its result becomes a turn of the row. */
export const execute = defineMap<z.infer<typeof options>, 'conversation', 'conversation'>({
  verb: 'tools-execute',
  about:
    'Runs the calls of each row against the declared results of the tools; rows with a call that fails are dropped.',
  version: 1,
  options,
  takes: ['conversation'],
  gives: 'same',
  reasons: ['executed', 'execution-failed'],
  needs: { files: ['tools'] },
  async run(record, ctx) {
    const tools = loadTools(ctx.options.tools)
    const results: Message[] = []
    for (const call of callsOf(record)) {
      const outcome = resultOf(call, tools)
      if ('error' in outcome) return { is: 'dropped', reason: 'execution-failed', evidence: outcome.error }
      const { result } = outcome
      const content = typeof result === 'string' ? result : JSON.stringify(result)
      results.push({ role: 'tool', name: call.function.name, content, ...(call.id ? { tool_call_id: call.id } : {}) })
    }
    if (results.length === 0) return { is: 'passed' }
    return {
      is: 'fixed',
      reason: 'executed',
      payload: { ...payloadOf(record), messages: [...record.messages, ...results] },
    }
  },
})

/** The content of a row, for a new one. */
export const payloadOf = ({ tools, messages }: { messages: Message[]; tools?: object[] }) => ({
  kind: 'conversation' as const,
  messages,
  ...(tools ? { tools: tools as never } : {}),
})
