import { readFileSync } from 'node:fs'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { initRepository, openRepository } from '../../../src/repository/repository.ts'
import { directoryStorage } from '../../../src/storage/directory.ts'
import { readRepository } from '../../support/formatReader.ts'
import { backUp, damagedFiles, digests, type Files, readBack } from '../../support/smallBackup.ts'
import { patterned } from '../../support/streams.ts'

const fixtures = join(import.meta.dirname, '../../fixtures/repository')
const passphrase = 'gölden pässphrase'
const keyFile = patterned(64, 12)

const before: Files = {
  'databases/neo4j/neostore': Buffer.concat([
    Buffer.alloc(4096, 'a record of text '),
    Buffer.alloc(4096),
    patterned(4096, 1),
    Buffer.from('the end'),
  ]),
  'databases/neo4j/empty': Buffer.alloc(0),
  'transactions/neo4j/neostore.transaction.db.0': patterned(5000, 2),
}
const changed = Buffer.from(before['databases/neo4j/neostore']!)
changed[8200]! ^= 255
const after: Files = { ...before, 'databases/neo4j/neostore': changed }

// Raw, zstd, zero, difference.
const everyEncoding = new Set([0, 1, 2, 3])

describe('[repository.format] the format', { timeout: 60_000 }, () => {
  test.each([
    ['plain', undefined, undefined],
    ['encrypted', Buffer.from(passphrase.normalize('NFC')), { passphrase }],
    ['encrypted', keyFile, { keyFile }],
  ])(
    'of a repository from version 1 is still read, by this program and by the reader made from docs/format.md: %s %#',
    async (name, secret, key) => {
      const directory = join(fixtures, name)
      const expected = JSON.parse(readFileSync(join(fixtures, `${name}.json`), 'utf8')) as Record<string, Record<string, string>>
      const backups = readRepository(directory, secret)
      expect(Object.fromEntries(backups.map(({ manifest, files }) => [manifest.id, digests(files)]))).toEqual(expected)
      expect(new Set(backups.flatMap(({ encodings }) => [...encodings]))).toEqual(everyEncoding)

      const repository = await openRepository(directoryStorage(directory), { key })
      const read: Record<string, Record<string, string>> = {}
      for (const { manifest } of await repository.listBackups())
        read[manifest!.id] = digests(await readBack(repository, manifest!))
      expect(read).toEqual(expected)
      expect(damagedFiles(await repository.verifyBackups())).toEqual([])
    },
  )

  test.each([
    ['plain', undefined],
    ['encrypted', keyFile],
  ])('that is written today is what docs/format.md says: %s', async (_, secret) => {
    const directory = await mkdtemp(join(tmpdir(), 'holdfast-format-'))
    const storage = directoryStorage(directory)
    const key = secret && { keyFile: secret }
    await initRepository(storage, { encryption: key })
    const repository = await openRepository(storage, { key })
    const made = [await backUp(repository, before, { blockSize: 4096 }), await backUp(repository, after, { blockSize: 4096 })]
    const read = readRepository(directory, secret)
    expect(Object.fromEntries(read.map(({ manifest, files }) => [manifest.id, digests(files)]))).toEqual({
      [made[0]!.id]: digests(before),
      [made[1]!.id]: digests(after),
    })
    expect(new Set(read.flatMap(({ encodings }) => [...encodings]))).toEqual(everyEncoding)
    await rm(directory, { recursive: true })
  })
})
