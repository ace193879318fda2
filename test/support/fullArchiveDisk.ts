import { rmSync, writeFileSync, writeSync } from 'node:fs'
import { join } from 'node:path'
import type { ArchiveEvent } from '../../src/archive/archiveEvent.ts'
import { runArchiver } from '../../src/archive/runArchiver.ts'
import { systemClock } from '../../src/core/clock.ts'
import { archived, newRepository } from './archiving.ts'
import { directoryStorage } from '../../src/storage/directory.ts'
import { patterned } from './streams.ts'
import { SyntheticLog } from './syntheticLog.ts'

// Run as `node fullArchiveDisk.ts DATA REPOSITORY`, the repository on a file system of about 8 MiB: archives until the disk is full, makes
// room, and prints what happened as JSON.
const [data, repo] = process.argv.slice(2)
const log = SyntheticLog.create(data!)
const repository = await newRepository({ storage: directoryStorage(repo!) })
const filler = join(repo!, '.filler')
writeFileSync(filler, patterned(5_000_000))

const noise = (seed: number): string => patterned(1_500_000, seed).toString('latin1')
log.write(1, { body: 'small' })
const ending = new AbortController()
const events: ArchiveEvent[] = []
const kinds = {
  shipped: Promise.withResolvers<void>(),
  failed: Promise.withResolvers<void>(),
  recovered: Promise.withResolvers<void>(),
}
const listener = (event: ArchiveEvent): void => {
  events.push(event)
  if (event.kind === 'shipped' || event.kind === 'failed' || event.kind === 'recovered') kinds[event.kind].resolve()
}
const options = {
  repository,
  dataDir: data!,
  interval: 50,
  retention: { size: null, time: null },
  headroomAlert: 0,
  clock: systemClock,
  listener,
  signal: ending.signal,
}
const running = runArchiver(options)
await kinds.shipped.promise
log.write(1, { body: noise(1) + noise(2) })
await kinds.failed.promise
const during = await archived(repository)
rmSync(filler)
await kinds.recovered.promise
ending.abort()
await running
const failed = events.find((event) => event.kind === 'failed')
writeSync(
  1,
  JSON.stringify({ during, message: failed?.error.message, hint: failed?.error.hint, after: await archived(repository) }),
)
