import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { locate } from '../../../src/archive/locate.ts'
import type { Repository } from '../../../src/repository/repository.ts'
import { branchLineage, lineageName, rootLineage } from '../../../src/repository/segmentName.ts'
import type { ArchivingPlace } from '../../../src/service/archivingPlace.ts'
import { hasBase } from '../../../src/service/neededBase.ts'
import { ReadBack } from '../../../src/service/readBack.ts'
import type { Storage } from '../../../src/storage/storage.ts'
import { archiveAll, archiveOn } from '../../support/archiving.ts'
import { sampleStore } from '../../support/logBytes.ts'
import type { ManualClock } from '../../support/manualClock.ts'
import { endsOfPlan, latest, refused } from '../../support/planning.ts'
import { firstCommit, type SyntheticLog } from '../../support/syntheticLog.ts'
import { SyntheticServer } from '../../support/syntheticServer.ts'

const root = rootLineage(sampleStore)
const { signal } = new AbortController()

let server: SyntheticServer
let folder: string
let clock: ManualClock
let storage: Storage
let repository: Repository
let log: SyntheticLog
let warnings: string[]
beforeEach(async () => {
  server = await SyntheticServer.create()
  ;({ folder, clock, storage, repository, log } = server)
  warnings = []
})
afterEach(() => server[Symbol.dispose]())

async function isBased({ dataDir }: SyntheticLog, place: ArchivingPlace): Promise<boolean> {
  const warn = (message: string): void => void warnings.push(message)
  return hasBase(repository, dataDir, place, { readBack: new ReadBack(warn), clock, warn, signal })
}

/** Asked as when archiving begins. */
async function isBasedAtStart(of: SyntheticLog): Promise<boolean> {
  const { lineage, branch, place } = await locate(repository, of.dataDir, of.database, signal)
  const { database } = of
  return isBased(of, { database, along: lineage ?? branch?.parent, nextId: place.nextId, hasBranched: lineage === undefined })
}

/** Asked as when the last transaction was shipped. */
const isBasedAlong = async (lineage: string, of: SyntheticLog): Promise<boolean> =>
  isBased(of, { database: of.database, along: lineage, nextId: of.last.id + 1, hasBranched: false })

describe('[archive.gaps] log of two servers in one lineage leads on from no backup', () => {
  /** Archived to 8 by two servers that parted behind 6; this one goes on. */
  beforeEach(async () => {
    await server.backUpAt(4, log.write(3))
    await archiveAll(repository, log.write(2))
    const other = log.copyUpTo(6, join(folder, 'other'))
    await archiveOn(repository, other.write(2, { body: 'other' }), 2)
    await archiveOn(repository, log.write(2), 2)
  })

  test('but from one behind it', async () => {
    await archiveOn(repository, log.write(2), 2)
    await expect(endsOfPlan(repository, latest)).rejects.toMatchObject({ code: 'integrity' })
    expect(await isBasedAlong(root, log)).toBe(false)
    await server.backUpAt(20, log)
    expect(await isBasedAlong(root, log)).toBe(true)
    await archiveOn(repository, log.write(2), 2)
    expect(await isBasedAlong(root, log)).toBe(true)
    expect(await endsOfPlan(repository, latest)).toEqual([10, 12])
  })

  test('also where the two part within the newest segment', async () => {
    await archiveOn(repository, log.write(2), 4)
    expect(await isBasedAlong(root, log)).toBe(false)
    expect(warnings).toEqual([expect.stringContaining('two different histories at transaction 8')])
  })
})

describe.each(['gone', 'damaged'])('a lineage whose description is %s', (how) => {
  test('leads on from no backup', async () => {
    await server.backUpAt(4, log.write(3))
    await archiveAll(repository, log.write(5))
    const restored = log.copyUpTo(5, join(folder, 'restored')).write(2, { body: 'restored' })
    await archiveAll(repository, restored)
    const lineage = branchLineage(root, restored.at(6))
    await server.backUpAt(40, restored)
    await archiveOn(repository, restored.write(2), 2, lineage)
    expect(await isBasedAlong(lineage, restored)).toBe(true)
    await storage.delete(lineageName(lineage))
    if (how === 'damaged') await storage.put(lineageName(lineage), Buffer.from('nonsense'))
    expect(await isBasedAlong(lineage, restored)).toBe(false)
    await server.backUpAt(50, restored)
    expect(await isBasedAlong(lineage, restored)).toBe(true)
  })
})

describe('[archive.lineages] a database that has gone back and has written nothing since', () => {
  const said = (after: number) =>
    expect.stringContaining(`neo4j has left what was archived behind transaction ${after}`) as string

  test('needs a backup that shows it, once', async () => {
    await server.backUpAt(4, log.write(3))
    await archiveAll(repository, log.write(5))
    const restored = log.copyUpTo(6, join(folder, 'restored'))
    expect(await isBasedAtStart(restored)).toBe(false)
    expect(warnings).toEqual([said(6)])
    const { id } = await server.backUpAt(100, restored)
    expect(await isBasedAtStart(restored)).toBe(true)
    expect(warnings).toHaveLength(1)
    await expect(endsOfPlan(repository, latest)).rejects.toMatchObject(refused(id))
  })

  test('to a backup: that one is of before, and shows nothing', async () => {
    await server.backUpAt(6, log.write(5))
    await archiveAll(repository, log.write(3))
    const restored = log.copyUpTo(6, join(folder, 'restored'))
    clock.jump(60_000)
    expect(await isBasedAtStart(restored)).toBe(false)
    await server.backUpAt(100, restored)
    expect(await isBasedAtStart(restored)).toBe(true)
  })

  test('needs one again where the newest is of what was undone', async () => {
    await server.backUpAt(4, log.write(3))
    await archiveAll(repository, log.write(5))
    await server.backUpAt(10, log)
    const restored = log.copyUpTo(4, join(folder, 'restored'))
    clock.jump(3_600_000)
    expect(await isBasedAtStart(restored)).toBe(false)
  })

  test('within a later lineage, too', async () => {
    await server.backUpAt(4, log.write(3))
    await archiveAll(repository, log.write(5))
    const other = log.copyUpTo(6, join(folder, 'other')).write(4, { body: 'other' })
    await archiveAll(repository, other)
    await server.backUpAt(30, other)
    const restored = other.copyUpTo(8, join(folder, 'restored'))
    expect(await isBasedAtStart(restored)).toBe(false)
    await server.backUpAt(50, restored)
    expect(await isBasedAtStart(restored)).toBe(false)
    await server.backUpAt(80, restored)
    expect(await isBasedAtStart(restored)).toBe(true)
  })

  test('needs no backup at each start where the clock of what was undone was ahead', async () => {
    await server.backUpAt(4, log.write(3))
    await archiveAll(repository, log.write(3).write(2, { commitTime: firstCommit + 86_400_000 }))
    const restored = log.copyUpTo(6, join(folder, 'restored'))
    await server.backUpAt(100, restored)
    expect(await isBasedAtStart(restored)).toBe(true)
  })

  test('needs no backup at each start where a clock has dated an earlier one ahead', async () => {
    await server.backUpAt(86_400, log.write(3))
    await archiveAll(repository, log.write(5))
    const restored = log.copyUpTo(6, join(folder, 'restored'))
    await server.backUpAt(100, restored)
    expect(await isBasedAtStart(restored)).toBe(true)
  })
})

describe('[archive.lineages] a database that has gone back and goes on', () => {
  test('needs a backup of behind the parting, once', async () => {
    await server.backUpAt(6, log.write(5))
    await archiveAll(repository, log.write(3))
    const restored = log.copyUpTo(6, join(folder, 'restored')).write(1, { body: 'restored' })
    const lineage = branchLineage(root, restored.at(7))
    await archiveAll(repository, restored)
    clock.jump(60_000)
    expect(await isBasedAtStart(restored)).toBe(false)
    expect(await isBasedAlong(lineage, restored)).toBe(false)
    await server.backUpAt(100, restored)
    await archiveAll(repository, restored.write(3).rotate().write(3).checkpoint())
    restored.prune()
    expect(await isBasedAtStart(restored)).toBe(true)
    expect(await isBasedAlong(lineage, restored)).toBe(true)
    await server.backUpAt(200, log)
    expect(await isBasedAtStart(restored)).toBe(true)
  })

  test('needs no other one than that of when it was idle', async () => {
    await server.backUpAt(4, log.write(3))
    await archiveAll(repository, log.write(5))
    const restored = log.copyUpTo(6, join(folder, 'restored'))
    await server.backUpAt(100, restored)
    await archiveAll(repository, restored.write(3, { body: 'restored' }))
    expect(await isBasedAtStart(restored)).toBe(true)
  })
})
