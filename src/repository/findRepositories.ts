import { repositoryName } from '../repository/names.ts'
import type { Bucket } from '../storage/s3/bucket.ts'
import { headObject } from '../storage/s3/head.ts'
import { listKeys } from '../storage/s3/list.ts'
import { keyPrefix } from './rules.ts'

/** Prefixes of the repositories that a rule for a prefix would reach. */
export interface FoundRepositories {
  /** Whether there is one at the prefix itself. */
  here: boolean
  /** The one that the prefix lies in. */
  around: string | undefined
  /** The first that lies below the prefix. */
  below: string | undefined
}

/** Looks for repositories at, around and below a prefix: by the object that makes a repository exist. */
export async function findRepositories(
  bucket: Bucket,
  prefix: string,
  options: { signal?: AbortSignal },
): Promise<FoundRepositories> {
  const exists = async (place: string): Promise<boolean> =>
    (await headObject(bucket, keyPrefix(place) + repositoryName, options)) !== undefined
  if (await exists(prefix)) return { here: true, around: undefined, below: undefined }
  for (const place of placesAround(prefix)) {
    if (await exists(place)) return { here: false, around: place, below: undefined }
  }
  return { here: false, around: undefined, below: await firstBelow(bucket, keyPrefix(prefix), options) }
}

/** The prefixes that hold this one, the innermost first; the last is the whole bucket. */
function placesAround(prefix: string): string[] {
  if (prefix === '') return []
  const parts = prefix.split('/')
  return parts.map((_, index) => parts.slice(0, index).join('/')).toReversed()
}

async function firstBelow(bucket: Bucket, base: string, options: { signal?: AbortSignal }): Promise<string | undefined> {
  const end = `/${repositoryName}`
  for await (const { Key: key = '' } of listKeys(bucket, base, options)) if (key.endsWith(end)) return key.slice(0, -end.length)
  return undefined
}
