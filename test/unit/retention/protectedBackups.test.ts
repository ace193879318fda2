import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { beforeEach, describe, expect, test } from 'vitest'
import type { Manifest } from '../../../src/repository/manifest.ts'
import { initRepository, openRepository, type Repository } from '../../../src/repository/repository.ts'
import { rootLineage, type SegmentName, segmentName } from '../../../src/repository/segmentName.ts'
import { requireUnprotected } from '../../../src/retention/protectedBackups.ts'
import { memoryStorage } from '../../../src/storage/memory.ts'
import type { Storage } from '../../../src/storage/storage.ts'
import { archiveAll, backUpLogs } from '../../support/archiving.ts'
import { chainBytes, headerBytes } from '../../support/logBytes.ts'
import { windowsOf } from '../../support/planning.ts'
import { addFiles } from '../../support/smallBackup.ts'
import { SyntheticLog } from '../../support/syntheticLog.ts'

const hour = 3_600_000
const now = new Date('2026-11-25T12:00:00Z')
const ago = (hours: number): number => now.getTime() - hours * hour
const { signal } = new AbortController()

/** Transactions 2 to 11, one each hour, the last one an hour ago. */
const commitTimes = Array.from({ length: 10 }, (_, index) => ago(10 - index))
const transactions = chainBytes(
  commitTimes.map((commitTime) => ({ commitTime })),
  2,
)
const checksum = (id: number): number => transactions[id - 2]!.readUInt32LE(transactions[id - 2]!.length - 4)

let storage: Storage
let repository: Repository
let root: string
beforeEach(async () => {
  storage = memoryStorage()
  await initRepository(storage)
  repository = await openRepository(storage)
})

/** A backup that ends with a transaction. */
async function backUpAt(id: number): Promise<Manifest> {
  await using writer = await repository.startBackup({ command: 'test' })
  const fields = await addFiles(writer, { a: Buffer.from(`backup at ${id}`) })
  const lastTransaction = { id, checksum: checksum(id), commitTime: new Date(commitTimes[id - 2]!).toISOString() }
  const manifest = await writer.finish({ ...fields, databases: fields.databases.map((each) => ({ ...each, lastTransaction })) })
  root = rootLineage(manifest.databases[0]!.storeId)
  return manifest
}

/** Archives transactions from one to another, each in a segment of its own. */
async function archive(first: number, last: number): Promise<void> {
  await archiveIn(Array.from({ length: last - first + 1 }, (_, index) => [first + index, first + index]))
}

/** Archives transactions in segments, each from one to another. */
async function archiveIn(segments: [number, number][]): Promise<void> {
  const { creationTime, random } = (await repository.listBackups())[0]!.manifest!.databases[0]!.storeId
  const storeId = { creationTime, random }
  const before = segments[0]![0] - 1
  await repository.archive.putLineage({
    id: root,
    database: 'neo4j',
    storeId,
    origin: { id: before, checksum: checksum(before) },
    created: now.toISOString(),
  })
  const offset = (id: number): number =>
    headerBytes().length + transactions.slice(0, id - 2).reduce((sum, bytes) => sum + bytes.length, 0)
  for (const [first, last] of segments) {
    const place = { logVersion: 0, start: offset(first), end: offset(last + 1) }
    const segment: SegmentName = {
      lineage: root,
      first,
      last,
      checksum: checksum(last),
      latest: commitTimes[last - 2]!,
      ...place,
    }
    await repository.archive.putSegment(
      segment,
      (async function* () {
        yield await Promise.resolve(Buffer.concat(transactions.slice(first - 2, last - 1)))
      })(),
    )
  }
}

/** Damages the segment that begins with a transaction, and returns its name. */
async function damage(from: number): Promise<string> {
  const name = segmentName((await repository.archive.list()).segments.find(({ first }) => first === from)!)
  await storage.delete(name)
  await storage.put(name, Buffer.from('HFSEGM01 and nothing else'))
  return name
}

const protect = async (ids: string[], hours: number): Promise<void> =>
  requireUnprotected(repository, ids, { window: hours * hour, now, signal })
const refused = (text: string) => ({ code: 'refused', message: expect.stringContaining(text) as string })

describe('[archive.window] the promised window', () => {
  let older: Manifest
  let newer: Manifest
  beforeEach(async () => {
    older = await backUpAt(3)
    newer = await backUpAt(7)
    await archive(4, 11)
  })

  test('keeps the backup that its beginning needs', async () => {
    await expect(protect([older.id], 8)).rejects.toMatchObject(refused('2026-11-25T04:00:00.000Z to 2026-11-25T07:00:00.000Z'))
    await expect(protect([older.id, newer.id], 1)).rejects.toMatchObject(refused('within the promised window'))
  })

  test('lets go what it needs no more', async () => {
    await expect(protect([older.id], 4)).resolves.toBeUndefined()
    await expect(protect([newer.id], 8)).resolves.toBeUndefined()
  })

  test('deleting a backup frees the log that leads from it, and no more', async () => {
    expect(await repository.planDeletion([older.id])).toMatchObject({ segmentsFreed: 3, segmentsKept: 5 })
    expect(await repository.planDeletion([newer.id])).toMatchObject({ segmentsFreed: 0, segmentsKept: 8 })
    await repository.deleteBackups([older.id])
    // Nothing else would tell that transaction 8 follows this transaction 7.
    expect((await repository.archive.list()).segments.map(({ first }) => first)).toEqual([7, 8, 9, 10, 11])
    expect(await windowsOf(repository)).toEqual([`${root} 7-11`])
  })

  test('reaches to now where the database is idle since: how it ended stays', async () => {
    const idle = { window: 8 * hour, now: new Date(now.getTime() + 1000 * hour), signal }
    await expect(requireUnprotected(repository, [older.id, newer.id], idle)).rejects.toMatchObject(refused('within the promised'))
    await expect(requireUnprotected(repository, [older.id], idle)).resolves.toBeUndefined()
  })

  test('with no backup left, no log leads anywhere', async () => {
    expect(await repository.planDeletion([older.id, newer.id])).toMatchObject({ segmentsFreed: 8, segmentsKept: 0 })
  })
})

test('[archive.window] a backup stays where the log that leads past it is damaged', async () => {
  const backups = [await backUpAt(3), await backUpAt(7), await backUpAt(10)]
  await archive(4, 11)
  await damage(5)
  const only = { code: 'integrity', message: expect.stringContaining(`${backups[1]!.id} is the only way`) as string }
  await expect(protect([backups[1]!.id], 8)).rejects.toMatchObject(only)
  await expect(protect([backups[2]!.id], 8)).resolves.toBeUndefined()
  // All that is promised is behind the last backup.
  await expect(protect([backups[1]!.id], 1.5)).resolves.toBeUndefined()
})

describe('[archive.window] where the log that a backup ends in is damaged', () => {
  let oldest: Manifest
  let middle: Manifest
  let newest: Manifest
  let damaged: string
  beforeEach(async () => {
    oldest = await backUpAt(3)
    middle = await backUpAt(7)
    newest = await backUpAt(10)
    await archiveIn([
      [4, 5],
      [6, 8],
      [9, 11],
    ])
    damaged = await damage(6)
  })
  const undecided = (text: string) => ({
    code: 'integrity',
    message: expect.stringMatching(new RegExp(`${text}.*${damaged}`)) as string,
    hint: expect.stringContaining('keep ') as string,
  })

  test('that backup stays: nobody can tell what it leads to', async () => {
    await expect(protect([middle.id], 8)).rejects.toMatchObject(undecided(`${middle.id} is the only way`))
    await expect(protect([oldest.id, middle.id], 4)).rejects.toMatchObject(undecided('perhaps not be restored any more'))
  })

  test('others stay to which it may be no alternative', async () => {
    await expect(protect([oldest.id], 4)).rejects.toMatchObject(undecided('perhaps not be restored any more'))
    await expect(protect([newest.id], 8)).rejects.toMatchObject(undecided(`${newest.id} is the only way`))
  })

  test('all go that what is promised does not need', async () => {
    await expect(protect([oldest.id, middle.id], 1.5)).resolves.toBeUndefined()
    await expect(protect([oldest.id], 1.5)).resolves.toBeUndefined()
  })

  test('it is restored to nothing that it may not lead to', async () => {
    expect(await windowsOf(repository)).toEqual([`${root} 3-11`, 'backup 7-7'])
    await repository.deleteBackups([oldest.id])
    expect(await windowsOf(repository)).toEqual(['backup 7-7', `${root} 10-11`])
  })
})

test.each([5, 7])(
  '[archive.window] a backup goes where another one of the very same stays, though transaction %i is damaged',
  async (id) => {
    const backups = [await backUpAt(3), await backUpAt(7), await backUpAt(7)]
    await archiveIn([
      [4, 4],
      [5, 6],
      [7, 8],
      [9, 11],
    ])
    await damage(id)
    await expect(protect([backups[1]!.id], 8)).resolves.toBeUndefined()
    await expect(protect([backups[1]!.id, backups[2]!.id], 8)).rejects.toMatchObject({ code: 'integrity' })
  },
)

test('[archive.window] of two deletes at once, each of which relies on what the other deletes, one is refused', async () => {
  const backups = [await backUpAt(3), await backUpAt(3)]
  await archive(4, 11)
  const deletes = await Promise.allSettled(
    backups.map(async ({ id }) => repository.deleteBackups([id], { wait: 60_000, mayDelete: async () => protect([id], 100) })),
  )
  expect(deletes.map(({ status }) => status).toSorted()).toEqual(['fulfilled', 'rejected'])
  expect(await repository.listBackups()).toHaveLength(1)
  expect(await windowsOf(repository)).toEqual([`${root} 3-11`])
})

test('[archive.window] a backup that a validation has found damaged is not relied on', async () => {
  const older = await backUpAt(2)
  const [pack] = await Array.fromAsync(storage.list('packs/'))
  const newer = await backUpAt(3)
  await archive(3, 11)
  await expect(protect([newer.id], 8)).resolves.toBeUndefined()
  await storage.delete(pack!.name)
  await storage.put(pack!.name, Buffer.from('nonsense'))
  await repository.verifyBackups()
  await expect(protect([newer.id], 8)).rejects.toMatchObject(refused('within the promised window'))
  await expect(protect([older.id], 8)).resolves.toBeUndefined()
  expect((await repository.listSoundBackups()).map(({ id }) => id)).toEqual([newer.id])
})

test.each([20, 33])(
  '[archive.window] what is archived behind a backup joins it where all log before was freed (kernel version %i)',
  async (kernelVersion) => {
    const folder = mkdtempSync(join(tmpdir(), 'holdfast-freed-'))
    try {
      const log = SyntheticLog.create(folder, { kernelVersion }).write(3)
      const { id } = await backUpLogs(repository, log)
      await archiveAll(repository, log.write(1))
      await archiveAll(repository, log.write(2))
      // Nobody archives for a while; backups go on.
      await backUpLogs(repository, log.write(4).checkpoint())
      expect(await repository.deleteBackups([id])).toMatchObject({ plan: { segmentsFreed: 1, segmentsKept: 1 } })
      await archiveAll(repository, log.write(5))
      expect(await windowsOf(repository)).toEqual([`${rootLineage(log.store)} 11-16`])
    } finally {
      rmSync(folder, { recursive: true })
    }
  },
)

describe('[backup.proven] the newest proven backup', () => {
  test('is not deleted, and those proven before it and not proven at all are', async () => {
    const [first, second, third] = [await backUpAt(3), await backUpAt(4), await backUpAt(5)]
    for (const { id } of [first, second])
      await repository.putProof({ backup: id, time: now.toISOString(), neo4j: '5.26.30', ends: {}, checks: 8 })
    await expect(protect([second.id], 1)).rejects.toMatchObject(refused(`${second.id} is the newest backup that was proven`))
    await protect([first.id, third.id], 1)
    await repository.deleteBackups([first.id])
    expect([...(await repository.listProofs()).keys()]).toEqual([second.id])
  })
})
