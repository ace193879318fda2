import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { openRepository } from '../../src/repository/repository.ts'
import { memoryStorage } from '../../src/storage/memory.ts'
import type { Storage } from '../../src/storage/storage.ts'
import { archived, beginArchiver } from '../support/archiving.ts'
import {
  expectMergedThroughKill,
  expectNoMoreSteps,
  expectTwoArchiversLoseNothing,
  mergeSteps,
  SmallSegments,
} from '../support/smallSegments.ts'

let storage: Storage
let small: SmallSegments
beforeEach(async () => {
  storage = memoryStorage()
  small = await SmallSegments.create(storage)
})
afterEach(() => small[Symbol.dispose]())

describe('[archive.merge] wherever a merge is killed, all stays restorable and the next one ends it', () => {
  test.each([1, 2, 3, 4, 5, 20, 61, 100, mergeSteps - 1, mergeSteps])('at step %i', async (point) =>
    expectMergedThroughKill(small, point),
  )

  test('there are no more steps than these', async () => expectNoMoreSteps(small))
})

test('[archive.merge] nothing is removed where the merged segment cannot be read back', async () => {
  const { repository, log } = small
  const before = await archived(repository)
  const spoiling: Storage = {
    ...storage,
    put: async (name, body, options) => {
      const chunks = await Array.fromAsync(body instanceof Uint8Array ? [body] : body)
      const bytes = Buffer.concat(chunks)
      bytes[bytes.length - 1]! ^= 1
      await storage.put(name, bytes, options)
    },
  }
  const archiver = await beginArchiver(await openRepository(spoiling), log)
  archiver.tidy()
  await archiver[Symbol.asyncDispose]()
  expect(await archived(repository)).toEqual(expect.arrayContaining(before))
})

test('[archive.merge] nothing is removed where a part is damaged, and shipping goes on', async () => {
  const { repository, log } = small
  const before = await archived(repository)
  const damaged = (await Array.fromAsync(storage.list('archive/'))).find(({ name }) => name.includes('0000000000000020-'))!
  await storage.delete(damaged.name)
  await storage.put(damaged.name, Buffer.from('nonsense'))
  await using archiver = await beginArchiver(repository, log)
  archiver.tidy()
  log.write(1)
  expect(await archiver.step()).toBe(true)
  expect(await archived(repository)).toEqual([...before, `${log.last.id}-${log.last.id}`])
})

test('[archive.merge] two archivers that ship and merge at once lose nothing', async () => expectTwoArchiversLoseNothing(small))
