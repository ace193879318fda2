import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import type { Manifest } from '../../../src/repository/manifest.ts'
import { openRepository, type Repository } from '../../../src/repository/repository.ts'
import { branchLineage, rootLineage, segmentName } from '../../../src/repository/segmentName.ts'
import { requireUnprotected } from '../../../src/retention/protectedBackups.ts'
import { archiveAll, archiveOn } from '../../support/archiving.ts'
import { sampleStore } from '../../support/logBytes.ts'
import { metered } from '../../support/meteredStorage.ts'
import { latest, planTo } from '../../support/planning.ts'
import { firstCommit, type SyntheticLog } from '../../support/syntheticLog.ts'
import { SyntheticServer } from '../../support/syntheticServer.ts'

const { signal } = new AbortController()
const day = 86_400

let server: SyntheticServer
let repository: Repository
/** `neo4j` at 4, `system` at 3. */
let before: Manifest
/** `neo4j` at 6, `system` at 4, which was a mistake. */
let mistaken: Manifest
let log: SyntheticLog
let system: SyntheticLog
/** Restored to 6 and 3: the first goes on for nine days, the second is idle. */
let restored: SyntheticLog
let users: SyntheticLog
beforeEach(async () => {
  server = await SyntheticServer.create()
  ;({ repository, log, system } = server)
  before = await server.backUpAt(4, log.write(3), system.write(2))
  await archiveAll(repository, log.write(2))
  await server.writeAt(6.5, system)
  mistaken = await server.backUpAt(7, log, system)
  await archiveAll(repository, log.write(2))
  ;({ log: restored, system: users } = server.restored(6, 3))
  await server.writeAt(50, restored, 'restored')
  await server.writeAt(9 * day, restored)
  server.clock.jumpTo(firstCommit + 10 * day * 1000)
})
afterEach(() => server[Symbol.dispose]())

/** With a promised window of three days. */
const protect = async (from: Repository, ...manifests: readonly Manifest[]): Promise<void> =>
  requireUnprotected(
    from,
    manifests.map(({ id }) => id),
    { window: 3 * day * 1000, now: server.clock.now(), signal },
  )
const ends = async (): Promise<number[]> => (await planTo(repository, latest)).replays.map(({ to }) => to.id)

test('[archive.window] the only backup that leads another database to where it stands is kept', async () => {
  expect(await ends()).toEqual([8, 3])
  await expect(protect(repository, before)).rejects.toMatchObject({
    code: 'refused',
    message: expect.stringMatching(
      /system would end with transaction 4 of \S+, where it now ends with transaction 3 of/,
    ) as string,
    hint: 'make a newer backup first, or give --force',
  })
  await expect(protect(repository, mistaken)).resolves.toBeUndefined()
})

test('a backup of behind the parting frees it, and no log is read to find out', async () => {
  const later = await server.backUpAt(10 * day, restored, users)
  const counted = metered(server.storage)
  const observed = await openRepository(counted, { clock: server.clock })
  await expect(protect(observed, before)).resolves.toBeUndefined()
  const reads = counted.requests.filter((request) => request.startsWith('get archive/') && request.endsWith('.segment'))
  expect(reads).toEqual([])
  await repository.deleteBackups([before.id])
  expect(await ends()).toEqual([8, 3])
  await expect(protect(repository, later)).rejects.toMatchObject({ code: 'refused' })
})

test('a backup of where all of them stood frees it, unless it is known to be damaged', async () => {
  const idle = await server.backUpAt(10 * day, log.copyUpTo(6, join(server.folder, 'idle')), users)
  expect(await ends()).toEqual([8, 3])
  await expect(protect(repository, before)).resolves.toBeUndefined()
  await expect(protect(repository, before, idle)).rejects.toMatchObject({ code: 'refused' })
  const packs = async (manifest: Manifest) => (await repository.readBlockTable(manifest)).packs.map(({ id }) => id)
  const shared = new Set(await packs(before))
  const own = (await packs(idle)).filter((id) => !shared.has(id))
  expect(own).not.toEqual([])
  for (const id of own) await server.storage.put(`damaged/${id}`, Buffer.from('x'))
  await expect(protect(repository, before)).rejects.toMatchObject({ code: 'refused' })
})

test('what asks which history is meant now keeps no backup', async () => {
  await archiveOn(repository, log.write(1), 1)
  await expect(ends()).rejects.toMatchObject({ code: 'refused' })
  await expect(protect(repository, before)).resolves.toBeUndefined()
})

test('what is damaged now keeps no backup', async () => {
  const { segments } = await repository.archive.list()
  const lineage = branchLineage(rootLineage(sampleStore), restored.at(7))
  const name = segmentName(segments.find((segment) => segment.lineage === lineage && segment.last === 8)!)
  await server.storage.delete(name)
  await server.storage.put(name, Buffer.from('nonsense'))
  await expect(protect(repository, before)).resolves.toBeUndefined()
})
