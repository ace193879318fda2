import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { systemClock } from '../../../src/core/clock.ts'
import { silent } from '../../../src/core/progress.ts'
import { planPointInTime } from '../../../src/recovery/pointInTimePlan.ts'
import { restore } from '../../../src/recovery/restore.ts'
import type { RestorePoint } from '../../../src/recovery/restorePoint.ts'
import type { Repository } from '../../../src/repository/repository.ts'
import { rootLineage, segmentName } from '../../../src/repository/segmentName.ts'
import { memoryStorage } from '../../../src/storage/memory.ts'
import type { Storage } from '../../../src/storage/storage.ts'
import { archiveAll, backUpLogs, beginArchiver, newRepository } from '../../support/archiving.ts'
import { sampleStore } from '../../support/logBytes.ts'
import { loggedIn } from '../../support/pointInTimeChecks.ts'
import { firstCommit, SyntheticLog } from '../../support/syntheticLog.ts'

const { signal } = new AbortController()

let folder: string
let storage: Storage
let repository: Repository
let log: SyntheticLog
beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), 'holdfast-replay-'))
  storage = memoryStorage()
  repository = await newRepository({ storage })
  log = SyntheticLog.create(join(folder, 'data'))
})
afterEach(() => rmSync(folder, { recursive: true }))

const planned = async (id: number, lineage?: string) =>
  planPointInTime(repository, { point: { kind: 'transaction', id }, database: 'neo4j', lineage, signal })

async function restored(id: number, lineage?: string): Promise<string> {
  const { manifest, replays } = await planned(id, lineage)
  const target = join(folder, `to-${id}`)
  await restore(repository, manifest, { target, replays, clock: systemClock, progress: silent, signal })
  return target
}

/** How the log of a restored directory differs from that of the source up to a transaction, byte by byte. */
function otherThan(source: SyntheticLog, id: number, target: string): string[] {
  const directory = join(target, 'transactions/neo4j')
  const { logVersion, end } = source.at(id)
  const names = readdirSync(directory).filter((name) => name.startsWith('neostore'))
  const versions = names.map((name) => Number(name.split('.').at(-1))).toSorted((a, b) => a - b)
  const last = versions.at(-1) === logVersion ? [] : [`the last file is ${versions.at(-1)}, expected ${logVersion}`]
  const others = versions.flatMap((version) => {
    const [found, whole] = [
      readFileSync(join(directory, `neostore.transaction.db.${version}`)),
      readFileSync(source.path(version)),
    ]
    const expected = version === logVersion ? whole.subarray(0, end) : whole
    return found.equals(expected) ? [] : [`file ${version} has ${found.length} bytes, expected ${expected.length}`]
  })
  return [...last, ...others]
}

test('[archive.exact] the log is the very log, cut behind any transaction', async () => {
  log.write(3)
  await backUpLogs(repository, log)
  log.write(2)
  await archiveAll(repository, log)
  log.write(3).rotate().write(4).rotate().write(1)
  await archiveAll(repository, log)
  for (let id = 4; id <= 14; id++) expect(otherThan(log, id, await restored(id))).toEqual([])
})

test('a transaction that is larger than a frame is cut off whole or not at all', async () => {
  log.write(1)
  await backUpLogs(repository, log)
  log
    .write(1, { body: 'x'.repeat(3 << 20) })
    .write(1, { body: 'y'.repeat(2 << 20) })
    .write(1)
  await archiveAll(repository, log)
  for (const id of [3, 4, 5]) expect(otherThan(log, id, await restored(id))).toEqual([])
})

test('overlapping segments join', async () => {
  log.write(3)
  await backUpLogs(repository, log)
  await using first = await beginArchiver(repository, log)
  await using second = await beginArchiver(repository, log)
  log.write(2)
  await first.step()
  log.write(3)
  await second.step()
  await first.step()
  log.rotate().write(2)
  await first.step()
  expect(otherThan(log, 11, await restored(11))).toEqual([])
  expect(otherThan(log, 8, await restored(8))).toEqual([])
})

test('[archive.lineages] a branch is shorter than what it replaces, in the same file or in fewer files', async () => {
  log.write(3)
  await backUpLogs(repository, log)
  log.write(5).rotate().write(5).rotate().write(2)
  await archiveAll(repository, log)
  const other = log.copyUpTo(7, join(folder, 'other')).write(1, { commitTime: firstCommit + 90_000 })
  await archiveAll(repository, other)
  expect(otherThan(other, 8, await restored(8))).toEqual([])
  expect(otherThan(log, 16, await restored(16, rootLineage(sampleStore)))).toEqual([])
})

test('[archive.lineages] a file that the backup had just begun does not stay behind a branch that goes on in the one before', async () => {
  log.write(4).rotate()
  await backUpLogs(repository, log)
  log.write(3)
  await archiveAll(repository, log)
  const other = log.copyUpTo(5, join(folder, 'other')).write(2, { commitTime: firstCommit + 90_000 })
  await archiveAll(repository, other)
  const target = await restored(7)
  expect(otherThan(other, 7, target)).toEqual([])
  expect(existsSync(join(target, 'transactions/neo4j/neostore.transaction.db.1'))).toBe(false)
  expect((await loggedIn(target)).at(-1)).toMatchObject({ id: 7, checksum: other.at(7).checksum })
})

test('log that does not join what is there is refused', async () => {
  log.write(3)
  await backUpLogs(repository, log)
  log.write(6)
  await archiveAll(repository, log)
  const { manifest, replays } = await planned(10)
  const [replay] = replays
  const [link] = replay!.links
  const hole = { ...replay!, links: [{ ...link!, segment: { ...link!.segment, start: link!.segment.start + 1000 } }] }
  const target = join(folder, 'hole')
  const options = { target, replays: [hole], clock: systemClock, progress: silent, signal }
  await expect(restore(repository, manifest, options)).rejects.toMatchObject({ code: 'integrity' })
  expect(existsSync(join(target, 'databases'))).toBe(false)
})

test('[damage.detected] a segment that is damaged after it was planned with is noticed, and no data directory appears', async () => {
  log.write(3)
  await backUpLogs(repository, log)
  log.write(6)
  await archiveAll(repository, log)
  const { manifest, replays } = await planned(10)
  const { segment } = replays[0]!.links[0]!
  await storage.delete(segmentName(segment))
  await storage.put(segmentName(segment), Buffer.from('HFSEGM01'))
  const target = join(folder, 'damaged')
  const options = { target, replays, clock: systemClock, progress: silent, signal }
  await expect(restore(repository, manifest, options)).rejects.toMatchObject({ code: 'integrity' })
  expect(existsSync(join(target, 'databases'))).toBe(false)
})

test('[archive.merge] segments that are merged between plan and restore are no loss', async () => {
  log.write(3)
  await backUpLogs(repository, log)
  const archiver = await beginArchiver(repository, log)
  for (let part = 0; part < 61; part++) {
    log.write(1)
    await archiver.step()
  }
  const point: RestorePoint = { kind: 'transaction', id: 30 }
  const { manifest, replays } = await planPointInTime(repository, { point, database: 'neo4j', signal })
  archiver.tidy()
  await archiver[Symbol.asyncDispose]()
  expect((await repository.archive.list()).segments.length).toBeLessThan(10)
  const target = join(folder, 'merged')
  await restore(repository, manifest, { target, replays, clock: systemClock, progress: silent, signal })
  expect(otherThan(log, 30, target)).toEqual([])
})
