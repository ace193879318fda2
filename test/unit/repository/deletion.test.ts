import { beforeEach, describe, expect, test } from 'vitest'
import { acquireLease, leaseTimes } from '../../../src/repository/lease.ts'
import { initRepository, openRepository, type Repository } from '../../../src/repository/repository.ts'
import { memoryStorage } from '../../../src/storage/memory.ts'
import type { Storage } from '../../../src/storage/storage.ts'
import { ManualClock } from '../../support/manualClock.ts'
import { addFiles, backUp, digests, readBack } from '../../support/smallBackup.ts'
import { failure, patterned } from '../../support/streams.ts'

const blockSize = 4096
const shared = patterned(8 * blockSize)
const first = { shared, only: patterned(5 * blockSize, 2) }
const second = { shared, other: patterned(2 * blockSize, 3) }

describe('deleting backups', () => {
  let storage: Storage
  let clock: ManualClock
  let repository: Repository

  beforeEach(async () => {
    storage = memoryStorage()
    clock = new ManualClock()
    await initRepository(storage)
    repository = await openRepository(storage, { clock })
  })

  const objects = async () =>
    (await Array.fromAsync(storage.list(''))).map(({ name }) => name).filter((name) => !name.startsWith('leases/'))
  const stored = async () =>
    (await Array.fromAsync(storage.list('')))
      .filter(({ name }) => !/^leases|manifest$/.test(name))
      .reduce((sum, { size }) => sum + size, 0)

  test('frees what no kept backup needs, exactly as planned', async () => {
    const a = await backUp(repository, first, { blockSize })
    const b = await backUp(repository, second, { blockSize })
    const before = await stored()

    const plan = await repository.planDeletion([b.id])
    expect(plan).toMatchObject({ backups: [b.id], packsFreed: 1, packsKept: 1 })
    expect(await stored()).toBe(before)
    expect((await repository.listBackups()).map(({ id }) => id)).toEqual([a.id, b.id].toSorted())

    expect(await repository.deleteBackups([b.id])).toEqual({ plan })
    expect(before - (await stored())).toBe(plan.bytesFreed)
    expect(digests(await readBack(repository, a))).toEqual(digests(first))
    expect((await repository.listBackups()).map(({ id }) => id)).toEqual([a.id])
  })

  test('keeps packs that a later backup refers to', async () => {
    const a = await backUp(repository, first, { blockSize })
    const b = await backUp(repository, second, { blockSize })
    expect(await repository.deleteBackups([a.id])).toMatchObject({ plan: { packsFreed: 0, packsKept: 2 } })
    expect(digests(await readBack(repository, b))).toEqual(digests(second))
    expect(await repository.deleteBackups([b.id])).toMatchObject({ plan: { packsFreed: 2, packsKept: 0 } })
    expect(await objects()).toEqual(['repository'])
  })

  test('beside a running backup takes nothing from it, and leaves the space to the next delete', async () => {
    const a = await backUp(repository, first, { blockSize })
    await using writer = await repository.startBackup({ command: 'running', blockSize })
    const fields = await addFiles(writer, second)
    const result = await repository.deleteBackups([a.id])
    expect(result).toMatchObject({
      plan: { backups: [a.id], packsFreed: 0 },
      postponed: expect.stringContaining("'running'") as string,
    })
    expect(await repository.listBackups()).toEqual([])

    const b = await writer.finish(fields)
    expect(b.totals.newBlocks).toBe(2)
    expect(digests(await readBack(repository, b))).toEqual(digests(second))
    expect(await repository.deleteBackups([])).toMatchObject({ plan: { packsFreed: 0, packsKept: 2 } })
    expect(digests(await readBack(repository, b))).toEqual(digests(second))
  })

  test('can wait for a running backup', async () => {
    const a = await backUp(repository, first, { blockSize })
    const writer = await repository.startBackup({ command: 'running', blockSize })
    const fields = await addFiles(writer, { other: second.other })
    const deleting = repository.deleteBackups([a.id], { wait: 60_000 })
    const b = await writer.finish(fields)
    await clock.advance(leaseTimes.poll)
    expect(await deleting).toMatchObject({ plan: { packsFreed: 1, packsKept: 1 } })
    expect(digests(await readBack(repository, b))).toEqual(digests({ other: second.other }))
  })

  test('removes what crashed runs left behind', async () => {
    const a = await backUp(repository, first, { blockSize })
    const left = [
      'packs/ab/abababababababababababababababab.pack',
      'backups/20260101T000000Z-aaaaaa/blocks',
      'damaged/abababababababababababababababab',
    ]
    for (const name of left) await storage.put(name, patterned(100))
    const { plan } = await repository.deleteBackups([])
    expect(plan).toMatchObject({ backups: [], bytesFreed: 300, packsFreed: 1, packsKept: 1 })
    expect(plan.objects.map(({ name }) => name).toSorted()).toEqual(left.toSorted())
    expect(digests(await readBack(repository, a))).toEqual(digests(first))
  })

  test('what nobody needs, as what a running backup has stored, is not said to be freed with a backup', async () => {
    const a = await backUp(repository, first, { blockSize })
    const b = await backUp(repository, { shared }, { blockSize })
    const before = await repository.planDeletion([a.id])
    expect(before).toMatchObject({ packsFreed: 0, packsKept: 1 })
    expect(before.objects.map(({ name }) => name)).toEqual([`backups/${a.id}/blocks`])
    await storage.put('packs/ab/abababababababababababababababab.pack', patterned(100))
    expect(await repository.planDeletion([a.id])).toEqual(before)
    expect(await repository.planDeletion([a.id, b.id])).toMatchObject({ packsFreed: 1, packsKept: 0 })
  })

  test('leaves alone what it does not know', async () => {
    const foreign = [
      'backups/20260101T000000Z-aaaaaa/blocks.old',
      'backups/20260101T000000Z-aaaaaa/notes/blocks',
      'backups/postgres/blocks',
      'backups/postgres/dump-2026.tar',
      'notes',
      'packs/README.txt',
    ]
    for (const name of foreign) await storage.put(name, Buffer.from('hello'))
    expect(await repository.deleteBackups([])).toMatchObject({ plan: { objects: [] } })
    expect(await objects()).toEqual([...foreign, 'repository'])
  })

  test('an unknown id is refused before anything is removed', async () => {
    const a = await backUp(repository, first, { blockSize })
    const before = await objects()
    expect(await failure(repository.deleteBackups([a.id, 'nothing']))).toMatchObject({
      code: 'usage',
      message: expect.stringContaining('no backup nothing in memory') as string,
    })
    expect(await objects()).toEqual(before)
  })

  test.each(['manifest', 'blocks'])(
    'nothing is removed while a kept backup has a damaged %s, but that one can be deleted',
    async (part) => {
      const a = await backUp(repository, first, { blockSize })
      const b = await backUp(repository, second, { blockSize })
      const name = `backups/${a.id}/${part}`
      await storage.delete(name)
      await storage.put(name, Buffer.from('nonsense'))
      const before = await objects()
      expect(await failure(repository.deleteBackups([b.id]))).toMatchObject({
        code: 'integrity',
        message: expect.stringContaining(
          `backup ${a.id} is kept, but what it needs cannot be read, so nothing was deleted`,
        ) as string,
        hint: expect.stringContaining(`delete backup ${a.id} too`) as string,
      })
      expect(await objects()).toEqual(before)
      expect(await repository.deleteBackups([a.id])).toMatchObject({ plan: { packsFreed: 0, packsKept: 2 } })
      expect(digests(await readBack(repository, b))).toEqual(digests(second))
    },
  )

  test('nothing more is removed once the lease is lost', async () => {
    const a = await backUp(repository, first, { blockSize })
    let listings = 0
    const slow: Storage = {
      ...storage,
      async *list(prefix, options) {
        // While this delete looks around under its lease it stands still, and another process takes over.
        if (prefix === 'damaged/' && (listings += 1) === 2) {
          clock.jump(leaseTimes.life + leaseTimes.skew + 1)
          await acquireLease(storage, 'packs', { clock, command: 'other', process: { host: 'other', pid: 1 } })
        }
        yield* storage.list(prefix, options)
      },
    }
    const stalled = await openRepository(slow, { clock })
    expect(await failure(stalled.deleteBackups([a.id]))).toMatchObject({
      code: 'refused',
      message: expect.stringContaining('lost the lease') as string,
    })
    expect((await objects()).filter((name) => name.startsWith('packs/'))).toHaveLength(1)
  })
})
