import { join } from 'node:path'
import { execa } from 'execa'
import { expect } from 'vitest'
import { mapOrdered } from '../../src/core/mapOrdered.ts'
import { initRepository, openRepository, type Repository } from '../../src/repository/repository.ts'
import type { Storage } from '../../src/storage/storage.ts'
import { backUp, digests, type Files, readBack } from './smallBackup.ts'
import { patterned } from './streams.ts'
import { repositoryIn, storageAt } from './storageAt.ts'

const program = join(import.meta.dirname, 'crashingRepository.ts')
const blockSize = 4096
const kept: Files = { kept: patterned(30_000, 77), shared: patterned(9000) }

/** Where the repositories of a test lie: each name is a new one. */
export interface Places {
  place(name: string): string
  copy(from: string, to: string): Promise<void>
}

/** A backup is killed at each point of its writing. */
export async function crashBackup(places: Places): Promise<void> {
  const template = places.place('template')
  await initRepository(storageAt(template))
  const first = await backUp(await repositoryIn(template), kept, { blockSize })
  await crashEverywhere(places, ['backup'], async (repository) => {
    expect(await expectAllWhole(repository)).toContain(first.id)
    expect(digests(await readBack(repository, first))).toEqual(digests(kept))
    const next = await backUp(repository, kept, { blockSize })
    expect(next.totals.newBlocks).toBe(0)
    expect(digests(await readBack(repository, next))).toEqual(digests(kept))
  })
}

/** A delete is killed at each point of its writing. */
export async function crashDelete(places: Places): Promise<void> {
  const template = places.place('template')
  await initRepository(storageAt(template))
  const repository = await repositoryIn(template)
  const gone: string[] = []
  for (const seed of [1, 2])
    gone.push((await backUp(repository, { own: patterned(12_000, seed), shared: kept['shared']! }, { blockSize })).id)
  const last = await backUp(repository, kept, { blockSize })
  await crashEverywhere(places, ['delete', ...gone], async (crashed) => {
    const ids = await expectAllWhole(crashed)
    expect(ids).toContain(last.id)
    expect(digests(await readBack(crashed, last))).toEqual(digests(kept))
    await crashed.deleteBackups(ids.filter((id) => id !== last.id))
    expect(await expectAllWhole(crashed)).toEqual([last.id])
  })
}

/** Runs an action on copies of a repository, each time killed at another point, and looks at what is left. */
async function crashEverywhere(
  { place, copy }: Places,
  action: string[],
  look: (repository: Repository) => Promise<void>,
): Promise<void> {
  const [template, whole] = [place('template'), place('whole')]
  await copy(template, whole)
  const points = (await run(whole, 0, action)) ?? 0
  expect(points).toBeGreaterThan(10)
  const work = async (point: number) => {
    const crashed = place(`point-${point}`)
    await copy(template, crashed)
    expect(await run(crashed, point, action)).toBeUndefined()
    await look(await repositoryIn(crashed))
    await expectNothingSuperfluous(storageAt(crashed))
  }
  const all = Array.from({ length: points }, (_, index) => index + 1)
  await Array.fromAsync(mapOrdered(all, 2, work))
  await look(await repositoryIn(whole))
}

/** Runs an action in a process that kills itself at a point of its writing. @returns the number of points, if it came to its end. */
async function run(place: string, point: number, action: string[]): Promise<number | undefined> {
  const words = [program, place, String(point), ...action]
  const { stdout, signal, stderr } = await execa(process.execPath, words, { reject: false })
  expect(signal === 'SIGKILL' || Number(stdout) > 0, stderr).toBe(true)
  return signal === 'SIGKILL' ? undefined : Number(stdout)
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
async function expectNothingSuperfluous(storage: Storage): Promise<void> {
  const repository = await openRepository(storage)
  await repository.deleteBackups([])
  const needed = ['repository']
  for (const { id, manifest } of await repository.listBackups()) {
    needed.push(`backups/${id}/manifest`, `backups/${id}/blocks`)
    for (const pack of (await repository.readBlockTable(manifest!)).packs)
      needed.push(`packs/${pack.id.slice(0, 2)}/${pack.id}.pack`)
  }
  const found = (await Array.fromAsync(storage.list(''))).map(({ name }) => name)
  expect(found.filter((name) => !name.startsWith('leases/'))).toEqual([...new Set(needed)].toSorted())
}
