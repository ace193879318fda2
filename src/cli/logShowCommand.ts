import { z } from 'zod'
import { HoldfastError } from '../core/errors.ts'
import type { Criteria } from '../history/criteria.ts'
import { defineCommand, toggle, valued } from './command.ts'
import { entityOption } from './entityOption.ts'
import { formatLog } from './logText.ts'
import { momentOption } from './moments.ts'
import { repositorySettings } from './repositorySettings.ts'
import { transactionIdOption } from './transactionIdOption.ts'

/** What the system database keeps of passwords. */
const secretProperties = ['credentials']

const name = z.string().min(1)

/** `holdfast log show` */
export const logShowCommand = defineCommand({
  name: 'log show',
  summary: 'show the transactions in the log of a database, and what each of them changed',
  description:
    'Reads the transaction log in the data directory, whether Neo4j runs or not, which goes back as far as Neo4j keeps it; or the archive. ' +
    'Without filters all transactions match; with several, those match in which one changed node or relationship fits all of them. ' +
    'A transaction that only changes a property says nothing of labels or type: they are known from earlier transactions in the log, ' +
    'as long as no 100,000 other entities changed since, and else shown as `?` and not found by a filter. ' +
    'What the system database keeps of passwords is not shown. ' +
    'A transaction with a command that this version does not know is shown as far as it could be decoded, whatever the filters.',
  settings: ['dataDir', 'database', ...repositorySettings],
  options: {
    since: valued(momentOption, {
      placeholder: 'moment',
      example: '2026-11-22T10:15:00Z',
      description: 'committed at this moment or later, to the millisecond and with its time zone, such as 2026-11-22T10:15:00Z',
    }),
    until: valued(momentOption, {
      placeholder: 'moment',
      example: '2026-11-22T10:15:00Z',
      description: 'committed at this moment or earlier',
    }),
    fromTx: valued(transactionIdOption, { placeholder: 'id', example: '48213', description: 'from this transaction on' }),
    toTx: valued(transactionIdOption, {
      placeholder: 'id',
      example: '48213',
      description: 'up to this transaction, behind which nothing is read',
    }),
    label: valued(name, { placeholder: 'label', description: 'changed a node that has or had this label' }),
    type: valued(name, {
      placeholder: 'type',
      description: 'changed a relationship of this type; with --label, one of both is enough',
    }),
    entity: valued(entityOption, {
      placeholder: 'entity',
      example: 'node:12',
      description:
        'changed this node or relationship: an element id (its uuid is not compared), node:12, relationship:12, or a property such as uuid=abc',
    }),
    operation: valued(z.enum(['create', 'update', 'delete'], { error: 'expected create, update or delete' }), {
      placeholder: 'operation',
      example: 'delete',
      description: 'created, updated or deleted a node or a relationship: create, update, delete',
    }),
    limit: valued(z.coerce.number<string>().int().min(1).max(1_000_000), {
      placeholder: 'number',
      example: '1000',
      default: 1000,
      description: 'how many transactions are shown at most, the newest',
    }),
    archive: toggle('read the archived log in the repository instead of the live one'),
    lineage: valued(z.string(), {
      placeholder: 'id',
      description:
        'of the archive, follow this lineage, as `holdfast archive status` shows it; unless given the one with the latest transaction, but none that was left for another',
    }),
    details: toggle('each change that matches, with labels and properties before and after; --json always has them'),
  },
  examples: [
    { command: 'holdfast log show --data-dir /var/lib/neo4j/data --limit 20', purpose: 'the newest twenty' },
    { command: 'holdfast log show --label Person --operation delete --details', purpose: 'who was deleted, and when' },
    {
      command: 'holdfast log show --entity uuid=4711 --since 2026-11-22T00:00:00+01:00 --json',
      purpose: 'the history of one entity',
    },
  ],
  fails: ['neo4j-unavailable', 'integrity', 'repository'],
  run: async ({ options, settings, services, progress, signal }) => {
    const { since, until, fromTx: fromId, toTx: toId, label, type, entity, operation, limit, details } = options
    const criteria: Criteria = { since, until, fromId, toId, label, type, entity, operation }
    requireOrder(criteria)
    const hidden = settings.values.database === 'system' ? secretProperties : []
    const { archivedLog } = await import('../history/archivedLog.ts')
    const { showLog } = await import('../history/showLog.ts')
    const { database } = settings.values
    const fromArchive = options.archive || options.lineage !== undefined
    const source = fromArchive
      ? await archivedLog(await services.repository(), { database, lineage: options.lineage, signal })
      : await services.logSource()
    return showLog(source, { criteria, limit, details: details || settings.values.json, hidden, progress })
  },
  text: formatLog,
})

function requireOrder({ since = -Infinity, until = Infinity, fromId = 0, toId = Infinity }: Criteria): void {
  if (since <= until && fromId <= toId) return
  const [first, last] = since > until ? ['--since', '--until'] : ['--from-tx', '--to-tx']
  throw new HoldfastError('usage', `${first} is behind ${last}: nothing can match`, { hint: `exchange ${first} and ${last}` })
}
