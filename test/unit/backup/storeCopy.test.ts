import { mkdirSync, mkdtempSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { CopyTarget } from '../../../src/backup/copyTarget.ts'
import { copyStore } from '../../../src/backup/storeCopy.ts'
import { unlimited } from '../../../src/backup/throttle.ts'
import { newRepository } from '../../support/archiving.ts'

let dataDir: string
beforeEach(() => {
  dataDir = mkdtempSync(join(tmpdir(), 'holdfast-store-copy-'))
})
afterEach(() => rmSync(dataDir, { recursive: true }))

test('a commit of a Lucene index while the record files were copied costs no second copy', async () => {
  const index = 'schema/index/fulltext-1.0/7/fulltext-1.0/1'
  const path = (name: string): string => join(dataDir, 'databases/neo4j', name)
  for (const name of ['neostore', 'neostore.nodestore.db', `${index}/segments_1`, `${index}/_0.cfs`, `${index}/write.lock`]) {
    mkdirSync(dirname(path(name)), { recursive: true })
    writeFileSync(path(name), name)
  }
  const repository = await newRepository()
  await using writer = await repository.startBackup({ command: 'test', stores: [] })
  let copied = 0
  const target = new CopyTarget(writer, unlimited, () => {
    if (++copied === 1) renameSync(path(`${index}/segments_1`), path(`${index}/segments_2`))
  })
  await copyStore(dataDir, 'neo4j', target)
  const lucene = target.files.map((file) => file.path).filter((name) => name.includes('fulltext'))
  expect(lucene.toSorted()).toEqual([`${index}/_0.cfs`, `${index}/segments_2`].map((name) => `databases/neo4j/${name}`))
  // One block a file.
  expect(copied).toBe(4)
})
