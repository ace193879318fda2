import { createHash } from 'node:crypto'
import { appendFileSync, globSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import { copyFile, mkdir, rename } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { systemClock } from '../../src/core/clock.ts'
import { type ProgressListener, silent } from '../../src/core/progress.ts'
import type { Installation } from '../../src/neo4j/installation.ts'
import { namedVersions } from '../../src/neo4j/versions.ts'
import { exportBackup, type Exported } from '../../src/recovery/exportBackup.ts'
import { planExport } from '../../src/recovery/exportPlan.ts'
import type { Manifest } from '../../src/repository/manifest.ts'
import { openRepository } from '../../src/repository/repository.ts'
import { directoryStorage } from '../../src/storage/directory.ts'
import { holdfast, type Outcome, resultOf, startHoldfast, succeed } from '../support/holdfast.ts'
import { load } from '../support/load.ts'
import { installed, startIn, withFolder } from '../support/neo4j.ts'
import { runWithPlainAdmin } from '../support/plainAdmin.ts'
import { contentOf, makeGraph } from '../support/variedGraph.ts'

const password = 'correct-horse'
const authentication = { user: 'neo4j', password: { reveal: () => password } }

const { oldest, lts, latest } = namedVersions

describe('[export.portable] an export loads with the command line that it prints', () => {
  test(`gzipped, on Neo4j ${oldest}`, async () => {
    await withBackup(oldest, async (backup) => {
      const exported = await exportOne(backup, '--format', 'backup.gz')
      expectDescribed(exported, backup, { database: 'neo4j', format: 'backup.gz' })
      await loadWith(backup, exported.load)
      expect(await loaded(backup)).toEqual({ content: backup.content, users: ['neo4j'] })
    })
  })

  test(`with users and roles, on Neo4j ${latest}`, async () => {
    await withBackup(latest, async (backup) => {
      for (const database of ['neo4j', 'system']) {
        const exported = await exportOne(backup, '--database', database)
        expectDescribed(exported, backup, { database, format: 'dump' })
        await loadWith(backup, exported.load)
      }
      expect(await loaded(backup)).toEqual({ content: backup.content, users: ['alice', 'neo4j'] })
    })
  })

  test(`in both formats, over a database that is there and from a folder, on Neo4j ${lts}`, async () => {
    await withBackup(lts, async (backup) => {
      const { installation, folder } = backup
      const [dump, gz] = [await exportOne(backup), await exportOne(backup, '--format', 'backup.gz')]
      expectDescribed(dump, backup, { database: 'neo4j', format: 'dump' })
      expectDescribed(gz, backup, { database: 'neo4j', format: 'backup.gz' })
      expect(readdirSync(join(folder, 'exports'))).toHaveLength(4)

      await loadWith(backup, dump.load)
      await expect(loadWith(backup, gz.load)).rejects.toThrow('Database already exists')
      await mkdir(join(folder, 'renamed'))
      await copyFile(dump.artifact, join(folder, 'renamed/neo4j.dump'))
      const place = { home: join(folder, 'admin'), dataDir: join(folder, 'loaded/data') }
      await load(installation, place, 'neo4j', join(folder, 'renamed'), { overwrite: true })
      expect(await loaded(backup)).toEqual({ content: backup.content, users: ['neo4j'] })

      await loadWith(backup, `${gz.load} --overwrite-destination=true`)
      expect(await loaded(backup)).toEqual({ content: backup.content, users: ['neo4j'] })
      await expectNothingOverwritten(backup, dump)
    })
  })
})

test('[export.portable] an export that fails or is interrupted leaves nothing behind', async () => {
  await withBackup(lts, async (backup) => {
    for (const phase of ['restore files', 'start Neo4j', 'neo4j-admin database dump', 'compress']) {
      const interruption = new AbortController()
      const progress: ProgressListener = (event) => {
        if (event.phase.startsWith(phase)) interruption.abort(new Error(`interrupted at ${phase}`))
      }
      await expect(exportDirectly(backup, { progress, signal: interruption.signal })).rejects.toThrow(`interrupted at ${phase}`)
      expect(readdirSync(join(backup.folder, 'exports')), phase).toEqual([])
    }

    const other = structuredClone(await manifestOf(backup))
    other.databases.find(({ name }) => name === 'neo4j')!.lastTransaction.id += 1
    const mismatch = exportDirectly(backup, { manifest: other })
    await expect(mismatch).rejects.toMatchObject({
      code: 'validation',
      message: expect.stringContaining('last transaction of neo4j'),
    })
    expect(readdirSync(join(backup.folder, 'exports'))).toEqual([])

    await expectNoRoom(backup)

    damagePacks(join(backup.folder, 'repository'))
    expect(await runExport(backup)).toMatchObject({ exitCode: 4, error: { code: 'integrity' } })
    expect(readdirSync(join(backup.folder, 'exports'))).toEqual([])
  })
})

/** A repository with one backup, and what was in the database when it was made. */
interface Backup {
  installation: Installation
  folder: string
  id: string
  content: unknown
}

async function withBackup(version: string, run: (backup: Backup) => Promise<void>): Promise<void> {
  await withFolder(`export-${version}`, async (folder) => {
    const installation = await installed(version)
    const made = await backUp(folder, version)
    await run({ installation, folder, ...made })
  })
}

async function backUp(folder: string, version: string): Promise<Pick<Backup, 'id' | 'content'>> {
  await using instance = await startIn(folder, version, { authentication })
  await using graph = await instance.connect()
  await makeGraph(graph)
  await graph.query("CREATE USER alice SET PASSWORD 'in-wonderland' CHANGE NOT REQUIRED", {}, { database: 'system', write: true })
  const content = await contentOf(graph)
  const repository = join(folder, 'repository')
  await succeed('repo', 'init', '--repo', repository)
  writeFileSync(join(folder, 'password'), password)
  const server = ['--uri', instance.boltUri, '--password-file', join(folder, 'password')]
  const { id, ...manifest } = await succeed<Manifest>(
    'backup',
    'create',
    '--data-dir',
    join(folder, 'data'),
    '--repo',
    repository,
    ...server,
  )
  expect(manifest.server).toMatchObject({ version })
  await graph.query('CREATE (:TooLate)', {}, { write: true })
  return { id, content }
}

async function runExport(backup: Backup, ...words: string[]): Promise<Outcome<Exported>> {
  return holdfast<Exported>(...exportWords(backup), ...words)
}

function exportWords({ folder, id }: Backup): string[] {
  return ['backup', 'export', id, '--repo', join(folder, 'repository'), '--to-dir', join(folder, 'exports')]
}

async function exportOne(backup: Backup, ...words: string[]): Promise<Exported> {
  return resultOf(await runExport(backup, ...words))
}

async function exportDirectly(
  backup: Backup,
  options: { manifest?: Manifest; progress?: ProgressListener; signal?: AbortSignal },
): Promise<Exported> {
  const { manifest = await manifestOf(backup), progress = silent, signal = new AbortController().signal } = options
  const repository = await openRepository(directoryStorage(join(backup.folder, 'repository')))
  const plan = planExport(manifest, { database: 'neo4j', format: 'backup.gz', directory: join(backup.folder, 'exports') })
  const staging = async (): Promise<Installation> => backup.installation
  return exportBackup(repository, manifest, plan, { staging, clock: systemClock, progress, signal })
}

async function manifestOf({ folder, id }: Backup): Promise<Manifest> {
  return (await openRepository(directoryStorage(join(folder, 'repository')))).readManifest(id)
}

async function loadWith({ installation, folder }: Backup, line: string): Promise<void> {
  await runWithPlainAdmin(installation, join(folder, 'loaded'), line)
}

function expectDescribed(exported: Exported, { id, installation, folder }: Backup, asked: object): void {
  const { artifact, metaFile, meta } = exported
  const bytes = readFileSync(artifact)
  expect(exported).toMatchObject({ made: true, metaFile: `${artifact}.meta` })
  expect(JSON.parse(readFileSync(metaFile, 'utf8'))).toEqual(meta)
  expect(meta).toMatchObject({
    ...asked,
    sha256: createHash('sha256').update(bytes).digest('hex'),
    size: bytes.length,
    backup: id,
    neo4j: installation.version,
    transaction: { id: expect.any(Number), checksum: expect.any(Number), commitTime: expect.any(String) },
  })
  expect(artifact).toMatch(new RegExp(`/exports/${meta.database}-\\d{8}T\\d{6}Z\\.${meta.format}$`))
  expect([artifact, metaFile].map((path) => statSync(path).mode & 0o777)).toEqual([0o600, 0o600])
  expect(readdirSync(join(folder, 'exports')).filter((name) => name.startsWith('.'))).toEqual([])
}

/** What a Neo4j finds in the data directory that was loaded into. */
async function loaded({ folder, installation }: Backup): Promise<{ content: unknown; users: unknown[] }> {
  await using instance = await startIn(join(folder, 'loaded'), installation.version, { authentication })
  await using graph = await instance.connect()
  const content = await contentOf(graph)
  const users = await graph.query('SHOW USERS YIELD user RETURN user ORDER BY user', {}, { database: 'system' })
  return { content, users: users.map(({ user }) => user) }
}

async function expectNothingOverwritten(backup: Backup, { artifact, meta }: Exported): Promise<void> {
  const before = statSync(artifact).mtimeMs
  expect(await exportOne(backup)).toMatchObject({ made: false, meta })
  expect(await runExport(backup, '--dry-run')).toMatchObject({ exitCode: 0, result: { present: true, plan: { artifact } } })
  expect(statSync(artifact).mtimeMs).toBe(before)

  appendFileSync(artifact, 'x')
  expect(await runExport(backup)).toMatchObject({ exitCode: 7, error: { code: 'refused' } })
  expect(statSync(artifact).size).toBe(meta.size + 1)
  await rename(artifact, `${artifact}.moved`)
  expect(await runExport(backup)).toMatchObject({ exitCode: 7, error: { code: 'refused' } })
}

/** The small file system exists in the namespace of the child only and vanishes with it. */
async function expectNoRoom(backup: Backup): Promise<void> {
  const script = 'mount -t tmpfs -o size=1m tmpfs "$0" && "$@"; code=$?; ls -A "$0" >&2; exit $code'
  const inside = ['unshare', '--mount', '--map-root-user', 'sh', '-c', script, join(backup.folder, 'exports')]
  const { exitCode, error, story } = await startHoldfast(exportWords(backup), { inside }).outcome
  expect({ exitCode, error }, story).toMatchObject({
    exitCode: 1,
    error: {
      code: 'failed',
      message: expect.stringContaining('no space left in') as string,
      hint: expect.stringContaining('make room') as string,
    },
  })
  expect(story).not.toContain('.holdfast-export-')
}

/** Flips a bit in the middle of every pack. */
function damagePacks(repository: string): void {
  const packs = globSync(join(repository, 'packs/**/*')).filter((path) => statSync(path).isFile())
  expect(packs.length).toBeGreaterThan(0)
  for (const path of packs) {
    const bytes = readFileSync(path)
    bytes[bytes.length >> 1]! ^= 1
    writeFileSync(path, bytes)
  }
}
