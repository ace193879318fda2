import { z } from 'zod'
import type { BackupVerdict } from '../backup/validateBackups.ts'
import { optionalBackupArgument, resolveBackupId } from './backupArgument.ts'
import { formatCount } from './table.ts'
import { defineCommand, valued } from './command.ts'
import { repositorySettings } from './repositorySettings.ts'
import { formatSize } from './sizes.ts'

const percentage = z.string().transform((text, context) => {
  const match = /^(\d+(?:\.\d+)?)%$/.exec(text)
  const part = Number(match?.[1]) / 100
  if (part > 0 && part <= 1) return part
  context.addIssue({ code: 'custom', message: 'expected a percentage above 0% up to 100%' })
  return z.NEVER
})

/** `holdfast backup validate` */
export const backupValidateCommand = defineCommand({
  name: 'backup validate',
  summary: 'read backups back and check every byte, without Neo4j',
  description:
    'Checks the manifest, the block table, every block by its SHA-256 and every transaction of the log by its CRC-32C and its place. ' +
    'What is damaged is named, with the backups and files it hits, and marked so that no later backup builds on it.',
  arguments: { id: optionalBackupArgument },
  settings: repositorySettings,
  options: {
    sample: valued(percentage, {
      placeholder: 'percentage',
      example: '10%',
      description: 'read only this part of the blocks, chosen anew each time, such as 10%; the log is always read whole',
    }),
  },
  givesWay: true,
  examples: [
    { command: 'holdfast backup validate', purpose: 'all backups' },
    { command: 'holdfast backup validate latest --sample 10%', purpose: 'a quick look at the newest' },
  ],
  fails: ['repository', 'integrity'],
  run: async ({ arguments: { id: given }, options, services, progress, signal }) => {
    const { validateBackups } = await import('../backup/validateBackups.ts')
    const repository = await services.repository()
    const ids = given === undefined ? undefined : [await resolveBackupId(repository, given, signal)]
    const report = await validateBackups(repository, { ids, sample: options.sample, progress, signal })
    for (const warning of report.warnings) services.log.warn(warning)
    return report
  },
  text: ({ verdict, backups, blocks, bytes, sample }) =>
    [
      ...backups.map(formatVerdict),
      `${verdict}: read ${formatCount(blocks, 'block')}, ${formatSize(bytes)}${sample === 1 ? '' : ` (a sample of ${sample * 100} %)`}`,
    ].join('\n'),
  failure: ({ verdict }) => (verdict === 'bad' ? 'integrity' : undefined),
})

function formatVerdict({ id, verdict, transactions, problems }: BackupVerdict): string {
  return [`${id}  ${verdict}, ${formatCount(transactions, 'transaction')}`, ...problems.map((problem) => `  ${problem}`)].join(
    '\n',
  )
}
