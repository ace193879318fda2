import { beforeEach, describe, expect, test } from 'vitest'
import { HoldfastError } from '../../../src/core/errors.ts'
import { encodings } from '../../../src/repository/block.ts'
import { acquireLease, type Lease, leaseTimes } from '../../../src/repository/lease.ts'
import type { Manifest } from '../../../src/repository/manifest.ts'
import { packName } from '../../../src/repository/names.ts'
import { initRepository, openRepository, type Repository } from '../../../src/repository/repository.ts'
import { memoryStorage } from '../../../src/storage/memory.ts'
import type { Storage } from '../../../src/storage/storage.ts'
import { ManualClock } from '../../support/manualClock.ts'
import { addFiles, backUp, digests, readBack } from '../../support/smallBackup.ts'
import { failure, patterned } from '../../support/streams.ts'

const blockSize = 4096
const options = { command: 'test', blockSize }
const files = { a: patterned(10 * blockSize), b: patterned(3 * blockSize + 1, 2) }

describe('a backup in the making', () => {
  let storage: Storage
  let clock: ManualClock
  let repository: Repository
  /** Called before each put; throwing makes the put fail. */
  let beforePut: (name: string) => void | Promise<void>

  beforeEach(async () => {
    const memory = memoryStorage()
    beforePut = () => {}
    storage = {
      ...memory,
      put: async (name, body, putOptions) => {
        await beforePut(name)
        await memory.put(name, body, putOptions)
      },
    }
    clock = new ManualClock()
    await initRepository(storage)
    repository = await openRepository(storage, { clock })
  })

  const objects = async () =>
    (await Array.fromAsync(storage.list(''))).map(({ name }) => name).filter((name) => !name.startsWith('leases/'))

  test('[repository.manifest-last] exists for nobody until its manifest is there, which is written last', async () => {
    const order: string[] = []
    const seen: unknown[] = []
    beforePut = (name) => void order.push(name)
    await using writer = await repository.startBackup(options)
    const fields = await addFiles(writer, files)
    expect(await repository.listBackups()).toEqual([])
    beforePut = async (name) => {
      order.push(name)
      if (!name.startsWith('leases/')) seen.push(...(await repository.listBackups()))
    }
    const manifest = await writer.finish(fields)
    expect(seen).toEqual([])
    expect(await repository.listBackups()).toEqual([{ id: manifest.id, manifest }])
    const lasting = order.filter((name) => !name.startsWith('leases/'))
    expect(lasting.at(-1)).toBe(`backups/${manifest.id}/manifest`)
    expect(lasting.at(-2)).toBe(`backups/${manifest.id}/blocks`)
    expect(lasting.slice(0, -2).every((name) => name.startsWith('packs/'))).toBe(true)
  })

  test('leaves nothing when it is abandoned, and the next one works', async () => {
    const before = await objects()
    {
      await using writer = await repository.startBackup(options)
      await addFiles(writer, files)
    }
    expect(await objects()).toEqual(before)
    expect(digests(await readBack(repository, await backUp(repository, files, { blockSize })))).toEqual(digests(files))
  })

  test('leaves nothing when packs cannot be stored, and says why', async () => {
    const before = await objects()
    const full = new HoldfastError('repository', 'no space left')
    beforePut = (name) => {
      if (name.startsWith('packs/')) throw full
    }
    expect(await failure(backUp(repository, files, { blockSize }))).toBe(full)
    expect(await objects()).toEqual(before)
    beforePut = () => {}
    expect(digests(await readBack(repository, await backUp(repository, files, { blockSize })))).toEqual(digests(files))
  })

  test.each(['blocks', 'manifest'])('leaves nothing when its %s cannot be stored', async (part) => {
    const before = await objects()
    beforePut = (name) => {
      if (name.endsWith(`/${part}`)) throw new HoldfastError('repository', 'no space left')
    }
    expect(await failure(backUp(repository, files, { blockSize }))).toMatchObject({ message: 'no space left' })
    expect(await objects()).toEqual(before)
  })

  test('stops with the reason when it is interrupted', async () => {
    const before = await objects()
    const controller = new AbortController()
    const reason = new HoldfastError('interrupted', 'stopped by SIGINT')
    const interrupted = async () => {
      await using writer = await repository.startBackup({ ...options, signal: controller.signal })
      await addFiles(writer, files)
      controller.abort(reason)
      await addFiles(writer, files)
    }
    expect(await failure(interrupted())).toBe(reason)
    expect(await failure(repository.startBackup({ ...options, signal: controller.signal }))).toBe(reason)
    expect(await objects()).toEqual(before)
    await backUp(repository, files, { blockSize })
  })

  test('[lease.exclusive] is refused while another one runs, which goes on', async () => {
    await using writer = await repository.startBackup(options)
    expect(await failure(repository.startBackup(options))).toMatchObject({
      code: 'refused',
      message: expect.stringContaining("'test'") as string,
    })
    expect(digests(await readBack(repository, await writer.finish(await addFiles(writer, files))))).toEqual(digests(files))
  })

  test.each(['blocks', 'manifest'])('does not come to be when its lease is lost before the %s is written', async (part) => {
    const before = await objects()
    let other: Lease | undefined
    beforePut = async (name) => {
      if (!name.endsWith(`/${part}`)) return
      // The process stood still for so long that another one took over.
      clock.jump(leaseTimes.life + leaseTimes.skew + 1)
      beforePut = () => {}
      other = await acquireLease(storage, 'packs', { clock, command: 'other', process: { host: 'other', pid: 1 } })
    }
    const error = await failure(backUp(repository, files, { blockSize }))
    expect(error).toMatchObject({ code: 'refused', message: expect.stringContaining("lost the lease 'packs'") as string })
    expect((await objects()).filter((name) => !name.startsWith('packs/'))).toEqual(before)
    await other!.release()
    await repository.deleteBackups([])
    expect(await objects()).toEqual(before)
  })

  test('that lost its lease leaves the packs that another one has reused meanwhile', async () => {
    let manifest: Manifest | undefined
    let stalled = ''
    beforePut = async (name) => {
      // The manifest is there already when the process stands still: the next put is the lease's.
      if (name.endsWith('/manifest')) stalled = name
      if (!stalled || !name.startsWith('leases/')) return
      beforePut = () => {}
      clock.jump(leaseTimes.life + leaseTimes.skew + 1)
      manifest = await backUp(repository, files, { blockSize })
    }
    expect(await failure(backUp(repository, files, { blockSize }))).toMatchObject({ code: 'refused' })
    expect(stalled).not.toBe('')
    expect(manifest!.totals.newBlocks).toBe(0)
    expect((await repository.listBackups()).map(({ id }) => id)).toEqual([manifest!.id])
    expect(digests(await readBack(repository, manifest!))).toEqual(digests(files))
  })

  test('says what kept it from removing what it stored', async () => {
    const broken = new HoldfastError('repository', 'unreachable')
    let working = true
    const flaky: Storage = {
      ...storage,
      delete: async (name) => {
        if (!working) throw broken
        await storage.delete(name)
      },
    }
    const leftBehind: unknown[] = []
    const onLeftBehind = (error: unknown) => void leftBehind.push(error)
    const writer = await (await openRepository(flaky, { clock })).startBackup({ ...options, onLeftBehind })
    await addFiles(writer, files)
    working = false
    await writer[Symbol.asyncDispose]()
    expect(leftBehind).toEqual([broken])
  })

  test('a short block that stays as it is does not keep its buffer', async () => {
    await using writer = await repository.startBackup(options)
    const buffer = writer.buffer()
    patterned(100).copy(buffer)
    await writer.add(buffer.subarray(0, 100))
    const { databases, ...fields } = await addFiles(writer, {})
    const whole = {
      path: 'databases/test/a',
      size: 100,
      mode: 0o600,
      uid: 0,
      gid: 0,
      kind: 'record' as const,
      firstBlock: 0,
      blocks: 1,
    }
    const manifest = await writer.finish({ ...fields, databases: [{ ...databases[0]!, files: [whole] }] })
    expect((await repository.readBlockTable(manifest)).location(0)).toMatchObject({ encoding: encodings.raw, plain: 100 })
    expect(writer.buffer().buffer).toBe(buffer.buffer)
    expect(digests(await readBack(repository, manifest))).toEqual(digests({ a: patterned(100) }))
  })

  test('stops at once when its lease is lost', async () => {
    await using writer = await repository.startBackup(options)
    clock.jump(leaseTimes.life + leaseTimes.skew + 1)
    await acquireLease(storage, 'packs', { clock, command: 'other', process: { host: 'other', pid: 1 } })
    await clock.advance(leaseTimes.renewal)
    expect(writer.signal.aborted).toBe(true)
    expect(await failure(writer.add(patterned(10)))).toMatchObject({ code: 'refused' })
  })

  test('forgets blocks that are taken back, also those still under way', async () => {
    await using writer = await repository.startBackup(options)
    await addFiles(writer, { a: files.a })
    const mark = writer.length
    await addFiles(writer, { torn: patterned(9 * blockSize, 7), zero: Buffer.alloc(blockSize) })
    writer.rewind(mark)
    expect(writer.length).toBe(mark)
    const { databases, ...fields } = await addFiles(writer, { b: files.b, again: patterned(blockSize, 7) })
    const first = {
      path: 'databases/test/a',
      size: files.a.length,
      mode: 0o600,
      uid: 0,
      gid: 0,
      kind: 'record' as const,
      firstBlock: 0,
      blocks: mark,
    }
    const manifest = await writer.finish({ ...fields, databases: [{ ...databases[0]!, files: [first, ...databases[0]!.files] }] })
    expect(digests(await readBack(repository, manifest))).toEqual(digests({ ...files, again: patterned(blockSize, 7) }))
    expect(manifest.totals).toMatchObject({
      blocks: mark + 5,
      newBlocks: mark + 5,
      size: files.a.length + files.b.length + blockSize,
    })
  })

  test('may use its buffers again without mixing blocks up', async () => {
    const content = Buffer.concat(
      Array.from({ length: 200 }, (_, index) =>
        index % 3 ? patterned(blockSize, index) : Buffer.alloc(blockSize, `${index % 9} `),
      ),
    )
    await using writer = await repository.startBackup(options)
    for (let at = 0; at < content.length; at += blockSize) {
      const buffer = writer.buffer()
      expect(buffer.length).toBe(blockSize)
      content.copy(buffer, 0, at, at + blockSize)
      await writer.add(buffer)
    }
    const { databases, ...fields } = await addFiles(writer, {})
    const file = {
      path: 'databases/test/a',
      size: content.length,
      mode: 0o600,
      uid: 0,
      gid: 0,
      kind: 'record' as const,
      firstBlock: 0,
      blocks: 200,
    }
    const manifest = await writer.finish({ ...fields, databases: [{ ...databases[0]!, files: [file] }] })
    expect((await readBack(repository, manifest))['a']!.equals(content)).toBe(true)
  })

  test.each([
    ['is missing', async (name: string) => storage.delete(name)],
    ['has another size', async (name: string) => replace(name, Buffer.alloc(100))],
    ['is marked as damaged', async (name: string) => storage.put(`damaged/${name.slice(-37, -5)}`, Buffer.from('x'))],
  ])('does not rely on a pack that %s', async (_, spoil) => {
    await backUp(repository, files, { blockSize })
    const [pack] = await Array.fromAsync(storage.list('packs/'))
    await spoil(pack!.name)
    const second = await backUp(repository, files, { blockSize })
    expect(second.totals.newBlocks).toBe(second.totals.blocks)
    expect(digests(await readBack(repository, second))).toEqual(digests(files))
  })

  test.each(['manifest', 'blocks'])('is made beside a backup whose %s is damaged, and tells of it', async (part) => {
    const first = await backUp(repository, files, { blockSize })
    await replace(`backups/${first.id}/${part}`, Buffer.from('nonsense'))
    await using writer = await repository.startBackup(options)
    expect(writer.skipped).toMatchObject([{ id: first.id, error: { code: 'integrity' } }])
    const second = await writer.finish(await addFiles(writer, files))
    expect(second.totals.newBlocks).toBe(second.totals.blocks)
    expect(digests(await readBack(repository, second))).toEqual(digests(files))
  })

  test('refuses blocks that are empty or too large', async () => {
    await using writer = await repository.startBackup(options)
    expect(await failure(writer.add(Buffer.alloc(0)))).toBeInstanceOf(RangeError)
    expect(await failure(writer.add(patterned(blockSize + 1)))).toBeInstanceOf(RangeError)
  })

  test('names its packs by ids that are found again', async () => {
    await backUp(repository, files, { blockSize })
    for (const { name } of await Array.fromAsync(storage.list('packs/'))) expect(packName(name.slice(-37, -5))).toBe(name)
  })

  async function replace(name: string, content: Buffer): Promise<void> {
    await storage.delete(name)
    await storage.put(name, content)
  }
})
