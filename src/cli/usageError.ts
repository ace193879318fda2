import type { CommanderError } from 'commander'
import { nearest } from '../config/nearest.ts'
import { HoldfastError } from '../core/errors.ts'

/** The names of commands, and what the first words of two-word ones are about. */
interface Named {
  readonly commands: readonly { readonly name: string }[]
  readonly groups: Readonly<Record<string, string>>
}

/** What Commander says of a wrong command line, as an error of ours with a hint that leads on. */
export function usageError(error: CommanderError, grammar: Named, words: readonly string[]): HoldfastError {
  const { path, next } = commandOf(grammar, words)
  const isGroup = Object.hasOwn(grammar.groups, path)
  // A group without a command: Commander would print its help, or not know the option of the command that is missing.
  if (error.code === 'commander.help' || (isGroup && error.code === 'commander.unknownOption')) {
    const members = grammar.commands.filter(({ name }) => name.startsWith(`${path} `))
    const hint = members.length === 1 ? `did you mean holdfast ${members[0]!.name}?` : `${helpFor(path)} lists them`
    return new HoldfastError('usage', `holdfast ${path}`.trim() + ': which command?', { hint })
  }
  const [message = '', suggestion] = error.message.replace(/^error: /, '').split('\n')
  const meant = error.code === 'commander.unknownCommand' ? commandMeant(grammar, next ?? '') : undefined
  const suggested = suggestion?.replace(/^\(Did you mean (.*)\?\)$/, 'did you mean $1?')
  return new HoldfastError('usage', message, { hint: (path === '' ? meant : undefined) ?? suggested ?? meant ?? helpFor(path) })
}

/** Commands whose second word was typed alone, as a question; undefined where there is none, or the word begins one. */
export function commandMeant(grammar: Named, word: string): string | undefined {
  const firstWords = grammar.commands.map(({ name }) => name.split(' ')[0]!)
  const members = grammar.commands.map(({ name }) => name).filter((name) => name.includes(' '))
  const endings = members.map((name) => name.split(' ')[1]!)
  const ending = endings.includes(word) ? word : nearest(word, firstWords) === undefined ? nearest(word, endings) : undefined
  const meant = members.filter((name) => name.split(' ')[1] === ending)
  return meant.length === 0 ? undefined : `did you mean ${meant.join(' or ')}?`
}

/** The command or group that a command line names, as far as it names one, and the word behind it. */
function commandOf(grammar: Named, words: readonly string[]): { path: string; next: string | undefined } {
  const [first = '', second, third] = words.filter((word) => !word.startsWith('-'))
  const names = grammar.commands.map(({ name }) => name)
  if (names.includes(`${first} ${second}`)) return { path: `${first} ${second}`, next: third }
  if (names.includes(first) || Object.hasOwn(grammar.groups, first)) return { path: first, next: second }
  return { path: '', next: first }
}

function helpFor(path: string): string {
  return `holdfast help ${path}`.trim()
}
