/** A text in the parts in which it is sent as it is written: some six tokens each, no character torn. */
const partsOf = (text: string): string[] => text.match(/[\s\S]{1,24}/gu) ?? []

type Completion = {
  id: string
  created: number
  model: string
  system_fingerprint: string
  usage: object
  choices: {
    index: number
    finish_reason: string
    logprobs: { content: { token: string }[] } | null
    message: {
      content: string | null
      refusal: string | null
      reasoning_content?: string
      tool_calls?: { id: string; type: string; function: { name: string; arguments: string } }[]
    }
  }[]
}

/** `chat.completion.chunk` events of a whole completion, with `[DONE]` at the end. */
export function chunksOf(reply: object, usageToo: boolean): string[] {
  const { choices, usage, id, created, model, system_fingerprint } = reply as Completion
  const head = { id, object: 'chat.completion.chunk', created, model, system_fingerprint }
  const event = (more: object) => `data: ${JSON.stringify({ ...head, ...more })}\n\n`
  const events: string[] = []
  for (const { index, message, finish_reason, logprobs } of choices) {
    const chunk = (delta: object, finish: string | null = null, probable: object | null = null) =>
      events.push(
        event({
          choices: [{ index, delta, logprobs: probable, finish_reason: finish }],
          ...(usageToo && { usage: null }),
        }),
      )
    chunk({ role: 'assistant', content: message.content === null ? null : '', refusal: null })
    for (const part of partsOf(message.reasoning_content ?? '')) chunk({ reasoning_content: part })
    for (const part of partsOf(message.refusal ?? '')) chunk({ refusal: part })
    if (logprobs && message.content !== null) {
      // Each token travels with its own; what follows the last word belongs to no token.
      for (const one of logprobs.content) chunk({ content: one.token }, null, { content: [one], refusal: null })
      const said = logprobs.content.reduce((sum, { token }) => sum + token.length, 0)
      if (said < message.content.length) chunk({ content: message.content.slice(said) })
    } else for (const part of partsOf(message.content ?? '')) chunk({ content: part })
    message.tool_calls?.forEach(({ id, type, function: called }, i) => {
      chunk({ tool_calls: [{ index: i, id, type, function: { name: called.name, arguments: '' } }] })
      for (const part of partsOf(called.arguments)) {
        chunk({ tool_calls: [{ index: i, function: { arguments: part } }] })
      }
    })
    chunk({}, finish_reason)
  }
  if (usageToo) events.push(event({ choices: [], usage }))
  events.push('data: [DONE]\n\n')
  return events
}

type Block = { type: string; text?: string; thinking?: string; signature?: string; input?: object }
type Message = {
  content: Block[]
  stop_reason: string
  stop_sequence: string | null
  stop_details: object | null
  usage: { output_tokens: number }
}

/** The events of a whole message, from `message_start` to `message_stop`. */
export function messageEvents(reply: object): string[] {
  const message = reply as Message
  const events: string[] = []
  const event = (type: string, more: object = {}) =>
    events.push(`event: ${type}\ndata: ${JSON.stringify({ type, ...more })}\n\n`)
  event('message_start', {
    message: {
      ...message,
      content: [],
      stop_reason: null,
      stop_sequence: null,
      stop_details: null,
      usage: { ...message.usage, output_tokens: 1 },
    },
  })
  event('ping')
  message.content.forEach((block, index) => {
    const delta = (more: object) => event('content_block_delta', { index, delta: more })
    const empty =
      block.type === 'thinking'
        ? { ...block, thinking: '', signature: '' }
        : block.type === 'tool_use'
          ? { ...block, input: {} }
          : { ...block, text: '' }
    event('content_block_start', { index, content_block: empty })
    if (block.type === 'thinking') {
      for (const part of partsOf(block.thinking ?? '')) delta({ type: 'thinking_delta', thinking: part })
      delta({ type: 'signature_delta', signature: block.signature })
    } else if (block.type === 'tool_use') {
      for (const part of partsOf(JSON.stringify(block.input))) delta({ type: 'input_json_delta', partial_json: part })
    } else for (const part of partsOf(block.text ?? '')) delta({ type: 'text_delta', text: part })
    event('content_block_stop', { index })
  })
  const { stop_reason, stop_sequence, stop_details } = message
  event('message_delta', { delta: { stop_reason, stop_sequence, stop_details }, usage: message.usage })
  event('message_stop')
  return events
}
