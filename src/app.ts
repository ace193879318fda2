import type { Services, Surroundings } from './cli/services.ts'
import { type RepositoryKey, repositoryKey } from './config/credentials.ts'
import { required } from './config/resolve.ts'
import { systemClock } from './core/clock.ts'
import type { KeySource } from './repository/keys.ts'
import { openRepository } from './repository/repository.ts'
import { directoryStorage } from './storage/directory.ts'

/** Builds what a command may use from the settings: the one place where the parts of the program are put together. */
export function buildServices({ settings, log }: Surroundings): Services {
  const clock = systemClock
  const storage = once(() => directoryStorage(required(settings, 'repo')))
  const key = once(() => keySource(repositoryKey(settings)))
  const repository = once(async () => openRepository(storage(), { key: key(), clock }))
  return { clock, log, storage, repositoryKey: key, repository }
}

function keySource(key: RepositoryKey | undefined): KeySource | undefined {
  if (key === undefined) return undefined
  return 'passphrase' in key ? { passphrase: key.passphrase.reveal() } : key
}

function once<Value>(make: () => Value): () => Value {
  let made: { value: Value } | undefined
  return () => (made ??= { value: make() }).value
}
