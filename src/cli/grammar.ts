import { Command as Parser, CommanderError, Option } from 'commander'
import { flagName, type Setting } from '../config/declaration.ts'
import { globalSettings, hasFlag, type SettingName, settings } from '../config/settings.ts'
import { argumentLabel, type Command, optionLabel, type Texts } from './command.ts'
import { usageError } from './usageError.ts'
import { commandNotes, optionDescription, settingDescription } from './helpText.ts'

/** What a command line asks for: to run a command, or to be shown a text. */
export type Request =
  { kind: 'run'; command: Command; arguments: Texts; options: Texts; settings: Texts } | { kind: 'show'; text: string }

/** The commands and their groups. */
export interface Grammar {
  commands: readonly Command[]
  groups: Readonly<Record<string, string>>
  version: string
}

/**
 * Reads a command line (without `node` and the script).
 * @throws HoldfastError `usage` with the nearest name where a word is not known.
 */
export function readCommandLine(grammar: Grammar, words: readonly string[], columns: number): Request {
  let request: Request | undefined
  let shown = ''
  const parser = buildParser(
    grammar,
    columns,
    (text) => (shown += text),
    (found) => (request = found),
  )
  try {
    parser.parse(words.length === 0 ? ['--help'] : words, { from: 'user' })
  } catch (error) {
    if (!(error instanceof CommanderError)) throw error
    if (error.exitCode === 0) return { kind: 'show', text: shown.trimEnd() }
    // An option that is not known may hold a secret: only its name is looked at.
    const bare = words.map((word) => (error.message.includes(`'${word}'`) ? nameOfOption(word) : word))
    if (bare.some((word, index) => word !== words[index])) return readCommandLine(grammar, bare, columns)
    throw usageError(error, grammar, words)
  }
  return request ?? { kind: 'show', text: parser.helpInformation().trimEnd() }
}

/** The help of a command or a group, as `--help` prints it. */
export function helpOf(grammar: Grammar, name: string, columns: number): string {
  const request = readCommandLine(grammar, [...name.split(' ').filter(Boolean), '--help'], columns)
  return request.kind === 'show' ? request.text : ''
}

function buildParser(grammar: Grammar, columns: number, show: (text: string) => void, found: (request: Request) => void): Parser {
  const root = new Parser('holdfast')
    .description('Hot backups and proven restores for Neo4j Community')
    .usage('<command> [options]')
    .helpCommand(false)
    .version(grammar.version, '-V, --version', 'print the version')
    .helpOption('-h, --help', 'show help')
    .configureHelp({ showGlobalOptions: true })
    .configureOutput({ writeOut: show, writeErr: () => {}, getOutHelpWidth: () => columns, getErrHelpWidth: () => columns })
    .exitOverride()
    .addHelpText(
      'after',
      '\nholdfast help <command> explains one; holdfast help exit-codes, holdfast help settings explain these.',
    )
  for (const name of globalSettings) root.addOption(settingOption(name))

  const groupParsers = new Map<string, Parser>()
  for (const command of grammar.commands) {
    const words = command.name.split(' ')
    const last = words.pop()!
    const [group] = words
    const parent = group === undefined ? root : (groupParsers.get(group) ?? addGroup(root, group, grammar, groupParsers))
    addCommand(parent.command(last), command, root, found)
  }
  return root
}

function addGroup(root: Parser, name: string, { groups }: Grammar, known: Map<string, Parser>): Parser {
  const parser = root
    .command(name)
    .description(groups[name] ?? '')
    .helpCommand(false)
    .helpOption('-h, --help', 'show help')
  known.set(name, parser)
  return parser
}

function addCommand(parser: Parser, command: Command, root: Parser, found: (request: Request) => void): void {
  const names = Object.keys(command.arguments)
  parser
    .summary(command.summary)
    .description(`${command.summary}${command.description ? `\n\n${command.description}` : ''}`)
    .helpOption('-h, --help', 'show help')
    .allowExcessArguments(false)
    .addHelpText('after', `\n${commandNotes(command)}`)
  for (const name of names) {
    const { required, description } = command.arguments[name]!
    parser.argument(required ? argumentLabel(name) : `[${name}]`, description)
  }
  for (const name of Object.keys(command.options)) {
    const declared = command.options[name]!
    parser.addOption(new Option(withValue(optionLabel(name), declared.placeholder), optionDescription(declared)))
  }
  for (const name of command.settings) if (hasFlag(name) && !isGlobal(name)) parser.addOption(settingOption(name))

  parser.action(() => {
    const typed = { ...texts(root.opts()), ...texts(parser.opts()) }
    found({
      kind: 'run',
      command,
      arguments: Object.fromEntries(names.map((name, index) => [name, parser.args[index]])),
      options: pick(typed, Object.keys(command.options)),
      settings: pick(typed, [...globalSettings, ...command.settings]),
    })
  })
}

function settingOption(name: SettingName): Option {
  const declared: Setting<unknown> = settings[name]
  return new Option(withValue(flagName(name), declared.placeholder), settingDescription(name))
}

function withValue(flag: string, placeholder: string | undefined): string {
  return placeholder === undefined ? flag : `${flag} <${placeholder}>`
}

function isGlobal(name: SettingName): boolean {
  return (globalSettings as readonly SettingName[]).includes(name)
}

function texts(given: Record<string, unknown>): Record<string, string> {
  return Object.fromEntries(Object.entries(given).map(([name, value]) => [name, String(value)]))
}

function pick(all: Record<string, string>, names: readonly string[]): Texts {
  return Object.fromEntries(names.flatMap((name) => (all[name] === undefined ? [] : [[name, all[name]]])))
}

/** `--name=value` and `-nvalue` without the value. */
function nameOfOption(word: string): string {
  return /^(--[^=]+)=/s.exec(word)?.[1] ?? /^(-[^-])./s.exec(word)?.[1] ?? word
}
