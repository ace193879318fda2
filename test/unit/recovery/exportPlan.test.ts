import { expect, test } from 'vitest'
import { planExport } from '../../../src/recovery/exportPlan.ts'
import type { Manifest } from '../../../src/repository/manifest.ts'
import { initRepository, openRepository } from '../../../src/repository/repository.ts'
import { memoryStorage } from '../../../src/storage/memory.ts'
import { backUp } from '../../support/smallBackup.ts'

async function someManifest(): Promise<Manifest> {
  const storage = memoryStorage()
  await initRepository(storage)
  return backUp(await openRepository(storage), { 'databases/neo4j/neostore': Buffer.alloc(10, 'x') })
}

test('an export is named after its database and the time of its last transaction', async () => {
  const manifest = await someManifest()
  expect(planExport(manifest, { database: 'neo4j', format: 'dump', directory: '/exports' })).toEqual({
    backup: manifest.id,
    database: 'neo4j',
    format: 'dump',
    artifact: '/exports/neo4j-20260101T000001Z.dump',
    metaFile: '/exports/neo4j-20260101T000001Z.dump.meta',
    scratchSize: 10,
    transaction: manifest.databases[0]!.lastTransaction,
    load: 'neo4j-admin database load --from-stdin neo4j < /exports/neo4j-20260101T000001Z.dump',
  })
})

test('the command line that loads it stands up to any path', async () => {
  const { artifact, load } = planExport(await someManifest(), {
    database: 'neo4j',
    format: 'backup.gz',
    directory: "/my exports/it's $HOME",
  })
  expect(artifact).toBe("/my exports/it's $HOME/neo4j-20260101T000001Z.backup.gz")
  expect(load).toBe(
    "gunzip -c '/my exports/it'\\''s $HOME/neo4j-20260101T000001Z.backup.gz' | neo4j-admin database load --from-stdin neo4j",
  )
})

test('[errors.clear] a database that the backup does not have is a mistake that names those it has', async () => {
  const manifest = await someManifest()
  expect(() => planExport(manifest, { database: 'movies', format: 'dump', directory: '.' })).toThrow(
    expect.objectContaining({
      code: 'usage',
      message: `no database 'movies' in backup ${manifest.id}: found neo4j`,
      hint: 'name one of them with --database',
    }) as Error,
  )
})
