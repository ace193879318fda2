import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { silent } from '../../src/core/progress.ts'
import { loadSampleGraph } from '../../src/demo/sampleGraph.ts'
import { namedVersions } from '../../src/neo4j/versions.ts'
import type { Manifest } from '../../src/repository/manifest.ts'
import type { Exported } from '../../src/recovery/exportBackup.ts'
import { beginArchiver } from '../support/archiving.ts'
import { holdfast, type Outcome, refusal, resultOf, succeed } from '../support/holdfast.ts'
import { startIn } from '../support/neo4j.ts'
import { type S3Server, startMinio } from '../support/s3Servers.ts'
import { repositoryIn, storageAt } from '../support/storageAt.ts'

let folder: string
let minio: S3Server
let directory: string
let place: string
let dataDir: string
let backups: Manifest[]

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'holdfast-same-'))
  minio = await startMinio(folder)
  minio.use()
  place = `s3://${await minio.newBucket('same')}/graphs`
  directory = join(folder, 'repository')
  await succeed('repo', 'init', '--repo', directory)
  const server = await startIn(folder, namedVersions.lts)
  dataDir = server.dataDir
  const create = ['backup', 'create', '--data-dir', dataDir, '--repo', directory]
  try {
    await using graph = await server.connect()
    backups = [await succeed<Manifest>(...create, '--uri', server.boltUri)]
    await loadSampleGraph(graph, 300, silent)
    await graph.query('CREATE (:Last {text: "the last thing written"})', {}, { write: true })
  } finally {
    await server.kill()
  }
  {
    await using archiver = await beginArchiver(await repositoryIn(directory), { dataDir, database: 'neo4j' })
    while (await archiver.step());
  }
  backups.push(await succeed<Manifest>(...create, '--offline', '--label', 'the second'))
  const [from, to] = [storageAt(directory), storageAt(place)]
  for await (const { name } of from.list('')) await to.put(name, from.get(name))
})
afterAll(async () => {
  await minio[Symbol.asyncDispose]()
  await rm(folder, { recursive: true, force: true })
})

/** The objects of a repository, but for the leases of those who have worked there. */
const names = async (repo: string): Promise<string[]> =>
  (await Array.fromAsync(storageAt(repo).list(''))).flatMap(({ name }) => (name.startsWith('leases/') ? [] : [name]))

/** What a command says of a repository, but for where that is and when it was asked. */
function said({ exitCode, result, error, warnings }: Outcome, repo: string): unknown {
  const text = JSON.stringify({ exitCode, result, error, warnings })
  return JSON.parse(text.replaceAll(repo, 'REPOSITORY').replaceAll(/"now":"[^"]*"/g, '"now":"NOW"')) as unknown
}

/** Runs a command on both, which must say the same. @returns what it said of the bucket. */
async function asked<Result>(...words: string[]): Promise<Outcome<Result>> {
  const [inDirectory, inBucket] = [
    await holdfast<Result>(...words, '--repo', directory),
    await holdfast<Result>(...words, '--repo', place),
  ]
  expect(said(inBucket, place), inBucket.story).toEqual(said(inDirectory, directory))
  return inBucket
}

async function same<Result>(...words: string[]): Promise<Result> {
  return resultOf(await asked<Result>(...words))
}

test('of a repository in a bucket each command says what it says of the same one in a directory', async () => {
  const [first, second] = backups as [Manifest, Manifest]
  expect(await same('backup', 'list')).toMatchObject({ backups: [{ id: first.id }, { id: second.id }] })
  const { manifest } = await same<{ manifest: Manifest }>('backup', 'show', second.id)
  expect(manifest).toMatchObject({ id: second.id, label: 'the second' })
  expect(await same('backup', 'validate')).toMatchObject({ verdict: 'good', backups: [{}, {}] })
  for (const given of [[], ['--data-dir', dataDir]]) {
    const { lineages } = await same<{ lineages: object[] }>('archive', 'status', ...given)
    expect(lineages).toMatchObject([{ database: 'neo4j' }])
  }
  expect(await same('archive', 'validate')).toMatchObject({ verdict: 'good', lineages: [{ problems: [] }] })
  const { transactions } = await same<{ transactions: unknown[] }>('log', 'show', '--archive', '--limit', '5')
  expect(transactions).toHaveLength(5)
  expect(await same('log', 'show', '--archive', '--label', 'Last')).toMatchObject({ matched: 1 })
})

test('an export from a bucket is one from a directory', async () => {
  const exported = async (repo: string, to: string): Promise<Exported> =>
    succeed('backup', 'export', 'latest', '--repo', repo, '--to-dir', join(folder, to))
  const [expected, found] = [await exported(directory, 'from-directory'), await exported(place, 'from-bucket')]
  // Neo4j does not make the same bytes twice.
  const differing = {
    sha256: expect.any(String) as string,
    size: expect.any(Number) as number,
    created: expect.any(String) as string,
  }
  const moved = (text: string): string => text.replaceAll('from-directory', 'from-bucket')
  const { artifact, metaFile, load, meta } = expected
  expect(found).toEqual({
    made: true,
    artifact: moved(artifact),
    metaFile: moved(metaFile),
    load: moved(load),
    meta: { ...meta, ...differing },
  })
})

test('a delete removes the same from both', async () => {
  const before = await names(place)
  expect(before).toEqual(await names(directory))
  const [first] = backups as [Manifest]
  expect(await asked('backup', 'delete', first.id, '--confirm')).toMatchObject(refusal('refused', /within the promised window/))
  await same('backup', 'delete', first.id, '--force')
  expect(await names(place)).toEqual(before)
  await same('backup', 'delete', first.id, '--force', '--confirm')
  const after = await names(place)
  expect(after).toEqual(await names(directory))
  const gone = before.filter((name) => !after.includes(name))
  expect(gone).toContain(`backups/${first.id}/manifest`)
  await same('backup', 'list')
  await same('backup', 'validate')
})
