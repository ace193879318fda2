import { hash } from 'node:crypto'
import { beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { openKey, storeSlot } from '../../../src/repository/keys.ts'
import type { Manifest } from '../../../src/repository/manifest.ts'
import { initRepository, openRepository, repositoryExists, type Repository } from '../../../src/repository/repository.ts'
import { memoryStorage } from '../../../src/storage/memory.ts'
import type { Storage } from '../../../src/storage/storage.ts'
import { backUp, digests, readBack } from '../../support/smallBackup.ts'
import { collect, failure, patterned } from '../../support/streams.ts'

const blockSize = 4096
const key = { passphrase: 'pässword with ünïcode' }
const secret = 'the secret text of a node '
const files = {
  'databases/secretname/neostore': Buffer.alloc(5 * blockSize, secret),
  'databases/secretname/raw': patterned(2 * blockSize),
}

const anything = (text: string) => expect.stringContaining(text) as string

// Deriving a key from a passphrase takes half a second, on purpose.
describe('[repository.encrypted] an encrypted repository', { timeout: 60_000 }, () => {
  let storage: Storage
  let repository: Repository
  let manifest: Manifest

  const begin = async () => {
    storage = memoryStorage()
    await initRepository(storage, { encryption: key })
    repository = await openRepository(storage, { key })
  }

  beforeAll(begin)
  beforeEach(async () => {
    for await (const { name } of storage.list('')) if (!/^(repository|keys\/.*)$/.test(name)) await storage.delete(name)
    manifest = await backUp(repository, files, { blockSize })
  })

  const replace = async (name: string, content: Buffer) => {
    await storage.delete(name)
    await storage.put(name, content)
  }
  const listed = async () => (await repository.listBackups()).map(({ error }) => error?.message)

  test('holds no content, path or name in the clear', async () => {
    for await (const { name } of storage.list('')) {
      const content = (await collect(storage.get(name))).toString('latin1')
      for (const word of [secret.slice(0, 10), 'secretname', 'neostore', 'neo4j', patterned(64).toString('latin1')]) {
        expect(`${name} ${content}`).not.toContain(word)
      }
    }
    expect(digests(await readBack(repository, manifest))).toEqual(digests(files))
  })

  test('says at once that a key is wrong, missing, or not needed', async () => {
    expect(await failure(openRepository(storage, { key: { passphrase: 'wrong' } }))).toMatchObject({
      code: 'repository',
      message: `wrong passphrase for repository ${repository.id} at memory`,
    })
    expect(await failure(openRepository(storage, { key: { keyFile: Buffer.from(key.passphrase) } }))).toMatchObject({
      code: 'repository',
      message: `repository ${repository.id} at memory opens with a passphrase, and a key file was given`,
    })
    expect(await failure(openRepository(storage))).toMatchObject({
      code: 'repository',
      message: anything('is encrypted, and no passphrase'),
    })
    expect(await failure(openRepository(storage, { key: { passphrase: '' } }))).toMatchObject({ code: 'usage' })
    const plain = memoryStorage()
    await initRepository(plain)
    expect(await failure(openRepository(plain, { key }))).toMatchObject({
      code: 'repository',
      message: anything('is not encrypted, but'),
    })
  })

  test('a passphrase is the same however its characters are composed', async () => {
    expect((await openRepository(storage, { key: { passphrase: Buffer.from(key.passphrase.normalize('NFC')) } })).id).toBe(
      repository.id,
    )
    expect((await openRepository(storage, { key: { passphrase: key.passphrase.normalize('NFD') } })).id).toBe(repository.id)
  })

  test('opens with any of several keys', async () => {
    const keyFile = patterned(64, 9)
    const slot = await storeSlot(storage, repository.id, await openKey(storage, repository.id, key), { keyFile })
    const other = await openRepository(storage, { key: { keyFile } })
    expect(digests(await readBack(other, manifest))).toEqual(digests(files))
    await storage.delete(slot)
    expect(await failure(openRepository(storage, { key: { keyFile } }))).toMatchObject({ code: 'repository' })
  })

  test('opens beside a damaged slot, which is told of only where none opens', async () => {
    const [slot] = (await Array.fromAsync(storage.list('keys/'))).map(({ name }) => name)
    const whole = await collect(storage.get(slot!))
    await storage.put('keys/keep', Buffer.from('nothing'))
    expect((await openRepository(storage, { key })).id).toBe(repository.id)
    await replace(slot!, whole.subarray(0, -1))
    expect(await failure(openRepository(storage, { key }))).toMatchObject({
      code: 'integrity',
      message: expect.stringMatching(
        /has no key slots that can be read; besides, keys\/.+ is damaged.+; keys\/.+ is damaged/,
      ) as string,
    })
    await storage.delete('keys/keep')
    await storage.delete(slot!)
    expect(await failure(openRepository(storage, { key }))).toMatchObject({
      code: 'repository',
      message: `repository ${repository.id} at memory has no key slots that can be read`,
      hint: anything('from a copy'),
    })
    await storage.put(slot!, whole)
  })

  test('refuses a manifest that is not encrypted', async () => {
    const plain = memoryStorage()
    await initRepository(plain)
    const forged = await backUp(await openRepository(plain), files, { blockSize })
    for (const part of ['manifest', 'blocks']) {
      await storage.put(`backups/${forged.id}/${part}`, await collect(plain.get(`backups/${forged.id}/${part}`)))
    }
    expect(await repository.listBackups()).toContainEqual({
      id: forged.id,
      error: expect.objectContaining({ code: 'integrity' }) as Error,
    })
    expect(await listed()).toContain(
      `backups/${forged.id}/manifest in memory is damaged: expected encoding aes-256-gcm, as all of this repository, found identity`,
    )
    expect(await failure(repository.readManifest(forged.id))).toMatchObject({ code: 'integrity' })
  })

  test('refuses a manifest under another name', async () => {
    const name = 'backups/20300101T000000Z-ffffff/manifest'
    await storage.put(name, await collect(storage.get(`backups/${manifest.id}/manifest`)))
    expect(await listed()).toContain(
      `${name} in memory is damaged: expected content encrypted with this repository’s key for this name, found content that fails authentication`,
    )
  })

  test('refuses packs that were swapped', async () => {
    const other = await backUp(repository, { other: patterned(2 * blockSize, 5) }, { blockSize })
    const [a, b] = (await Array.fromAsync(storage.list('packs/'))).map(({ name }) => name)
    const [contentA, contentB] = [await collect(storage.get(a!)), await collect(storage.get(b!))]
    await replace(a!, contentB)
    await replace(b!, contentA)
    for (const each of [manifest, other]) {
      expect(await failure(readBack(repository, each))).toMatchObject({ code: 'integrity', message: anything('packs/') })
    }
  })

  test('refuses blocks that were swapped within a pack', async () => {
    const table = await repository.readBlockTable(manifest)
    const [a, b] = [table.location(5), table.location(6)]
    expect([a.stored, a.pack]).toEqual([b.stored, b.pack])
    const [stored] = (await Array.fromAsync(storage.list('packs/'))) as { name: string }[]
    const pack = await collect(storage.get(stored!.name))
    const held = Buffer.from(pack.subarray(a.offset, a.offset + a.stored))
    pack.copy(pack, a.offset, b.offset, b.offset + b.stored)
    held.copy(pack, b.offset)
    await replace(stored!.name, pack)
    expect(await failure(readBack(repository, manifest))).toMatchObject({
      code: 'integrity',
      message: anything('fails authentication'),
    })
  })

  test('whose encryption was switched off by someone else is not written to', async () => {
    const forged = memoryStorage()
    await initRepository(forged)
    await replace('repository', await collect(forged.get('repository')))
    expect(await failure(openRepository(storage, { key }))).toMatchObject({
      code: 'repository',
      hint: anything('someone may have replaced'),
    })
    await begin()
  })
})

describe('making and opening a repository', { timeout: 60_000 }, () => {
  test('a second one in the same place is refused, and the first stays as it is', async () => {
    const storage = memoryStorage()
    expect(await repositoryExists(storage)).toBe(false)
    const { id } = await initRepository(storage)
    expect(await failure(initRepository(storage, { encryption: key }))).toMatchObject({
      code: 'refused',
      message: 'there is already a repository at memory',
    })
    expect(await repositoryExists(storage)).toBe(true)
    expect((await openRepository(storage)).id).toBe(id)
    expect((await Array.fromAsync(storage.list(''))).map(({ name }) => name)).toEqual(['repository'])
  })

  test('of several at once one wins, and it can be opened', async () => {
    const storage = memoryStorage()
    const outcomes = await Promise.allSettled(Array.from({ length: 3 }, async () => initRepository(storage, { encryption: key })))
    expect(outcomes.filter(({ status }) => status === 'fulfilled')).toHaveLength(1)
    expect((await Array.fromAsync(storage.list(''))).length).toBe(2)
    await openRepository(storage, { key })
  })

  test('one over the backups of another, whose first object is missing, is refused', async () => {
    const storage = memoryStorage('/backups')
    await storage.put('backups/20260101T000000Z-abcdef/manifest', Buffer.from('x'))
    expect(await failure(initRepository(storage))).toMatchObject({ code: 'refused', hint: anything('from a copy') })
    expect(await repositoryExists(storage)).toBe(false)
  })

  test('one that is not there is refused with the next step', async () => {
    expect(await failure(openRepository(memoryStorage('/backups')))).toMatchObject({
      code: 'repository',
      message: 'there is no repository at /backups',
      hint: anything('repo init'),
    })
  })

  test('one of a later format is refused', async () => {
    const storage = memoryStorage()
    const body = Buffer.from('{}')
    const header = {
      holdfast: 'repository',
      format: 2,
      encoding: 'identity',
      length: body.length,
      sha256: hash('sha256', body, 'hex'),
    }
    await storage.put('repository', Buffer.concat([Buffer.from(`${JSON.stringify(header)}\n`), body]))
    expect(await failure(openRepository(storage))).toMatchObject({
      code: 'repository',
      message: 'repository in memory has format version 2, and this program knows version 1',
    })
  })
})
