import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { silent } from '../../../src/core/progress.ts'
import { archivedLog } from '../../../src/history/archivedLog.ts'
import type { Criteria } from '../../../src/history/criteria.ts'
import { type LogReport, showLog } from '../../../src/history/showLog.ts'
import type { Repository } from '../../../src/repository/repository.ts'
import { segmentName } from '../../../src/repository/segmentName.ts'
import { memoryStorage } from '../../../src/storage/memory.ts'
import type { Storage } from '../../../src/storage/storage.ts'
import { archiveAll, backUpLogs, newRepository } from '../../support/archiving.ts'
import { command, int32, nodeImage, recordList } from '../../support/commandBytes.ts'
import { SyntheticLog } from '../../support/syntheticLog.ts'

const { signal } = new AbortController()

/** A node with the label that is number 5 is created. */
const create = { body: command(22, 1, nodeImage((1n << 36n) | 5n)) }
const unused = Buffer.concat([Buffer.from([0]), int32(0), recordList()])
const named = Buffer.concat([Buffer.from([1]), int32(12), recordList([Buffer.from('Person')])])
/** Label number 5 gets its name. */
const naming = { body: Buffer.concat([Buffer.from([33, 3, 8]), int32(5), unused, named]) }

describe('a log of which 5 and 6 were pruned before they were archived, when the label got its name', () => {
  let folder: string
  let storage: Storage
  let repository: Repository
  beforeEach(async () => {
    folder = mkdtempSync(join(tmpdir(), 'holdfast-archived-log-'))
    storage = memoryStorage()
    repository = await newRepository({ storage })
    const log = SyntheticLog.create(join(folder, 'data')).write(3, create)
    await archiveAll(repository, log)
    await backUpLogs(repository, log)
    log.write(2, naming).rotate().write(2, create)
    await backUpLogs(repository, log)
    log.prune().write(1, create)
    await archiveAll(repository, log)
  })
  afterEach(() => rmSync(folder, { recursive: true }))

  const show = async (criteria: Criteria): Promise<LogReport> =>
    showLog(await archivedLog(repository, { database: 'neo4j', signal }), {
      criteria,
      limit: 100,
      details: false,
      progress: silent,
    })
  const ids = ({ transactions }: LogReport): number[] => transactions.map(({ id }) => id)

  test('shows what is behind the gap, also with a filter and by a name that was given in it', async () => {
    expect(ids(await show({ fromId: 8 }))).toEqual([8, 9])
    const report = await show({ label: 'Person', fromId: 9 })
    expect(ids(report)).toEqual([9])
    // What was said of an entity before is read as far as there is no gap.
    expect(report).toMatchObject({ unknownNames: [], read: { first: 7, last: 9 } })
  })

  test('shows what is before the gap', async () => {
    expect(ids(await show({ toId: 4 }))).toEqual([2, 3, 4])
    expect(ids(await show({ label: 'Person', toId: 4 }))).toEqual([2, 3, 4])
  })

  test('names the gap, and what can be shown on both sides of it', async () => {
    const missing = { code: 'integrity', message: 'transactions 5 to 6 are not archived' }
    const hint = 'read what is before with --to-tx 4, what follows with --from-tx 7'
    await expect(show({ label: 'Person' })).rejects.toMatchObject({ ...missing, hint })
    await expect(show({ fromId: 3 })).rejects.toMatchObject({ ...missing, hint })
    await expect(show({ label: 'Person', fromId: 5 })).rejects.toMatchObject({
      ...missing,
      hint: 'read what follows with --from-tx 7',
    })
  })

  test('[damage.detected] damage of what is not shown hinders nothing, and an older backup tells the names that it knows', async () => {
    const [segment] = (await repository.archive.list()).segments.filter(({ first }) => first === 7)
    await storage.delete(segmentName(segment!))
    await storage.put(segmentName(segment!), Buffer.from('HFSEGM01 and nothing else'))
    expect(await show({ label: 'Person', toId: 4 })).toMatchObject({ transactions: [], unknownNames: ['label Person'] })
    await expect(show({ label: 'Person', fromId: 7 })).rejects.toMatchObject({ code: 'integrity' })
  })
})
