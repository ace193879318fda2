import { backupArgument, resolveBackupId } from './backupArgument.ts'
import { defineCommand, valued } from './command.ts'
import { durationOption } from './durations.ts'
import { repositorySettings } from './repositorySettings.ts'
import { formatSize } from './sizes.ts'
import { confirm } from './standardOptions.ts'

/** `holdfast backup delete` */
export const backupDeleteCommand = defineCommand({
  name: 'backup delete',
  summary: 'delete a backup and free what no other backup needs',
  description:
    'Shows what would be freed; with --confirm it is done. Also frees what crashed runs left. While a backup is running the space ' +
    'is not freed but the backup is gone; the next delete frees it.',
  arguments: { id: backupArgument },
  settings: repositorySettings,
  options: {
    confirm,
    wait: valued(durationOption, { placeholder: 'time', description: 'wait this long for a running backup to end, such as 5m' }),
  },
  examples: [
    { command: 'holdfast backup delete 20261122T101500Z-3f9a1c', purpose: 'show what it would free' },
    { command: 'holdfast backup delete 20261122T101500Z-3f9a1c --confirm', purpose: 'delete it' },
  ],
  fails: ['repository', 'integrity', 'refused'],
  run: async ({ arguments: { id: given }, options, services, signal }) => {
    const repository = await services.repository()
    const id = await resolveBackupId(repository, given, signal)
    if (!options.confirm) return { deleted: false, plan: await repository.planDeletion([id], { signal }) }
    const wait = options.wait === undefined ? {} : { wait: options.wait }
    return { deleted: true, ...(await repository.deleteBackups([id], { command: 'backup delete', signal, ...wait })) }
  },
  text: (result) => {
    const { plan, deleted } = result
    const freed = `${formatSize(plan.bytesFreed)} in ${plan.packsFreed} packs; ${plan.packsKept} packs stay, other backups need them`
    if (!deleted) return `would delete ${plan.backups.join(', ')} and free ${freed}\ngive --confirm to do it`
    if ('postponed' in result && result.postponed !== undefined)
      return `deleted ${plan.backups.join(', ')}; nothing freed yet: ${result.postponed}`
    return `deleted ${plan.backups.join(', ')} and freed ${freed}`
  },
})
