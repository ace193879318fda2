import { z } from 'zod'
import { HoldfastError } from '../core/errors.ts'
import type { Manifest } from '../repository/manifest.ts'
import type { Repository } from '../repository/repository.ts'
import { valued } from './command.ts'

const schema = z.string().regex(/^[a-zA-Z0-9-]{1,100}$/, 'expected the id of a backup or `latest`')

/** A backup as a command's argument. */
export const backupArgument = valued(schema, {
  placeholder: 'id',
  example: 'latest',
  required: true,
  description: 'the id of a backup, as `holdfast backup list` shows it, or `latest`',
})

/** Several backups as one argument, so that damaged ones that need each other gone can go together. */
export const backupsArgument = valued(
  z
    .string()
    .transform((text) => [...new Set(text.split(','))])
    .pipe(z.array(schema)),
  {
    placeholder: 'ids',
    required: true,
    description: 'the id of a backup, as `holdfast backup list` shows it, or several with commas between them',
  },
)

/** A backup that may be left out. */
export const optionalBackupArgument = valued(schema, {
  placeholder: 'id',
  example: 'latest',
  description: 'the id of a backup or `latest`; all backups unless given',
})

/**
 * The id that an argument stands for.
 * @throws HoldfastError `usage` where there is no such backup.
 */
export async function resolveBackupId(repository: Repository, given: string, signal: AbortSignal): Promise<string> {
  const listed = await repository.listBackups({ signal })
  const found = given === 'latest' ? listed.at(-1) : listed.find(({ id }) => id === given)
  if (found) return found.id
  throw new HoldfastError(
    'usage',
    given === 'latest' ? `no backups in ${repository.location}` : `no backup ${given} in ${repository.location}`,
    {
      hint: 'see `holdfast backup list`',
    },
  )
}

/**
 * The manifest of the backup that an argument names.
 * @throws HoldfastError `usage` where there is no such backup, `integrity` where its manifest is damaged.
 */
export async function resolveBackup(repository: Repository, given: string, signal: AbortSignal): Promise<Manifest> {
  return repository.readManifest(await resolveBackupId(repository, given, signal), { signal })
}
