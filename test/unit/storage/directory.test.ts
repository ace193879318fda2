import { execFile } from 'node:child_process'
import { chmod, chown, cp, lstat, mkdir, mkdtemp, readdir, rename, rm, rmdir, stat, utimes, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { directoryStorage } from '../../../src/storage/directory.ts'
import { storageFailure } from '../../../src/storage/fileErrors.ts'

const run = promisify(execFile)

describe('directory storage', () => {
  let base: string
  let root: string

  beforeEach(async () => {
    base = await mkdtemp(join(tmpdir(), 'holdfast-directory-'))
    root = join(base, 'new', 'repository')
  })
  afterEach(async () => rm(base, { recursive: true }))

  test('objects and directories are private', async () => {
    await directoryStorage(root).put('packs/ab/x', Buffer.from('1'))
    const modes = await Promise.all(
      ['', 'packs', 'packs/ab', 'packs/ab/x'].map(async (name) => (await stat(join(root, name))).mode & 0o777),
    )
    expect(modes).toEqual([0o700, 0o700, 0o700, 0o600])
  })

  test('a put leaves no temporary file, and a delete no empty directory', async () => {
    const storage = directoryStorage(root)
    await storage.put('a/b/c', Buffer.from('1'))
    expect(await readdir(join(root, '.unfinished'))).toEqual([])
    expect((await lstat(join(root, 'a/b/c'))).nlink).toBe(1)
    await storage.delete('a/b/c')
    expect(await readdir(root)).toEqual(['.unfinished'])
  })

  test('a directory that takes the place of the one that held objects is not written to, and that one back is', async () => {
    const storage = directoryStorage(root)
    await storage.put('a/1', Buffer.from('1'))
    const unmounted = `${root}.unmounted`
    await rename(root, unmounted)
    await mkdir(root)
    const missing = { code: 'repository', message: expect.stringContaining('does not hold a/1 any more') as string }
    for (const use of [
      async () => storage.put('a/2', Buffer.from('2')),
      async () => storage.stat('a/2'),
      async () => Array.fromAsync(storage.get('a/1')),
      async () => Array.fromAsync(storage.list('')),
    ])
      await expect(use()).rejects.toMatchObject(missing)
    expect(await readdir(root)).toEqual([])
    await rmdir(root)
    await expect(storage.put('a/2', Buffer.from('2'))).rejects.toMatchObject(missing)
    // A copy has another number, as a disk has that is mounted again.
    await cp(unmounted, root, { recursive: true })
    await storage.put('a/2', Buffer.from('2'))
    expect((await Array.fromAsync(storage.list(''))).map(({ name }) => name)).toEqual(['a/1', 'a/2'])
  })

  test('another repository in the place of the one that held objects is not written to', async () => {
    const storage = directoryStorage(root)
    const other = `${root}.other`
    await storage.put('repository', Buffer.from('one'))
    await directoryStorage(other).put('repository', Buffer.from('two'))
    await rename(root, `${root}.unmounted`)
    await rename(other, root)
    const foreign = { code: 'repository', message: expect.stringContaining('holds another repository than before') as string }
    await expect(storage.put('a', Buffer.from('1'))).rejects.toMatchObject(foreign)
    await expect(Array.fromAsync(storage.list(''))).rejects.toMatchObject(foreign)
    expect((await readdir(root)).toSorted()).toEqual(['.unfinished', 'repository'])
    await rename(root, other)
    await rename(`${root}.unmounted`, root)
    await storage.put('a', Buffer.from('1'))
    expect((await Array.fromAsync(storage.list(''))).map(({ name }) => name)).toEqual(['a', 'repository'])
  })

  test('what keeps old remains from being removed hinders no put', async () => {
    const stuck = join(root, '.unfinished', 'no file')
    await mkdir(stuck, { recursive: true })
    await utimes(stuck, 0, 0)
    const storage = directoryStorage(root)
    await storage.put('a', Buffer.from('1'))
    await rm(join(root, '.unfinished'), { recursive: true })
    await storage.put('b', Buffer.from('1'))
    expect((await Array.fromAsync(storage.list(''))).map(({ name }) => name)).toEqual(['a', 'b'])
  })

  test('what a crashed put left is never listed, and is removed a day later', async () => {
    const left = join(root, '.unfinished')
    await mkdir(left, { recursive: true })
    await writeFile(join(left, 'old'), 'old')
    await writeFile(join(left, 'fresh'), 'fresh')
    const dayAgo = new Date(Date.now() - 25 * 60 * 60 * 1000)
    await utimes(join(left, 'old'), dayAgo, dayAgo)

    const storage = directoryStorage(root)
    expect(await Array.fromAsync(storage.list(''))).toEqual([])
    await storage.put('a', Buffer.from('1'))
    expect((await Array.fromAsync(storage.list(''))).map(({ name }) => name)).toEqual(['a'])
    expect(await readdir(left)).toEqual(['fresh'])
  })

  test('files that are no objects are not listed', async () => {
    const storage = directoryStorage(root)
    await storage.put('a', Buffer.from('1'))
    await writeFile(join(root, '.DS_Store'), 'x')
    await mkdir(join(root, '.snapshots', 'deep'), { recursive: true })
    expect((await Array.fromAsync(storage.list(''))).map(({ name }) => name)).toEqual(['a'])
  })

  test('a directory that is not there holds nothing', async () => {
    const storage = directoryStorage(root)
    expect(await Array.fromAsync(storage.list(''))).toEqual([])
    expect(await storage.stat('a')).toBeUndefined()
    await storage.delete('a')
    expect(await readdir(base)).toEqual([])
  })

  test('a file in the place of the directory is explained', async () => {
    await writeFile(join(base, 'new'), 'a file')
    await expect(directoryStorage(join(base, 'new')).put('a', Buffer.from('1'))).rejects.toMatchObject({
      message: `${join(base, 'new')} is a file, expected a directory for the repository`,
    })
    await expect(Array.fromAsync(directoryStorage(join(base, 'new')).list(''))).rejects.toMatchObject({ code: 'repository' })
    await expect(directoryStorage(root).put('a', Buffer.from('1'))).rejects.toMatchObject({
      code: 'repository',
      message: `${join(base, 'new')} is a file, expected a directory for the repository`,
      hint: expect.stringContaining('--repo') as string,
    })
  })

  test('what went wrong with a put is said, not that its remains cannot be removed', async () => {
    const storage = directoryStorage(root)
    const body = async function* (): AsyncGenerator<Uint8Array> {
      yield Buffer.from('1')
      // Now its remains lie below a file, where nothing can be removed.
      await rm(join(root, '.unfinished'), { recursive: true })
      await writeFile(join(root, '.unfinished'), '')
      throw new Error('the source broke off')
    }
    await expect(storage.put('a', body())).rejects.toThrow('the source broke off')
  })

  /** How the put of `packs/x` ends for a user who may not do everything, as root may; meanwhile something happens to the repository. */
  const putAsNobody = async (meanwhile = ''): Promise<string> => {
    const isRoot = process.getuid?.() === 0
    if (isRoot)
      for (const path of ['', ...(await readdir(base, { recursive: true }))]) await chown(join(base, path), 65_534, 65_534)
    const script = `
      const { chmodSync } = await import('node:fs')
      const { directoryStorage } = await import(${JSON.stringify(join(import.meta.dirname, '../../../src/storage/directory.ts'))})
      if (${isRoot}) process.setuid(65534)
      const root = ${JSON.stringify(root)}
      async function* body() {
        yield Buffer.from('1')
        ${meanwhile}
      }
      await directoryStorage(root).put('packs/x', body()).then(
        () => console.log('stored'),
        (error) => console.log(error.constructor.name + '|' + error.message + '|' + error.hint),
      )`
    return (await run(process.execPath, ['--input-type=module', '-e', script])).stdout.trim()
  }

  test('an object whose name cannot be made durable may be stored all the same, which is said', async () => {
    await mkdir(join(root, 'packs'), { recursive: true })
    expect(await putAsNobody(`chmodSync(root + '/packs', 0o300)`)).toMatch(
      /^PutUnsettledError\|cannot write packs\/x in .*\(EACCES\); it may be stored all the same\|.*; first see whether packs\/x is there$/,
    )
    await chmod(join(root, 'packs'), 0o700)
    expect((await Array.fromAsync(directoryStorage(root).list(''))).map(({ name }) => name)).toEqual(['packs/x'])
  })

  test('an object is stored though its temporary file cannot be removed', async () => {
    expect(await putAsNobody(`chmodSync(root + '/.unfinished', 0o500)`)).toBe('stored')
    await chmod(join(root, '.unfinished'), 0o700)
  })

  test('the entry of every directory above the repository that was made is made durable', async () => {
    // What cannot be opened cannot be synced.
    await chmod(base, 0o300)
    expect(await putAsNobody()).toMatch(/^HoldfastError\|cannot write packs\/x in .*\(EACCES\)/)
    await chmod(base, 0o700)
  })

  test('missing permission is explained', async () => {
    const storage = directoryStorage(root)
    await storage.put('packs/x', Buffer.from('1'))
    await chmod(base, 0o755)
    await chmod(join(base, 'new'), 0o755)
    // Root may do everything, so another user has to try.
    const script = `
      const { directoryStorage } = await import(${JSON.stringify(join(import.meta.dirname, '../../../src/storage/directory.ts'))})
      if (process.getuid() === 0) process.setuid(65534); else (await import('node:fs')).chmodSync(${JSON.stringify(root)}, 0o500)
      for (const work of [(s) => s.put('packs/y', Buffer.from('1')), async (s) => { for await (const _ of s.get('packs/x')); }])
        await work(directoryStorage(${JSON.stringify(root)})).catch((error) => console.log(error.code + '|' + error.message + '|' + error.hint))
    `
    const { stdout } = await run(process.execPath, ['--input-type=module', '-e', script])
    expect(stdout).toContain(`repository|cannot look at packs/y in ${root}: permission denied (EACCES)|give the user`)
    if (process.getuid?.() === 0)
      expect(stdout).toContain(`repository|cannot read packs/x in ${root}: permission denied (EACCES)|give the user`)
  })

  test.each([
    ['ENOSPC', 'write', 'repository', 'no space left on device (ENOSPC)', 'free space'],
    ['EROFS', 'write', 'repository', 'read-only file system (EROFS)', 'mount'],
    ['EIO', 'write', 'repository', '(EIO)', 'check the file system'],
    ['EIO', 'read', 'integrity', 'EIO', 'check the disk'],
  ])('%s while an object is %s is a %s error', (code, doing, kind, message, hint) => {
    const text = { ENOSPC: 'no space left on device', EROFS: 'read-only file system', EIO: 'i/o error' }[code]
    const error = storageFailure(
      doing,
      'packs/x',
      '/backups',
      Object.assign(new Error(`${code}: ${text}, write '/secret/path'`), { code }),
    )
    expect(error).toMatchObject({
      code: kind,
      message: expect.stringContaining(message) as string,
      hint: expect.stringContaining(hint) as string,
    })
    expect((error as Error).message).toContain('packs/x in /backups')
  })

  test('errors that are not from the file system pass unchanged', () => {
    const error = new RangeError('mine')
    expect(storageFailure('write', 'x', '/y', error)).toBe(error)
  })
})
