import { fileURLToPath } from 'node:url'
import { deserialize } from 'node:v8'
import { parentPort, workerData } from 'node:worker_threads'
import { StillroomError } from '../errors/index.ts'
import { loadStep, type Node, type Stage } from '../recipe/index.ts'
import type { Sha } from '../records/index.ts'
import type { Step, Verb } from '../steps/index.ts'
import { tokenizer } from '../text/index.ts'
import { openStore, workspacePaths } from '../workspace/index.ts'
import { doJob, type Given, type JobEnv } from './jobs.ts'
import { type Answer, type Failure, type Hello, held, type NodeNote, type Order, type StageNote } from './workers.ts'

/** The other end of `openWorkers`: does the jobs that come in, with steps out of this list or of a user's module. */
export function serveJobs(words: readonly (Step | Verb)[]): void {
  const { root, seed, language, tokenizer: name } = workerData as Hello
  const paths = workspacePaths(root)
  const env: JobEnv = {
    paths,
    store: openStore(paths, () => {}),
    seed,
    language,
    tokens: text => tokenizer(name).count(text),
    tokenizer: () => tokenizer(name).name,
  }
  const stages = new Map<Sha, Promise<Stage | undefined>>()
  let given: Given[] = []
  parentPort!.on('message', async ({ n, job, stage, note, given: to }: Order) => {
    let answer: Answer
    try {
      if (note) stages.set(stage, rebuild(note, words))
      if (to?.bytes) given = [...given, { key: to.key, value: deserialize(new Uint8Array(to.bytes)) }].slice(-held)
      const known = await stages.get(stage)
      const value = given.find(({ key }) => key === to?.key)
      if (to && !value) throw new Error(`the thread has not what job ${n} is given`)
      answer = known ? { n, done: await doJob(job, value, known, env) } : { n, strange: true }
    } catch (error) {
      answer = { n, failed: failureOf(error) }
    }
    parentPort!.postMessage(answer)
  })
}

/** The stage with its steps; undefined when one of them is another than the one that was planned with. */
async function rebuild(note: StageNote, words: readonly (Step | Verb)[]): Promise<Stage | undefined> {
  const nodes: Node[] = []
  for (const { step: planned, ...node } of note.nodes) {
    const step = await stepOf(node, words)
    if (step?.verb !== planned.verb || step.version !== planned.version || step.about !== planned.about)
      return undefined
    nodes.push({ ...node, step })
  }
  return { ...note, nodes }
}

async function stepOf(
  { word: { verb, options, as, key }, module }: Omit<NodeNote, 'step'>,
  words: readonly (Step | Verb)[],
): Promise<Step | undefined> {
  const word = module ? (await loadStep(fileURLToPath(module), '/')).word : words.find(word => word.verb === verb)
  if (word?.shape !== 'verb') return word
  return word.expand(options, key).find(primitive => primitive.as === as)?.step
}

function failureOf(error: unknown): Failure {
  if (StillroomError.is(error)) {
    const { code, message, hint, position, expected, received, diagnostics } = error
    return { code, message, more: { hint, position, expected, received, diagnostics } }
  }
  if (!(error instanceof Error)) return { message: String(error), more: {} }
  const { message, stack, code } = error as NodeJS.ErrnoException
  return { message, more: {}, ...(stack ? { stack } : {}), ...(code ? { errno: code } : {}) }
}
