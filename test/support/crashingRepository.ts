import { writeSync } from 'node:fs'
import { openRepository } from '../../src/repository/repository.ts'
import type { Storage } from '../../src/storage/storage.ts'
import { backUp } from './smallBackup.ts'
import { storageAt } from './storageAt.ts'
import { patterned } from './streams.ts'

// Run as `node crashingRepository.ts PLACE POINT backup | delete ID…`: does it, and kills itself at the given point of its writing.
// Coming to the end it prints how many such points there are.
const [place, point, action, ...ids] = process.argv.slice(2)

let reached = 0
function mayCrash(): void {
  reached += 1
  if (reached === Number(point)) process.kill(process.pid, 'SIGKILL')
}

const real = storageAt(place!)
const storage: Storage = {
  ...real,
  put: async (name, body, options) => {
    await real.put(name, crashing(body), options)
    mayCrash()
  },
  delete: async (name, options) => {
    await real.delete(name, options)
    mayCrash()
  },
}

async function* crashing(body: Uint8Array | AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
  let first = true
  for await (const chunk of body instanceof Uint8Array ? [body] : body) {
    yield chunk
    if (first) mayCrash()
    first = false
  }
}

const repository = await openRepository(storage)
if (action === 'delete') await repository.deleteBackups(ids)
else await backUp(repository, { own: patterned(20_000, 5), shared: patterned(9000) }, { blockSize: 4096 })
writeSync(1, String(reached))
