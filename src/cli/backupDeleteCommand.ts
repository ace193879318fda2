import { HoldfastError } from '../core/errors.ts'
import { backupsArgument, resolveBackupId } from './backupArgument.ts'
import { duration } from '../config/duration.ts'
import { defineCommand, toggle, valued } from './command.ts'
import { repositorySettings } from './repositorySettings.ts'
import { formatCount } from './table.ts'
import { formatSize } from './sizes.ts'
import { confirm } from './standardOptions.ts'

/** `holdfast backup delete` */
export const backupDeleteCommand = defineCommand({
  name: 'backup delete',
  summary: 'delete backups and free what no other backup needs',
  description:
    'Shows what would be freed, archived log included; with --confirm it is done. The newest proven backup, and what the promised window of the archive ' +
    'needs, are kept unless --force is given; so is, where log is archived, the last backup that leads to the newest transaction, and the last that leads the other databases to where a restore to the latest takes them. ' +
    'Also frees what crashed runs left. While a backup is running the space is not freed but the backup is gone; the next delete frees it.',
  arguments: { ids: backupsArgument },
  settings: [...repositorySettings, 'archiveWindow'],
  options: {
    confirm,
    force: toggle('delete it even if it is the newest proven one, or the promised window needs it'),
    wait: valued(duration, { placeholder: 'time', description: 'wait this long for a running backup to end, such as 5m' }),
  },
  examples: [
    { command: 'holdfast backup delete 20261122T101500Z-3f9a1c', purpose: 'show what it would free' },
    { command: 'holdfast backup delete 20261122T101500Z-3f9a1c --confirm', purpose: 'delete it' },
    {
      command: 'holdfast backup delete 20261122T101500Z-3f9a1c,20261123T101500Z-77ab02',
      purpose: 'show what two of them would free together',
    },
  ],
  fails: ['repository', 'integrity', 'refused'],
  run: async ({ arguments: { ids: given }, options, settings, services, signal }) => {
    const repository = await services.repository()
    const ids: string[] = []
    for (const each of given) {
      const id = await resolveBackupId(repository, each, signal)
      // By the time it is confirmed another backup may be the latest.
      if (each === 'latest' && options.confirm) {
        throw new HoldfastError('usage', 'with --confirm a backup is deleted by its id only, found `latest`', {
          hint: `the latest is ${id}`,
        })
      }
      if (!ids.includes(id)) ids.push(id)
    }
    const promises = { window: settings.values.archiveWindow, now: services.clock.now(), signal }
    const { requireUnprotected } = await import('../retention/protectedBackups.ts')
    const mayDelete = async (): Promise<void> => {
      if (!options.force) await requireUnprotected(repository, ids, promises)
    }
    if (!options.confirm) {
      await mayDelete()
      return { deleted: false, plan: await repository.planDeletion(ids, { signal }) }
    }
    const wait = options.wait === undefined ? {} : { wait: options.wait }
    return { deleted: true, ...(await repository.deleteBackups(ids, { command: 'backup delete', signal, mayDelete, ...wait })) }
  },
  text: (result) => {
    const { plan, deleted } = result
    const log =
      plan.segmentsFreed + plan.segmentsKept > 0 ? `; ${plan.segmentsFreed} segments of log go, ${plan.segmentsKept} stay` : ''
    const freed = `${formatSize(plan.bytesFreed)} in ${formatCount(plan.packsFreed, 'pack')}; ${formatCount(plan.packsKept, 'pack')} that other backups need ${plan.packsKept === 1 ? 'stays' : 'stay'}${log}`
    if (!deleted) return `would delete ${plan.backups.join(', ')} and free ${freed}\ngive --confirm to do it`
    if ('postponed' in result && result.postponed !== undefined)
      return `deleted ${plan.backups.join(', ')}; nothing freed yet: ${result.postponed}`
    return `deleted ${plan.backups.join(', ')} and freed ${freed}`
  },
})
