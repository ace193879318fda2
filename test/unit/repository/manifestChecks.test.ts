import { beforeEach, describe, expect, test } from 'vitest'
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
    ['a file twice', { path: 'b' }],
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
