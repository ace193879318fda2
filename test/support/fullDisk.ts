import { writeSync } from 'node:fs'
import { HoldfastError } from '../../src/core/errors.ts'
import { initRepository, openRepository } from '../../src/repository/repository.ts'
import { directoryStorage } from '../../src/storage/directory.ts'
import { backUp, digests, readBack } from './smallBackup.ts'
import { patterned } from './streams.ts'

// Run as `node fullDisk.ts DIRECTORY` on a file system of about 8 MiB: prints what happened there as JSON.
const storage = directoryStorage(process.argv[2]!)
await initRepository(storage)
const repository = await openRepository(storage)
const small = { a: patterned(1_000_000) }
const first = await backUp(repository, small)
const before = await names()
const error = await backUp(repository, { large: patterned(20_000_000, 2) }).catch((caught: unknown) => caught)
const after = await names()
const whole = JSON.stringify(digests(await readBack(repository, first))) === JSON.stringify(digests(small))
const second = await backUp(repository, { b: patterned(2_000_000, 3) })
await repository.deleteBackups([first.id])
const next =
  JSON.stringify(digests(await readBack(repository, second))) === JSON.stringify(digests({ b: patterned(2_000_000, 3) }))
const { code, message, hint } = error instanceof HoldfastError ? error : { code: String(error), message: '', hint: '' }
writeSync(1, JSON.stringify({ code, message, hint, left: after.filter((name) => !before.includes(name)), whole, next }))

async function names(): Promise<string[]> {
  return (await Array.fromAsync(storage.list(''))).map(({ name }) => name).filter((name) => !name.startsWith('leases/'))
}
