import { readFileSync } from 'node:fs'
import { CommanderError, InvalidArgumentError, Option, Command as Parser } from 'commander'
import { errorJson, exits, renderError, StillroomError } from '../errors/index.ts'
import { type Command, commands, everywhere } from './commands.ts'
import { type Io, systemIo } from './io.ts'
import { type Given, options, readValue } from './options.ts'

/**
 * The command line. Resolves to the exit code: of the command, of the error that ended it, 2 for words that cannot be
 * understood. Nothing below decides exit codes for errors, and nothing above does anything with errors.
 */
export async function main(argv: string[], io: Io = systemIo()): Promise<number> {
  quietSqlite()
  let code: number = exits.done
  try {
    const parser = parserOf(io, async (command, args, given) => {
      code = await (await command.load()).run({ args, given, io })
    })
    await parser.parseAsync(argv, { from: 'user' })
    return code
  } catch (error) {
    if (error instanceof CommanderError) {
      if (error.exitCode === 0) return exits.done
      return report(usage(error), argv, io)
    }
    return report(error, argv, io)
  }
}

function report(error: unknown, argv: string[], io: Io): number {
  if (argv.includes('--json')) io.out(`${JSON.stringify({ error: errorJson(error) })}\n`)
  else io.err(`${renderError(error)}\n`)
  return StillroomError.is(error) ? error.exit : exits.failed
}

function usage(error: CommanderError): StillroomError {
  const [message = '', ...rest] = error.message.replace(/^error: /, '').split('\n')
  const near = /Did you mean (.+)\?/.exec(rest.join(' '))?.[1]
  return new StillroomError('SR_USAGE', error.code === 'commander.help' ? 'A command is missing.' : message, {
    hint: near
      ? `did you mean ${near}?`
      : 'stillroom --help lists the commands, and stillroom <command> --help their options',
  })
}

type Action = (command: Command, args: string[], given: Given) => Promise<void>

function parserOf(io: Io, action: Action): Parser {
  const root = new Parser('stillroom')
  root
    .description('Real documents in, an accountable post-training dataset out, with evidence for every row.')
    .usage('<command> [options]')
    .enablePositionalOptions()
    .version(packageVersion(), '-V, --version', 'the version of stillroom')
    .addHelpText(
      'after',
      '\nA command takes recipe.yaml of the current folder unless a recipe is named.\nExample: stillroom run recipe.yaml --show 3',
    )
  prepare(root, io)
  for (const [name, command] of Object.entries(commands)) {
    const [head, below] = name.split(' ') as [string, string | undefined]
    let above = root
    if (below) above = root.commands.find(known => known.name() === head) ?? group(root, head, io)
    const parser = above.command(below ?? head)
    prepare(parser, io)
    parser.description(command.about).addHelpText('after', `\nExample: ${command.example}`)
    for (const operand of command.operands.match(/[<[][^>\]]+[>\]]/g) ?? []) parser.argument(operand)
    for (const option of [...command.options, ...everywhere]) parser.addOption(optionOf(option))
    parser.action(async () => action(command, parser.args, parser.opts() as Given))
  }
  return root
}

/** A word that only holds commands below it. */
function group(root: Parser, name: string, io: Io): Parser {
  const parser = root.command(name)
  prepare(parser, io)
  const below = Object.entries(commands).filter(([full]) => full.startsWith(`${name} `))
  return parser.description(
    below
      .map(([full]) => full)
      .join(', ')
      .concat('.'),
  )
}

function prepare(parser: Parser, io: Io): void {
  parser
    .exitOverride()
    .allowExcessArguments(false)
    .helpCommand(false)
    .configureHelp({ helpWidth: io.width, subcommandTerm: sub => sub.name() })
    .configureOutput({ writeOut: text => io.out(text), writeErr: () => {}, getOutHasColors: () => false })
    .helpOption('-h, --help', 'what this command does')
}

function optionOf(name: keyof typeof options): Option {
  const { flags, about, is } = options[name]
  const option = new Option(flags, about)
  if (is === 'flag') return option
  return option.argParser((text: string, earlier: unknown) => {
    const read = readValue(is, text, earlier)
    if ('expected' in read) throw new InvalidArgumentError(`Expected ${read.expected}.`)
    return read.value
  })
}

function packageVersion(): string {
  return JSON.parse(readFileSync(new URL('../../package.json', import.meta.url), 'utf8')).version
}

/** Node 22 calls its SQLite experimental on every start; what is used of it is covered by our tests. */
function quietSqlite(): void {
  const emit = process.emitWarning
  process.emitWarning = ((warning: string | Error, ...rest: never[]) => {
    if (!String(warning).includes('SQLite')) emit.call(process, warning as string, ...rest)
  }) as typeof process.emitWarning
}
