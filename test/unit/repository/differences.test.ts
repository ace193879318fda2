import fc from 'fast-check'
import { beforeEach, describe, expect, test } from 'vitest'
import { difference, encodings } from '../../../src/repository/block.ts'
import type { Manifest } from '../../../src/repository/manifest.ts'
import { initRepository, openRepository, type Repository } from '../../../src/repository/repository.ts'
import { memoryStorage } from '../../../src/storage/memory.ts'
import type { Storage } from '../../../src/storage/storage.ts'
import { ManualClock } from '../../support/manualClock.ts'
import { backUp, damagedFiles, digests, type Files, readBack } from '../../support/smallBackup.ts'
import { collect, failure, patterned } from '../../support/streams.ts'

const blockSize = 4096

/** The content with a few bytes changed in some blocks. */
function changed(content: Buffer, at: readonly number[], by = 1): Buffer {
  const result = Buffer.from(content)
  for (const position of at) result[position % Math.max(content.length, 1)]! ^= by
  return result
}

test('the difference of two blocks, taken once more, gives the other', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 50 }), fc.nat(3), fc.nat(3), (bytes, shiftOne, shiftOther) => {
      const one = Buffer.concat([Buffer.alloc(shiftOne), bytes]).subarray(shiftOne)
      const other = Buffer.concat([Buffer.alloc(shiftOther), patterned(bytes.length)]).subarray(shiftOther)
      const both = difference(one, other)
      expect(both.equals(Buffer.from(one.map((byte, at) => byte ^ other[at]!)))).toBe(true)
      expect(difference(both, other).equals(one)).toBe(true)
      expect(difference(both, one).equals(other)).toBe(true)
    }),
  )
})

describe.each([
  ['plain', undefined],
  ['encrypted', { keyFile: patterned(32, 99) }],
])('changed blocks in a repository that is %s', (_, key) => {
  const content = patterned(40 * blockSize + 100)
  let storage: Storage
  let repository: Repository
  let clock: ManualClock

  beforeEach(async () => {
    storage = memoryStorage()
    await initRepository(storage, { encryption: key })
    clock = new ManualClock()
    repository = await openRepository(storage, { key, clock })
  })

  const encodingsOf = async (manifest: Manifest) => {
    const table = await repository.readBlockTable(manifest)
    return Array.from({ length: table.length }, (__, index) => table.location(index).encoding)
  }
  const differences = async (manifest: Manifest) =>
    (await encodingsOf(manifest)).filter((encoding) => encoding === encodings.difference).length
  const spoil = async (name: string, at: number) => {
    const object = await collect(storage.get(name))
    object[at]! ^= 1
    await storage.delete(name)
    await storage.put(name, object)
  }
  const packs = async () => (await Array.fromAsync(storage.list('packs/'))).map(({ name }) => name)

  test('are stored as differences where little has changed, and come back whole', async () => {
    const first = await backUp(repository, { a: content }, { blockSize })
    const now = changed(content, [0, 5000, 5001, 90_000, content.length - 1])
    const second = await backUp(repository, { a: now }, { blockSize })
    expect(await differences(second)).toBe(4)
    expect(second.totals.storedBytes - second.blockTable.size).toBeLessThan(4 * 100)
    expect(digests(await readBack(repository, second))).toEqual(digests({ a: now }))
    expect(digests(await readBack(repository, first))).toEqual(digests({ a: content }))
    expect(damagedFiles(await repository.verifyBackups())).toEqual([])
  })

  test('never build on one another, however many backups there are', async () => {
    let now = content
    const made: [Manifest, Files][] = []
    for (let round = 0; round < 6; round++) {
      now = changed(now, [round * 700, 4096 + round * 500, 30_000], round + 1)
      made.push([await backUp(repository, { a: now }, { blockSize }), { a: now }])
    }
    for (const [manifest, files] of made) {
      const table = await repository.readBlockTable(manifest)
      for (let row = table.length; row < table.rows; row++)
        expect([encodings.raw, encodings.zstd]).toContain(table.location(row).encoding)
      expect(digests(await readBack(repository, manifest))).toEqual(digests(files))
    }
    expect(await differences(made.at(-1)![0])).toBe(3)
  })

  test('are stored whole where much has changed, or the file or the store is another', async () => {
    await backUp(repository, { a: content }, { blockSize })
    const much = await backUp(repository, { a: patterned(content.length, 8) }, { blockSize })
    expect(await differences(much)).toBe(0)
    const elsewhere = await backUp(repository, { b: changed(content, [0]) }, { blockSize })
    expect(await differences(elsewhere)).toBe(0)
  })

  test('keep the pack of their base when the backup it came from is deleted', async () => {
    const first = await backUp(repository, { a: content }, { blockSize })
    // Every block differs, so the second backup needs nothing of the first but bases.
    const now = changed(
      content,
      Array.from({ length: 41 }, (__, block) => block * blockSize),
    )
    const second = await backUp(repository, { a: now }, { blockSize })
    expect(await differences(second)).toBe(41)
    expect((await repository.deleteBackups([first.id])).plan).toMatchObject({ packsFreed: 0, packsKept: 2 })
    expect(digests(await readBack(repository, second))).toEqual(digests({ a: now }))
  })

  test('are found when their base is damaged, and stored whole by the next backup', async () => {
    await backUp(repository, { a: content }, { blockSize })
    const [basePack] = await packs()
    const now = changed(content, [3 * blockSize + 7])
    const second = await backUp(repository, { a: now }, { blockSize })
    const table = await repository.readBlockTable(second)
    await spoil(basePack!, table.location(table.location(3).base).offset + 9)

    expect(await failure(readBack(repository, second))).toMatchObject({
      code: 'integrity',
      message: expect.stringContaining(basePack!) as string,
    })
    const { backups } = await repository.verifyBackups({ ids: [second.id] })
    expect(backups[0]!.damagedFiles).toMatchObject([{ path: 'databases/test/a', blocks: [3] }])
    expect(backups[0]!.damagedPacks).toMatchObject([{ pack: basePack!.slice(-37, -5) }])

    const third = await backUp(repository, { a: now }, { blockSize })
    expect(await differences(third)).toBe(0)
    expect(third.totals.newBlocks).toBe(41)
    expect(digests(await readBack(repository, third))).toEqual(digests({ a: now }))
  })

  test('do not build on a block that is known as a difference only, because its pack is damaged', async () => {
    const y = content.subarray(0, blockSize)
    const x = changed(y, [50])
    const z = changed(x, [60])
    const newest = async () => (await packs()).find((name) => !seen.includes(name))!
    const marker = (pack: string) => `damaged/${pack.slice(-37, -5)}`
    const seen: string[] = []
    await backUp(repository, { a: y }, { blockSize })
    seen.push(await newest())
    clock.jump(1000)
    await backUp(repository, { a: x }, { blockSize })
    const differenceOfX = await newest()
    seen.push(differenceOfX)
    // While that pack cannot be used, X is stored whole for another file, and Z as a difference to it.
    await storage.put(marker(differenceOfX), Buffer.from('x'))
    clock.jump(1000)
    await backUp(repository, { b: x }, { blockSize })
    const wholeX = await newest()
    clock.jump(1000)
    expect(await differences(await backUp(repository, { b: z }, { blockSize }))).toBe(1)
    // The pack is repaired, and then the one with the whole X is damaged.
    await storage.delete(marker(differenceOfX))
    await storage.put(marker(wholeX), Buffer.from('x'))
    clock.jump(1000)
    const last = await backUp(repository, { a: x, b: z }, { blockSize })
    expect(digests(await readBack(repository, last))).toEqual(digests({ a: x, b: z }))
  })

  test('whatever changes between backups, each comes back as it was', async () => {
    const made: [string, Record<string, string>][] = []
    let files: Files = { a: patterned(9 * blockSize + 5), b: Buffer.alloc(3 * blockSize, 'text ') }
    const step = fc.record({
      path: fc.constantFrom('a', 'b', 'c'),
      flips: fc.array(fc.nat(12 * blockSize), { maxLength: 4 }),
      length: fc.option(fc.nat(12 * blockSize)),
      remove: fc.boolean(),
    })
    await fc.assert(
      fc.asyncProperty(fc.array(step, { minLength: 1, maxLength: 3 }), fc.nat(9), async (steps, deletion) => {
        for (const { path, flips, length, remove } of steps) {
          const before = files[path] ?? Buffer.alloc(0)
          const resized =
            length === null
              ? before
              : Buffer.concat([before, patterned(Math.max(0, length - before.length), 5)]).subarray(0, length)
          files = remove && path === 'c' ? { a: files['a']!, b: files['b']! } : { ...files, [path]: changed(resized, flips) }
        }
        made.push([(await backUp(repository, files, { blockSize })).id, digests(files)])
        if (deletion === 0) await repository.deleteBackups([made.splice(Math.floor(made.length / 2), 1)[0]![0]])
        for (const [id, expected] of made.slice(-3)) {
          expect(digests(await readBack(repository, await repository.readManifest(id)))).toEqual(expected)
        }
      }),
      { numRuns: 30, endOnFailure: true },
    )
    expect(damagedFiles(await repository.verifyBackups())).toEqual([])
    for (const [id, expected] of made)
      expect(digests(await readBack(repository, await repository.readManifest(id)))).toEqual(expected)
  })
})
