import { completionCommand } from './completionCommand.ts'
import type { Grammar } from './grammar.ts'
import { helpCommand } from './helpCommand.ts'
import { holdfastVersion, versionCommand } from './versionCommand.ts'

/** Every command, in the order help shows them, and what the first word of a two-word command is about. */
export function grammar(): Grammar {
  return {
    version: holdfastVersion(),
    groups: {},
    commands: [helpCommand(grammar), completionCommand(grammar), versionCommand],
  }
}
