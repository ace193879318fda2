import { beforeEach, describe, expect, test } from 'vitest'
import { systemClock } from '../../../src/core/clock.ts'
import type { ManifestFields } from '../../../src/repository/backupWriter.ts'
import { readBlockTable } from '../../../src/repository/blockTable.ts'
import { blockTableName } from '../../../src/repository/names.ts'
import { initRepository, openRepository, type Repository } from '../../../src/repository/repository.ts'
import { memoryStorage } from '../../../src/storage/memory.ts'
import type { Storage } from '../../../src/storage/storage.ts'
import { addFiles } from '../../support/smallBackup.ts'
import { failure, patterned } from '../../support/streams.ts'

const blockSize = 4096
const options = { command: 'test', blockSize }
const files = { a: patterned(10 * blockSize), b: patterned(3 * blockSize + 1, 2) }

describe('a backup whose manifest makes no sense', () => {
  let storage: Storage
  let repository: Repository

  beforeEach(async () => {
    storage = memoryStorage()
    await initRepository(storage)
    repository = await openRepository(storage)
  })

  const objects = async () =>
    (await Array.fromAsync(storage.list(''))).map(({ name }) => name).filter((name) => !name.startsWith('leases/'))

  test.each([
    ['a file that is longer than its blocks', { size: 2 * blockSize + 5 }],
    ['a file with blocks that are not there', { firstBlock: 12 }],
    ['a wrong number of blocks', { blocks: 2 }],
    ['a path that leaves the directory', { path: 'databases/../../etc/passwd' }],
    ['an absolute path', { path: '/etc/passwd' }],
    ['a path with a backslash', { path: 'a\\b' }],
    ['a file twice', { path: 'databases/test/b' }],
    ['a file that is no database’s', { path: 'conf/neo4j/neo4j.conf' }],
    ['a file of no database', { path: 'databases/neostore' }],
    ['a file in the place of the folder of another', { path: 'databases/test' }],
    ['a file below another', { path: 'databases/test/b/a' }],
    ['a name that no file system takes', { path: `databases/neo4j/${'ö'.repeat(128)}` }],
    ['an owner that no system knows', { uid: 2 ** 32 }],
    ['a group that no system knows', { gid: 2 ** 32 }],
  ])('is not made from %s', async (_, wrong) => {
    const before = await objects()
    const attempt = async () => {
      await using writer = await repository.startBackup(options)
      const { databases, ...fields } = await addFiles(writer, files)
      const [first, ...others] = databases[0]!.files
      return await writer.finish({ ...fields, databases: [{ ...databases[0]!, files: [{ ...first!, ...wrong }, ...others] }] })
    }
    expect(await failure(attempt())).toMatchObject({ code: 'integrity' })
    expect(await objects()).toEqual(before)
  })

  test('is not made of no database, or of blocks that are no file’s', async () => {
    const attempt = async (make: (fields: ManifestFields) => ManifestFields) => {
      await using writer = await repository.startBackup(options)
      return await writer.finish(make(await addFiles(writer, files)))
    }
    expect(await failure(attempt((fields) => ({ ...fields, databases: [] })))).toMatchObject({ code: 'integrity' })
    const lacking = (fields: ManifestFields) => {
      const [database] = fields.databases
      return { ...fields, databases: [{ ...database!, files: database!.files.slice(0, 1) }] }
    }
    expect(await failure(attempt(lacking))).toMatchObject({
      message: expect.stringContaining('expected 10 blocks, as its files'),
    })
  })

  test('says no more of its block table than its blocks can need, and that is looked at before it is read', async () => {
    await using writer = await repository.startBackup(options)
    const manifest = await writer.finish(await addFiles(writer, files))
    const reads: string[] = []
    const watched: Storage = { ...storage, get: (name, range) => (reads.push(name), storage.get(name, range)) }
    const access = { id: repository.id, storage: watched, clock: systemClock, master: undefined }
    const claim = (size: number) => ({ ...manifest, blockTable: { ...manifest.blockTable, size } })
    expect(await failure(readBlockTable(access, claim(2 ** 33)))).toMatchObject({
      message: expect.stringContaining(`expected ${2 ** 33} bytes, found ${manifest.blockTable.size}`),
    })
    const name = blockTableName(manifest.id)
    await storage.delete(name)
    await storage.put(name, Buffer.alloc(1_000_000))
    expect(await failure(readBlockTable(access, claim(1_000_000)))).toMatchObject({
      message: expect.stringMatching(/expected at most \d{4} bytes for 14 blocks, found 1000000/),
    })
    expect(reads).toEqual([])
  })

  test.each([
    ['a database name that is none', { name: '../x' }],
    ['a database name that is too short', { name: 'ab' }],
    ['a database name that begins with a digit', { name: '1neo4j' }],
    ['a text with an escape sequence', { kernelVersion: '5.26\u001b[2J' }],
    ['a label of two lines', {}, 'one\ntwo'],
  ])('is not made with %s', async (_, wrong: object, label?: string) => {
    const attempt = async () => {
      await using writer = await repository.startBackup(options)
      const { databases, ...fields } = await addFiles(writer, files)
      return await writer.finish({ ...fields, databases: [{ ...databases[0]!, ...wrong }], ...(label && { label }) })
    }
    expect(await failure(attempt())).toMatchObject({ code: 'integrity' })
  })
})
