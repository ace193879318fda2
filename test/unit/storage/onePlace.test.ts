import { mkdir, mkdtemp, rename, rm, symlink } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { initRepository, openRepository } from '../../../src/repository/repository.ts'
import { directoryStorage } from '../../../src/storage/directory.ts'
import { requireOnePlace } from '../../../src/storage/onePlace.ts'
import { backUp, digests, readBack } from '../../support/smallBackup.ts'
import { failure, patterned } from '../../support/streams.ts'

let base: string
let root: string
beforeEach(async () => {
  base = await mkdtemp(join(tmpdir(), 'holdfast-place-'))
  root = join(base, 'repository')
})
afterEach(async () => rm(base, { recursive: true }))

const moveElsewhere = async (folder: string): Promise<void> => {
  await rename(join(root, folder), join(base, folder))
  await symlink(join(base, folder), join(root, folder))
}
const refused = (what: string) => ({
  code: 'repository',
  message: `${root} is not in one place: ${what}`,
  hint: expect.stringContaining('move the whole directory to one file system') as string,
})

describe('a repository of which a folder was moved elsewhere, with a link in its place', () => {
  const files = { a: patterned(5000), b: patterned(9000, 2) }
  const make = async () => {
    await initRepository(directoryStorage(root))
    const repository = await openRepository(directoryStorage(root))
    return [await backUp(repository, files), await backUp(repository, { ...files, c: patterned(7000, 3) })] as const
  }

  test.each(['backups', 'packs'])('is read, and neither added to nor deleted from (%s)', async (folder) => {
    const [one, other] = await make()
    await moveElsewhere(folder)
    const storage = directoryStorage(root)
    const before = await Array.fromAsync(storage.list(''))
    const repository = await openRepository(storage)
    expect(digests(await readBack(repository, one))).toEqual(digests(files))
    expect(await failure(repository.deleteBackups([other.id]))).toMatchObject(refused(`${folder} is a symbolic link`))
    expect(await failure(backUp(repository, files))).toMatchObject(refused(`${folder} is a symbolic link`))
    expect(await failure(storage.delete(`${folder}/x`))).toMatchObject(refused(`${folder} is a symbolic link`))
    expect(await Array.fromAsync(storage.list(''))).toEqual(before)
  })

  test('frees nothing while that folder is away', async () => {
    const [, other] = await make()
    await moveElsewhere('backups')
    await rename(join(base, 'backups'), join(base, 'unmounted'))
    await mkdir(join(base, 'backups'))
    const whileAway = await openRepository(directoryStorage(root))
    expect(await failure(whileAway.deleteBackups([]))).toMatchObject(refused('backups is a symbolic link'))
    await rm(join(base, 'backups'), { recursive: true })
    await rename(join(base, 'unmounted'), join(base, 'backups'))
    expect(digests(await readBack(await openRepository(directoryStorage(root)), other))).toEqual(
      digests({ ...files, c: patterned(7000, 3) }),
    )
  })
})

test('a link to a file, and one whose name no object can have, are no reason to refuse', async () => {
  await directoryStorage(root).put('a/1', Buffer.from('1'))
  await symlink(join(root, 'a/1'), join(root, 'b'))
  await symlink(base, join(root, '.elsewhere'))
  await expect(directoryStorage(root).put('a/2', Buffer.from('2'))).resolves.toBeUndefined()
})

test('a link that leads nowhere is refused', async () => {
  await directoryStorage(root).put('a/1', Buffer.from('1'))
  await symlink(join(base, 'nothing'), join(root, 'packs'))
  expect(await failure(directoryStorage(root).put('a/2', Buffer.from('2')))).toMatchObject(refused('packs is a symbolic link'))
})

test.runIf(process.platform === 'linux')('a folder on another file system is named', async () => {
  expect(await failure(requireOnePlace('/dev'))).toMatchObject({
    code: 'repository',
    message: expect.stringContaining('pts is on another file system') as string,
  })
})
