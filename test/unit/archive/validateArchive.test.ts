import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { type ArchiveVerdict, validateArchive } from '../../../src/archive/validateArchive.ts'
import { silent } from '../../../src/core/progress.ts'
import { openRepository, type Repository } from '../../../src/repository/repository.ts'
import { gapName, lineageName, rootLineage, segmentName } from '../../../src/repository/segmentName.ts'
import { memoryStorage } from '../../../src/storage/memory.ts'
import type { Storage } from '../../../src/storage/storage.ts'
import { archiveAll, newRepository, putSegment, segmentOf } from '../../support/archiving.ts'
import { sampleStore } from '../../support/logBytes.ts'
import { metered } from '../../support/meteredStorage.ts'
import { collect } from '../../support/streams.ts'
import { SyntheticLog } from '../../support/syntheticLog.ts'

const root = rootLineage(sampleStore)
const { signal } = new AbortController()

let folder: string
let storage: Storage
let repository: Repository
let log: SyntheticLog
beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), 'holdfast-validate-archive-'))
  storage = memoryStorage()
  repository = await newRepository({ storage })
  log = SyntheticLog.create(join(folder, 'data'))
  for (const count of [3, 2, 4]) await archiveAll(repository, log.write(count))
})
afterEach(() => rmSync(folder, { recursive: true }))

const validate = async (): Promise<ArchiveVerdict> => validateArchive(repository, { progress: silent, signal })

test('an archive that is sound is good, and all of it was read', async () => {
  expect(await validate()).toEqual({
    verdict: 'good',
    lineages: [{ lineage: root, database: 'neo4j', segments: 3, transactions: 9, logBytes: log.size, problems: [] }],
  })
})

test('[damage.detected] every flipped byte of a segment is found and named', async () => {
  const name = segmentName(segmentOf(log, 5, 6))
  const whole = await collect(storage.get(name))
  for (let at = 0; at < whole.length; at += 7) {
    const flipped = Buffer.from(whole)
    flipped[at]! ^= 0x40
    await storage.delete(name)
    await storage.put(name, flipped)
    const { verdict, lineages } = await validate()
    // Some bits of a frame's header change nothing of the log in it, which is verified.
    if (verdict === 'good') expect(lineages[0]).toMatchObject({ transactions: 9 })
    else expect(lineages[0]!.problems).toEqual([expect.stringContaining(name)])
  }
  await storage.delete(name)
  await storage.put(name, whole.subarray(0, -1))
  expect((await validate()).verdict).toBe('bad')
})

test('[damage.detected] what is missing, of two histories, or not described is bad', async () => {
  const copy = log.copyUpTo(6, join(folder, 'copy')).write(4, { body: 'another' })
  await putSegment(repository, copy, segmentOf(copy, 7, 10))
  await storage.delete(segmentName(segmentOf(log, 5, 6)))
  await storage.delete(lineageName(root))
  const { verdict, lineages } = await validate()
  expect(verdict).toBe('bad')
  expect(lineages[0]!.problems).toEqual([
    expect.stringContaining(lineageName(root)),
    'transactions 5 to 6 are in no segment any more: something removed it',
    expect.stringContaining('holds two different histories at transaction 10'),
  ])
})

test('[damage.detected] two histories of which no two segments end alike are bad', async () => {
  const copy = log.copyUpTo(8, join(folder, 'copy')).write(4, { body: 'another' })
  await putSegment(repository, copy, segmentOf(copy, 9, 12))
  const { verdict, lineages } = await validate()
  expect(verdict).toBe('bad')
  expect(lineages[0]!.problems).toEqual([expect.stringContaining('holds two different histories at transaction 10')])
})

test('what a delete frees while it is read is no damage, and what something else removes is', async () => {
  const removing = (...ids: [number, number][]): Storage => {
    const names = ids.map(([first, last]) => segmentName(segmentOf(log, first, last)))
    return metered(storage, async (request) => {
      if (request === `get ${names[0]}`) for (const name of names) await storage.delete(name)
    })
  }
  repository = await openRepository(removing([2, 4]))
  expect(await validate()).toMatchObject({ verdict: 'good', lineages: [{ transactions: 6, problems: [] }] })
  await archiveAll(await openRepository(storage), log.write(2))
  repository = await openRepository(removing([7, 10]))
  expect(await validate()).toMatchObject({
    verdict: 'bad',
    lineages: [{ problems: ['transactions 7 to 10 are in no segment any more: something removed it'] }],
  })
})

test('[damage.detected] the marker of a gap that is damaged is bad', async () => {
  const gap = { lineage: root, first: 11, last: 20 }
  await repository.archive.putGap({ ...gap, found: new Date().toISOString() })
  expect((await validate()).verdict).toBe('good')
  await storage.delete(gapName(gap))
  await storage.put(gapName(gap), Buffer.from('nonsense'))
  expect(await validate()).toMatchObject({ verdict: 'bad', lineages: [{ problems: [expect.stringContaining(gapName(gap))] }] })
})
