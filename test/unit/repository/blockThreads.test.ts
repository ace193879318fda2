import { createSecretKey, hash, randomBytes } from 'node:crypto'
import { describe, expect, test } from 'vitest'
import { memoryStorage } from '../../../src/storage/memory.ts'
import { encodings } from '../../../src/repository/block.ts'
import { BlockThreads } from '../../../src/repository/blockThreads.ts'
import { encrypt } from '../../../src/repository/encryption.ts'
import { initRepository, openRepository } from '../../../src/repository/repository.ts'
import { backUp, damagedFiles } from '../../support/smallBackup.ts'
import { patterned } from '../../support/streams.ts'

const blockSize = 256 * 1024
const program = (text: string): URL => new URL(`data:text/javascript,${encodeURIComponent(text)}`)

/** Enough blocks that threads are started, each of its own content. */
async function identifyMany(threads: BlockThreads): Promise<Uint8Array[]> {
  return Promise.all(
    Array.from({ length: 100 }, async (_, number) => {
      const { plain } = threads.take(blockSize)
      plain.fill(`block ${number} `)
      return threads.run('identify', plain)
    }),
  )
}

describe('threads that work on blocks', () => {
  test('give the answers in the order of the tasks', async () => {
    await using threads = new BlockThreads()
    const expected = Array.from({ length: 100 }, (_, number) =>
      hash('sha256', Buffer.alloc(blockSize, `block ${number} `), 'hex'),
    )
    expect((await identifyMany(threads)).map((digest) => Buffer.from(digest).toString('hex'))).toEqual(expected)
  })

  test('encode and decode, also what is encrypted', async () => {
    await using threads = new BlockThreads()
    await identifyMany(threads)
    const { plain, stored } = threads.take(blockSize)
    plain.fill('some text ')
    const { encoding, length } = await threads.run('encode', plain, stored)
    expect(encoding).toBe(encodings.zstd)
    const key = createSecretKey(randomBytes(32))
    const nonce = randomBytes(12)
    const back = threads.take(blockSize)
    const data = encrypt(key, nonce, stored.subarray(0, length))
    const decoded = await threads.run('decode', back.plain, { data, encoding, cipher: { key, nonce } })
    expect(Buffer.from(decoded.digest!)).toEqual(hash('sha256', plain, 'buffer'))
    expect(back.plain.equals(plain)).toBe(true)
    data[0]! ^= 1
    expect(await threads.run('decode', back.plain, { data, encoding, cipher: { key, nonce } })).toMatchObject({
      authentic: false,
    })
  })

  test('a spare slot is used again, and a larger one made where it does not fit', async () => {
    await using threads = new BlockThreads()
    const slot = threads.take(1000, 10)
    threads.give(slot)
    expect(threads.take(10, 1000)).toBe(slot)
    threads.give(slot)
    expect(threads.take(10, 1001).stored.length).toBeGreaterThanOrEqual(1001)
  })

  test.each([
    ['ends by itself', 'process.exit(7)', 'it ended with 7'],
    ['throws', 'throw new Error("out of luck")', 'out of luck'],
    [
      'ends at a task',
      'import("node:worker_threads").then(({ parentPort }) => parentPort.on("message", () => process.exit(9)))',
      'it ended with 9',
    ],
  ])('one that %s is an error of all that waits for it', async (_, text, reason) => {
    await using threads = new BlockThreads(program(text))
    const error = expect.objectContaining({ code: 'failed', message: `a thread that works on blocks failed: ${reason}` })
    await expect(identifyMany(threads)).rejects.toEqual(error)
    await expect(identifyMany(threads)).rejects.toEqual(error)
  })

  test('what a task throws is an error of that task alone', async () => {
    await using threads = new BlockThreads()
    await identifyMany(threads)
    const { plain } = threads.take(blockSize)
    await expect(threads.run('encode', plain, new Uint8Array(0))).rejects.toThrow(RangeError)
    await expect(threads.run('identify', plain)).resolves.toHaveLength(32)
  })

  test('once they have ended, what waits for them fails', async () => {
    const threads = new BlockThreads(
      program('import("node:worker_threads").then(({ parentPort }) => parentPort.on("message", () => {}))'),
    )
    const waiting = Promise.allSettled([identifyMany(threads)])
    await threads[Symbol.asyncDispose]()
    expect(await waiting).toMatchObject([{ status: 'rejected', reason: { message: expect.stringContaining('it ended with') } }])
    await expect(identifyMany(threads)).rejects.toThrow('have ended')
  })
})

test.each([[undefined], [{ passphrase: 'words' }]])('a backup large enough for threads comes back whole (%j)', async (key) => {
  const storage = memoryStorage()
  await initRepository(storage, { encryption: key })
  const repository = await openRepository(storage, { key })
  const files = {
    text: Buffer.alloc(30 * blockSize + 77, 'some text '),
    noise: patterned(50 * blockSize + 1),
    empty: Buffer.alloc(0),
  }
  for (let index = 0; index < 30; index++) files.text.write(`page ${index}`, index * blockSize)
  for (const change of [0, 1]) {
    files.noise[3 * blockSize + 5]! ^= change
    const { id } = await backUp(repository, files, { blockSize })
    const manifest = await repository.readManifest(id)
    const table = await repository.readBlockTable(manifest)
    expect(Buffer.concat(await Array.fromAsync(repository.readBlocks(table))).equals(Buffer.concat(Object.values(files)))).toBe(
      true,
    )
    expect(damagedFiles(await repository.verifyBackups())).toEqual([])
  }
})
