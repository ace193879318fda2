import { mkdir, mkdtemp, rename, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { initRepository, openRepository } from '../../../src/repository/repository.ts'
import { directoryStorage } from '../../../src/storage/directory.ts'
import { SamePlace } from '../../../src/storage/samePlace.ts'
import type { Storage } from '../../../src/storage/storage.ts'
import { backUp, digests, readBack } from '../../support/smallBackup.ts'
import { failure, patterned } from '../../support/streams.ts'

describe('a directory whose disk is away for a moment', () => {
  let base: string
  let root: string

  beforeEach(async () => {
    base = await mkdtemp(join(tmpdir(), 'holdfast-away-'))
    root = join(base, 'repository')
  })
  afterEach(async () => rm(base, { recursive: true }))

  const unmount = async (): Promise<void> => {
    await rename(root, `${root}.unmounted`)
    await mkdir(root)
  }
  const mount = async (): Promise<void> => {
    await rm(root, { recursive: true })
    await rename(`${root}.unmounted`, root)
  }

  test.each([
    ['a folder', ['a/1', 'b/1', 'c/1']],
    ['a file', ['a/1', 'a/2', 'a/3']],
  ])('while %s is listed lists nothing as if it were all', async (_, names) => {
    const storage = directoryStorage(root)
    for (const name of names) await storage.put(name, Buffer.from(name))
    const listed: string[] = []
    const listing = async (): Promise<void> => {
      for await (const { name } of storage.list('')) {
        listed.push(name)
        await unmount()
      }
    }
    expect(await failure(listing())).toMatchObject({
      code: 'repository',
      message: expect.stringContaining('does not hold a/1 any more') as string,
      hint: 'is its disk mounted?',
    })
    expect(listed).toEqual(['a/1'])
    await mount()
    expect((await Array.fromAsync(storage.list(''))).map(({ name }) => name)).toEqual(names)
  })

  test('has what was not found while it was', async () => {
    await directoryStorage(root).put('a', Buffer.from('1'))
    const place = new SamePlace(root)
    await place.saw('a')
    const looks = [undefined, 'found']
    expect(await place.find(async () => Promise.resolve(looks.shift()))).toBe('found')
    expect(await place.find(async () => Promise.resolve(undefined))).toBeUndefined()
    await unmount()
    await expect(place.find(async () => Promise.resolve(undefined))).rejects.toMatchObject({ code: 'repository' })
  })

  /** A storage that is away from behind the first object of one listing of the backups until that ends, or fails. */
  const awayWhile = (listing: number): { storage: Storage; wasAway: () => boolean } => {
    const inner = directoryStorage(root)
    let listings = 0
    let isAway = false
    const list: Storage['list'] = async function* (prefix, options) {
      const isIt = prefix === 'backups/' && ++listings === listing
      try {
        for await (const object of inner.list(prefix, options)) {
          yield object
          if (!isIt || isAway) continue
          isAway = true
          await unmount()
        }
      } finally {
        if (isIt) await mount()
      }
    }
    return { storage: { ...inner, list }, wasAway: () => isAway }
  }

  test.each([1, 2, 3, 4])(
    '[backup.delete] while listing %i of a delete is read loses nothing that a kept backup needs',
    async (listing) => {
      await initRepository(directoryStorage(root))
      const whole = await openRepository(directoryStorage(root))
      const gone = await backUp(whole, { a: patterned(20_000, 1) }, { blockSize: 4096 })
      const kept = await backUp(whole, { b: patterned(20_000, 2) }, { blockSize: 4096 })
      const { storage, wasAway } = awayWhile(listing)
      const repository = await openRepository(storage)
      expect(await failure(repository.deleteBackups([gone.id]))).toMatchObject({ code: 'repository' })
      expect(wasAway()).toBe(true)
      expect(digests(await readBack(whole, kept))).toEqual(digests({ b: patterned(20_000, 2) }))
    },
  )
})
