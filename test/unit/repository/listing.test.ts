import { expect, test } from 'vitest'
import { initRepository, openRepository } from '../../../src/repository/repository.ts'
import { memoryStorage } from '../../../src/storage/memory.ts'
import { ManualClock } from '../../support/manualClock.ts'
import { backUp } from '../../support/smallBackup.ts'

test('backups are listed in the order they were made, also within one second', async () => {
  const storage = memoryStorage()
  const clock = new ManualClock()
  await initRepository(storage)
  const repository = await openRepository(storage, { clock })
  const made: string[] = []
  for (let number = 0; number < 12; number++) {
    made.push((await backUp(repository, { file: Buffer.from(`content ${number}`) })).id)
    clock.jump(300)
  }
  expect((await repository.listBackups()).map(({ id }) => id)).toEqual(made)
})
