import { titleOf } from '../lint/index.ts'
import type { Adapter, Trainer } from '../phase.ts'

/** Why a trainer did not come to its end, as far as its last words tell. */
export type Failure = { is: 'missing' | 'memory' | 'crashed'; message: string; hint: string }

const packages: { [T in Trainer]: string } = {
  trl: 'trl peft',
  axolotl: 'axolotl',
  'llama-factory': 'llamafactory',
  unsloth: 'unsloth',
}
/** Packages whose name differs from that of their module. */
const packageOf: { [module: string]: string } = {
  PIL: 'pillow',
  sklearn: 'scikit-learn',
  yaml: 'pyyaml',
  cv2: 'opencv-python',
}

/** What to do about a model whose tokenizer has no chat template. */
export const noTemplate =
  'name one with `train: { chat-template: chatml }`, or a file ending in .jinja, and write the training again'

/** The command that installs a trainer with what an adapter needs. */
const installCommand = (trainer: Trainer, adapter?: Adapter): string =>
  `pip install ${packages[trainer]}${adapter === 'qlora' && trainer === 'trl' ? ' bitsandbytes' : ''}`

/** What a launcher says once its program has failed: nothing of the reason, which stands before it. */
const launcher =
  /^(?:subprocess\.CalledProcessError|torch\.distributed\.elastic\.multiprocessing\.errors\.ChildFailedError)\b/m

/** What was said before the last traceback, where that is a launcher's own behind the one of its program. */
function withoutLauncher(output: string): string {
  const at = output.lastIndexOf('Traceback (most recent call last):')
  const before = output.slice(0, Math.max(0, at))
  return launcher.test(output.slice(Math.max(0, at))) && /\S/.test(before) ? before : output
}

/** The last lines that were said, without the drawings of progress bars and the words of launchers. */
export function lastLines(output: string, n = 12): string[] {
  const lines = withoutLauncher(output)
    .split('\n')
    // A bar is drawn over itself: what stood there last is what would be seen.
    .map(
      line =>
        line
          .split('\r')
          .filter(part => part.trim() !== '')
          .at(-1) ?? '',
    )
    // biome-ignore lint/suspicious/noControlCharactersInRegex: an escape is what is looked for
    .map(line => line.replace(/\u001b\[[0-9;]*[A-Za-z]/g, '').trimEnd())
    .filter(line => line.trim() !== '' && !/\d+%\|.*\|/.test(line))
  return lines.slice(-n)
}

/** Reads the reason out of what a trainer said last and how it ended. */
export function failureOf(
  { trainer, adapter }: { trainer: Trainer; adapter: Adapter },
  ended: { code: number | null; signal: string | null },
  output: string,
): Failure {
  const end = output.slice(-20_000)
  const title = titleOf(trainer)
  const module = /(?:ModuleNotFoundError|ImportError): No module named '([\w.]+)'/.exec(end)?.[1]?.split('.')[0]
  if (module !== undefined) {
    const own = installCommand(trainer, adapter)
    const name = packageOf[module] ?? module
    const install = own.split(' ').includes(name) || name === trainer ? own : `pip install ${name}`
    return {
      is: 'missing',
      message: `${title} needs the Python package ${name}, which is not installed.`,
      hint: `install it with: ${install}`,
    }
  }
  if (ended.code === 127 || /: (?:command )?not found$/.test(lastLines(end, 1)[0] ?? '')) {
    return {
      is: 'missing',
      message: `${title} is not installed, or not on the PATH.`,
      hint: `install it with: ${installCommand(trainer, adapter)}`,
    }
  }
  // transformers, and TRL where it asks for marks in a template.
  if (/tokenizer\.chat_template is not set|does not have a chat template/.test(end)) {
    return {
      is: 'crashed',
      message: `${title} ended, since the tokenizer of the model has no chat template.`,
      hint: noTemplate,
    }
  }
  const token = /specified `eos_token` \('([^']+)'\) is not found in the vocabulary/.exec(end)?.[1]
  if (token !== undefined) {
    return {
      is: 'crashed',
      message: `${title} ended, since the tokenizer of the model does not know ${token}, which ends an answer in the chat template.`,
      hint: 'take a chat template whose marks the model knows, or a file ending in .jinja that ends answers with its own end of text, and write the training again',
    }
  }
  const how = ended.signal ?? `exit code ${ended.code}`
  if (
    /OutOfMemoryError|CUDA out of memory|DefaultCPUAllocator: can't allocate/.test(end) ||
    ended.signal === 'SIGKILL'
  ) {
    return {
      is: 'memory',
      message: `${title} ran out of memory, or was killed for it (${how}).`,
      hint: 'lower `micro-batch` or `context`, or take `adapter: qlora`: stillroom train plan tells what fits',
    }
  }
  return { is: 'crashed', message: `${title} ended with ${how}.`, hint: 'mend what it says' }
}
