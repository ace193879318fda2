import { holdfastVersion } from '../core/version.ts'
import { archiveRunCommand } from './archiveRunCommand.ts'
import { archiveStatusCommand } from './archiveStatusCommand.ts'
import { archiveValidateCommand } from './archiveValidateCommand.ts'
import { backupCreateCommand } from './backupCreateCommand.ts'
import { backupDeleteCommand } from './backupDeleteCommand.ts'
import { backupExportCommand } from './backupExportCommand.ts'
import { backupListCommand } from './backupListCommand.ts'
import { backupShowCommand } from './backupShowCommand.ts'
import { backupValidateCommand } from './backupValidateCommand.ts'
import { completionCommand } from './completionCommand.ts'
import { demoCommand } from './demoCommand.ts'
import { doctorCommand } from './doctorCommand.ts'
import type { Grammar } from './grammar.ts'
import { helpCommand } from './helpCommand.ts'
import { logShowCommand } from './logShowCommand.ts'
import { neo4jInstallCommand } from './neo4jInstallCommand.ts'
import { neo4jStartCommand } from './neo4jStartCommand.ts'
import { neo4jStatusCommand } from './neo4jStatusCommand.ts'
import { neo4jStopCommand } from './neo4jStopCommand.ts'
import { repoInitCommand } from './repoInitCommand.ts'
import { repoShowCommand } from './repoShowCommand.ts'
import { restoreStartCommand } from './restoreStartCommand.ts'
import { s3LifecycleCommand } from './s3LifecycleCommand.ts'
import { s3UploadCommand } from './s3UploadCommand.ts'
import { s3VerifyRestoreCommand } from './s3VerifyRestoreCommand.ts'
import { versionCommand } from './versionCommand.ts'

/** Every command, in the order help shows them, and what the first word of a two-word command is about. */
export function grammar(): Grammar {
  return {
    version: holdfastVersion(),
    groups: {
      backup: 'take backups, look at them, prove them, export them, delete them',
      archive: 'keep the transaction log, to restore to any moment',
      restore: 'bring a backup back, into a directory of its own',
      log: 'see what was written to a database, and when',
      neo4j: 'install and run a Neo4j Community of your own',
      s3: 'move single backup files to a bucket, prove them there, say how long they stay',
      repo: 'make and inspect a repository, where backups live',
    },
    commands: [
      demoCommand,
      backupCreateCommand,
      backupListCommand,
      backupShowCommand,
      backupValidateCommand,
      backupExportCommand,
      backupDeleteCommand,
      archiveRunCommand,
      archiveStatusCommand,
      archiveValidateCommand,
      restoreStartCommand,
      logShowCommand,
      neo4jInstallCommand,
      neo4jStartCommand,
      neo4jStopCommand,
      neo4jStatusCommand,
      repoInitCommand,
      repoShowCommand,
      s3UploadCommand,
      s3VerifyRestoreCommand,
      s3LifecycleCommand,
      doctorCommand,
      helpCommand(grammar),
      completionCommand(grammar),
      versionCommand,
    ],
  }
}
