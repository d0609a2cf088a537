import { LineCounter, parseDocument } from 'yaml'
import { didYouMean, nearest, type Positions, yamlPositions } from '../../recipe/index.ts'
import type { Trainer } from '../phase.ts'
import { axolotlRules } from './axolotl-rules.ts'
import { type Finding, isValues, type Remark, type Values } from './finding.ts'
import { guessCommand, guessTrainer, isConfig } from './guess.ts'
import { commandsOf, type Keys, keysOf, keysWithin } from './keys.ts'
import { llamaFactoryRules } from './llama-factory-rules.ts'
import { type Posted, posted, spelledElsewhere, titleOf } from './posted.ts'
import { noCommands, trlRules } from './trl-rules.ts'
import { unslothRules } from './unsloth-rules.ts'
import { valueProblem } from './values.ts'

export type LintAsk = {
  /** Guessed from the keys where it is not said. */
  trainer?: Trainer
  /** Command of TRL, as `sft` or `dpo`. */
  command?: string
  /** The config belongs to a script, which may have trainers that no command has. */
  script?: boolean
  /** Name of the file, for positions. */
  file: string
}
export type Linted = { trainer: Trainer; command: string; findings: Finding[] }

/** What a trainer would refuse of a config, drop without a word, or understand otherwise than it looks. In file order. */
export const lint = (text: string, asked: LintAsk): Finding[] => lintConfig(text, asked).findings

/** The same, with the trainer and the command that the config was held against. */
export function lintConfig(text: string, asked: LintAsk): Linted {
  const lines = new LineCounter()
  // As Python reads it: YAML 1.1, where `no` is false.
  const document = parseDocument(text, { version: '1.1', lineCounter: lines, merge: true })
  const positions = yamlPositions(asked.file, document, lines)
  const broken = document.errors[0]
  if (broken) {
    const { line, col } = lines.linePos(broken.pos[0])
    const position = { file: asked.file, line, column: col }
    const message = broken.message.split(' at line ')[0]!
    const findings: Finding[] = [{ severity: 'error', code: 'SR_TRAIN_YAML', message, position }]
    return { trainer: asked.trainer ?? 'trl', command: asked.command ?? '', findings }
  }
  const value: unknown = document.toJS()
  if (!isConfig(value)) {
    const finding: Finding = {
      severity: 'error',
      code: 'SR_TRAIN_YAML',
      message: 'a training config is an object',
      position: { file: asked.file },
    }
    return { trainer: asked.trainer ?? 'trl', command: asked.command ?? '', findings: [finding] }
  }
  const trainer = asked.trainer ?? guessTrainer(value)
  const known = commandsOf(trainer)
  const asCommand = asked.command !== undefined && known.includes(asked.command) ? asked.command : undefined
  const command = asCommand ?? guessCommand(trainer, value)
  const remarks = [
    ...commandRemarks(trainer, asked),
    ...keyRemarks(trainer, command, value),
    ...rulesOf(trainer, command, value),
  ]
  return { trainer, command, findings: placed(remarks, positions) }
}

function commandRemarks(trainer: Trainer, { command, script }: LintAsk): Remark[] {
  if (trainer !== 'trl' || command === undefined || script) return []
  const remark = (message: string, hint: string): Remark[] => [
    { severity: 'error', code: 'SR_TRAIN_VALUE', message, path: [], part: 'key', hint },
  ]
  const instead = Object.hasOwn(noCommands, command) ? noCommands[command] : undefined
  if (instead) return remark(`there is no command \`trl ${command}\``, `use ${instead}`)
  const known = commandsOf(trainer).filter(name => !Object.hasOwn(noCommands, name))
  return known.includes(command) ? [] : remark(`there is no command \`trl ${command}\``, didYouMean(command, known))
}

function rulesOf(trainer: Trainer, command: string, config: Values): Remark[] {
  if (trainer === 'trl') return trlRules(command, config)
  if (trainer === 'axolotl') return axolotlRules(config)
  return trainer === 'llama-factory' ? llamaFactoryRules(command, config) : unslothRules(command, config)
}

/** Keys that are not known, keys that are known to be misunderstood, and values of the wrong kind, at any depth. */
function keyRemarks(trainer: Trainer, command: string, config: Values): Remark[] {
  const out: Remark[] = []
  const visit = (value: Values, keys: Keys, at: (string | number)[], table: Posted[]): void => {
    for (const [key, inner] of Object.entries(value)) {
      const path = [...at, key]
      const misread = table.find(entry => entry.key === key && (entry.when?.(inner) ?? true))
      if (misread) {
        out.push(postedRemark(trainer, path, misread))
        continue
      }
      const note = Object.hasOwn(keys, key) ? keys[key] : undefined
      if (!note) {
        out.push(unknownRemark(trainer, command, path, keys))
        continue
      }
      const problem = valueProblem(trainer, path, note, inner)
      if (problem) {
        out.push(problem)
        continue
      }
      if (!note.of) continue
      const below = keysWithin(trainer, command, note.of)
      // Posted keys stand where settings of the trainer do: at the top, and of unsloth below `train`.
      const tableBelow =
        trainer === 'unsloth' ? (key === 'train' ? posted.unsloth : []) : posted[trainer].filter(({ within }) => within)
      for (const [index, item] of [inner].flat().entries()) {
        if (isValues(item)) visit(item, below, Array.isArray(inner) ? [...path, index] : path, tableBelow)
      }
    }
  }
  const top = trainer === 'unsloth' ? [] : posted[trainer].filter(({ within }) => !within)
  visit(config, keysOf(trainer, command), [], top)
  return out
}

function postedRemark(
  trainer: Trainer,
  path: (string | number)[],
  { key, right, fate, severity = 'error' }: Posted,
): Remark {
  const message = `\`${key}\` does not do what it says: ${fate}`
  return {
    severity,
    code: 'SR_TRAIN_KEY',
    message,
    path,
    part: 'key',
    hint: `write ${right}${titleEnd(trainer, right)}`,
  }
}

const titleEnd = (trainer: Trainer, right: string): string =>
  right.startsWith('nothing') ? '' : ` for ${titleOf(trainer)}`

function unknownRemark(trainer: Trainer, command: string, path: (string | number)[], keys: Keys): Remark {
  const key = String(path.at(-1))
  const where = path.length > 1 ? ` in \`${path.slice(0, -1).join('.')}\`` : ''
  const drops = trainer === 'axolotl' ? ', which axolotl drops without a word' : ''
  const message = `unknown key \`${key}\`${where}${drops}`
  return {
    severity: 'error',
    code: 'SR_TRAIN_KEY',
    message,
    path,
    part: 'key',
    hint: meant(trainer, command, path, key, keys),
  }
}

function meant(trainer: Trainer, command: string, path: (string | number)[], key: string, keys: Keys): string {
  if (path.length === 1) {
    const other = spelledElsewhere(trainer, key)
    if (other) return `${other.of} spells it so; here it is \`${other.here}\``
    const owners = commandsOf(trainer).filter(name => name !== command && Object.hasOwn(keysOf(trainer, name), key))
    if (owners.length > 0) return `it is a key of ${owners.join(', ')}, not of ${command}`
  }
  const near = nearest(key, Object.keys(keys))
  if (near) return `did you mean \`${near}\`?`
  const few = Object.keys(keys)
  return few.length <= 30 ? didYouMean(key, few) : `see the keys of ${titleOf(trainer)}`
}

/** Remarks with their places, in the order of the file; what is missing comes first, since it stands nowhere. */
function placed(remarks: Remark[], positions: Positions): Finding[] {
  const findings = remarks.map(({ path, part, ...rest }): Finding => {
    const position = path.length > 0 ? positions.at(path, part) : { file: positions.file }
    return { ...rest, position, ...(path.length > 0 ? { path: path.join('.') } : {}) }
  })
  const place = ({ position }: Finding) => (position?.line ?? 0) * 10_000 + (position?.column ?? 0)
  return findings.sort((a, b) => place(a) - place(b))
}
