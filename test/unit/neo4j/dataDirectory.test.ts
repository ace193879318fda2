import { execFileSync } from 'node:child_process'
import { chmodSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import {
  isRunning,
  listCheckpointFiles,
  listDatabases,
  listLogFiles,
  listStoreFiles,
  logDirectory,
  requireDatabase,
  strayStores,
} from '../../../src/neo4j/dataDirectory.ts'
import { storeFileKind } from '../../../src/neo4j/storeFileKind.ts'

let home: string
let dataDir: string
beforeEach(() => {
  home = mkdtempSync(join(tmpdir(), 'holdfast-data-'))
  dataDir = join(home, 'data')
  for (const database of ['neo4j', 'system']) {
    file(`databases/${database}/neostore`)
    file(`transactions/${database}/neostore.transaction.db.0`)
  }
  file('databases/store_lock')
})
afterEach(() => rmSync(home, { recursive: true }))

function file(path: string, content = 'x'): string {
  const full = join(dataDir, path)
  mkdirSync(dirname(full), { recursive: true })
  writeFileSync(full, content)
  return full
}

describe('finding the data directory', () => {
  test('its databases are those with a store and a log', async () => {
    mkdirSync(join(dataDir, 'databases', 'half'))
    expect(await listDatabases(dataDir)).toEqual(['neo4j', 'system'])
    await expect(requireDatabase(dataDir, 'half')).rejects.toMatchObject({
      code: 'neo4j-unavailable',
      message: expect.stringContaining("no database 'half'"),
    })
  })

  test('a store without a log, such as a copy that someone put there, is told apart from other folders', async () => {
    mkdirSync(join(dataDir, 'databases', 'empty'))
    file('databases/neo4j.old/neostore')
    expect(await strayStores(dataDir)).toEqual(['neo4j.old'])
  })

  test.each([
    ['its parent, the home of Neo4j', '..'],
    ['a folder inside', 'databases'],
    ['a store', 'databases/neo4j'],
  ])('%s is refused with the right one as advice', async (_, path) => {
    await expect(listDatabases(join(dataDir, path))).rejects.toMatchObject({
      code: 'neo4j-unavailable',
      hint: `did you mean ${dataDir}?`,
    })
  })

  test('something else entirely is refused, with what was found there', async () => {
    const elsewhere = join(home, 'elsewhere')
    await expect(listDatabases(elsewhere)).rejects.toThrow('no such directory')
    mkdirSync(join(elsewhere, 'photos'), { recursive: true })
    await expect(listDatabases(elsewhere)).rejects.toThrow('found photos')
  })
})

test('log files are in the order of their numbers, and nothing else is among them', async () => {
  for (const name of [
    'neostore.transaction.db.10',
    'neostore.transaction.db.9',
    'neostore.transaction.db.x',
    'checkpoint.11',
    'checkpoint.2',
  ]) {
    file(`transactions/neo4j/${name}`)
  }
  const directory = logDirectory(dataDir, 'neo4j')
  expect((await listLogFiles(directory)).map(({ version }) => version)).toEqual([0, 9, 10])
  expect((await listCheckpointFiles(directory)).map(({ name }) => name)).toEqual(['checkpoint.2', 'checkpoint.11'])
  await expect(listLogFiles(logDirectory(dataDir, 'other'))).rejects.toMatchObject({ code: 'neo4j-unavailable' })
})

describe('listing a store', () => {
  test('every file has its path from the data directory, its size, permissions and owner', async () => {
    chmodSync(file('databases/neo4j/neostore.counts.db', 'four'), 0o640)
    file('databases/neo4j/schema/index/range-1.0/3/index-3')
    const files = await listStoreFiles(dataDir, 'neo4j')
    expect(files.map(({ path }) => path)).toEqual([
      'databases/neo4j/neostore',
      'databases/neo4j/neostore.counts.db',
      'databases/neo4j/schema/index/range-1.0/3/index-3',
    ])
    expect(files[1]).toEqual({
      path: 'databases/neo4j/neostore.counts.db',
      kind: 'tree',
      size: 4,
      mode: 0o640,
      uid: process.getuid!(),
      gid: process.getgid!(),
    })
  })

  test('a symbolic link is refused, wherever it leads', async () => {
    symlinkSync('/etc/passwd', join(dataDir, 'databases/neo4j/link'))
    await expect(listStoreFiles(dataDir, 'neo4j')).rejects.toMatchObject({
      code: 'refused',
      message: expect.stringContaining('a symbolic link'),
    })
  })

  test('a named pipe is refused and not waited on', async () => {
    mkdirSync(join(dataDir, 'databases/neo4j/schema'))
    execFileSync('mkfifo', [join(dataDir, 'databases/neo4j/schema/pipe')])
    await expect(listStoreFiles(dataDir, 'neo4j')).rejects.toThrow('neither a file nor a folder')
  })

  test('a missing store is unavailable', async () => {
    await expect(listStoreFiles(dataDir, 'other')).rejects.toMatchObject({ code: 'neo4j-unavailable' })
  })
})

test.each([
  ['neostore', 'record'],
  ['neostore.nodestore.db', 'record'],
  ['neostore.propertystore.db.index.keys', 'record'],
  ['neostore.nodestore.db.labels.id', 'tree'],
  ['neostore.counts.db', 'tree'],
  ['neostore.relationshipgroupstore.degrees.db', 'tree'],
  ['neostore.indexstats.db', 'tree'],
  ['schema/index/token-lookup-1.0/1/index-1', 'tree'],
  ['schema/index/range-1.0/12/index-12', 'tree'],
  ['schema/index/point-1.0/7/index-7', 'tree'],
  ['schema/index/range-1.0/16/index-16.scan-0', 'never'],
  ['schema/index/text-2.0/5/1/_3.cfs', 'lucene'],
  ['schema/index/fulltext-2.0/5/failure-message', 'lucene'],
  ['schema/index/vector-2026.08/5/1/segments_a', 'lucene'],
  ['schema/index/vector-2026.08/5/1/pending_segments_b', 'never'],
  ['schema/index/vector-2.0/5/1/write.lock', 'never'],
  ['schema/index/text-2.0/5/1/_1_Lucene90FieldsIndex-doc_ids_2.tmp', 'never'],
  ['schema/index/hologram-1.0/3/index-3', 'never'],
  ['database_lock', 'never'],
  ['id-buffer.tmp.0', 'never'],
])('%s is of kind %s', (path, kind) => {
  expect(storeFileKind(path)).toBe(kind)
})

test('nobody runs on a directory that nobody has locked, or that is not there', async () => {
  expect(await isRunning(dataDir)).toBe(false)
  expect(await isRunning(join(home, 'nothing'))).toBe(false)
})
