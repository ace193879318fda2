import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { type Located, locate } from '../../../src/archive/locate.ts'
import { openRepository, type Repository } from '../../../src/repository/repository.ts'
import { branchLineage, lineageName, rootLineage } from '../../../src/repository/segmentName.ts'
import type { Storage } from '../../../src/storage/storage.ts'
import { ObjectMissingError } from '../../../src/storage/storageErrors.ts'
import { archiveAll } from '../../support/archiving.ts'
import { sampleStore } from '../../support/logBytes.ts'
import { endsOfPlan, latest, planTo, tx } from '../../support/planning.ts'
import { runInTime } from '../../support/runningArchiver.ts'
import { collect } from '../../support/streams.ts'
import { SyntheticLog } from '../../support/syntheticLog.ts'
import { SyntheticServer } from '../../support/syntheticServer.ts'

const root = rootLineage(sampleStore)
const { signal } = new AbortController()

let server: SyntheticServer
let storage: Storage
let repository: Repository
/** Archived to 9. */
let log: SyntheticLog
/** Left it behind 5, and is archived to 7. */
let restored: SyntheticLog
let lineage: string
let description: Buffer
beforeEach(async () => {
  server = await SyntheticServer.create()
  ;({ storage, repository, log } = server)
  await server.backUpAt(4, log.write(3))
  await archiveAll(repository, log.write(5))
  restored = log.copyUpTo(5, join(server.folder, 'restored')).write(2, { body: 'restored' })
  await archiveAll(repository, restored)
  lineage = branchLineage(root, restored.at(6))
  description = await collect(storage.get(lineageName(lineage)))
})
afterEach(() => server[Symbol.dispose]())

const find = async ({ dataDir, database }: SyntheticLog): Promise<Located> => locate(repository, dataDir, database, signal)

describe.each(['gone', 'damaged'])('a description of a later lineage that is %s', (how) => {
  beforeEach(async () => {
    await storage.delete(lineageName(lineage))
    if (how === 'damaged') await storage.put(lineageName(lineage), Buffer.from('nonsense'))
  })

  test('is not made up: a new lineage begins behind it, and but one', async () => {
    const branch = { parent: lineage, after: 7 }
    expect(await find(restored)).toMatchObject({ lineage: undefined, branch, place: { nextId: 8 } })
    const events = await archiveAll(repository, restored.write(2))
    expect(events.map(({ kind }) => kind)).toEqual(['begun', 'lineage', 'shipped'])
    const next = branchLineage(root, restored.at(8))
    expect(await repository.archive.readLineage(next)).toMatchObject({ branch })
    expect(await find(restored)).toMatchObject({ lineage: next, place: { nextId: 10 } })
    expect((await archiveAll(repository, restored.write(1))).map(({ kind }) => kind)).toEqual(['begun', 'shipped'])
  })

  test('keeps nothing from being restored that a later backup leads to', async () => {
    await archiveAll(repository, restored.write(2))
    await server.backUpAt(20, restored)
    await archiveAll(repository, restored.write(2))
    expect(await endsOfPlan(repository, latest)).toEqual([9, 11])
    expect(await endsOfPlan(repository, tx(10))).toEqual([9, 10])
    expect((await planTo(repository, latest)).doubts).toEqual([expect.stringContaining(`lineage ${lineage} is not considered`)])
  })

  test('that is put back makes one history of both', async () => {
    await archiveAll(repository, restored.write(2))
    if (how === 'damaged') await storage.delete(lineageName(lineage))
    await storage.put(lineageName(lineage), description)
    expect(await endsOfPlan(repository, latest)).toEqual([4, 9])
    expect((await planTo(repository, latest)).doubts).toEqual([])
    expect(await find(restored)).toMatchObject({ lineage: branchLineage(root, restored.at(8)) })
  })

  test('leaves it open which lineage lost what was pruned', async () => {
    restored.write(5).rotate().write(2).checkpoint().prune()
    const found = await find(restored)
    expect(found).toMatchObject({ lineage: undefined, place: { nextId: 13 } })
    expect(found.gap).toBeUndefined()
    await archiveAll(repository, restored)
    const next = branchLineage(root, restored.at(13))
    restored.write(2).rotate().write(2).checkpoint().prune()
    expect(await find(restored)).toMatchObject({ lineage: next, gap: { first: 15, last: 16 }, place: { nextId: 17 } })
  })
})

test.each(['first', 'later'])(
  'a description of the %s lineage that goes away while it is archived is missed by and by',
  async (which) => {
    const live =
      which === 'first' ? SyntheticLog.create(join(server.folder, 'live'), { store: { ...sampleStore, random: '9' } }) : restored
    await archiveAll(repository, live.write(1))
    const id = which === 'first' ? rootLineage(live.store) : lineage
    await using archiver = runInTime(repository, live)
    await archiver.until(() => archiver.kinds().includes('begun'))
    await storage.delete(lineageName(id))
    for (let part = 0; part < 60; part++) {
      live.write(1)
      await archiver.until(() => archiver.events.some((event) => event.kind === 'shipped' && event.segment.last === live.last.id))
    }
    await archiver.until(() => archiver.kinds().filter((kind) => kind === 'begun').length === 2)
    const { last } = live
    live.write(1)
    await archiver.until(() => archiver.events.some((event) => event.kind === 'shipped' && event.segment.last === live.last.id))
    const said = which === 'first' ? { kind: 'described', lineage: id } : { kind: 'lineage', parent: id, after: last.id }
    expect(archiver.events).toContainEqual(expect.objectContaining(said))
    expect(archiver.kinds()).not.toContain('failed')
  },
)

test('a description that is listed, and once said not to be there, is not taken for gone: no other lineage begins', async () => {
  let lies = 1
  const get: Storage['get'] = (name, options) => {
    if (name === lineageName(lineage) && lies-- > 0) throw new ObjectMissingError(storage.location, name)
    return storage.get(name, options)
  }
  const lied = await openRepository({ ...storage, get })
  await expect(archiveAll(lied, restored.write(2))).rejects.toMatchObject({
    code: 'repository',
    message: expect.stringMatching(/lineage is listed in .*, but reading it says that it is not there/) as string,
  })
  expect((await archiveAll(lied, restored)).map(({ kind }) => kind)).toEqual(['begun', 'shipped'])
  expect(await find(restored)).toMatchObject({ lineage })
})
