import { z } from 'zod'
import { flagName } from '../config/declaration.ts'
import { globalSettings, hasFlag } from '../config/settings.ts'
import { type Command, defineCommand, optionLabel, valued } from './command.ts'
import { type CompletionNode, completionScripts } from './completionScripts.ts'
import type { Grammar } from './grammar.ts'

const shells = ['bash', 'zsh', 'fish'] as const

/** `holdfast completion`, over the commands of the grammar. */
export function completionCommand(grammar: () => Grammar): Command {
  return defineCommand({
    name: 'completion',
    summary: 'print a completion script for bash, zsh or fish',
    arguments: {
      shell: valued(z.enum(shells, { error: 'expected bash, zsh or fish' }), {
        placeholder: 'shell',
        example: 'bash',
        required: true,
        description: 'bash, zsh or fish',
      }),
    },
    examples: [
      { command: 'source <(holdfast completion bash)', purpose: 'for this shell' },
      { command: 'holdfast completion fish > ~/.config/fish/completions/holdfast.fish', purpose: 'for good, in fish' },
    ],
    run: ({ arguments: { shell } }) => ({ shell, script: completionScripts[shell](completionTree(grammar())) }),
    text: ({ script }) => script,
  })
}

function completionTree({ commands, groups }: Grammar): CompletionNode[] {
  const global = [...globalSettings.map(flagName), '--help']
  const firstWords = [...new Set(commands.map(({ name }) => name.split(' ')[0]!))]
  const root = { path: '', words: firstWords, flags: [...global, '--version'] }
  const groupNodes = Object.keys(groups).map((group) => ({
    path: group,
    words: commands.filter(({ name }) => name.startsWith(`${group} `)).map(({ name }) => name.split(' ')[1]!),
    flags: ['--help'],
  }))
  const commandNodes = commands.map(({ name, options, settings }) => ({
    path: name,
    words: [],
    flags: [...Object.keys(options).map(optionLabel), ...settings.filter(hasFlag).map(flagName), ...global],
  }))
  return [root, ...groupNodes, ...commandNodes]
}
