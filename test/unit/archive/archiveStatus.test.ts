import { cpSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { archiveStatus } from '../../../src/archive/archiveStatus.ts'
import { ArchivedHistory } from '../../../src/repository/archivedHistory.ts'
import { branchLineage, rootLineage } from '../../../src/repository/segmentName.ts'
import { archiveAll, newRepository } from '../../support/archiving.ts'
import { SyntheticLog } from '../../support/syntheticLog.ts'

const { signal } = new AbortController()

test('what is not archived is told also where a copy of the store lies beside it, under a name that comes first', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'holdfast-status-'))
  const repository = await newRepository()
  const log = SyntheticLog.create(join(folder, 'data')).write(5)
  const root = rootLineage(log.store)
  const status = async () => {
    const directory = { dataDir: log.dataDir, retention: { size: null, time: null }, now: new Date() }
    const { lineages, unarchived } = await archiveStatus(
      repository,
      await ArchivedHistory.read(repository, signal),
      directory,
      signal,
    )
    return {
      behind: Object.fromEntries(lineages.map(({ lineage, live }) => [lineage, live?.behindBytes])),
      unarchived: unarchived.map(({ database, state }) => `${database} ${state}`),
    }
  }
  await archiveAll(repository, log)
  for (const part of ['databases', 'transactions'])
    cpSync(join(log.dataDir, part, 'neo4j'), join(log.dataDir, part, 'before-neo4j'), { recursive: true })
  expect(await status()).toEqual({ behind: { [root]: 0 }, unarchived: [] })

  log.cutBack(4).write(2, { body: 'other' })
  expect(await status()).toEqual({ behind: { [root]: 0 }, unarchived: ['neo4j branched'] })

  await archiveAll(repository, log)
  const archivedTo = log.at(log.last.id).end
  log.write(3, { body: 'not archived' })
  const branch = branchLineage(root, log.at(5))
  expect(await status()).toEqual({
    behind: { [root]: undefined, [branch]: log.at(log.last.id).end - archivedTo },
    // What it is written next is a branch of its own: that one was left.
    unarchived: ['before-neo4j branched'],
  })
  rmSync(folder, { recursive: true })
})
