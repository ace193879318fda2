import { resolveSettings } from '../../src/config/resolve.ts'
import { s3Settings } from '../../src/config/s3.ts'
import { isS3Uri, parseS3Uri } from '../../src/core/s3Uri.ts'
import { openRepository, type Repository } from '../../src/repository/repository.ts'
import { directoryStorage } from '../../src/storage/directory.ts'
import { s3Storage } from '../../src/storage/s3/s3Storage.ts'
import type { Storage } from '../../src/storage/storage.ts'

/** A directory, or a place in a bucket of the server that this process's environment names. */
export function storageAt(place: string): Storage {
  if (!isS3Uri(place)) return directoryStorage(place)
  const settings = resolveSettings({ flags: {}, environment: process.env, workingDirectory: '/' })
  return s3Storage(parseS3Uri(place), s3Settings(settings))
}

/** The repository in a directory or bucket. */
export async function repositoryIn(place: string): Promise<Repository> {
  return openRepository(storageAt(place))
}

/** The part of this process's environment that says how a bucket is reached. */
export function s3Environment(): Record<string, string> {
  const names = ['ENDPOINT', 'REGION', 'CA_FILE', 'SSE', 'KMS_KEY', 'OBJECT_LOCK', 'OBJECT_LOCK_DAYS']
  return Object.fromEntries(
    names.flatMap((name) => {
      const value = process.env[`HOLDFAST_${name}`]
      return value === undefined ? [] : [[`HOLDFAST_${name}`, value]]
    }),
  )
}
