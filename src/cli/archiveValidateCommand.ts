import type { LineageVerdict } from '../archive/validateArchive.ts'
import { defineCommand } from './command.ts'
import { repositorySettings } from './repositorySettings.ts'
import { formatSize } from './sizes.ts'
import { formatCount } from './table.ts'

/** `holdfast archive validate` */
export const archiveValidateCommand = defineCommand({
  name: 'archive validate',
  summary: 'read all archived log back and check every transaction, without Neo4j',
  description:
    'Checks every segment and every transaction in it by its CRC-32C and its place, and the markers of gaps. What is damaged or missing is named, ' +
    'with the lineage it hits.',
  settings: repositorySettings,
  givesWay: true,
  examples: [{ command: 'holdfast archive validate --repo /backups --json', purpose: 'for a monitor, once a week' }],
  fails: ['repository', 'integrity'],
  run: async ({ services, progress, signal }) => {
    const { validateArchive } = await import('../archive/validateArchive.ts')
    return validateArchive(await services.repository(), { progress, signal })
  },
  text: ({ verdict, lineages }) => {
    if (lineages.length === 0) return 'nothing is archived: `holdfast archive run` begins to'
    const bytes = lineages.reduce((sum, { logBytes }) => sum + logBytes, 0)
    return [...lineages.map(formatVerdict), `${verdict}: read ${formatSize(bytes)} of log`].join('\n')
  },
  failure: ({ verdict }) => (verdict === 'bad' ? 'integrity' : undefined),
})

function formatVerdict({ lineage, database, segments, transactions, problems }: LineageVerdict): string {
  const read = `${formatCount(segments, 'segment')}, ${formatCount(transactions, 'transaction')}`
  const head = `${database ?? 'unknown'} ${lineage}  ${problems.length === 0 ? 'good' : 'bad'}, ${read}`
  return [head, ...problems.map((problem) => `  ${problem}`)].join('\n')
}
