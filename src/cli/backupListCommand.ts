import { defineCommand } from './command.ts'
import { formatMoment } from './durations.ts'
import { repositorySettings } from './repositorySettings.ts'
import { formatSize } from './sizes.ts'
import { formatTable } from './table.ts'

interface BackupLine {
  id: string
  created: string
  label?: string
  server?: string
  /** Bytes of the files, and bytes the backup added to the repository. */
  size: number
  storedBytes: number
  /** When a restore of it last passed every check. */
  proven?: string
  /** The last transaction of each database. */
  lastTransactions: Record<string, number>
}

/** `holdfast backup list` */
export const backupListCommand = defineCommand({
  name: 'backup list',
  summary: 'list the backups of a repository',
  settings: repositorySettings,
  examples: [{ command: 'holdfast backup list --repo /backups', purpose: 'oldest first' }],
  fails: ['repository', 'integrity'],
  run: async ({ services, signal }): Promise<{ backups: BackupLine[]; damaged: { id: string; error: string }[] }> => {
    const repository = await services.repository()
    const listed = await repository.listBackups({ signal })
    const proofs = await repository.listProofs({ signal })
    return {
      backups: listed.flatMap(({ manifest }) =>
        manifest
          ? [
              {
                id: manifest.id,
                created: manifest.created,
                ...(manifest.label === undefined ? {} : { label: manifest.label }),
                ...(manifest.server ? { server: manifest.server.version } : {}),
                ...(proofs.has(manifest.id) ? { proven: proofs.get(manifest.id)! } : {}),
                size: manifest.totals.size,
                storedBytes: manifest.totals.storedBytes,
                lastTransactions: Object.fromEntries(
                  manifest.databases.map(({ name, lastTransaction }) => [name, lastTransaction.id]),
                ),
              },
            ]
          : [],
      ),
      damaged: listed.flatMap(({ id, error }) => (error ? [{ id, error: error.message }] : [])),
    }
  },
  text: ({ backups, damaged }) => {
    if (backups.length + damaged.length === 0) return 'no backups yet'
    const table = formatTable(backups, [
      { title: 'id', value: ({ id }) => id },
      { title: 'created', value: ({ created }) => formatMoment(new Date(created)) },
      { title: 'size', value: ({ size }) => formatSize(size), align: 'right' },
      { title: 'stored', value: ({ storedBytes }) => formatSize(storedBytes), align: 'right' },
      { title: 'neo4j', value: ({ server }) => server ?? 'not asked' },
      { title: 'transaction', value: ({ lastTransactions }) => formatLast(lastTransactions), align: 'right' },
      { title: 'proven', value: ({ proven }) => (proven === undefined ? '' : formatMoment(new Date(proven))) },
      { title: 'label', value: ({ label }) => label ?? '' },
    ])
    return [table, ...damaged.map(({ id, error }) => `${id}  damaged: ${error}`)].join('\n')
  },
  failure: ({ damaged }) => (damaged.length > 0 ? 'integrity' : undefined),
})

function formatLast(lastTransactions: Record<string, number>): string {
  return Object.entries(lastTransactions)
    .filter(([name]) => name !== 'system')
    .map(([name, id]) => (name === 'neo4j' ? String(id) : `${name} ${id}`))
    .join(', ')
}
