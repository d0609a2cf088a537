import type { Json, Message, Payload, Tool } from '../../records/index.ts'

/** Looks at, and may change, one text of a record. `at` says where it stands, `hint` what it is called there. */
export type Edit = (text: string, at: string, hint?: string) => string

/** Keys of tools and verifiers that are names of the protocol and no words of anybody. */
const structural = new Set(['type', 'kind', 'name', 'required', 'enum', 'format'])

/**
 * Every text of a payload through `edit`: documents with title and address, messages with reasoning and the arguments of
 * calls, references, choices, verifiers, columns.
 */
export function rewrite(payload: Payload, edit: Edit): Payload {
  switch (payload.kind) {
    case 'document':
      return {
        ...payload,
        text: edit(payload.text, 'text'),
        ...(payload.title === undefined ? {} : { title: edit(payload.title, 'title', 'title') }),
        ...(payload.uri === undefined ? {} : { uri: edit(payload.uri, 'uri') }),
      }
    case 'prompt':
    case 'conversation':
      return {
        ...payload,
        messages: messages(payload.messages, 'messages', edit),
        ...(payload.reference === undefined ? {} : { reference: edit(payload.reference, 'reference') }),
        ...(payload.verifier === undefined ? {} : { verifier: settings(payload.verifier, 'verifier', edit) }),
        ...tools(payload.tools, edit),
      }
    case 'preference':
      return {
        ...payload,
        prompt: messages(payload.prompt, 'prompt', edit),
        chosen: messages(payload.chosen, 'chosen', edit),
        rejected: messages(payload.rejected, 'rejected', edit),
        ...tools(payload.tools, edit),
      }
    case 'feedback':
      return {
        ...payload,
        prompt: messages(payload.prompt, 'prompt', edit),
        completion: messages(payload.completion, 'completion', edit),
      }
    case 'exam':
      return {
        ...payload,
        prompt: messages(payload.prompt, 'prompt', edit),
        target: edit(payload.target, 'target'),
        ...(payload.choices === undefined
          ? {}
          : { choices: payload.choices.map((choice, i) => edit(choice, `choices[${i}]`)) }),
        ...(payload.rubric === undefined ? {} : { rubric: edit(payload.rubric, 'rubric') }),
        ...(payload.verifier === undefined ? {} : { verifier: settings(payload.verifier, 'verifier', edit) }),
      }
    case 'row':
      return { ...payload, columns: deep(payload.columns, 'columns', edit) as { [name: string]: Json } }
  }
}

function messages(list: Message[], at: string, edit: Edit): Message[] {
  return list.map((message, i) => {
    const here = `${at}[${i}]`
    return {
      ...message,
      content: message.content === null ? null : edit(message.content, `${here}.content`),
      ...(message.reasoning === undefined ? {} : { reasoning: edit(message.reasoning, `${here}.reasoning`) }),
      ...(message.name === undefined ? {} : { name: edit(message.name, `${here}.name`, 'name') }),
      ...(message.tool_calls === undefined
        ? {}
        : {
            tool_calls: message.tool_calls.map((call, k) => ({
              ...call,
              function: {
                ...call.function,
                arguments: deep(call.function.arguments, `${here}.tool_calls[${k}].arguments`, edit) as {
                  [name: string]: Json
                },
              },
            })),
          }),
    }
  })
}

const tools = (list: Tool[] | undefined, edit: Edit): { tools?: Tool[] } =>
  list === undefined ? {} : { tools: list.map((tool, i) => settings(tool, `tools[${i}]`, edit)) }

/** Strings of an object whose keys are of a protocol. */
function settings<T>(value: T, at: string, edit: Edit): T {
  return deep(value as Json, at, (text, where, hint) => (structural.has(hint ?? '') ? text : edit(text, where))) as T
}

/**
 * Strings and whole numbers inside of a value, with the key they stand under as hint. A number that was changed stays
 * one where it still is one.
 */
function deep(value: Json | undefined, at: string, edit: Edit, hint?: string): Json | undefined {
  if (typeof value === 'string') return edit(value, at, hint)
  if (typeof value === 'number') {
    if (!Number.isSafeInteger(value) || Math.abs(value) < 1e5) return value
    const text = String(value)
    const edited = edit(text, at, hint)
    if (edited === text) return value
    return String(Number(edited)) === edited ? Number(edited) : edited
  }
  if (Array.isArray(value)) return value.map((one, i) => deep(one, `${at}[${i}]`, edit, hint)!)
  if (typeof value !== 'object' || value === null) return value
  return Object.fromEntries(Object.entries(value).map(([key, one]) => [key, deep(one, under(at, key), edit, key)]))
}

/** A key with marks of a path in it is quoted: `a.b` and `b` below `a` are two places. */
const under = (at: string, key: string) => (/[.[\]"]/.test(key) ? `${at}[${JSON.stringify(key)}]` : `${at}.${key}`)
