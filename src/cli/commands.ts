import { completionCommand } from './completionCommand.ts'
import type { Grammar } from './grammar.ts'
import { helpCommand } from './helpCommand.ts'
import { repoInitCommand } from './repoInitCommand.ts'
import { repoShowCommand } from './repoShowCommand.ts'
import { holdfastVersion, versionCommand } from './versionCommand.ts'

/** Every command, in the order help shows them, and what the first word of a two-word command is about. */
export function grammar(): Grammar {
  return {
    version: holdfastVersion(),
    groups: {
      repo: 'make and inspect a repository, where backups live',
    },
    commands: [repoInitCommand, repoShowCommand, helpCommand(grammar), completionCommand(grammar), versionCommand],
  }
}
