import { execa } from 'execa'
import { cp, mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { mapOrdered } from '../../src/core/mapOrdered.ts'
import { initRepository, openRepository, type Repository } from '../../src/repository/repository.ts'
import { directoryStorage } from '../../src/storage/directory.ts'
import { backUp, digests, type Files, readBack } from '../support/smallBackup.ts'
import { patterned } from '../support/streams.ts'

const program = join(import.meta.dirname, '../support/crashingRepository.ts')
const blockSize = 4096
const kept: Files = { kept: patterned(30_000, 77), shared: patterned(9000) }

let base: string

beforeEach(async () => {
  base = await mkdtemp(join(tmpdir(), 'holdfast-crash-'))
})
afterEach(async ({ task }) => {
  if (task.result?.state === 'pass') await rm(base, { recursive: true })
})

const open = async (directory: string) => openRepository(directoryStorage(directory))

/** Runs an action in a process that kills itself at a point of its writing. @returns the number of points, if it came to its end. */
async function run(directory: string, point: number, action: string[]): Promise<number | undefined> {
  const { stdout, signal, stderr } = await execa(process.execPath, [program, directory, String(point), ...action], {
    reject: false,
  })
  expect(signal === 'SIGKILL' || Number(stdout) > 0, stderr).toBe(true)
  return signal === 'SIGKILL' ? undefined : Number(stdout)
}

/** Runs an action on copies of a repository, each time killed at another point, and looks at what is left. */
async function crashEverywhere(
  template: string,
  action: string[],
  look: (repository: Repository) => Promise<void>,
): Promise<void> {
  const whole = join(base, 'whole')
  await cp(template, whole, { recursive: true })
  const points = (await run(whole, 0, action)) ?? 0
  expect(points).toBeGreaterThan(10)
  const work = async (point: number) => {
    const directory = join(base, `point-${point}`)
    await cp(template, directory, { recursive: true })
    expect(await run(directory, point, action)).toBeUndefined()
    await look(await open(directory))
    await expectNothingSuperfluous(directory)
  }
  const all = Array.from({ length: points }, (_, index) => index + 1)
  await Array.fromAsync(mapOrdered(all, 2, work))
  await look(await open(whole))
}

/** Every backup there is can be read whole. @returns their ids. */
async function expectAllWhole(repository: Repository): Promise<string[]> {
  const result = await repository.verifyBackups()
  expect(
    result.backups.filter(({ error, damagedFiles, damagedPacks }) => error || damagedFiles.length + damagedPacks.length > 0),
  ).toEqual([])
  return result.backups.map(({ id }) => id)
}

/** Once cleaned up, the storage holds what its backups need and no more. */
async function expectNothingSuperfluous(directory: string): Promise<void> {
  const repository = await open(directory)
  await repository.deleteBackups([])
  const needed = ['repository']
  for (const { id, manifest } of await repository.listBackups()) {
    needed.push(`backups/${id}/manifest`, `backups/${id}/blocks`)
    for (const pack of (await repository.readBlockTable(manifest!)).packs)
      needed.push(`packs/${pack.id.slice(0, 2)}/${pack.id}.pack`)
  }
  const found = (await Array.fromAsync(directoryStorage(directory).list(''))).map(({ name }) => name)
  expect(found.filter((name) => !name.startsWith('leases/'))).toEqual([...new Set(needed)].toSorted())
}

test('[crash.no-half-backup] a backup killed at any point of its writing is there whole or not at all, and the next run works', async () => {
  const template = join(base, 'template')
  await initRepository(directoryStorage(template))
  const first = await backUp(await open(template), kept, { blockSize })
  await crashEverywhere(template, ['backup'], async (repository) => {
    expect(await expectAllWhole(repository)).toContain(first.id)
    expect(digests(await readBack(repository, first))).toEqual(digests(kept))
    const next = await backUp(repository, kept, { blockSize })
    expect(next.totals.newBlocks).toBe(0)
    expect(digests(await readBack(repository, next))).toEqual(digests(kept))
  })
})

test('[crash.safe-delete] a delete killed at any point leaves every kept backup whole, and the next one finishes its work', async () => {
  const template = join(base, 'template')
  await initRepository(directoryStorage(template))
  const repository = await open(template)
  const gone: string[] = []
  for (const seed of [1, 2])
    gone.push((await backUp(repository, { own: patterned(12_000, seed), shared: kept['shared']! }, { blockSize })).id)
  const last = await backUp(repository, kept, { blockSize })
  await crashEverywhere(template, ['delete', ...gone], async (crashed) => {
    const ids = await expectAllWhole(crashed)
    expect(ids).toContain(last.id)
    expect(digests(await readBack(crashed, last))).toEqual(digests(kept))
    await crashed.deleteBackups(ids.filter((id) => id !== last.id))
    expect(await expectAllWhole(crashed)).toEqual([last.id])
  })
})
