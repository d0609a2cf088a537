import { type ChatTemplate, type ChatTemplateName, chatTemplates } from '../../text/index.ts'
import { choicesOf } from '../lint/index.ts'
import type { Phase, Trainer } from '../phase.ts'
import { cannot } from './settings.ts'

/** How a phase says its chat template: a template of ours as a file, a file of the user, or a name that the trainer knows. */
export type Template =
  | { is: 'ours'; name: ChatTemplateName }
  | { is: 'file'; path: string }
  | { is: 'name'; name: string }

const isOurs = (name: string): name is ChatTemplateName => Object.hasOwn(chatTemplates, name)
const known = Object.keys(chatTemplates)

/** Templates that each trainer knows by name beside ours. */
const named: { [T in Trainer]: () => string[] } = {
  trl: () => [],
  unsloth: () => [],
  axolotl: () => choicesOf('axolotl', 'train', 'chat_template').filter(name => name !== 'jinja'),
  'llama-factory': () => choicesOf('llama-factory', 'train', 'template'),
}

/** What the phase's chat template is. @throws SR_TRAIN_WRITE for a name that neither we nor the trainer know */
export function templateOf(phase: Phase): Template | undefined {
  const { chatTemplate: name, trainer } = phase
  if (name === undefined) return undefined
  if (/\.(jinja2?|j2)$/.test(name)) {
    if (trainer === 'llama-factory')
      throw cannot(phase, 'LLaMA-Factory takes templates by name alone.', `name one of ${named[trainer]().join(', ')}`)
    return { is: 'file', path: name }
  }
  if (named[trainer]().includes(name)) return { is: 'name', name }
  if (isOurs(name)) return { is: 'ours', name }
  const all = [...new Set([...known, ...named[trainer]()])]
  throw cannot(
    phase,
    `There is no chat template ${name}.`,
    `name one of ${all.join(', ')}${trainer === 'llama-factory' ? '' : ', or a file ending in .jinja'}`,
  )
}

/** The token that ends an answer in a template of ours. */
export const endOf = (name: ChatTemplateName): string => chatTemplates[name].assistant[1].trimEnd()

/** Templates of which a text begins with a mark of the tokenizer. */
const begun = new Set<ChatTemplateName>(['llama3', 'gemma', 'mistral'])

/**
 * A chat template in Jinja, as tokenizers hold it. The generation block marks what the assistant says, so that the loss can
 * be taken there alone. Reasoning that stands apart is written before the answer; calls of tools are refused, since each
 * family writes them its own way.
 */
export function jinjaOf(name: ChatTemplateName): string {
  const { system, user, assistant }: ChatTemplate = chatTemplates[name]
  const say = (text: string) => `'${text.replaceAll('\\', '\\\\').replaceAll("'", "\\'").replaceAll('\n', '\\n')}'`
  const end = endOf(name)
  const rest = assistant[1].slice(end.length)
  const words = "(message['content'] or '')"
  return [
    ...(begun.has(name) ? ["{{- bos_token or '' }}"] : []),
    "{%- set said = namespace(head='') %}",
    '{%- for message in messages %}',
    "{%- if message['tool_calls'] or message['role'] == 'tool' %}",
    `{{- raise_exception('the chat template ${name} has no form for calls of tools') }}`,
    "{%- elif message['role'] == 'assistant' %}",
    `{{- ${say(assistant[0])} }}`,
    '{%- generation %}',
    "{%- if message['reasoning_content'] %}{{- '<think>\\n' + message['reasoning_content'] + '\\n</think>\\n\\n' }}{%- endif %}",
    `{{- ${words} + ${say(end)} }}`,
    '{%- endgeneration %}',
    ...(rest ? [`{{- ${say(rest)} }}`] : []),
    "{%- elif message['role'] == 'system' or message['role'] == 'developer' %}",
    system
      ? `{{- ${say(system[0])} + ${words} + ${say(system[1])} }}`
      : `{%- set said.head = said.head + ${words} + '\\n\\n' %}`,
    '{%- else %}',
    `{{- ${say(user[0])} + said.head + ${words} + ${say(user[1])} }}`,
    "{%- set said.head = '' %}",
    '{%- endif %}',
    '{%- endfor %}',
    `{%- if add_generation_prompt %}{{- ${say(assistant[0])} }}{%- endif %}`,
    '',
  ].join('\n')
}
