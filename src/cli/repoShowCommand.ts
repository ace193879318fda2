import { defineCommand } from './command.ts'
import { repositorySettings } from './repositorySettings.ts'
import { formatMoment } from './durations.ts'
import { formatSize } from './sizes.ts'
import { formatCount, formatFacts } from './table.ts'

interface RepositoryReport {
  id: string
  location: string
  encrypted: boolean
  backups: number
  newest: { id: string; created: string } | undefined
  /** Ids of backups whose manifest cannot be read. */
  damaged: string[]
  objects: number
  /** Bytes of all objects. */
  storedBytes: number
  /** Bytes of the files of all backups together, were they restored. */
  restoredBytes: number
}

/** `holdfast repo show` */
export const repoShowCommand = defineCommand({
  name: 'repo show',
  summary: 'show what a repository holds and how large it is',
  settings: repositorySettings,
  examples: [{ command: 'holdfast repo show --repo /backups --json', purpose: 'for a script' }],
  fails: ['repository', 'integrity'],
  run: async ({ services, signal }): Promise<RepositoryReport> => {
    const { id, location, encrypted, listBackups } = await services.repository()
    const listed = await listBackups({ signal })
    const manifests = listed.flatMap(({ manifest }) => (manifest ? [manifest] : []))
    const newest = manifests.at(-1)
    let [objects, storedBytes] = [0, 0]
    for await (const { size } of services.storage().list('', { signal })) {
      objects += 1
      storedBytes += size
    }
    return {
      id,
      location,
      encrypted,
      backups: manifests.length,
      newest: newest && { id: newest.id, created: newest.created },
      damaged: listed.flatMap((backup) => (backup.error ? [backup.id] : [])),
      objects,
      storedBytes,
      restoredBytes: manifests.reduce((sum, { totals }) => sum + totals.size, 0),
    }
  },
  text: ({ id, location, encrypted, backups, newest, damaged, objects, storedBytes, restoredBytes }) =>
    formatFacts([
      ['repository', id],
      ['location', location],
      ['encryption', encrypted ? 'aes-256-gcm' : 'none'],
      ['backups', String(backups)],
      ['newest', newest && `${newest.id}, ${formatMoment(new Date(newest.created))}`],
      ['stored', `${formatSize(storedBytes)} in ${formatCount(objects, 'object')}`],
      ['restored', backups > 0 ? formatSize(restoredBytes) : undefined],
      ['damaged', damaged.length > 0 ? damaged.join(', ') : undefined],
    ]),
  failure: ({ damaged }) => (damaged.length > 0 ? 'integrity' : undefined),
})
