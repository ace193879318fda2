import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { HoldfastError } from '../../../src/core/errors.ts'
import { ArchivedHistory } from '../../../src/repository/archivedHistory.ts'
import type { Link } from '../../../src/repository/archiveChain.ts'
import { openRepository, type Repository } from '../../../src/repository/repository.ts'
import { rootLineage, segmentName } from '../../../src/repository/segmentName.ts'
import { ReadBack } from '../../../src/service/readBack.ts'
import { memoryStorage } from '../../../src/storage/memory.ts'
import type { Storage } from '../../../src/storage/storage.ts'
import { archiveAll, newRepository } from '../../support/archiving.ts'
import { type MeteredStorage, metered } from '../../support/meteredStorage.ts'
import { SyntheticLog } from '../../support/syntheticLog.ts'

let folder: string
let plain: Storage
let storage: MeteredStorage
let repository: Repository
let log: SyntheticLog
let fails: boolean
let warnings: string[]
let readBack: ReadBack
beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), 'holdfast-read-back-'))
  fails = false
  plain = memoryStorage()
  await newRepository({ storage: plain })
  storage = metered(plain, () => {
    if (fails) throw new HoldfastError('repository', 'no answer')
  })
  repository = await openRepository(storage)
  log = SyntheticLog.create(join(folder, 'data')).write(3)
  await archiveAll(repository, log)
  warnings = []
  readBack = new ReadBack((message) => warnings.push(message))
})
afterEach(() => rmSync(folder, { recursive: true }))

const newest = async (): Promise<{ history: ArchivedHistory; link: Link }> => {
  const history = await ArchivedHistory.read(repository, new AbortController().signal)
  return { history, link: history.chain(rootLineage(log.store)).at(-1)! }
}
const isWhole = async (): Promise<boolean> => {
  const { history, link } = await newest()
  return readBack.isWhole('neo4j', history, link)
}
const reads = (): number => storage.requests.filter((request) => request.startsWith('get') && request.endsWith('.segment')).length

test('the newest segment is read once, and the next one when that is there', async () => {
  expect([await isWhole(), await isWhole(), reads()]).toEqual([true, true, 1])
  await archiveAll(repository, log.write(1))
  expect([await isWhole(), await isWhole(), reads()]).toEqual([true, true, 2])
  expect(warnings).toEqual([])
})

test('[damage.detected] one that is damaged is warned of for as long as it is there', async () => {
  const { link } = await newest()
  const name = segmentName(link.segment)
  const whole = (await Array.fromAsync(plain.get(name)))[0]!
  await plain.delete(name)
  await plain.put(name, Buffer.from('nonsense'))
  expect([await isWhole(), await isWhole()]).toEqual([false, false])
  expect(warnings).toHaveLength(2)
  expect(warnings[0]).toContain(`neo4j leads nowhere, and the archive needs a backup behind it: ${name}`)
  await plain.delete(name)
  await plain.put(name, whole)
  expect(await isWhole()).toBe(true)
})

test('storage that does not answer says nothing of what it holds', async () => {
  const { history, link } = await newest()
  fails = true
  await expect(readBack.isWhole('neo4j', history, link)).rejects.toMatchObject({ code: 'repository' })
  fails = false
  expect(await isWhole()).toBe(true)
  expect(warnings).toEqual([])
})
