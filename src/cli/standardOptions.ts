import { toggle } from './command.ts'

/** For a command that makes something: shows what it would do. */
export const dryRun = toggle('show what would be done and change nothing')

/** For a command that destroys something: it only shows its plan unless this is given. */
export const confirm = toggle('do it; without this only the plan is shown')
