import type { Reply, Request, Teacher, Wire } from '../contract.ts'
import { chatsOnly } from '../forms.ts'
import { answer, ask, type Said } from './extractive.ts'
import { judge } from './heuristic.ts'

type Task = (input: NonNullable<Request['task']>['input'], wire: Wire) => Said
const models: { [model: string]: { [task: string]: Task } } = {
  extractive: { ask, answer },
  heuristic: { judge },
}

/**
 * What replies depend on besides the request: the rules (raise the number when they change) and the segmenter's data. Part of
 * stage identity and of the journal's key, so that replies of older rules are not served for newer ones.
 */
export const builtinRevision = `rules-1 icu-${process.versions.icu ?? 'none'}`

export const builtinCan = { schema: true, seed: true, tools: false, logprobs: false, languageModel: false }

/** Names of the built-in models. */
const builtinModels = Object.keys(models)

const rejected = (message: string): Reply => ({
  content: null,
  finish: 'rejected',
  usage: { input: 0, output: 0 },
  warnings: [],
  rejected: { status: 400, message },
})

/**
 * Teachers that are no language models: `extractive` asks and answers with the statements of the document itself,
 * `heuristic` judges by rules. English and Japanese; no network, no key, no cost. They read `request.task`, so they serve
 * the steps of stillroom and reject any other prompt. Tokens are estimated at four characters each.
 */
export function builtinTeacher(model: string, id: string): Teacher {
  return {
    id,
    provider: 'builtin',
    model,
    revision: builtinRevision,
    can: builtinCan,
    async doGenerate(request: Request, wire: Wire): Promise<Reply> {
      chatsOnly(request, id, 'a built-in teacher')
      const tasks = models[model]
      if (!tasks) return rejected(`There is no built-in model "${model}"; known: ${builtinModels.join(', ')}.`)
      const task = request.task && tasks[request.task.name]
      if (!task) {
        const wanted = request.task ? `the task "${request.task.name}"` : 'free prompts'
        return rejected(
          `builtin/${model} is no language model and does not serve ${wanted}; it serves ${Object.keys(tasks).join(' and ')}.`,
        )
      }
      const { content, refused, warnings = [] } = task(request.task!.input, wire)
      const tokens = (text: string) => Math.ceil(text.length / 4)
      const cut = tokens(content) > wire.cap
      return {
        content: cut ? content.slice(0, wire.cap * 4) : content,
        finish: refused ? 'refusal' : cut ? 'length' : 'stop',
        served: model,
        usage: {
          input: request.messages.reduce((sum, message) => sum + tokens(message.content ?? ''), 0),
          output: Math.min(tokens(content), wire.cap),
        },
        warnings: warnings.map(message => ({ kind: 'other' as const, message })),
      }
    },
  }
}
