import { expect, test } from 'vitest'
import { openDriver } from '../../soak/server.ts'
import { failure } from '../../support/streams.ts'
import { isConnectionLoss, isTransient } from '../../support/workload/serverErrors.ts'

test('a server that is not there any more is lost, and so is one whose driver has been closed', async () => {
  const driver = openDriver('bolt://127.0.0.1:1')
  const write = async (): Promise<unknown> =>
    failure(
      driver
        .session()
        .beginTransaction()
        .then(async (begun) => begun.run('RETURN 1')),
    )
  const gone = await write()
  await driver.close()
  for (const error of [gone, await write()]) {
    expect(isConnectionLoss(error), String(error)).toBe(true)
    expect(isTransient(error)).toBe(false)
  }
})
