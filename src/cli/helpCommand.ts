import { z } from 'zod'
import { fileKey } from '../config/declaration.ts'
import { nearest } from '../config/nearest.ts'
import { type SettingName, settings } from '../config/settings.ts'
import { HoldfastError } from '../core/errors.ts'
import { type Command, defineCommand, valued } from './command.ts'
import { exitCodeRows, formatExitCodes } from './exitCodes.ts'
import { type Grammar, helpOf } from './grammar.ts'
import { commandMeant } from './usageError.ts'
import { settingDescription } from './helpText.ts'

/** What `holdfast help` explains besides commands. */
export const topics: Readonly<Record<string, () => string>> = {
  'exit-codes': () => formatExitCodes(exitCodeRows()),
  settings: () =>
    (Object.keys(settings) as SettingName[]).map((name) => `${fileKey(name)}\n    ${settingDescription(name)}`).join('\n'),
}

/** `holdfast help`, over the commands of the grammar. */
export function helpCommand(grammar: () => Grammar): Command {
  return defineCommand({
    name: 'help',
    summary: 'explain a command or a topic: exit-codes, settings',
    arguments: {
      topic: valued(z.string(), { placeholder: 'topic', description: 'a topic or the first word of a command' }),
      command: valued(z.string(), { placeholder: 'command', description: 'the second word of a command' }),
    },
    examples: [
      { command: 'holdfast help exit-codes', purpose: 'what an exit status means' },
      { command: 'holdfast help version', purpose: 'how a command is used' },
    ],
    run: ({ arguments: { topic = '', command = '' } }) => ({
      topic: `${topic} ${command}`.trim(),
      text: explain(grammar(), topic, command),
    }),
    text: ({ text }) => text,
  })
}

function explain(grammar: Grammar, topic: string, word: string): string {
  const explained = word === '' ? topics[topic] : undefined
  if (explained !== undefined) return explained()
  const name = `${topic} ${word}`.trim()
  const known = ['', ...Object.keys(grammar.groups), ...grammar.commands.map((command) => command.name)]
  if (known.includes(name)) return helpOf(grammar, name, 100)
  const alone = commandMeant(grammar, topic)
  const meant = nearest(name, [...known.filter((each) => each !== ''), ...Object.keys(topics)])
  throw new HoldfastError('usage', `there is no command or topic '${name}'`, {
    hint: alone ?? (meant ? `did you mean ${meant}?` : 'holdfast help lists all'),
  })
}
