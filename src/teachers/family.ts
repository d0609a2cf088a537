import type { TeacherId } from '../records/index.ts'

/**
 * Names by which models of one maker go, wherever they are served. A model may carry two: a distilled one is of the family
 * it was trained in and of the one it learnt from.
 */
const families: { [family: string]: RegExp } = {
  openai: /gpt|(?:^|[/:-])o[1345](?:-|$)|chatgpt|davinci|codex/,
  anthropic: /claude/,
  google: /gemini|gemma|palm|bison/,
  meta: /llama|vicuna|alpaca|nemotron|swallow/,
  alibaba: /qwen|qwq|tongyi/,
  deepseek: /deepseek/,
  mistral: /mi[sx]tral|ministral|magistral|codestral|devstral|pixtral|zephyr/,
  microsoft: /(?:^|[/:-])(?:phi|wizardlm|mai)(?:-|\d|$)/,
  xai: /grok/,
  cohere: /command|(?:^|[/:-])aya(?:-|$)/,
  amazon: /(?:^|[/:.-])(?:nova|titan)(?:-|$)/,
  zhipu: /glm/,
  moonshot: /kimi|moonshot/,
  minimax: /minimax|abab/,
  '01ai': /(?:^|[/:-])yi(?:-|$)/,
  ibm: /granite/,
  allenai: /olmo|tulu/,
  tii: /falcon/,
  upstage: /solar/,
  baichuan: /baichuan/,
  internlm: /internlm/,
  'llm-jp': /llm-jp/,
  preferred: /plamo/,
}

/**
 * The families that a model belongs to, told from its id: from its name, else from a provider that serves its own. One that
 * neither tells is a family by its name without numbers and sizes, so that two sizes of an unknown model are of one.
 */
export function familiesOf(id: TeacherId): string[] {
  const [provider = '', ...rest] = id.toLowerCase().replace(/@.*$/, '').split('/')
  const model = rest.join('/')
  const known = Object.keys(families).filter(family => families[family]!.test(model))
  if (known.length > 0) return known
  if (Object.hasOwn(families, provider)) return [provider]
  return [/^[^\d:.-]*/.exec(model.replace(/^.*\//, ''))![0] || model || provider]
}
