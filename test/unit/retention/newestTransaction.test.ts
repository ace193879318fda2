import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import type { Repository } from '../../../src/repository/repository.ts'
import { requireUnprotected } from '../../../src/retention/protectedBackups.ts'
import { archiveAll, backUpLogs, newRepository } from '../../support/archiving.ts'
import { windowsOf } from '../../support/planning.ts'
import { SyntheticLog } from '../../support/syntheticLog.ts'

describe.each([20, 33])('[archive.window] how the database ended last (kernel version %i)', (kernelVersion) => {
  let folder: string
  let repository: Repository
  let log: SyntheticLog
  beforeEach(async () => {
    folder = mkdtempSync(join(tmpdir(), 'holdfast-newest-'))
    repository = await newRepository()
    log = SyntheticLog.create(folder, { kernelVersion })
  })
  afterEach(() => rmSync(folder, { recursive: true }))

  const backUpAfter = async (count: number): Promise<string> => (await backUpLogs(repository, log.write(count))).id
  /** Long after all of the transactions, with no other promise than that. */
  const protect = async (...ids: string[]): Promise<void> =>
    requireUnprotected(repository, ids, {
      window: 0,
      now: new Date('2026-06-01T00:00:00Z'),
      signal: new AbortController().signal,
    })
  const newest = (id: number) => ({
    code: 'refused',
    message: expect.stringContaining(`neo4j could not be restored any more to transaction ${id} of`) as string,
    hint: 'make a newer backup first, or give --force',
  })

  test('keeps the only backup that has it, where the archive ends before', async () => {
    const older = await backUpAfter(3)
    await archiveAll(repository, log.write(2))
    const behind = await backUpAfter(2)
    await expect(protect(behind)).rejects.toMatchObject(newest(8))
    await expect(protect(older, behind)).rejects.toMatchObject(newest(8))
    await expect(protect(older)).resolves.toBeUndefined()
  })

  test('lets go one of two backups that have it, and those before', async () => {
    const older = await backUpAfter(3)
    await archiveAll(repository, log.write(2))
    const [middle, behind, twin] = [await backUpAfter(1), await backUpAfter(1), await backUpAfter(0)]
    for (const ids of [[behind], [twin], [middle], [older, middle, twin]]) await expect(protect(...ids)).resolves.toBeUndefined()
    await expect(protect(behind, twin)).rejects.toMatchObject(newest(8))
  })

  test('lets a backup go that archived log from an older one leads to', async () => {
    await backUpAfter(3)
    const last = await backUpAfter(2)
    await archiveAll(repository, log)
    await expect(protect(last)).resolves.toBeUndefined()
  })

  test('is no promise where nothing at all is archived of the store', async () => {
    const [older, last] = [await backUpAfter(3), await backUpAfter(2)]
    await expect(protect(last)).resolves.toBeUndefined()
    await expect(protect(older, last)).resolves.toBeUndefined()
  })
})

test('[archive.window] the only backup that an archive behind pruned log leads on from stays', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'holdfast-edge-'))
  try {
    const repository = await newRepository()
    // Nothing in a log of this version says that it goes on with what is archived.
    const log = SyntheticLog.create(folder, { kernelVersion: 33 }).write(3)
    await backUpLogs(repository, log)
    await archiveAll(repository, log.write(2))
    log.rotate().write(1).checkpoint().prune()
    const { id } = await backUpLogs(repository, log)
    await archiveAll(repository, log)
    expect(await windowsOf(repository)).toContainEqual(expect.stringMatching(/^\d.* 7-7$/))
    const promises = { window: 0, now: new Date('2026-06-01T00:00:00Z'), signal: new AbortController().signal }
    await expect(requireUnprotected(repository, [id], promises)).rejects.toMatchObject({
      code: 'refused',
      message: expect.stringContaining('any more to transaction 7 of') as string,
    })
  } finally {
    rmSync(folder, { recursive: true })
  }
})
