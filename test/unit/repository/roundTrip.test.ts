import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { initRepository, openRepository } from '../../../src/repository/repository.ts'
import { memoryStorage } from '../../../src/storage/memory.ts'
import { backUp, type Files, digests, readBack } from '../../support/smallBackup.ts'
import { failure, patterned } from '../../support/streams.ts'

const blockSize = 4096

/** Content with repeated, compressible, random and zero stretches, not always whole blocks. */
const content = fc
  .array(
    fc.record({ kind: fc.constantFrom('zero', 'text', 'random', 'block'), length: fc.nat(3 * blockSize), seed: fc.nat(5) }),
    { maxLength: 6 },
  )
  .map((parts) => Buffer.concat(parts.map(stretch)))

function stretch({ kind, length, seed }: { kind: string; length: number; seed: number }): Buffer {
  if (kind === 'zero') return Buffer.alloc(length)
  if (kind === 'text') return Buffer.alloc(length, `line ${seed}\n`)
  return patterned(kind === 'block' ? blockSize : length, seed)
}

const files = fc
  .array(content, { maxLength: 6 })
  .map((contents): Files => Object.fromEntries(contents.map((each, index) => [`dir/file${index}`, each])))

describe('a backup', { timeout: 60_000 }, () => {
  test.each([
    ['plain', undefined],
    ['encrypted', { passphrase: 'correct horse' }],
  ])('comes back as it was, whatever the files hold: %s', async (_, key) => {
    const storage = memoryStorage()
    await initRepository(storage, { encryption: key })
    const open = async () => openRepository(storage, { key })
    const repository = await open()
    const made: [Files, string][] = []
    await fc.assert(
      fc.asyncProperty(files, async (each) => {
        made.push([each, (await backUp(repository, each, { blockSize })).id])
      }),
      { numRuns: 12 },
    )
    const again = await open()
    for (const [each, id] of made) expect(digests(await readBack(again, await again.readManifest(id)))).toEqual(digests(each))
    expect((await again.listBackups()).map(({ id }) => id)).toEqual(made.map(([, id]) => id))
  })

  test('stores a block once, however often and in however many backups it occurs, and zeros never', async () => {
    const storage = memoryStorage()
    await initRepository(storage)
    const repository = await openRepository(storage)
    const block = patterned(blockSize)
    const first = await backUp(
      repository,
      { a: Buffer.concat([block, Buffer.alloc(blockSize * 100), block]), b: block },
      { blockSize },
    )
    expect(first.totals).toMatchObject({ size: 103 * blockSize, blocks: 103, newBlocks: 1, newBytes: blockSize })
    const second = await backUp(repository, { c: block, d: patterned(100, 2) }, { blockSize })
    expect(second.totals).toMatchObject({ size: blockSize + 100, blocks: 2, newBlocks: 1, newBytes: 100 })
    const third = await backUp(repository, { c: block }, { blockSize })
    expect(third.totals).toMatchObject({ newBlocks: 0, newBytes: 0, storedBytes: third.blockTable.size })
  })

  test('any part of it can be read', async () => {
    const storage = memoryStorage()
    await initRepository(storage)
    const repository = await openRepository(storage)
    const whole = Buffer.concat([
      patterned(50 * blockSize),
      Buffer.alloc(3 * blockSize),
      patterned(10 * blockSize, 3),
      Buffer.from('end'),
    ])
    const table = await repository.readBlockTable(await backUp(repository, { a: whole }, { blockSize }))
    await fc.assert(
      fc.asyncProperty(fc.nat(table.length), fc.nat(table.length), async (a, b) => {
        const [first, last] = a < b ? [a, b] : [b, a]
        const part = Buffer.concat(await Array.fromAsync(repository.readBlocks(table, { first, count: last - first })))
        expect(part.equals(whole.subarray(first * blockSize, last * blockSize))).toBe(true)
      }),
      { numRuns: 50 },
    )
    for (const [first, count] of [
      [table.length, 1],
      [-1, 1],
      [0, table.length + 1],
    ] as const) {
      expect(await failure(Array.fromAsync(repository.readBlocks(table, { first, count })))).toBeInstanceOf(RangeError)
    }
  })

  test('fills several packs, and reads across them', async () => {
    const storage = memoryStorage()
    await initRepository(storage, { encryption: { passphrase: 'p' } })
    const repository = await openRepository(storage, { key: { passphrase: 'p' } })
    const large = patterned(80 * 1024 * 1024)
    const manifest = await backUp(repository, { large })
    const packs = await Array.fromAsync(storage.list('packs/'))
    expect(packs.length).toBe(3)
    expect(Math.max(...packs.map(({ size }) => size))).toBeLessThan(33 * 1024 * 1024)
    expect((await readBack(repository, manifest))['large']!.equals(large)).toBe(true)
  })
})
