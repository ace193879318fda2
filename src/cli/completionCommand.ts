import { z } from 'zod'
import { type Declaration, flagName } from '../config/declaration.ts'
import { globalSettings, hasFlag, settings } from '../config/settings.ts'
import { type Command, defineCommand, optionLabel, valued } from './command.ts'
import { type CompletionNode, completionScripts, type CompletionValue } from './completionScripts.ts'
import type { Grammar } from './grammar.ts'
import { topics } from './helpCommand.ts'

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
  const globalValues = valuesOf(globalSettings.map((name) => [flagName(name), settings[name]]))
  const firstWords = [...new Set(commands.map(({ name }) => name.split(' ')[0]!))]
  const root = { path: '', words: firstWords, flags: [...global, '--version'], values: globalValues }
  const groupNodes = Object.keys(groups).map((group) => ({
    path: group,
    words: commands.filter(({ name }) => name.startsWith(`${group} `)).map(({ name }) => name.split(' ')[1]!),
    flags: ['--help'],
    values: {},
  }))
  const commandNodes = commands.map(({ name, arguments: args, options, settings: read }) => {
    const given: [string, Declaration<unknown>][] = [
      ...Object.entries(options).map(([option, declared]): [string, Declaration<unknown>] => [optionLabel(option), declared]),
      ...read.filter(hasFlag).map((setting): [string, Declaration<unknown>] => [flagName(setting), settings[setting]]),
    ]
    return {
      path: name,
      words: name === 'help' ? [...firstWords, ...Object.keys(topics)] : Object.values(args).flatMap(choicesOf),
      flags: [...given.map(([flag]) => flag), ...global],
      values: { ...globalValues, ...valuesOf(given) },
    }
  })
  const helpNodes = groupNodes.map(({ path, words }) => ({ path: `help ${path}`, words, flags: global, values: globalValues }))
  return [root, ...groupNodes, ...commandNodes, ...helpNodes]
}

function valuesOf(given: readonly (readonly [flag: string, declared: Declaration<unknown>])[]): CompletionNode['values'] {
  return Object.fromEntries(
    given.flatMap(([flag, declared]): [string, CompletionValue][] => {
      if (declared.placeholder === undefined) return []
      const choices = choicesOf(declared)
      if (choices.length > 0) return [[flag, choices]]
      return [[flag, declared.placeholder === 'dir' ? 'directory' : declared.placeholder === 'file' ? 'file' : 'other']]
    }),
  )
}

function choicesOf({ schema }: Declaration<unknown>): string[] {
  return schema instanceof z.ZodEnum ? schema.options.map(String) : []
}
