import { execFileSync } from 'node:child_process'
import {
  chmodSync,
  chownSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { systemClock } from '../../../src/core/clock.ts'
import { HoldfastError } from '../../../src/core/errors.ts'
import type { ProgressListener } from '../../../src/core/progress.ts'
import { silent } from '../../../src/core/progress.ts'
import type { Replay } from '../../../src/recovery/replay.ts'
import { planRestore } from '../../../src/recovery/restorePlan.ts'
import { restore, type RestoreOptions, type RestoreReport } from '../../../src/recovery/restore.ts'
import type { Manifest } from '../../../src/repository/manifest.ts'
import { initRepository, openRepository, type Repository } from '../../../src/repository/repository.ts'
import { memoryStorage } from '../../../src/storage/memory.ts'
import { backUp } from '../../support/smallBackup.ts'

const store = 'databases/neo4j/neostore'
const files = { [store]: Buffer.alloc(9000, 7), 'transactions/neo4j/neostore.transaction.db.0': Buffer.alloc(5000, 8) }
/** A user that is neither root nor this one. */
const neo4j = 4321
const isRoot = process.getuid?.() === 0

let folder: string
let target: string
let repository: Repository
let manifest: Manifest
beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), 'holdfast-restore-'))
  target = join(folder, 'data')
  const storage = memoryStorage()
  await initRepository(storage, { clock: systemClock })
  repository = await openRepository(storage, { clock: systemClock })
  manifest = await backUp(repository, files)
})
afterEach(() => rmSync(folder, { recursive: true }))

const restored = async (options: Partial<RestoreOptions> = {}): Promise<RestoreReport> =>
  restore(repository, manifest, {
    target,
    clock: systemClock,
    progress: silent,
    signal: new AbortController().signal,
    ...options,
  })

const owned = (uid: number): Manifest => ({
  ...manifest,
  databases: manifest.databases.map((database) => ({
    ...database,
    files: database.files.map((file) => ({ ...file, uid, gid: uid })),
  })),
})

const journal = (): Record<string, unknown> =>
  JSON.parse(readFileSync(`${target}.holdfast-restore.json`, 'utf8')) as Record<string, unknown>
const changeJournal = (change: Record<string, unknown>): void =>
  writeFileSync(`${target}.holdfast-restore.json`, JSON.stringify({ ...journal(), ...change }))

/** A Neo4j that is found but cannot be started: the checks begin and break off. */
const broken: NonNullable<RestoreOptions['staging']> = async () =>
  Promise.resolve({
    version: '5.26.30',
    lib: folder,
    classPath: folder,
    java: { command: join(folder, 'no-java'), version: '17.0.1', major: 17 },
  })

test.runIf(isRoot)(
  'nobody else can reach the directory before it is whole, then it belongs to the owner of its files',
  async () => {
    manifest = owned(neo4j)
    const modes = new Set<string>()
    const progress: ProgressListener = () => {
      const { uid, mode } = statSync(target)
      modes.add(`${uid} ${(mode & 0o777).toString(8)} ${statSync(join(target, '.holdfast-partial/databases')).uid}`)
    }
    await restored({ progress })
    expect([...modes]).toEqual(['0 700 0'])
    expect(statSync(target)).toMatchObject({ uid: neo4j, gid: neo4j })
    expect(statSync(target).mode & 0o777).toBe(0o750)
    for (const path of ['databases', 'databases/neo4j', 'transactions', store])
      expect(statSync(join(target, path))).toMatchObject({ uid: neo4j, gid: neo4j })
  },
)

test.runIf(isRoot)('an existing directory gets its own owner and mode back, also when the restore broke off', async () => {
  manifest = owned(neo4j)
  mkdirSync(target, { mode: 0o711 })
  chownSync(target, 99, 98)
  const progress: ProgressListener = () => {
    throw new Error('broke off')
  }
  await expect(restored({ progress })).rejects.toThrow('broke off')
  expect(statSync(target)).toMatchObject({ uid: 0 })
  await restored({ resume: true })
  expect(statSync(target)).toMatchObject({ uid: 99, gid: 98 })
  expect(statSync(target).mode & 0o777).toBe(0o711)
})

test('links that were planted where files are written are not followed', async () => {
  const bystander = join(folder, 'bystander')
  writeFileSync(bystander, 'mine')
  mkdirSync(join(folder, 'elsewhere'))
  const partial = join(target, '.holdfast-partial')
  mkdirSync(join(partial, 'databases/neo4j'), { recursive: true, mode: 0o700 })
  symlinkSync(bystander, join(partial, store))
  symlinkSync(join(folder, 'elsewhere'), join(partial, 'transactions'))
  await restored({ resume: true })
  expect(readFileSync(bystander, 'utf8')).toBe('mine')
  for (const [path, content] of Object.entries(files)) expect(readFileSync(join(target, path)).equals(content)).toBe(true)
})

test.each([
  ['a link', (path: string) => symlinkSync(folder, path)],
  ['a directory open to others', (path: string) => mkdirSync(path, { mode: 0o755 })],
])('%s in the place of the scratch folder is refused', async (_, plant) => {
  plant(`${target}.holdfast-scratch`)
  await expect(restored({ staging: broken })).rejects.toMatchObject({
    code: 'refused',
    hint: expect.stringContaining('remove it'),
  })
})

test('what was not checked is compared with the backup before it is checked', async () => {
  await restored()
  expect(journal()).toMatchObject({ state: 'VALIDATION', served: false })
  const path = join(target, store)
  const log = join(target, 'transactions/neo4j/neostore.transaction.db.0')
  for (const file of [path, log]) chmodSync(file, 0o604)
  writeFileSync(path, Buffer.alloc(9000, 9))
  await expect(restored({ resume: true })).rejects.toMatchObject({
    code: 'refused',
    message: expect.stringContaining('neostore is not what the backup holds'),
  })
  expect(readFileSync(path).equals(Buffer.alloc(9000, 9))).toBe(true)
  for (const file of [path, log]) expect(statSync(file).mode & 0o777).toBe(0o604)
  writeFileSync(path, files[store]!)
  expect(await restored({ resume: true })).toMatchObject({ verdict: 'unchecked', files: { resumed: 14_000 } })
})

test('what a scratch server has run on is written again from the backup', async () => {
  await expect(restored({ staging: broken })).rejects.toBeInstanceOf(HoldfastError)
  expect(journal()).toMatchObject({ state: 'VALIDATION', served: true })
  writeFileSync(join(target, store), 'recovered')
  writeFileSync(join(target, 'databases/neo4j/made-by-the-server'), '')
  writeFileSync(join(target, 'server_id'), '')
  expect(await restored({ resume: true })).toMatchObject({ files: { resumed: 5000 } })
  expect(readFileSync(join(target, store)).equals(files[store]!)).toBe(true)
  expect(() => statSync(join(target, 'databases/neo4j/made-by-the-server'))).toThrow('ENOENT')
  expect(() => statSync(join(target, 'server_id'))).toThrow('ENOENT')
})

test('a restore that may go on elsewhere is not joined until its journal is removed', async () => {
  const progress: ProgressListener = () => {
    throw new Error('broke off')
  }
  await expect(restored({ progress })).rejects.toThrow('broke off')
  changeJournal({ ended: false, process: { host: 'elsewhere', pid: 1 } })
  await expect(restored({ resume: true })).rejects.toMatchObject({
    code: 'refused',
    message: expect.stringContaining('on elsewhere may still be restoring'),
    hint: expect.stringContaining(`remove ${target}.holdfast-restore.json`),
  })
  rmSync(`${target}.holdfast-restore.json`)
  expect(await restored({ resume: true })).toMatchObject({ verdict: 'unchecked' })
})

test('an interrupted restore says how to go on', async () => {
  const interruption = new AbortController()
  const progress: ProgressListener = () => interruption.abort(new HoldfastError('interrupted', 'interrupted by SIGTERM'))
  await expect(restored({ progress, signal: interruption.signal })).rejects.toMatchObject({
    code: 'interrupted',
    hint: `go on with \`holdfast restore start --resume --to-dir ${target}\``,
  })
  expect(await restored({ resume: true })).toMatchObject({ verdict: 'unchecked' })
})

describe('a directory that cannot be restored into is said to be so, and how', () => {
  const plan = async () => planRestore(repository, manifest, { target, resume: false })
  const rows: readonly [what: string, make: () => void, message: string][] = [
    ['a link that leads to nothing', () => symlinkSync(join(folder, 'gone'), target), 'is a symbolic link that leads to nothing'],
    ['links in a circle', () => symlinkSync(target, target), 'symbolic links lead in a circle'],
    ['a name that is too long', () => (target = join(folder, 'x'.repeat(300))), 'the name is too long'],
    [
      'a path through a file',
      () => {
        writeFileSync(join(folder, 'file'), '')
        target = join(folder, 'file/sub/data')
      },
      '/file is a file, expected a directory',
    ],
  ]
  test.each(rows)('%s', async (_, make, message) => {
    make()
    for (const attempt of [restored, plan]) {
      const error = await attempt().then(
        () => undefined,
        (caught: unknown) => caught,
      )
      expect(error).toBeInstanceOf(HoldfastError)
      expect(error).toMatchObject({ message: expect.stringContaining(message), hint: expect.any(String) })
      expect((error as Error).message).not.toContain('sub/data is')
    }
  })

  test('a folder where nothing can be made', async () => {
    target = '/proc/holdfast'
    await expect(restored()).rejects.toMatchObject({
      code: 'failed',
      message: expect.stringContaining('cannot restore into /proc'),
    })
  })

  test('a directory in the place of the journal', async () => {
    mkdirSync(target)
    writeFileSync(join(target, 'something'), '')
    mkdirSync(`${target}.holdfast-restore.json`)
    await expect(plan()).rejects.toMatchObject({
      code: 'refused',
      message: expect.stringContaining('is a directory, expected the'),
    })
  })
})

test('what would be written and what is free is told, holes left out, and more than fits is refused before anything is written', async () => {
  manifest = await backUp(repository, { ...files, 'databases/neo4j/holes': Buffer.alloc(1 << 20) })
  const plan = await planRestore(repository, manifest, { target, resume: false })
  expect(plan.room?.needed).toBeGreaterThanOrEqual(14_000)
  expect(plan.room?.needed).toBeLessThan(1 << 20)
  expect(plan.room?.free).toBeGreaterThan(14_000)
  const huge = { links: [], database: 'neo4j', size: 2 ** 60 } as unknown as Replay
  const tooMuch = { code: 'failed', message: expect.stringMatching(/no space left .* needs \d+ bytes, \d+ are free/) as string }
  await expect(restored({ replays: [huge] })).rejects.toMatchObject(tooMuch)
  expect(existsSync(target)).toBe(false)
})

test.runIf(isRoot)('a directory that may not be written to is found out by a dry run', async () => {
  const script = `mount --bind "${folder}" "${folder}" && mount -o remount,bind,ro "${folder}" && exec "$@"`
  const program = `
    const { requireRoom } = await import(${JSON.stringify(join(import.meta.dirname, '../../../src/recovery/room.ts'))})
    await requireRoom({}, {}, { target: ${JSON.stringify(target)}, replays: [] }).catch((error) => console.log(error.code))`
  const command = [process.execPath, '--input-type=module', '-e', program]
  expect(execFileSync('unshare', ['--mount', 'sh', '-c', script, 'sh', ...command], { encoding: 'utf8' })).toBe('EROFS\n')
})

test('a restore that has ended well has nothing left to resume, and one of something else is refused', async () => {
  await restored()
  changeJournal({ state: 'SUCCESS', ended: true })
  writeFileSync(join(target, store), 'in use')
  expect(await restored({ resume: true })).toMatchObject({ state: 'SUCCESS', verdict: 'good', checks: [] })
  expect(await planRestore(repository, manifest, { target, resume: true })).toMatchObject({ from: 'end', room: null })
  expect(readFileSync(join(target, store), 'utf8')).toBe('in use')
  await expect(restored()).rejects.toMatchObject({ code: 'refused' })
  manifest = await backUp(repository, files)
  await expect(restored({ resume: true })).rejects.toMatchObject({
    code: 'refused',
    message: expect.stringContaining('holds a restore'),
  })
})
