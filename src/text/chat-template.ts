/** How a family of models writes the turns of a chat as one text. The mark of the beginning is left to the server. */
export type ChatTemplate = {
  /** What opens and closes the turn of a system; absent where its words stand at the head of the first turn of the user. */
  system?: readonly [open: string, close: string]
  user: readonly [open: string, close: string]
  assistant: readonly [open: string, close: string]
  /** The token that ends a turn. */
  end: string
}

/** The templates of common open-weight models, by the name they go by. */
export const chatTemplates = {
  chatml: {
    system: ['<|im_start|>system\n', '<|im_end|>\n'],
    user: ['<|im_start|>user\n', '<|im_end|>\n'],
    assistant: ['<|im_start|>assistant\n', '<|im_end|>\n'],
    end: '<|im_end|>',
  },
  llama3: {
    system: ['<|start_header_id|>system<|end_header_id|>\n\n', '<|eot_id|>'],
    user: ['<|start_header_id|>user<|end_header_id|>\n\n', '<|eot_id|>'],
    assistant: ['<|start_header_id|>assistant<|end_header_id|>\n\n', '<|eot_id|>'],
    end: '<|eot_id|>',
  },
  gemma: {
    user: ['<start_of_turn>user\n', '<end_of_turn>\n'],
    assistant: ['<start_of_turn>model\n', '<end_of_turn>\n'],
    end: '<end_of_turn>',
  },
  mistral: { user: ['[INST] ', ' [/INST]'], assistant: [' ', '</s>'], end: '[/INST]' },
} as const satisfies { [name: string]: ChatTemplate }
export type ChatTemplateName = keyof typeof chatTemplates

type Turn = { role: string; content: string | null }

/** The turns of a chat as one text, up to the place where `next` begins to write. */
export function opened(name: ChatTemplateName, turns: readonly Turn[], next: 'user' | 'assistant'): string {
  const template: ChatTemplate = chatTemplates[name]
  let text = ''
  let head = ''
  for (const { role, content } of turns) {
    const words = content ?? ''
    if (role === 'system' || role === 'developer') {
      if (template.system) text += template.system[0] + words + template.system[1]
      else head += `${words}\n\n`
      continue
    }
    const [open, close] = role === 'assistant' ? template.assistant : template.user
    text += open + (role === 'assistant' ? '' : head) + words + close
    if (role !== 'assistant') head = ''
  }
  return `${text}${template[next][0]}${next === 'user' ? head : ''}`
}

/** Tokens of such templates, and lines that name a role alone: what a text holds that ran on into another turn. */
const leaks =
  /<\|[a-z_]{2,24}\|>|<(?:start|end)_of_turn>|\[\/?INST\]|<\/s>|^(?:assistant|user|model|system)[ \t]*:?[ \t]*$/m

/** The first trace of a chat template in a text; undefined where there is none. */
export const templateLeak = (text: string): string | undefined => leaks.exec(text)?.[0]
