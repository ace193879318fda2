import { beforeEach, describe, expect, test } from 'vitest'
import { HoldfastError } from '../../../src/core/errors.ts'
import { acquireLease, leaseTimes } from '../../../src/repository/lease.ts'
import { initRepository, openRepository, type Repository } from '../../../src/repository/repository.ts'
import { memoryStorage } from '../../../src/storage/memory.ts'
import type { Storage } from '../../../src/storage/storage.ts'
import { PutUnsettledError } from '../../../src/storage/storageErrors.ts'
import { ManualClock } from '../../support/manualClock.ts'
import { addFiles, digests, readBack } from '../../support/smallBackup.ts'
import { failure, patterned } from '../../support/streams.ts'

const files = { a: patterned(40_000) }
const matching = (text: RegExp): string => expect.stringMatching(text) as string

describe('a manifest that is stored without a word', () => {
  let storage: Storage
  let clock: ManualClock
  let repository: Repository
  /** What becomes of the put of a manifest that has been stored. */
  let silence: () => Promise<never>

  beforeEach(async () => {
    const memory = memoryStorage()
    storage = {
      ...memory,
      put: async (name, body, options) => {
        await memory.put(name, body, options)
        if (name.endsWith('/manifest')) await silence()
      },
    }
    clock = new ManualClock()
    await initRepository(storage)
    repository = await openRepository(storage, { clock })
  })

  const backUp = async (signal?: AbortSignal): Promise<string> => {
    await using writer = await repository.startBackup({ command: 'test', blockSize: 4096, signal })
    const fields = await addFiles(writer, files)
    expect(await failure(writer.finish(fields))).toMatchObject({ message: matching(/./) })
    return writer.id
  }

  test('[crash.no-half-backup] keeps all that its backup needs', async () => {
    silence = async () => Promise.reject(new PutUnsettledError('repository', 'cannot write: no answer', { hint: 'look' }))
    const id = await backUp()
    const [{ manifest } = {}] = await repository.listBackups()
    expect(manifest?.id).toBe(id)
    expect(digests(await readBack(repository, manifest!))).toEqual(digests(files))
  })

  test('does so too where the backup is interrupted just then', async () => {
    const controller = new AbortController()
    silence = async () => {
      controller.abort(new HoldfastError('interrupted', 'interrupted by SIGINT'))
      return Promise.reject(controller.signal.reason as Error)
    }
    await backUp(controller.signal)
    const [{ manifest } = {}] = await repository.listBackups()
    expect(digests(await readBack(repository, manifest!))).toEqual(digests(files))
  })

  test('goes where somebody else turns out to have taken the lease', async () => {
    silence = async () => {
      clock.jump(leaseTimes.life + leaseTimes.skew + 1)
      await acquireLease(storage, 'packs', { clock, command: 'other', process: { host: 'other', pid: 1 } })
      return Promise.reject(new PutUnsettledError('repository', 'cannot write: no answer', { hint: 'look' }))
    }
    await backUp()
    expect(await repository.listBackups()).toEqual([])
  })

  test('goes where the lease is lost, as others may have removed what it needs', async () => {
    silence = async () => {
      clock.jump(leaseTimes.life + leaseTimes.skew + 1)
      await acquireLease(storage, 'packs', { clock, command: 'other', process: { host: 'other', pid: 1 } })
      await clock.advance(leaseTimes.renewal)
      return Promise.reject(new HoldfastError('refused', 'lost the lease'))
    }
    await using writer = await repository.startBackup({ command: 'test' })
    const fields = await addFiles(writer, files)
    expect(await failure(writer.finish(fields))).toMatchObject({
      message: matching(new RegExp(`lost the lease; backup ${writer.id} may be there all the same`)),
      hint: matching(/holdfast backup list/),
    })
    await writer[Symbol.asyncDispose]()
    expect(await repository.listBackups()).toEqual([])
  })
})
