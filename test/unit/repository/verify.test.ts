import { beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { validateBackups } from '../../../src/backup/validateBackups.ts'
import { HoldfastError } from '../../../src/core/errors.ts'
import { silent } from '../../../src/core/progress.ts'
import { initRepository, openRepository, type Repository } from '../../../src/repository/repository.ts'
import { memoryStorage } from '../../../src/storage/memory.ts'
import type { Storage } from '../../../src/storage/storage.ts'
import { backUp, damagedFiles, digests, readBack } from '../../support/smallBackup.ts'
import { collect, patterned } from '../../support/streams.ts'

const blockSize = 4096
const shared = patterned(100 * blockSize)
const first = {
  'databases/shared': shared,
  'databases/zero': Buffer.alloc(blockSize),
  'databases/mine': patterned(3 * blockSize, 2),
}

describe.each([
  ['plain', undefined],
  ['encrypted', { passphrase: 'p' }],
])('verifying a repository: %s', (_, key) => {
  let storage: Storage
  let repository: Repository

  beforeAll(async () => {
    storage = memoryStorage()
    await initRepository(storage, { encryption: key })
    repository = await openRepository(storage, { key })
  })
  beforeEach(async () => {
    for (const prefix of ['packs/', 'backups/', 'damaged/']) {
      for (const { name } of await Array.fromAsync(storage.list(prefix))) await storage.delete(name)
    }
  })

  const flip = async (name: string, at: number) => {
    const content = await collect(storage.get(name))
    content[at]! ^= 1
    await storage.delete(name)
    await storage.put(name, content)
  }
  const packs = async () => (await Array.fromAsync(storage.list('packs/'))).map(({ name }) => name)
  const markers = async () => (await Array.fromAsync(storage.list('damaged/'))).map(({ name }) => name)

  test('a whole one has no findings, and each block is read once', async () => {
    const a = await backUp(repository, first, { blockSize })
    const b = await backUp(repository, { copy: shared }, { blockSize })
    const progress: number[] = []
    const result = await repository.verifyBackups({ onProgress: ({ done, total }) => void progress.push(done! / total!) })
    expect(result).toEqual({
      backups: [a.id, b.id].map((id) => ({ id, damagedFiles: [], damagedPacks: [] })),
      blocks: 103,
      bytes: 103 * blockSize,
      packs: 1,
      unmarked: [],
    })
    expect(progress.at(-1)).toBe(1)
    expect(await markers()).toEqual([])
  })

  test('a flipped bit is found in every backup that needs its block, and the next backup heals the store', async () => {
    const a = await backUp(repository, first, { blockSize })
    const b = await backUp(repository, { copy: shared }, { blockSize })
    const [pack] = await packs()
    const table = await repository.readBlockTable(a)
    const { offset, stored } = table.location(17)
    await flip(pack!, offset + Math.floor(stored / 2))

    const result = await repository.verifyBackups()
    const byId = Object.fromEntries(result.backups.map((backup) => [backup.id, backup]))
    expect(byId[a.id]!.damagedFiles).toMatchObject([
      { path: 'databases/test/databases/shared', blocks: [17], error: { code: 'integrity' } },
    ])
    expect(byId[b.id]!.damagedFiles).toMatchObject([{ path: 'databases/test/copy', blocks: [17] }])
    expect(byId[a.id]!.damagedFiles[0]!.error.message).toContain(`${pack} in memory is damaged: expected`)
    expect(await markers()).toEqual([`damaged/${table.packs[0]!.id}`])
    expect(damagedFiles(await repository.verifyBackups())).toHaveLength(2)

    const healed = await backUp(repository, first, { blockSize })
    expect(healed.totals.newBlocks).toBe(103)
    expect(digests(await readBack(repository, healed))).toEqual(digests(first))
    const after = await repository.verifyBackups({ ids: [healed.id] })
    expect(after).toMatchObject({ backups: [{ id: healed.id, damagedFiles: [], damagedPacks: [] }] })
    // The same blocks lie in two packs now, and only one place is bad.
    const all = await repository.verifyBackups()
    expect(all.blocks).toBe(206)
    expect(damagedFiles(all).filter((file) => file.startsWith(healed.id))).toEqual([])
  })

  test('a damaged pack that cannot be marked is a finding like any other, and that it is not marked is told', async () => {
    const { id } = await backUp(repository, first, { blockSize })
    await flip((await packs())[0]!, 500)
    const full = new HoldfastError('repository', 'no space left')
    const failing: Storage = { ...storage, put: async () => Promise.reject(full) }
    const reader = await openRepository(failing, { key })
    expect(await validateBackups(reader, { progress: silent, signal: new AbortController().signal })).toMatchObject({
      verdict: 'bad',
      backups: [{ id, verdict: 'bad' }],
      warnings: [expect.stringMatching(/a damaged pack is not marked.*no space left/)],
    })
  })

  test.each([
    ['missing', async (name: string) => storage.delete(name), 'is missing'],
    ['cut', async (name: string) => rewrite(name, (content) => content.subarray(0, content.length - 5)), 'bytes, found'],
    ['longer', async (name: string) => rewrite(name, (content) => Buffer.concat([content, Buffer.alloc(1)])), 'bytes, found'],
    ['of another id', async (name: string) => flip(name, 10), 'to start with'],
  ])('a pack that is %s is a finding', async (_what, spoil, text) => {
    const { id } = await backUp(repository, first, { blockSize })
    await spoil((await packs())[0]!)
    const { backups } = await repository.verifyBackups()
    expect(backups).toMatchObject([
      { id, damagedPacks: [{ error: { code: 'integrity', message: expect.stringContaining(text) as string } }] },
    ])
  })

  test.each(['manifest', 'blocks'])('a damaged %s is a finding, and the other backups are checked all the same', async (part) => {
    const a = await backUp(repository, first, { blockSize })
    const b = await backUp(repository, { copy: shared }, { blockSize })
    await flip(`backups/${a.id}/${part}`, 300)
    const { backups, blocks } = await repository.verifyBackups()
    expect(blocks).toBe(100)
    expect(backups.find(({ id }) => id === a.id)).toMatchObject({
      error: { code: 'integrity', message: expect.stringContaining(a.id) as string },
    })
    expect(backups.find(({ id }) => id === b.id)).toEqual({ id: b.id, damagedFiles: [], damagedPacks: [] })
  })

  test('a sample reads about that part of the blocks, another one each time', async () => {
    await backUp(repository, { large: patterned(1000 * blockSize) }, { blockSize })
    const counts = new Set<number>()
    for (let run = 0; run < 12; run++) counts.add((await repository.verifyBackups({ sample: 0.1 })).blocks)
    expect(counts.size).toBeGreaterThan(1)
    for (const count of counts) expect(count).toBeGreaterThan(50)
    for (const count of counts) expect(count).toBeLessThan(160)
  })

  async function rewrite(name: string, change: (content: Buffer) => Buffer): Promise<void> {
    const content = await collect(storage.get(name))
    await storage.delete(name)
    await storage.put(name, change(content))
  }
})
