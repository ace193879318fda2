import { beforeEach, describe, expect, test } from 'vitest'
import { validateBackups } from '../../../src/backup/validateBackups.ts'
import { backupDeleteCommand } from '../../../src/cli/backupDeleteCommand.ts'
import { backupShowCommand } from '../../../src/cli/backupShowCommand.ts'
import type { Command, Context, Texts } from '../../../src/cli/command.ts'
import { systemClock } from '../../../src/core/clock.ts'
import { silent } from '../../../src/core/progress.ts'
import type { Manifest } from '../../../src/repository/manifest.ts'
import { initRepository, openRepository, type Repository } from '../../../src/repository/repository.ts'
import { memoryStorage } from '../../../src/storage/memory.ts'
import type { Storage } from '../../../src/storage/storage.ts'
import { backUp } from '../../support/smallBackup.ts'
import { failure, patterned } from '../../support/streams.ts'

const blockSize = 4096
const { signal } = new AbortController()

describe('commands on backups', () => {
  let storage: Storage
  let repository: Repository
  let first: Manifest
  let second: Manifest
  let third: Manifest

  beforeEach(async () => {
    storage = memoryStorage()
    await initRepository(storage)
    repository = await openRepository(storage)
    first = await backUp(repository, { a: patterned(2 * blockSize, 1) }, { blockSize })
    second = await backUp(repository, { a: patterned(2 * blockSize, 2) }, { blockSize })
    third = await backUp(repository, { a: patterned(2 * blockSize, 3) }, { blockSize })
  })

  const run = async (command: Command, typed: Texts, options: Texts = {}) => {
    const services = { repository: async () => Promise.resolve(repository), clock: systemClock }
    const settings = { values: { archiveWindow: 0 } }
    const context = { services, signal, progress: silent, settings } as unknown as Context<never, never>
    return command.execute({ arguments: typed, options }, context)
  }
  const spoil = async (...ids: string[]) => {
    for (const id of ids) {
      await storage.delete(`backups/${id}/manifest`)
      await storage.put(`backups/${id}/manifest`, Buffer.from('nonsense'))
    }
  }
  const listed = async () => (await repository.listBackups()).map(({ id }) => id)

  test('several backups are deleted at once, so that two damaged ones do not protect each other', async () => {
    await spoil(first.id, second.id)
    const confirm = { confirm: 'true' }
    expect(await failure(run(backupDeleteCommand, { ids: first.id }, confirm))).toMatchObject({ code: 'integrity' })
    const ids = `${first.id},${second.id},${first.id}`
    expect(await run(backupDeleteCommand, { ids })).toMatchObject({ result: { plan: { backups: [first.id, second.id] } } })
    expect(await listed()).toHaveLength(3)
    expect(await run(backupDeleteCommand, { ids }, confirm)).toMatchObject({ result: { deleted: true } })
    expect(await listed()).toEqual([third.id])
  })

  test('`latest` shows what deleting would free, and is not enough to delete', async () => {
    expect(await run(backupDeleteCommand, { ids: 'latest' })).toMatchObject({ result: { plan: { backups: [third.id] } } })
    expect(await failure(run(backupDeleteCommand, { ids: `${first.id},latest` }, { confirm: 'true' }))).toMatchObject({
      code: 'usage',
      hint: `the latest is ${third.id}`,
    })
    expect(await failure(run(backupDeleteCommand, { ids: `${first.id},` }))).toMatchObject({ code: 'usage' })
    expect(await listed()).toHaveLength(3)
  })

  test('a backup is shown beside a damaged one', async () => {
    expect(await run(backupShowCommand, { id: third.id })).toMatchObject({ text: expect.stringMatching(/deleting +frees/) })
    await spoil(first.id)
    const shown = await run(backupShowCommand, { id: third.id })
    expect(shown).toMatchObject({
      result: { manifest: { id: third.id }, deletingFrees: null },
      text: expect.stringMatching(/deleting +unknown: another backup is damaged/) as string,
    })
  })

  test('validating nothing proves nothing, and is refused', async () => {
    await repository.deleteBackups([first.id, second.id, third.id])
    expect(await failure(validateBackups(repository, { progress: silent, signal }))).toMatchObject({
      code: 'usage',
      message: 'nothing to validate: no backups in memory',
    })
  })

  test('a backup that is deleted while it is validated is not called bad', async () => {
    const racing: Repository = {
      ...repository,
      verifyBackups: async (options) => {
        const found = await repository.verifyBackups(options)
        await repository.deleteBackups([second.id])
        return found
      },
    }
    const { backups } = await validateBackups(racing, { progress: silent, signal })
    expect(backups.map(({ id }) => id)).toEqual([first.id, third.id])
  })
})
