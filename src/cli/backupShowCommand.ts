import { estimateSize } from '../backup/sizeEstimate.ts'
import { ifDamaged } from '../core/errors.ts'
import type { Repository } from '../repository/repository.ts'
import { backupArgument, resolveBackup } from './backupArgument.ts'
import { defineCommand } from './command.ts'
import { formatDuration, formatMoment } from './durations.ts'
import { repositorySettings } from './repositorySettings.ts'
import { formatPercent, formatSize } from './sizes.ts'
import { formatCount, formatFacts } from './table.ts'

/** `holdfast backup show` */
export const backupShowCommand = defineCommand({
  name: 'backup show',
  summary: 'show what a backup holds, what is new in it and what keeping it costs',
  arguments: { id: backupArgument },
  settings: repositorySettings,
  examples: [
    { command: 'holdfast backup show latest', purpose: 'the newest' },
    { command: 'holdfast backup show latest --json', purpose: 'with every file and the recorded schema' },
  ],
  fails: ['repository', 'integrity'],
  run: async ({ arguments: { id }, services, signal }) => {
    const repository = await services.repository()
    const manifest = await resolveBackup(repository, id, signal)
    const manifests = (await repository.listBackups({ signal })).flatMap((backup) => (backup.manifest ? [backup.manifest] : []))
    const table = await repository.readBlockTable(manifest, { signal })
    const deletingFrees = await bytesFreed(repository, manifest.id, signal)
    return { manifest, estimate: estimateSize(manifests, table), deletingFrees }
  },
  text: ({ manifest, estimate, deletingFrees }) => {
    const { id, created, label, server, databases, totals, timing, offline } = manifest
    const { kept } = estimate
    return formatFacts([
      ['backup', id],
      ['created', formatMoment(new Date(created))],
      ['label', label],
      ['took', formatDuration(Date.parse(timing.finished) - Date.parse(timing.started))],
      ['of', offline ? 'a stopped database' : 'a running database'],
      ['server', server ? `Neo4j ${server.version} ${server.edition}` : 'was not asked'],
      ['size', formatSize(totals.size)],
      [
        'new',
        `${formatSize(totals.newBytes)} (${formatPercent(totals.newBytes, totals.size)}), stored in ${formatSize(totals.storedBytes)}`,
      ],
      ['alone', `would store ${formatSize(estimate.alone)}`],
      ['deleting', deletingFrees === null ? 'unknown: another backup is damaged' : `frees ${formatSize(deletingFrees)}`],
      [
        'estimate',
        kept ? `daily for 7, 30, 90 days: ${[kept['7'], kept['30'], kept['90']].map(formatSize).join(', ')}` : undefined,
      ],
      ...databases.flatMap(({ name, firstTransaction, lastTransaction, checkpoint, kernelVersion, files, leftOut }) => [
        [
          name,
          `${formatCount(files.length, 'file')}, kernel version ${kernelVersion}, checkpoint at transaction ${checkpoint.transactionId}`,
        ] as const,
        [
          '',
          `log from transaction ${firstTransaction?.id ?? lastTransaction.id} to ${lastTransaction.id}, ${formatMoment(new Date(lastTransaction.commitTime))}`,
        ] as const,
        ['', leftOut.length > 0 ? `left out: ${leftOut.map(({ path }) => path).join(', ')}` : undefined] as const,
      ]),
    ])
  },
})

/** @returns null where another backup is damaged, as then nobody knows what it needs. */
async function bytesFreed(repository: Repository, id: string, signal: AbortSignal): Promise<number | null> {
  const plan = await repository.planDeletion([id], { signal }).catch(ifDamaged(null))
  return plan?.bytesFreed ?? null
}
