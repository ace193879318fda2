import { isDeepStrictEqual } from 'node:util'
import fc from 'fast-check'
import { afterEach, beforeAll, describe, expect, test } from 'vitest'
import { HoldfastError } from '../../src/core/errors.ts'
import { openKey, storeSlot } from '../../src/repository/keys.ts'
import { initRepository, openRepository } from '../../src/repository/repository.ts'
import { memoryStorage } from '../../src/storage/memory.ts'
import type { Storage } from '../../src/storage/storage.ts'
import { backUp, digests, type Files, readBack } from '../support/smallBackup.ts'
import { collect, failure, patterned } from '../support/streams.ts'

const blockSize = 4096
const contents: Files[] = [1, 2].map((seed) => ({
  'databases/neo4j/neostore': Buffer.concat([
    Buffer.alloc(6 * blockSize, `text ${seed} `),
    Buffer.alloc(blockSize),
    patterned(2 * blockSize, seed),
  ]),
  'transactions/neo4j/log': patterned(100, seed + 10),
}))

/** What can be damaged: the object whose name matches, and the other one of its kind it may be swapped with. */
const kinds = {
  manifest: /^backups\/.*\/manifest$/,
  'block table': /^backups\/.*\/blocks$/,
  pack: /^packs\//,
}

function describing(name: string): RegExp {
  return new RegExp(`^${name} in memory (is damaged: expected .+, found .+|has format version \\d+)`)
}

describe.each([
  ['plain', undefined],
  ['encrypted', { keyFile: patterned(32, 99) }],
])('[damage.detected] in a repository that is %s', (_, key) => {
  let storage: Storage
  let whole: Map<string, Buffer>
  let open: () => ReturnType<typeof openRepository>

  beforeAll(async () => {
    storage = memoryStorage()
    await initRepository(storage, { encryption: key })
    const repository = await openRepository(storage, { key })
    open = async () => repository
    for (const files of contents) await backUp(repository, files, { blockSize })
    await readEverything()
    whole = new Map()
    for (const { name } of await Array.fromAsync(storage.list(''))) whole.set(name, await collect(storage.get(name)))
  })

  afterEach(async () => {
    for (const { name } of await Array.fromAsync(storage.list(''))) if (!whole.has(name)) await storage.delete(name)
    for (const name of whole.keys()) await restore(name)
  })

  const put = async (name: string, content: Buffer) => {
    await storage.delete(name)
    await storage.put(name, content)
  }
  const restore = async (name: string) => put(name, whole.get(name)!)
  const ofKind = (kind: keyof typeof kinds) => [...whole.keys()].filter((name) => kinds[kind].test(name))

  const readEverything = async () => {
    const repository = await open()
    for (const { manifest, error } of await repository.listBackups()) {
      if (error) throw error
      await readBack(repository, manifest)
    }
  }

  const readsTheSame = async (): Promise<boolean> => {
    const repository = await open()
    const manifests = (await repository.listBackups()).flatMap(({ manifest }) => manifest ?? [])
    const read = async () => Promise.all(manifests.map(async (manifest) => digests(await readBack(repository, manifest))))
    const found = await read().catch(() => undefined)
    return isDeepStrictEqual(found, contents.map(digests))
  }

  /** The message of the error that reading ends in; says so where that is not an integrity error, or where a validation does not find it too. */
  const detection = async (name: string): Promise<string> => {
    const error = await failure(readEverything())
    if (!(error instanceof HoldfastError) || error.code !== 'integrity' || !error.hint)
      return `no integrity error: ${String(error)}`
    const found = await findings()
    return found.includes(name) ? error.message : `not found by a validation: ${found}`
  }

  const findings = async () => {
    const { backups } = await (await open()).verifyBackups()
    return backups
      .flatMap(({ error, damagedFiles, damagedPacks }) => [
        error,
        ...damagedFiles.map((file) => file.error),
        ...damagedPacks.map((pack) => pack.error),
      ])
      .map((error) => error?.message)
      .join('\n')
  }

  describe.each(Object.keys(kinds) as (keyof typeof kinds)[])('a %s', (kind) => {
    test('that is cut anywhere', async () => {
      const name = ofKind(kind)[0]!
      const content = whole.get(name)!
      await fc.assert(
        fc.asyncProperty(fc.nat(content.length - 1), async (length) => {
          await put(name, content.subarray(0, length))
          expect(await detection(name)).toMatch(describing(name))
        }),
        { numRuns: 25 },
      )
    })

    test('with a flipped bit anywhere', async () => {
      const name = ofKind(kind)[0]!
      const content = whole.get(name)!
      await fc.assert(
        fc.asyncProperty(fc.nat(content.length - 1), fc.nat(7), async (at, bit) => {
          const flipped = Buffer.from(content)
          flipped[at]! ^= 1 << bit
          await put(name, flipped)
          // The header of a pack is not needed to read its blocks; a validation looks at it.
          if (kind === 'pack' && at < 24) expect(await findings()).toContain(name)
          // Some bits of a zstd frame change nothing of what is in it.
          else if (kind === 'pack' && (await readsTheSame())) expect((await findings()).trim()).toBe('')
          else expect(await detection(name)).toMatch(describing(name))
        }),
        { numRuns: 60 },
      )
    })

    test('that was swapped with another', async () => {
      const [a, b] = ofKind(kind)
      await put(a!, whole.get(b!)!)
      await put(b!, whole.get(a!)!)
      expect(await detection(a!)).toMatch(describing(`(${a}|${b})`))
    })

    test('that is missing', async () => {
      const name = ofKind(kind)[0]!
      await storage.delete(name)
      const repository = await open()
      // A backup exists when its manifest exists, so without it there is one backup less.
      if (kind === 'manifest') expect(await repository.listBackups()).toHaveLength(1)
      else expect(await detection(name)).toBe(`${name} is missing in memory`)
    })

    test('leaves the other backup as it was', async () => {
      const [, other] = ofKind(kind)
      const repository = await open()
      const manifests = (await repository.listBackups()).flatMap(({ manifest }) => (manifest ? [manifest] : []))
      const tables = await Promise.all(manifests.map(async (manifest) => repository.readBlockTable(manifest)))
      // A pack may serve both backups; this is about one that serves only one of them.
      const users = (name: string) => tables.filter(({ packs }) => packs.some(({ id }) => name.includes(id))).length
      const name = ofKind(kind).find((candidate) => kind !== 'pack' || users(candidate) === 1)
      await put(name!, Buffer.from('nonsense'))
      const readable: Record<string, string>[] = []
      for (const { manifest } of await repository.listBackups()) {
        if (manifest)
          await readBack(repository, manifest).then(
            (files) => readable.push(digests(files)),
            () => {},
          )
      }
      expect(other).toBeDefined()
      expect(readable).toHaveLength(1)
      expect(contents.map(digests)).toContainEqual(readable[0])
      expect(digests(await readBack(repository, await backUp(repository, contents[0]!, { blockSize })))).toEqual(
        digests(contents[0]!),
      )
    })
  })

  test('the object that makes it a repository', async () => {
    const name = 'repository'
    const content = whole.get(name)!
    await fc.assert(
      fc.asyncProperty(fc.nat(content.length - 1), fc.nat(7), fc.boolean(), async (at, bit, cut) => {
        const damaged = Buffer.from(cut ? content.subarray(0, at) : content)
        if (!cut) damaged[at]! ^= 1 << bit
        await put(name, damaged)
        expect(await failure(openRepository(storage, { key }))).toMatchObject({
          code: expect.stringMatching(/^(integrity|repository)$/) as string,
          message: expect.stringMatching(/^repository in memory (is damaged: expected .+, found|has format version)/) as string,
        })
      }),
      { numRuns: 60 },
    )
    await storage.delete(name)
    expect(await failure(openRepository(storage, { key }))).toMatchObject({
      code: 'repository',
      message: 'there is no repository at memory',
    })
  })

  test.each([
    ['plain', undefined],
    ['encrypted', { keyFile: patterned(32, 98) }],
  ])('the object that makes another repository one, which is %s, in its place', async (_kind, otherKey) => {
    const other = memoryStorage()
    await initRepository(other, { encryption: otherKey })
    await put('repository', await collect(other.get('repository')))
    if (!key && !otherKey) {
      // Its id binds nothing where nothing is encrypted.
      const opened = await openRepository(storage)
      expect((await opened.verifyBackups()).backups).toMatchObject([{ damagedFiles: [] }, { damagedFiles: [] }])
      expect(digests(await readBack(opened, await backUp(opened, contents[0]!, { blockSize })))).toEqual(digests(contents[0]!))
      return
    }
    const found = key ? (otherKey ? 'has no key slots that can be read' : 'is not encrypted, but a') : 'is encrypted, and no'
    expect(await failure(openRepository(storage, { key }))).toMatchObject({
      code: 'repository',
      message: expect.stringContaining(found) as string,
      hint: expect.any(String) as string,
    })
  })
})

test('[damage.detected] a key of another repository opens nothing, and keys that changed places open what they did', async () => {
  const [storage, other] = [memoryStorage(), memoryStorage()]
  const key = { keyFile: patterned(32, 97) }
  const { id } = await initRepository(storage, { encryption: key })
  const { id: otherId } = await initRepository(other, { encryption: key })
  const master = await openKey(storage, id, key)
  const second = { keyFile: patterned(32, 96) }
  await storeSlot(storage, id, master, second)
  const [one, two] = (await Array.fromAsync(storage.list('keys/'))).map(({ name }) => name)
  const [foreign] = (await Array.fromAsync(other.list('keys/'))).map(({ name }) => name)
  const slots = await Promise.all([one!, two!].map(async (name) => collect(storage.get(name))))
  const put = async (name: string, content: Buffer) => {
    await storage.delete(name)
    await storage.put(name, content)
  }
  await put(one!, slots[1]!)
  await put(two!, slots[0]!)
  for (const source of [key, second]) expect((await openKey(storage, id, source)).equals(master)).toBe(true)

  for (const name of [one!, two!]) await put(name, await collect(other.get(foreign!)))
  expect(otherId).not.toBe(id)
  expect(await failure(openRepository(storage, { key }))).toMatchObject({
    code: 'repository',
    message: expect.stringContaining('has no key slots that can be read') as string,
    hint: expect.stringContaining('keys/') as string,
  })
})

test('[damage.detected] a damaged key is not taken for a wrong passphrase', async () => {
  const storage = memoryStorage()
  const key = { passphrase: 'p' }
  await initRepository(storage, { encryption: key })
  const [slot] = (await Array.fromAsync(storage.list('keys/'))) as { name: string }[]
  const { name } = slot!
  const content = await collect(storage.get(name))
  for (const at of [3, 50, 200, content.length - 30]) {
    const damaged = Buffer.from(content)
    damaged[at]! ^= 1
    await storage.delete(name)
    await storage.put(name, damaged)
    expect(await failure(openRepository(storage, { key }))).toMatchObject({
      code: 'integrity',
      message: expect.stringContaining(name) as string,
    })
  }
})
